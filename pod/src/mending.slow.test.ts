import { cpSync, mkdirSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Home, channel, historyOf, versionOf } from './home.fixture.js';
import type { Pod } from './index.js';
import { checkpointSaying, tufSigner } from './repository.fixture.js';

const first = checkpointSaying(0);
const second = checkpointSaying(0, { selfTest: 0.0001 });
const strange = checkpointSaying(1);

let home: Home;
/** Another pod's, with another name, another repository and another checkpoint. */
let stranger: Home;
let kept: string;
const networkTime = async (): Promise<number> => Date.now();

beforeAll(async () => {
  home = await Home.open();
  const before = home.repository.dao;
  home.repository.dao = tufSigner();
  home.repository.files.set('/tuf/2.root.json', home.repository.root(2, [before, home.repository.dao]));
  const one = await home.running(first, { networkTime });
  home.repository.publish(channel(2, second, null, 2), [first, second]);
  await one.turn();
  expect(versionOf(one)).toBe(2);
  await one.stop();
  kept = home.state;

  stranger = await Home.open();
  const other = stranger.repository.dao;
  stranger.repository.dao = tufSigner();
  stranger.repository.files.set('/tuf/2.root.json', stranger.repository.root(2, [other, stranger.repository.dao]));
  const two = await stranger.running(strange, { networkTime, principal: new Uint8Array([9]) });
  stranger.repository.publish(channel(2, strange, null, 2), [strange]);
  await two.stop();
});
afterAll(async () => {
  await home.close();
  await stranger.close();
});

const chunkIn = (folder: string): string => readdirSync(join(folder, 'chunks')).toSorted()[0]!;
/** Every file of the state folder: which one, and what of the other pod stands for it. */
const FILES: [string, string][] = [
  ['pod.json', 'pod.json'],
  ['clock.json', 'clock.json'],
  ['metadata/2.root.json', 'metadata/2.root.json'],
  ['metadata/timestamp.json', 'metadata/timestamp.json'],
  ['metadata/snapshot.json', 'metadata/snapshot.json'],
  ['metadata/targets.json', 'metadata/targets.json'],
  ['chunks/*', 'chunks/*'],
  ...['manifest.json', 'evaluation.json', 'model.onnx', 'selftest.json'].flatMap((file) =>
    ['b', 'a', 'bootstrap'].map((slot): [string, string] => [`slots/${slot}/${file}`, `slots/a/${file}`]),
  ),
  ['slots/bootstrap/installed.json', 'slots/bootstrap/installed.json'],
];
const DAMAGES: [string, (path: string, other: string) => void][] = [
  ['empty', (path) => truncateSync(path, 0)],
  ['cut in half', (path) => truncateSync(path, readFileSync(path).length >> 1)],
  ['another pod’s', (path, other) => cpSync(other, path)],
  [
    'random bytes',
    (path) => writeFileSync(path, Buffer.from(Array.from({ length: 333 }, (_, at) => (at * 167 + 13) & 255))),
  ],
];
/** What runs without the network when this is lost: else it is mended from what is there. */
const WITHOUT_IT: Record<string, number> = {
  'pod.json': 1,
  'slots/b/manifest.json': 1,
  'slots/b/evaluation.json': 1,
};
const CASES = FILES.flatMap(([file, other]) => DAMAGES.map(([how, damage]) => ({ file, other, how, damage })));

async function started(state: string, requests: { network: boolean }): Promise<Pod> {
  home.state = state;
  home.repository.instead.clear();
  if (!requests.network) home.repository.instead.set('*', { status: 503 });
  const one = home.pod({ networkTime });
  await one.start();
  return one;
}
let folders = 0;
/** A copy of what the pod kept, with one file damaged. */
function damaged({ file, other, damage }: (typeof CASES)[number]): string {
  const state = join(home.folder, `state-${(folders += 1)}`);
  mkdirSync(state);
  for (const name of ['pod.json', 'clock.json', 'metadata', 'chunks', 'slots'])
    cpSync(join(kept, name), join(state, name), { recursive: true });
  const named = (folder: string, path: string): string =>
    join(
      folder,
      path.replace('*', () => chunkIn(folder)),
    );
  damage(named(state, file), named(stranger.state, other));
  return state;
}

describe('a file of the state folder that is damaged', () => {
  it.each(CASES)('($file: $how) is noticed and mended, and the pod runs what its channel names', async (one) => {
    const state = damaged(one);
    const pod = await started(state, { network: true });
    await pod.turn();
    expect(pod.status()).toMatchObject({ version: 2, trouble: null });
    expect(pod.model.installed.version).toBe(2);
    expect(historyOf(pod).at(-1)).toBe(2);
    expect(home.reports).toEqual([]);
    await pod.stop();
    if (one.file === 'pod.json' || one.file === 'clock.json' || one.file === 'chunks/*') {
      const again = await started(state, { network: false });
      expect(again.status()).toMatchObject({ version: 2 });
      await again.stop();
    } else expect(readFileSync(join(state, one.file))).toEqual(readFileSync(join(kept, one.file)));
  });

  it.each(CASES.filter(({ file }) => file === 'pod.json' || file.startsWith('slots/b/')))(
    '($file: $how) does not keep a pod without a network from running a model',
    async (one) => {
      const pod = await started(damaged(one), { network: false });
      expect(pod.model.installed.version).toBe(WITHOUT_IT[one.file] ?? 2);
      await pod.stop();
    },
  );
});
