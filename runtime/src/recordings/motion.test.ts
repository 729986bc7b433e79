import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { RuntimeError } from '../errors.js';
import { readRecording, modalityOf, type Finding, type Wanted } from './index.js';
import { truthOf } from '../windows.js';
import { inspectMotion } from './motion.js';

const two: Wanted = { channels: ['a', 'b'], labels: ['X', 'Y'], rateMilliHz: 100_000 };
const inspect = (bytes: string | Uint8Array, wanted: Partial<Wanted> = {}) =>
  inspectMotion({ name: 'p1_01.csv', bytes }, { ...two, ...wanted });
const samples = (bytes: string | Uint8Array, wanted: Partial<Wanted> = {}): number[] =>
  inspect(bytes, wanted).tracks.flatMap((track) => [...track.samples]);
const only = (bytes: string | Uint8Array, wanted: Partial<Wanted> = {}): Finding => {
  const { findings, tracks } = inspect(bytes, wanted);
  expect(findings).toHaveLength(1);
  if (findings[0]!.refused) expect(tracks).toEqual([]);
  return findings[0]!;
};
/** Rows at 100 Hz from a start in milliseconds. */
const timed = (rows: number, at: (row: number) => number | string = (row) => 1_700_000_000_000 + row * 10): string =>
  `a,b,timestamp,label\n${Array.from({ length: rows }, (_, row) => `${row},0.5,${at(row)},X`).join('\n')}\n`;

describe('a recording of motion is read', () => {
  it("by column name, in the schema's order", () => {
    const reading = inspect('b,label,a\n0.5,X,0\n1.5,Y,1\n');
    expect([...reading.tracks[0]!.samples]).toEqual([0, 0.5, 1, 1.5]);
    expect([...reading.tracks[0]!.labels]).toEqual([0, 1]);
    expect(reading.labels).toEqual({ X: 1, Y: 1 });
    expect(reading.tracks[0]!.person).toBe('p1');
  });
  it('with Windows line ends and a byte order mark', () =>
    expect(samples('\uFEFFa,b,label\r\n1,2,X\r\n')).toEqual([1, 2]));
  it('in UTF-16, as spreadsheets export it', () =>
    expect(samples(Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from('a,b,label\n1,2,X\n', 'utf16le')]))).toEqual([
      1, 2,
    ]));
  it('with semicolons and decimal commas', () =>
    expect(samples('a;b;label\n0,5;-1,25;X\n1;2;Y\n')).toEqual([0.5, -1.25, 1, 2]));
  it('with tabs', () => expect(samples('a\tb\tlabel\n0.5\t1\tX\n')).toEqual([0.5, 1]));
  it('with quoted fields, and further columns with separators and line ends in them', () =>
    expect(samples('a,note,b,label\n"1","said ""stop"",\nthen went on",2,"X"\n')).toEqual([1, 2]));
  it('with blank lines between and after', () => expect(samples('\na,b,label\n\n1,2,X\n\n\n')).toEqual([1, 2]));
  it('with a separator at the end of each line', () => expect(samples('a,b,label,\n1,2,X,\n')).toEqual([1, 2]));
  it('with exponents', () => expect(samples('a,b,label\n1e-3,-2.5E2,X\n')).toEqual([Math.fround(0.001), -250]));
  it('with no label on some rows', () => {
    const [track] = inspect('a,b,label\n1,2,X\n1,2,\n').tracks;
    expect([...track!.labels]).toEqual([0, -1]);
  });
  it('in milliseconds, seconds, microseconds, nanoseconds and ISO 8601 alike', () => {
    const start = 1_700_000_000;
    const writings: ((row: number) => number | string)[] = [
      (row) => start * 1e3 + row * 10,
      (row) => (start + row / 100).toFixed(2),
      (row) => `${start}${String(row * 1e4).padStart(6, '0')}`,
      (row) => `${start}${String(row * 1e7).padStart(9, '0')}`,
      (row) => new Date(start * 1e3 + row * 10).toISOString(),
    ];
    for (const written of writings) {
      const { findings, rateHz, seconds } = inspect(timed(90, written));
      expect(findings).toEqual([]);
      expect(rateHz).toBeCloseTo(100, 0);
      expect(seconds).toBeCloseTo(0.9, 1);
    }
  });
  it('in two stretches where there is a pause', () => {
    const { tracks, findings } = inspect(timed(200, (row) => row * 10 + (row >= 120 ? 5000 : 0)));
    expect(tracks.map(({ length }) => length)).toEqual([120, 80]);
    expect(findings).toMatchObject([{ code: 'gap', line: 122, refused: false }]);
  });
  it('where sensors deliver several samples under one time', () =>
    expect(inspect(timed(300, (row) => Math.floor(row / 3) * 30)).findings).toEqual([]));
  it('of a regression without a column of labels', () => expect(samples('a,b\n1,2\n', { labels: [] })).toEqual([1, 2]));
});

describe('as a device has it, a recording is read', () => {
  const device = { source: 'device' } as const;
  it('with its time first and no labels', () => {
    const { tracks, findings } = inspect('timestamp,a,b\n0,1,2\n10,3,4\n', device);
    expect(findings).toEqual([]);
    expect([...tracks[0]!.labels]).toEqual([-1, -1]);
  });
  it('with a label that the model does not know as an answer that is wrong', () =>
    expect([...inspect('a,b,label\n1,2,Z\n', device).tracks[0]!.labels]).toEqual([2]));
  it('of a regression without the target, for which it has no sensor', () => {
    const wanted = { labels: [], channels: ['a', 'b'], target: 'b' };
    const { tracks, findings } = inspect('a\n1\n3\n', { ...device, ...wanted });
    expect(findings).toEqual([]);
    expect([...tracks[0]!.samples]).toEqual([1, 3]);
    const task = { kind: 'regression', target: { name: 'b', unit: 'g', tolerance: '1' } } as const;
    expect(truthOf(task)(tracks[0]!, 0, 2)).toBeUndefined();
    expect(inspect('a\n1\n3\n', wanted).findings).toMatchObject([{ code: 'missingColumn', field: 'b' }]);
  });
  it('at another rate, brought to the model’s', () => {
    const { tracks, findings } = inspect(
      timed(101, (row) => row * 20),
      device,
    );
    expect(findings).toEqual([]);
    expect(tracks[0]!.length).toBe(201);
    expect([...tracks[0]!.samples.slice(0, 6)]).toEqual([0, 0.5, 0.5, 0.5, 1, 0.5]);
  });
});

describe('a recording of motion is refused', () => {
  it('when it is empty', () => expect(only('')).toMatchObject({ code: 'emptyFile' }));
  it('when it is a header alone', () => expect(only('a,b,label\n')).toMatchObject({ code: 'noRows', line: 1 }));
  it('when it is no text', () => expect(only(Uint8Array.of(0x50, 0x4b, 0xff, 0))).toMatchObject({ code: 'notText' }));
  it('with decimal commas between commas, which cannot be told apart', () =>
    expect(only('label,a,b\nX,0,5,1,5\n')).toMatchObject({
      code: 'fieldCount',
      line: 2,
      found: '5 fields',
      expected: '3 fields, as the header has',
      remedy: expect.stringContaining('semicolons'),
    }));
  it('with a row cut short', () =>
    expect(only('a,b,label\n1,2,X\n1\n')).toMatchObject({ code: 'fieldCount', line: 3, found: '1 fields' }));
  it('without a column, and says which it has', () =>
    expect(only('a,label\n1,X\n')).toMatchObject({ code: 'missingColumn', field: 'b', found: 'a, label' }));
  it('with a column of another case, and says to rename it', () =>
    expect(only('A,b,label\n1,2,X\n').remedy).toBe('Rename the column A to a.'));
  it('with a column twice', () =>
    expect(only('a,b,a,label\n1,2,3,X\n')).toMatchObject({ code: 'duplicateColumn', column: 3, field: 'a' }));
  it.each(['', 'NaN', 'n/a', '-'])('without a value: %p', (value) =>
    expect(only(`a,b,label\n1,2,X\n${value},2,X\n`)).toMatchObject({ code: 'missingValue', line: 3, column: 1 }),
  );
  it.each(['0x10', '1_000', 'Infinity', '1.2.3', 'twelve', '1,5'])('with a value that is no number: %p', (value) =>
    expect(only(`a;b;label\n1.5;2;X\n"${value}";2;X\n`)).toMatchObject({ code: 'notANumber', line: 3, field: 'a' }),
  );
  it('with a number that a sample cannot hold', () =>
    expect(only('a,b,label\n1,1e39,X\n')).toMatchObject({ code: 'outOfRange', line: 2, column: 2, found: '1e39' }));
  it('with a label that the schema does not have', () =>
    expect(only('a,b,label\n1,2,x\n')).toMatchObject({
      code: 'unknownLabel',
      line: 2,
      column: 3,
      found: 'x',
      remedy: 'Write X, as the schema does.',
    }));
  it('without any label', () => expect(only('a,b,label\n1,2,\n')).toMatchObject({ code: 'noLabels' }));
  it('whose time goes back', () =>
    expect(only(timed(200, (row) => (row === 50 ? 0 : row * 10)))).toMatchObject({ code: 'timeGoesBack', line: 52 }));
  it('whose time is none', () =>
    expect(only(timed(5, (row) => (row === 3 ? 'noon' : row)))).toMatchObject({ code: 'badTime', line: 5 }));
  it('that repeats its rows', () =>
    expect(only('a,b,timestamp,label\n' + '1,2,10,X\n'.repeat(11))).toMatchObject({ code: 'repeatedRows', line: 2 }));
  it('measured at another rate than declared', () =>
    expect(only(timed(200, (row) => row * 20))).toMatchObject({ code: 'rateDiffers', found: '50.00 Hz by its times' }));
  it('with an open quotation mark', () =>
    expect(inspect('a,b,label\n1,2,"X\n').findings.map(({ code }) => code)).toContain('unclosedQuote'));

  it('once per kind, at its first place, with how often', () =>
    expect(only('a,b,label\n1,?,X\n1,?,X\n1,?,X\n')).toMatchObject({ line: 2, times: 3 }));
  it('in words that do not quote it', async () => {
    const secret = '77.00021-secret';
    const refused = readRecording(modalityOf('motion'), { name: 'p', bytes: `a,b,label\n1,${secret},X\n` }, two);
    const error = await refused.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RuntimeError);
    expect(error).toMatchObject({ code: 'badRecording', origin: 'data', details: { line: 2, field: 'b' } });
    expect(JSON.stringify([(error as Error).message, (error as RuntimeError).details])).not.toContain('secret');
  });
});

it('never throws, and takes nothing that is not a finite number, whatever the text', () =>
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'ab,;\t"\n\r 01.eX-label'.split('')), maxLength: 120 }),
      (text) => {
        const reading = inspect(`a,b,label\n${text}`);
        for (const track of reading.tracks) expect(track.samples.every(Number.isFinite)).toBe(true);
        expect(reading.findings.some(({ refused }) => refused)).toBe(reading.tracks.length === 0);
      },
    ),
    { seed: 11, numRuns: 500 },
  ));

const real = process.env.LIVEPOD_DATA && join(process.env.LIVEPOD_DATA, 'sp-sw-har');
(real && existsSync(real) ? it : it.skip)('takes every real recording of a watch, at the rate it was made at', () => {
  const wanted = {
    channels: ['x_acc', 'y_acc', 'z_acc', 'x_gyro', 'y_gyro', 'z_gyro'],
    labels: ['SEATED', 'STANDING_UP', 'WALKING', 'TURNING', 'SITTING_DOWN'],
    rateMilliHz: 104_000,
  };
  const files = readdirSync(real!, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('_sw.csv'));
  expect(files.length).toBeGreaterThan(100);
  for (const name of files) {
    const { findings, rateHz, tracks } = inspectMotion({ name, bytes: readFileSync(join(real!, name)) }, wanted);
    expect({ name, findings }).toEqual({ name, findings: [] });
    expect(rateHz).toBeCloseTo(104, -1);
    expect(tracks).toHaveLength(1);
  }
});
