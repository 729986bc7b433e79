import { Backoff, OwnClock, wait } from './clock.js';
import { floorInMemory } from './state/floor.js';

const DAY = 24 * 3600 * 1000;
const at = (time: number) => () => new Date(time);

describe('a device’s clock', () => {
  it.each([
    ['slow', -3 * DAY, /is 3 days slow/],
    ['fast', 5 * 3600 * 1000, /is 5 hours fast/],
  ])('that is %s is noticed against certified time, with how far', async (_, off, words) => {
    const now = Date.now();
    const clock = new OwnClock(at(now + off), async () => now);
    await expect(clock.check()).rejects.toMatchObject({
      code: 'clockWrong',
      origin: 'device',
      message: expect.stringMatching(words),
    });
  });

  it('that is a minute off is right enough', async () => {
    const now = Date.now();
    await new OwnClock(at(now - 60_000), async () => now).check();
  });

  it('that has never been set sees by the network’s time that metadata is old', async () => {
    const now = Date.now();
    const clock = new OwnClock(at(0), async () => now);
    await clock.check().catch(() => undefined);
    expect(clock.latest().getTime()).toBe(now);
  });

  it('is not turned back by an old certificate', async () => {
    const now = Date.now();
    const clock = new OwnClock(at(now), async () => now - 30 * DAY);
    await clock.check().catch(() => undefined);
    expect(clock.latest().getTime()).toBe(now);
  });

  it('is not asked about again while it runs on evenly, and is once ten minutes are over', async () => {
    const began = Date.now();
    let passed = 0;
    let asked = 0;
    const network = async (): Promise<number> => ((asked += 1), began + passed);
    const clock = new OwnClock(
      () => new Date(began + passed),
      network,
      () => passed,
    );
    for (; passed < 10 * 60_000; passed += 1000) await clock.check();
    expect(asked).toBe(1);
    passed += 1000;
    await clock.check();
    expect(asked).toBe(2);
  });

  it('is asked about at once when somebody sets it', async () => {
    const began = Date.now();
    let set = 0;
    const clock = new OwnClock(
      () => new Date(began + set),
      async () => began,
      () => 0,
    );
    await clock.check();
    set = -DAY;
    await expect(clock.check()).rejects.toMatchObject({ code: 'clockWrong' });
    await expect(clock.check()).rejects.toMatchObject({ code: 'clockWrong' }); // for as long as it is wrong
    set = 0;
    await clock.check();
  });

  it('is not before the build, nor before what earlier runs saw signed', async () => {
    expect(new OwnClock(at(5 * DAY), undefined, undefined, floorInMemory(7 * DAY)).latest().getTime()).toBe(7 * DAY);
    expect(new OwnClock(at(9 * DAY), undefined, undefined, floorInMemory(7 * DAY)).latest().getTime()).toBe(9 * DAY);
  });

  it('runs on from what was signed, when somebody sets it back afterwards', async () => {
    let own = 10 * DAY;
    let passed = 0;
    const clock = new OwnClock(
      () => new Date(own),
      async () => 10 * DAY,
      () => passed,
    );
    await clock.check();
    own = DAY;
    passed = 3_600_000;
    expect(clock.latest().getTime()).toBe(10 * DAY + 3_600_000);
  });

  it('is not turned back by an older certificate that comes after', async () => {
    const told = [10 * DAY, 2 * DAY];
    const clock = new OwnClock(
      at(0),
      async () => told.shift()!,
      () => 0,
    );
    for (let times = 0; times < 2; times += 1) await clock.check().catch(() => undefined);
    expect(clock.latest().getTime()).toBe(10 * DAY);
  });

  it('is gone by when the network is away', async () => {
    await new OwnClock(at(0), () => Promise.reject(new Error('away'))).check();
  });
});

describe('waiting', () => {
  it('for longer than a timer can be does not end at once', async () => {
    const end = new AbortController();
    let over = false;
    const waited = wait(60 * 24 * 3600, end.signal).then(() => (over = true));
    await wait(0.05);
    expect(over).toBe(false);
    end.abort();
    await waited;
  });

  it('for ever does not end at once', async () => {
    const end = new AbortController();
    let over = false;
    const waited = wait(Infinity, end.signal).then(() => (over = true));
    await wait(0.05);
    expect(over).toBe(false);
    end.abort();
    await waited;
  });

  it('after failures takes twice as long each time, and not after success', () => {
    let now = 0;
    const backoff = new Backoff(30, 100, () => now);
    const waits = (): number => {
      const from = now;
      while (!backoff.isDue('disk')) now += 1;
      return now - from;
    };
    expect(waits()).toBe(0);
    for (const wanted of [30, 60, 100, 100]) {
      backoff.failed('disk');
      expect(waits()).toBe(wanted);
    }
    backoff.failed('disk');
    expect(backoff.isDue('other')).toBe(true);
    backoff.over('disk');
    expect(backoff.isDue('disk')).toBe(true);
  });
});
