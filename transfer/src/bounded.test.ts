import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { bounded, timeFor, type Pace } from './bounded.js';

const quick: Pace = { graceMs: 5_000, bytesPerSecond: 1_000 };

async function wholeOf(body: Readable): Promise<number> {
  let bytes = 0;
  for await (const piece of body) bytes += (piece as Buffer).length;
  return bytes;
}
const pieces = (...lengths: number[]): Readable => Readable.from(lengths.map((length) => Buffer.alloc(length)));

describe('a body', () => {
  it('may have as many bytes as its limit, and not one more, however it is cut', async () => {
    expect(await wholeOf(bounded(pieces(4, 6), 10, 'It', quick))).toBe(10);
    expect(await wholeOf(bounded(pieces(), 0, 'It', quick))).toBe(0);
    for (const lengths of [[11], [10, 1], [1, 1, 9]])
      await expect(wholeOf(bounded(pieces(...lengths), 10, 'It', quick))).rejects.toMatchObject({
        code: 'tooLong',
        details: { of: 'It', limit: 10 },
      });
  });

  it('has its grace, and the time that its bytes take', () => {
    expect(timeFor(0, quick)).toBe(5_000);
    expect(timeFor(3_000, quick)).toBe(8_000);
  });

  it('may come slowly while it keeps its pace', async () => {
    const body = new PassThrough();
    const read = wholeOf(bounded(body, 1_000_000, 'It', { graceMs: 60, bytesPerSecond: 20_000 }));
    for (let round = 0; round < 4; round++) {
      body.write(Buffer.alloc(20_000));
      await sleep(30);
    }
    body.end();
    expect(await read).toBe(80_000);
  });

  it('that drips is given up, with what came of it, and its sender is let go', async () => {
    const body = new PassThrough();
    body.write('abc');
    const began = performance.now();
    await expect(wholeOf(bounded(body, 1_000, 'It', { graceMs: 30, bytesPerSecond: 1_000_000 }))).rejects.toMatchObject(
      { code: 'tooSlow', details: { of: 'It', received: 3, seconds: 0 } },
    );
    expect(performance.now() - began).toBeGreaterThan(25);
    await sleep(0);
    expect(body.destroyed).toBe(true);
  });

  it('that breaks off is no shorter body', async () => {
    const body = new PassThrough();
    body.write('abc');
    const read = wholeOf(bounded(body, 10, 'It', quick));
    await sleep(5);
    body.destroy();
    await expect(read).rejects.toThrow('it broke off');
  });

  it('that fails says why', async () => {
    const body = new PassThrough();
    const read = wholeOf(bounded(body, 10, 'It', quick));
    body.destroy(new Error('reset by peer'));
    await expect(read).rejects.toThrow('reset by peer');
  });

  it('that nobody reads any more is not fetched any more', async () => {
    const body = new PassThrough();
    const within = bounded(body, 10, 'It', quick);
    within.destroy();
    await sleep(5);
    expect(body.destroyed).toBe(true);
  });

  it('that has ended holds no clock', async () => {
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const within = bounded(pieces(1), 10, 'It', { graceMs: 20, bytesPerSecond: 1 });
    within.on('error', () => {});
    await wholeOf(within);
    await sleep(0);
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).toBeLessThanOrEqual(before);
  });
});
