import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Home, candidateOf, channel, historyOf, kill, troubleOf, until, versionOf } from './home.fixture.js';
import type { Pod } from './index.js';
import { checkpointSaying } from './repository.fixture.js';

const first = checkpointSaying(0);
const second = checkpointSaying(0, { selfTest: 0.0001 });
const third = checkpointSaying(0, { selfTest: 0.0002 });
const all = [first, second, third];

let home: Home;
beforeEach(async () => {
  home = await Home.open();
});
afterEach(() => home.close());

const inSlot = (slot: string, file: string): string => join(home.state, 'slots', slot, file);
const chunkRequests = () => home.repository.requests.filter((path) => path.startsWith('/chunks/'));
const requestsOf = ({ chunks }: { chunks: Buffer[] }) => {
  const bytes = new Set(chunks.map((chunk) => chunk.toString('hex')));
  return chunkRequests().filter((path) => bytes.has(home.repository.files.get(path)?.toString('hex') ?? ''));
};
const isRunning = (one: Pod): boolean => {
  try {
    return one.model !== undefined;
  } catch {
    return false;
  }
};
async function restarted(one: Pod): Promise<Pod> {
  await one.stop();
  home.repository.requests.length = 0;
  const next = home.pod();
  await next.start();
  return next;
}

describe('a damaged slot', () => {
  it('is filled again from its chunks, without the network', async () => {
    const one = await home.running(first);
    await one.stop();
    truncateSync(inSlot('a', 'model.onnx'), 10);
    const next = await restarted(one);
    expect(next.status()).toMatchObject({ version: 1, trouble: null });
    expect(home.repository.requests).toEqual([]);
    expect(home.reports).toEqual([]);
    expect(historyOf(next)).toEqual([1]);
  });

  it('is filled again from the network where its chunks are damaged, too', async () => {
    const one = await home.running(first);
    await one.stop();
    rmSync(inSlot('a', 'model.onnx'));
    rmSync(inSlot('bootstrap', ''), { recursive: true });
    rmSync(join(home.state, 'chunks'), { recursive: true });
    const next = await restarted(one);
    await next.turn();
    expect(next.status()).toMatchObject({ version: 1, trouble: null });
    expect(requestsOf(first).length).toBeGreaterThan(0);
  });

  it('whose manifest is damaged is filled again with what the channel names', async () => {
    const one = await home.running(first);
    await one.stop();
    writeFileSync(inSlot('a', 'manifest.json'), '{}');
    rmSync(inSlot('bootstrap', ''), { recursive: true });
    const next = await restarted(one);
    expect(troubleOf(next)).toMatchObject({ code: 'slotDamaged', origin: 'device' });
    await next.turn();
    expect(next.status()).toMatchObject({ version: 1, ready: expect.any(Boolean), trouble: null });
    await kill(next, 'SIGKILL'); // it runs
  });

  it('that the network cannot mend is left for the version before, and no release hears of it', async () => {
    const one = await home.running(first);
    home.repository.publish(channel(2, second, null, 2), all);
    await one.turn();
    await one.stop();
    writeFileSync(inSlot('b', 'manifest.json'), '{}');
    await home.repository.close();
    const next = await restarted(one);
    expect(historyOf(next)).toEqual([1, 2, 1]);
    expect(home.reports).toEqual([]);
    await home.repository.listen();
  });

  it('with a model that differs from its manifest is damage, and not a model that does not load', async () => {
    const one = await home.running(first);
    home.repository.publish(channel(2, first, candidateOf(second)), all);
    await one.turn();
    await one.stop();
    writeFileSync(inSlot('b', 'model.onnx'), readFileSync(inSlot('b', 'selftest.json')));
    const next = await restarted(one);
    await next.turn();
    expect(versionOf(next)).toBe(2);
    expect(home.reports.map(({ event }) => Object.keys(event)[0])).not.toContain('returned');
  });
});

describe('recovery never goes back to', () => {
  it('a candidate that the gate stopped', async () => {
    const one = await home.running(first);
    home.repository.publish(channel(2, first, candidateOf(second)), all);
    await one.turn();
    home.repository.publish(channel(3, first), all); // the release has stopped itself
    await one.turn();
    expect(historyOf(one)).toEqual([1, 2, 1]);
    for (let times = 0; times < 4; times += 1) {
      await kill(one, 'SIGSEGV');
      await until(
        () => isRunning(one),
        () => one.turn(),
      );
    }
    expect(historyOf(one)).toEqual([1, 2, 1]);
  });

  it('a version above the one that the channel was rolled back to', async () => {
    home.repository.publish(channel(1, second, null, 2), all);
    const one = home.pod();
    await one.turn();
    home.repository.publish(channel(2, first, null, 1), all);
    await one.turn();
    await one.stop();
    rmSync(inSlot('b', 'model.onnx'));
    rmSync(join(home.state, 'chunks'), { recursive: true });
    home.repository.instead.set('*', { status: 503 });
    const next = await restarted(one);
    await next.turn();
    expect(historyOf(next)).toEqual([2, 1]);
    home.repository.instead.clear();
    await until(
      () => troubleOf(next) === null,
      () => next.turn(),
    );
    expect(next.status()).toMatchObject({ version: 1 });
    expect(historyOf(next)).toEqual([2, 1]);
  });

  it('a stopped candidate, when the next one fails', async () => {
    const broken = checkpointSaying(0, { model: Buffer.from('not a model') });
    const one = await home.running(first);
    home.repository.publish(channel(2, first, candidateOf(second)), all);
    await one.turn();
    home.repository.publish(channel(3, first, candidateOf(broken, undefined, 3, 8)), [...all, broken]);
    await one.turn();
    expect(historyOf(one)).toEqual([1, 2, 1]);
    expect(home.reports.at(-1)).toMatchObject({ release: 8, event: { failed: expect.any(String) } });
  });
});

describe('a state file that is damaged', () => {
  it.each([
    ['half a file', '{"phase": "follo'],
    ['nothing', ''],
    ['another program’s', '[1, 2, 3]'],
    ['a slot without a checkpoint', '{"slots": {"a": {"version": 1}, "b": null}, "active": "a"}'],
  ])('(%s) is moved aside, and the pod takes what the channel names', async (_, content) => {
    const one = await home.running(first);
    await one.stop();
    writeFileSync(join(home.state, 'pod.json'), content);
    const next = await restarted(one);
    await next.turn();
    expect(next.status()).toMatchObject({ version: 1, trouble: null });
    expect(readFileSync(join(home.state, 'pod.json.damaged'), 'utf8')).toBe(content);
    expect(home.log.map(({ event }) => event)).toContain('state was damaged');
  });

  it('does not make a pod use numbers of reports again', async () => {
    const one = await home.running(first);
    home.repository.publish(channel(2, first, candidateOf(second)), all);
    await one.turn();
    await one.stop();
    const before = Math.max(...home.reports.map(({ sequence }) => sequence));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    rmSync(home.state, { recursive: true });
    const next = home.pod();
    await next.turn();
    expect(home.reports.at(-1)!.sequence).toBeGreaterThan(before);
  });
});
