import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetSchema } from '@livepod/protocol';
import { inspectRecordings, readFolder, refusalsOf, sentenceOf, type FileFinding } from './index.js';

const schema: DatasetSchema = {
  channels: [{ name: 'a', unit: 'm/s2' }],
  rateMilliHz: 100_000,
  labels: ['X', 'Y'],
  device: 'watch',
};
const csv = (rows: number, label = 'X', step = 10): string =>
  `a,timestamp,label\n${Array.from({ length: rows }, (_, row) => `1,${row * step},${label}\n`).join('')}`;
const inspect = (files: Record<string, string>, of = schema, modality?: string) =>
  inspectRecordings(
    Object.entries(files).map(([name, text]) => ({ name, bytes: Buffer.from(text) })),
    of,
    modality,
  );
const codesOf = ({ findings }: { findings: FileFinding[] }) => findings.map(({ code }) => code);

describe('recordings together', () => {
  it('count what is taken, and none of what is not', async () => {
    const inspection = await inspect({ 'a.csv': csv(100), 'b.csv': csv(50, 'Y'), 'c.txt': 'x'.repeat(99) });
    expect(inspection).toMatchObject({ ok: false, findings: [], chunks: 2 });
    expect(inspection.statistics).toEqual({ records: 2, milliseconds: 1500, labels: { X: 100, Y: 50 } });
    expect(inspection.bytes).toBe(csv(100).length + csv(50).length);
    expect(inspection.files[2]).toEqual({
      ...{ name: 'c.txt', taken: false, rows: 0, seconds: 0, rateHz: null, labels: {} },
      findings: [expect.objectContaining({ code: 'notARecording', found: 'c.txt' })],
    });
    expect((await inspect({ 'a.csv': csv(9) })).ok).toBe(true);
  });

  it('show times and rates to a thousandth', async () => {
    const { files } = await inspect({ 'a.csv': csv(4, 'X', 7) }, { ...schema, rateMilliHz: 142_857 });
    expect(files[0]).toMatchObject({ rows: 4, rateHz: 142.857 });
    expect(String(files[0]!.seconds)).toMatch(/^\d+(\.\d{1,3})?$/);
    expect((await inspect({ 'a.csv': 'a,label\n1,X\n2,X\n' })).files[0]).toMatchObject({ rateHz: null });
  });

  it('are of the kind that most of them can be, or of the one that is named', async () => {
    expect((await inspect({ 'a.csv': csv(9), 'b.txt': 'x', 'c.csv': csv(8) })).modality).toBe('motion');
    expect((await inspect({ 'a.csv': csv(9) }, schema, 'activity')).modality).toBe('activity');
    await expect(inspect({ 'a.csv': csv(9) }, schema, 'constructor')).rejects.toMatchObject({
      code: 'unknownModality',
    });
  });

  it('of one content are told of once each; two that are empty are no copies', async () => {
    const { files } = await inspect({ 'a.csv': csv(9), 'b.csv': csv(9), 'c.csv': csv(9) });
    expect(files.map(codesOf)).toEqual([[], ['sameContent'], ['sameContent']]);
    expect(files[1]!.findings[0]).toMatchObject({ found: 'the same content as a.csv' });
    const empty = await inspect({ 'a.csv': '', 'b.csv': '' });
    expect(empty.files.flatMap(codesOf)).not.toContain('sameContent');
  });

  it('of one name but for capitals are told of with the other', async () => {
    const { files } = await inspect({ 'a.csv': csv(9), 'A.CSV': csv(8), 'b.csv': csv(7) });
    expect(files.map(codesOf)).toEqual([[], ['sameName'], []]);
    expect(files[1]!.findings[0]!.found).toContain('the name of a.csv');
  });

  it('have names of 200 letters at most', async () => {
    const named = (length: number) => `${'x'.repeat(length - 4)}.csv`;
    expect((await inspect({ [named(200)]: csv(9) })).ok).toBe(true);
    const { files } = await inspect({ [named(201)]: csv(9) });
    expect(files[0]!.findings).toMatchObject([{ code: 'fileName', found: named(201).slice(0, 200) }]);
  });

  it('are as many as a manifest can list, to the last one', async () => {
    // 20,000 bytes for the rest, 160 and the name for a file, 100 for its chunk: of 524,288.
    const many = (count: number) =>
      Array.from({ length: count }, (_, at) => ({
        name: `${String(at).padStart(40, '0')}.txt`,
        bytes: Buffer.from(''),
      }));
    const of = async (count: number) => {
      const recordings = [{ name: 'a.csv', bytes: Buffer.from(csv(2)) }, ...many(count)];
      return codesOf(await inspectRecordings(recordings, schema));
    };
    const fits = Math.floor((512 * 1024 - 20_000 - 165 - 100) / 204);
    expect(await of(fits)).toEqual([]);
    expect(await of(fits + 1)).toEqual(['tooMany']);
  });
});

describe('a finding in words', () => {
  const finding = (more: object): FileFinding =>
    ({ code: 'tooLarge', refused: true, remedy: 'Split it.', ...more }) as FileFinding;
  it('says where, what was found and expected, and how often', () => {
    expect(sentenceOf('a.csv', finding({}))).toBe('a.csv: found something else. Split it.');
    expect(sentenceOf('a.csv', finding({ found: '7', expected: '8' }))).toBe('a.csv: found 7, expected 8. Split it.');
    expect(sentenceOf('a.csv', finding({ found: '7', times: 3, line: 2 }))).toBe(
      'a.csv, line 2: found 7 (3 times, this one first). Split it.',
    );
  });

  it('is said of what is refused alone: of files first, then of the folder', async () => {
    const inspection = await inspect({ 'b.csv': 'a,label\nfew,X\n' });
    inspection.findings = [finding({ found: '7' }), finding({ found: '8', refused: false })];
    expect(refusalsOf(inspection)).toEqual([
      expect.stringMatching(/^b\.csv, line 2, a \(field 1\): found few/),
      'The folder: found 7. Split it.',
    ]);
  });
});

describe('a folder', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'folder-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is read in the order of its names, with what its files hold', async () => {
    mkdirSync(join(folder, 'z/inner'), { recursive: true });
    for (const name of ['z/inner/b.csv', 'z/a.csv', 'c.csv', 'A.csv']) writeFileSync(join(folder, name), name);
    symlinkSync(join(folder, 'c.csv'), join(folder, 'd.csv'));
    const files = await readFolder(`${folder}/`);
    expect(files.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()])).toEqual([
      ['A.csv', 'A.csv'],
      ['c.csv', 'c.csv'],
      ['d.csv', 'c.csv'],
      ['z_a.csv', 'z/a.csv'],
      ['z_inner_b.csv', 'z/inner/b.csv'],
    ]);
    expect(files.some((file) => 'unreadable' in file)).toBe(false);
  });

  it('holds more than programs leave in it, whatever the case of their names', async () => {
    const names = ['.hidden', 'thumbs.DB', 'Desktop.ini', 'xThumbs.db', 'Thumbs.db.csv', 'desktop.ini2', 'a.hidden'];
    for (const name of names) writeFileSync(join(folder, name), '');
    expect((await readFolder(folder)).map(({ name }) => name)).toEqual([
      'Thumbs.db.csv',
      'a.hidden',
      'desktop.ini2',
      'xThumbs.db',
    ]);
  });

  it('that is none is refused by its name and the reason', async () => {
    await expect(readFolder(join(folder, 'gone'))).rejects.toMatchObject({
      code: 'unsuitableRecordings',
      details: { folder: join(folder, 'gone') },
      message: expect.stringContaining('(ENOENT)'),
    });
  });
});
