import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CANISTERS } from '@livepod/client';
import { Home, candidateOf, channel, until } from '../home.fixture.js';
import { checkpointSaying } from '../repository.fixture.js';
import type { PodState } from '../state/state.js';
import { init } from './init.js';

const MAIN = new URL('../main.ts', import.meta.url).pathname;
const good = checkpointSaying(0);
const heavy = checkpointSaying(0, { selfTest: 0.0001 });

let home: Home;
let folder: string;
beforeEach(async () => {
  home = await Home.open();
  folder = join(home.folder, 'my-pod');
  const given = (name: string, content: string | Buffer): string => {
    writeFileSync(join(home.folder, name), content);
    return join(home.folder, name);
  };
  const network = {
    icHost: 'http://127.0.0.1:9',
    rootKey: '30'.repeat(133),
    canisters: Object.fromEntries(CANISTERS.map((name) => [name, 'rwlgt-iiaaa-aaaaa-aaaaa-cai'])),
  };
  await init({
    folder,
    network: given('network.json', JSON.stringify(network)),
    root: given('root.json', home.shippedRoot),
  });
});
const children: { child: ChildProcess; ended: Promise<unknown> }[] = [];
afterEach(async () => {
  for (const { child, ended } of children.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  await home.close();
});

const state = (): Partial<PodState> => {
  try {
    return JSON.parse(readFileSync(join(folder, 'state', 'pod.json'), 'utf8')) as PodState;
  } catch {
    return {};
  }
};
const runs = ({ active, slots }: Partial<PodState>): string | undefined =>
  (active && slots?.[active]?.checkpoint) || undefined;

function start() {
  const options = ['--folder', folder, '--recordings', home.recordings, '--person', 'p1', '--mirror', home.address];
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, 'run', ...options, '--poll', '1'], {
    stdio: 'ignore',
  });
  const started = { child, ended: once(child, 'exit') };
  children.push(started);
  return started;
}

/** Looks often: a model is started within a few hundred milliseconds. */
async function soon(reached: () => boolean): Promise<void> {
  for (let left = 12_000; left > 0 && !reached(); left -= 1) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(reached()).toBe(true);
}

describe('a model that takes the pod down with it', () => {
  it('is tried once: killed while it starts it, the pod goes on with the version before and leaves it', async () => {
    home.repository.publish(channel(1, good), [good]);
    const first = start();
    await soon(() => runs(state()) === good.id);
    home.repository.publish(channel(2, good, candidateOf(heavy)), [good, heavy]);
    await soon(() => (state().starting ?? []).some(({ checkpoint }) => checkpoint === heavy.id));
    first.child.kill('SIGKILL');
    await first.ended;
    expect(runs(state())).toBe(good.id);

    const second = start();
    await soon(() => (state().refused ?? []).some(({ checkpoint }) => checkpoint === heavy.id));
    await until(() => (state().history ?? []).some(({ why }) => /ended while it started version 2/.test(why)));
    expect(runs(state())).toBe(good.id);
    expect(state().starting).toEqual([]);
    second.child.kill('SIGTERM');
    await second.ended;
    expect(runs(state())).toBe(good.id);
  }, 180_000);
});
