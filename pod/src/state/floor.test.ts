import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OwnClock } from '../clock.js';
import { KeptFloor } from './floor.js';

const POD = new Uint8Array([1, 2, 3]);
const BUILT = 1_000_000;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pod-floor-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const floor = (pod = POD): KeptFloor => new KeptFloor(folder, pod, BUILT);
const file = (): string => join(folder, 'clock.json');

describe('the time floor', () => {
  it('is the build at first, and writes nothing', () => {
    expect([floor().ms, floor().wasDamaged]).toEqual([BUILT, false]);
  });

  it('goes up and never down, also over restarts', () => {
    floor().raise(5_000_000.7);
    const again = floor();
    expect(again.ms).toBe(5_000_000);
    again.raise(4_000_000);
    expect([again.ms, floor().ms]).toEqual([5_000_000, 5_000_000]);
    again.raise(6_000_000);
    expect(floor().ms).toBe(6_000_000);
  });

  it('is not written again where it does not go up', () => {
    const one = floor();
    one.raise(5_000_000);
    rmSync(file());
    one.raise(4_000_000);
    one.raise(5_000_000);
    expect(existsSync(file())).toBe(false);
    one.raise(5_000_001);
    expect(floor().ms).toBe(5_000_001);
  });

  it('is not before the build of a newer program', () => {
    floor().raise(5_000_000);
    expect(new KeptFloor(folder, POD, 9_000_000).ms).toBe(9_000_000);
  });

  it('is kept from the certified time: a clock set back does not turn it back, also after a restart', async () => {
    const day = 24 * 3600 * 1000;
    const clock = new OwnClock(
      () => new Date(10 * day),
      async () => 10 * day,
      undefined,
      floor(),
    );
    await clock.check();
    expect(
      new OwnClock(
        () => new Date(day),
        undefined,
        () => 0,
        floor(),
      )
        .latest()
        .getTime(),
    ).toBe(10 * day);
  });

  it.each<[string, (right: string) => string]>([
    ['empty', () => ''],
    ['cut in half', (right) => right.slice(0, right.length / 2)],
    ['garbage', () => '\u0000\u0001garbage'],
    ['changed in one digit', (right) => right.replace('5000000', '5000001')],
    ['another value', () => 'null'],
    ['no number', (right) => right.replace('5000000', '"5000000"')],
  ])('that is %s is noticed, and written anew with the next signed time', (_, change) => {
    floor().raise(5_000_000);
    writeFileSync(file(), change(readFileSync(file(), 'utf8')));
    const one = floor();
    expect([one.wasDamaged, one.ms]).toEqual([true, BUILT]);
    one.raise(2_000_000);
    expect([floor().wasDamaged, floor().ms]).toEqual([false, 2_000_000]);
  });

  it('of another pod is not believed', () => {
    floor(new Uint8Array([9])).raise(5_000_000);
    expect([floor().ms, floor().wasDamaged]).toEqual([BUILT, false]);
  });

  it('holds in this run although it cannot be written, and is written once it can', () => {
    const one = floor();
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'in the way');
    expect(() => one.raise(5_000_000)).toThrow(/ENOTDIR|EEXIST/);
    expect(one.ms).toBe(5_000_000);
    rmSync(folder);
    one.raise(5_000_000);
    expect(floor().ms).toBe(5_000_000);
  });
});
