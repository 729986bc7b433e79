import type { RecipeError } from '@livepod/recipes';
import { Pace } from './pace.js';
import {
  doneBody,
  epochBody,
  FAILURES,
  failedBody,
  METRICS,
  readDone,
  readEpoch,
  readFailed,
  readFile,
} from './reports.js';
import { frame, framesOf, MalformedFrame } from './sandbox/frames.js';
import { openSwaps } from './workspace.js';

const LONGEST = new Map([
  [1, 4],
  [2, 32],
]);

async function read(...pieces: Uint8Array[]): Promise<{ kind: number; body: Uint8Array }[]> {
  const found = [];
  const stream = async function* (): AsyncGenerator<Uint8Array> {
    yield* pieces;
  };
  for await (const one of framesOf(stream(), LONGEST)) found.push(one);
  return found;
}

describe('frames of a sandbox', () => {
  it('come out as they went in, however they are cut', async () => {
    const bytes = Buffer.concat([frame(1, Uint8Array.of(7, 8)), frame(2), frame(1, Uint8Array.of(9))]);
    for (const size of [1, 2, 5, 100]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );
      expect((await read(...pieces)).map(({ kind, body }) => [kind, ...body])).toEqual([[1, 7, 8], [2], [1, 9]]);
    }
  });

  it('are refused at their head when their kind is not known or they are longer than it may be', async () => {
    await expect(read(frame(9))).rejects.toThrow(MalformedFrame);
    await expect(read(Uint8Array.of(1, 0, 0, 0, 5))).rejects.toThrow(MalformedFrame);
    await expect(read(Uint8Array.of(2, 255, 255, 255, 255))).rejects.toThrow(MalformedFrame);
  });

  it('are refused when the stream ends within one', async () => {
    await expect(read(frame(1, Uint8Array.of(1, 2)).subarray(0, 6))).rejects.toThrow(MalformedFrame);
    await expect(read(Uint8Array.of(1))).rejects.toThrow(MalformedFrame);
  });
});

describe('what a recipe can tell', () => {
  it('is a number of an epoch within its range, and no other', () => {
    const epoch = { epoch: 1, epochs: 3, loss: 0.25, windowsPerSecond: 10 };
    expect(readEpoch(epochBody(epoch))).toEqual(epoch);
    for (const odd of [{ loss: NaN }, { loss: 1e10 }, { epoch: 0 }, { epoch: 4 }, { epoch: 1.5 }, { epochs: 1e7 }])
      expect(readEpoch(epochBody({ ...epoch, ...odd }))).toBeUndefined();
    expect(readEpoch(epochBody({ ...epoch, windowsPerSecond: -1 }))).toBeUndefined();
    expect(readEpoch(new Uint8Array(31))).toBeUndefined();
  });

  it('is a declared metric, once, and its number; a name that quotes a record is not told', () => {
    expect(readDone(doneBody({ trainingLoss: '0.5', trainingWindows: '12' })!)).toEqual({
      trainingLoss: '0.500000',
      trainingWindows: '12',
    });
    for (const metrics of [{ 'RECORD 1': '1' }, { constructor: '1' }, JSON.parse('{"__proto__":"1"}')])
      expect(doneBody(metrics as Record<string, string>)).toBeUndefined();
    expect(readDone(doneBody({ trainingWindows: '-1' })!)).toBeUndefined();
    expect(readDone(doneBody({ trainingLoss: 'RECORD' })!)).toBeUndefined();
    const once = doneBody({ trainingLoss: '1' })!;
    expect(readDone(Buffer.concat([once, once]))).toBeUndefined();
    expect(readDone(Uint8Array.of(METRICS.length, 0, 0, 0, 0, 0, 0, 0, 0))).toBeUndefined();
    expect(readDone(new Uint8Array(8))).toBeUndefined();
  });

  it('is a code out of the table, which has every code of a recipe’s errors', () => {
    const code = 'diverged' satisfies RecipeError['code'];
    expect(readFailed(failedBody(code))).toBe(code);
    expect(readFailed(failedBody('RECORD 1'))).toBe('unnamed');
    expect(readFailed(failedBody('__proto__'))).toBe('unnamed');
    expect(readFailed(Uint8Array.of(FAILURES.length))).toBeUndefined();
    expect(readFailed(Uint8Array.of(1, 1))).toBeUndefined();
    const every: (typeof FAILURES)[number] = 'unnamed' as RecipeError['code'] | 'unnamed';
    expect(FAILURES).toContain(every);
  });

  it('is a file by its place, and its length', () => {
    expect(readFile(Uint8Array.of(1, 0, 0, 1, 0))).toEqual({ file: 1, bytes: 256 });
    expect(readFile(Uint8Array.of(1, 0, 0, 1))).toBeUndefined();
  });
});

describe('how a recipe tells it', () => {
  const at = (epoch: number, epochs = 300) => ({ epoch, epochs, loss: 0, windowsPerSecond: 0 });

  it('is in order: ready once, epochs upwards, to no more than were asked for', () => {
    const pace = new Pace(300);
    expect(() => pace.epoch(at(1))).toThrow(MalformedFrame);
    pace.ready();
    expect(() => pace.ready()).toThrow(MalformedFrame);
    expect(pace.epoch(at(2))).toEqual(at(2));
    expect(() => pace.epoch(at(2))).toThrow(MalformedFrame);
    expect(() => pace.epoch(at(3, 301))).toThrow(MalformedFrame);
    expect(() => pace.epoch(undefined)).toThrow(MalformedFrame);
  });

  it('is slow enough: a burst, and no endless one', () => {
    const pace = new Pace(300);
    pace.ready();
    expect(() => Array.from({ length: 300 }, (_, epoch) => pace.epoch(at(epoch + 1)))).toThrow(MalformedFrame);
  });

  it('leaves one resume point an epoch', () => {
    const pace = new Pace(300);
    pace.ready();
    pace.resume();
    expect(() => pace.resume()).toThrow(MalformedFrame);
    pace.epoch(at(1));
    expect(() => pace.resume()).not.toThrow();
  });
});

describe('memory that can be swapped to a disk', () => {
  it('is found in the kernel’s table, zram with it', async () => {
    const head = 'Filename\tType\tSize\tUsed\tPriority\n';
    expect(await openSwaps(head)).toEqual([]);
    expect(await openSwaps(`${head}/swapfile   file  1  0  -2\n/dev/zram0 partition 1 0 100\n`)).toEqual([
      '/swapfile',
      '/dev/zram0',
    ]);
  });
});
