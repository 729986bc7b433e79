import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetSchema } from '@livepod/protocol';
import { readFolder } from './folder.js';
import { inspectRecordings, refusalsOf } from './inspect.js';

const schema: DatasetSchema = {
  channels: [{ name: 'a', unit: 'm/s2' }],
  rateMilliHz: 100_000,
  labels: ['X', 'Y'],
  device: 'watch',
};
const csv = (rows: number, value = 1): string =>
  `a,timestamp,label\n${Array.from({ length: rows }, (_, row) => `${value},${row * 10},X\n`).join('')}`;
const codes = async (files: Record<string, string>): Promise<Record<string, string[]>> => {
  const recordings = Object.entries(files).map(([name, text]) => ({ name, bytes: Buffer.from(text) }));
  const { files: inspected } = await inspectRecordings(recordings, schema);
  return Object.fromEntries(inspected.map(({ name, findings }) => [name, findings.map(({ code }) => code)]));
};

describe('recordings before they are contributed', () => {
  it('are counted as they will be published', async () => {
    const inspection = await inspectRecordings([{ name: 'p1.csv', bytes: Buffer.from(csv(250)) }], schema);
    expect(inspection).toMatchObject({ ok: true, modality: 'motion', chunks: 1 });
    expect(inspection.statistics).toEqual({ records: 1, milliseconds: 2500, labels: { X: 250, Y: 0 } });
    expect(inspection.files[0]).toMatchObject({ taken: true, rows: 250, rateHz: 100, labels: { X: 250 } });
  });
  it('are taken whatever the case of their ending', async () =>
    expect(await codes({ 'a.CSV': csv(200, 2), 'b.Csv': csv(200) })).toEqual({ 'a.CSV': [], 'b.Csv': [] }));
  it('are refused when there are none', async () => {
    const inspection = await inspectRecordings([], schema);
    expect(inspection.ok).toBe(false);
    expect(inspection.findings).toMatchObject([{ code: 'noRecordings' }]);
  });
  it('tell of a file that is none, rather than leave it out without a word', async () =>
    expect(await codes({ 'a.csv': csv(9), 'notes.txt': 'hello' })).toEqual({
      'a.csv': [],
      'notes.txt': ['notARecording'],
    }));
  it('tell of copies', async () =>
    expect(await codes({ 'a.csv': csv(9), 'b.csv': csv(9) })).toEqual({ 'a.csv': [], 'b.csv': ['sameContent'] }));
  it('tell of names that a computer may take for one', async () =>
    expect(await codes({ 'A.csv': csv(9), 'a.csv': csv(8) })).toEqual({ 'A.csv': [], 'a.csv': ['sameName'] }));
  it.each(['läuft.csv', 'my run.csv', `${'x'.repeat(200)}.csv`])('tell of the name %p', async (name) =>
    expect(await codes({ [name]: csv(9) })).toEqual({ [name]: ['fileName'] }),
  );
  it('tell of more files than a manifest can list, before anything is sent', async () => {
    const many = Array.from({ length: 2500 }, (_, at) => ({ name: `r${at}.csv`, bytes: Buffer.from(csv(2, at)) }));
    const { ok, findings } = await inspectRecordings(many, schema);
    expect(ok).toBe(false);
    expect(findings).toMatchObject([{ code: 'tooMany', found: expect.stringContaining('2500 files') }]);
  });
  it('say in a sentence which file, where, what was found, what was expected, what to do', async () => {
    const inspection = await inspectRecordings(
      [{ name: 'a.csv', bytes: Buffer.from('a,label\n1,X\nfew,X\n') }],
      schema,
    );
    expect(refusalsOf(inspection)).toEqual([
      'a.csv, line 3, a (field 1): found few, expected a number with a decimal point. Correct the value.',
    ]);
  });
});

describe('a folder of recordings', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'folder-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is read with what lies below it, a folder per person, without what programs leave behind', async () => {
    mkdirSync(join(folder, 'me'));
    mkdirSync(join(folder, '.git'));
    for (const name of ['me/run.csv', 'b.csv', '.DS_Store', '.git/config', 'Thumbs.db'])
      writeFileSync(join(folder, name), csv(3));
    expect((await readFolder(folder)).map(({ name }) => name)).toEqual(['b.csv', 'me_run.csv']);
  });
  it('tells of what cannot be read, such as a link that leads nowhere', async () => {
    symlinkSync(join(folder, 'gone'), join(folder, 'a.csv'));
    const files = await readFolder(folder);
    expect(files).toMatchObject([{ name: 'a.csv', unreadable: 'ENOENT' }]);
    expect((await inspectRecordings(files, schema)).files).toMatchObject([{ findings: [{ code: 'unreadable' }] }]);
  });
  it('does not follow a link to a folder, which may lead in a circle', async () => {
    symlinkSync(folder, join(folder, 'circle'));
    expect(await readFolder(folder)).toMatchObject([{ name: 'circle', unreadable: 'not a file' }]);
  });
  it('is refused when it is none', async () => {
    writeFileSync(join(folder, 'a.csv'), csv(3));
    chmodSync(join(folder, 'a.csv'), 0o600);
    await expect(readFolder(join(folder, 'a.csv'))).rejects.toMatchObject({ code: 'unsuitableRecordings' });
    await expect(readFolder(join(folder, 'gone'))).rejects.toMatchObject({ code: 'unsuitableRecordings' });
  });
});
