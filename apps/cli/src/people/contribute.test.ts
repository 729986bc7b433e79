import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const livepodProgram = fileURLToPath(new URL('../../bin/livepod.mjs', import.meta.url));
const SCHEMA = {
  channels: ['x_acc', 'y_acc', 'z_acc', 'x_gyro', 'y_gyro', 'z_gyro'].map((name) => ({
    name,
    unit: name.endsWith('acc') ? 'm/s2' : 'rad/s',
  })),
  rateMilliHz: 104_000,
  labels: ['SEATED', 'STANDING_UP', 'WALKING', 'TURNING', 'SITTING_DOWN'],
  device: 'watch',
};
const HEADER = [...SCHEMA.channels.map(({ name }) => name), 'timestamp', 'label'];

/** 240 rows at 104 Hz, each a list of fields. */
function rows(start = 1_700_000_000_000): string[][] {
  return Array.from({ length: 240 }, (_, row) => [
    ...SCHEMA.channels.map((_, channel) => (5 * Math.sin(row * 0.14 + channel)).toFixed(4)),
    String(start + Math.floor((row * 1000) / 104)),
    SCHEMA.labels[Math.floor(row / 60)]!,
  ]);
}
const csv = (lines: string[][], delimiter = ','): string => lines.map((line) => `${line.join(delimiter)}\n`).join('');
const good = (start?: number): string => csv([HEADER, ...rows(start)]);
const comma = (line: string[]): string[] => line.map((field) => field.replace('.', ','));

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'livepod-cli-'))));
afterEach(() => rmSync(folder, { recursive: true }));

interface Answer {
  status: number;
  stderr: string;
  said: {
    ok: boolean;
    error?: { code: string; origin: string; message: string };
    files: {
      name: string;
      taken: boolean;
      rows: number;
      seconds: number;
      rateHz: number;
      labels: object;
      findings: object[];
    }[];
  };
}

function livepod(...args: string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const environment = { ...process.env, LIVEPOD_NETWORK: undefined, LIVEPOD_IDENTITY: undefined };
    execFile(
      process.execPath,
      [livepodProgram, ...args],
      { cwd: folder, env: environment as never },
      (error, stdout, stderr) =>
        resolve({
          status: error ? Number(error.code) : 0,
          stderr,
          said: (stdout ? JSON.parse(stdout) : {}) as Answer['said'],
        }),
    );
  });
}

/** A dry run over files written for it. */
async function tried(files: Record<string, string>, schema: string = JSON.stringify(SCHEMA)): Promise<Answer> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, 'data', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  writeFileSync(join(folder, 'schema.json'), schema);
  const answer = await livepod('contribute', 'data', '--schema', 'schema.json', '--dry-run', '--json');
  expect(answer.stderr).not.toMatch(/^ {4}at /m);
  return answer;
}

describe('a dry run without any network', () => {
  it('takes a good recording, and says what it understood', async () => {
    const { status, said } = await tried({ 'a.csv': good() });
    expect(status).toBe(0);
    expect(said.ok).toBe(true);
    expect(said.files).toEqual([
      {
        name: 'a.csv',
        taken: true,
        rows: 240,
        seconds: expect.closeTo(2.3, 1),
        rateHz: expect.closeTo(104, 0),
        labels: { SEATED: 60, STANDING_UP: 60, WALKING: 60, TURNING: 60 },
        findings: [],
      },
    ]);
  });
  it('takes semicolons with decimal commas', async () => {
    const { status, said } = await tried({ 'a.csv': csv([HEADER, ...rows().map(comma)], ';') });
    expect(status).toBe(0);
    expect(said.files).toMatchObject([{ taken: true, rows: 240 }]);
  });
  it('refuses decimal commas between commas, with line, what was found and what to do', async () => {
    const { status, said } = await tried({ 'a.csv': csv([HEADER, ...rows().map(comma)]) });
    expect(status).toBe(1);
    expect(said.ok).toBe(false);
    expect(said.files[0]!.findings[0]).toMatchObject({
      code: 'fieldCount',
      line: 2,
      found: '14 fields',
      expected: '8 fields, as the header has',
      remedy: expect.stringContaining('decimal'),
    });
  });
  it('leaves out no file for the case of its ending', async () => {
    const { status, said } = await tried({ 'a.csv': good(), 'B.CSV': good(1.71e12), 'c.Csv': good(1.72e12) });
    expect(status).toBe(0);
    expect(said.files.map(({ name, taken }) => [name, taken])).toEqual([
      ['B.CSV', true],
      ['a.csv', true],
      ['c.Csv', true],
    ]);
  });
  it('refuses rows out of order and rows that are copies', async () => {
    const lines = rows();
    lines.splice(10, 10, ...Array.from({ length: 10 }, () => lines[9]!));
    [lines[50], lines[150]] = [lines[150]!, lines[50]!];
    const { status, said } = await tried({ 'a.csv': csv([HEADER, ...lines]) });
    expect(status).toBe(1);
    expect(said.files[0]!.findings).toMatchObject([
      { code: 'timeGoesBack', line: 53, column: 7 },
      { code: 'repeatedRows', line: 11 },
    ]);
  });
  it('refuses an empty file and a header alone', async () => {
    const { status, said } = await tried({ 'a.csv': '', 'b.csv': csv([HEADER]) });
    expect(status).toBe(1);
    expect(said.files.map(({ findings }) => (findings[0] as { code: string }).code)).toEqual(['emptyFile', 'noRows']);
  });
  it('refuses a folder that is none, and a schema that is no JSON, in one sentence each', async () => {
    writeFileSync(join(folder, 'schema.json'), '{"channels": [\n  oops]}');
    const wrong = await livepod('contribute', '.', '--schema', 'schema.json', '--dry-run', '--json');
    expect(wrong.status).toBe(1);
    expect(wrong.said.error).toMatchObject({
      code: 'badArguments',
      message: expect.stringContaining('line 2, column 3'),
    });
    writeFileSync(join(folder, 'schema.json'), JSON.stringify(SCHEMA));
    const gone = await livepod('contribute', 'gone', '--schema', 'schema.json', '--dry-run', '--json');
    expect(gone.said.error).toMatchObject({ code: 'unsuitableRecordings', origin: 'data' });
  });
  it('names the field of a schema that is wrong', async () => {
    const { status, said } = await tried({ 'a.csv': good() }, JSON.stringify({ ...SCHEMA, rateMilliHz: '104 Hz' }));
    expect(status).toBe(1);
    expect(said.error?.message).toBe('schema.rateMilliHz must be an integer from 1 to 1000000000.');
  });
  it('refuses what it does not know, and suggests what it does', async () => {
    const { status, stderr } = await livepod('contribute', 'data', '--schema', 'schema.json', '--titel', 'x');
    expect(status).toBe(1);
    expect(stderr).toContain("unknown option '--titel'");
    expect(stderr).toContain('--title');
  });
});
