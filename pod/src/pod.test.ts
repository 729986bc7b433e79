import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cohortPosition, type Channel } from '@livepod/protocol';
import { Fetcher, Pod, type Fleet } from './index.js';
import type { Trouble } from './trouble.js';
import { Repository, checkpointSaying, tufSigner } from './repository.fixture.js';

const PRINCIPAL = new Uint8Array([1, 2, 3]);
const EVERYBODY = 'f'.repeat(16);
type Checkpoint = ReturnType<typeof checkpointSaying>;

let folder: string;
let repository: Repository;
let address: string;
let pods: Pod[];
let reports: Parameters<Fleet['report']>[0][];
let shippedRoot: Buffer;
const fleet: Fleet = { report: async (report) => void reports.push(report) };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pod-'));
  const recordings = join(folder, 'recordings', 'p1');
  mkdirSync(recordings, { recursive: true });
  writeFileSync(join(recordings, 'p1_01_sw.csv'), `x,y,timestamp,label\n${'0.5,0.5,0,STILL\n'.repeat(40)}`);
  repository = new Repository();
  address = await repository.listen();
  shippedRoot = repository.root(1);
  pods = [];
  reports = [];
});

afterEach(async () => {
  await Promise.all(pods.map((pod) => pod.stop()));
  await repository.close();
  rmSync(folder, { recursive: true });
});

function pod(options: { now?: () => Date; windowsPerSecond?: number } = {}): Pod {
  const made = new Pod({
    principal: PRINCIPAL,
    name: 'test',
    channel: 'stable',
    directory: join(folder, 'state'),
    shippedRoot,
    fetcher: new Fetcher(address, ''),
    fleet,
    motion: { recordings: join(folder, 'recordings'), person: 'p1', windowsPerSecond: options.windowsPerSecond ?? 1 },
    log: () => undefined,
    now: options.now,
  });
  pods.push(made);
  return made;
}

const channel = (
  sequence: number,
  stable: Checkpoint | null,
  candidate: Channel['candidate'] = null,
  version = 1,
): Channel => ({
  type: 'livepod.channel/v1',
  channel: 'stable',
  sequence,
  stable: stable && { checkpoint: stable.id, version },
  candidate,
  reason: 'test',
});
const candidateOf = (checkpoint: Checkpoint, threshold = EVERYBODY, version = 2): Channel['candidate'] => ({
  release: 7,
  checkpoint: checkpoint.id,
  version,
  threshold,
});
const versionOf = (one: Pod) => one.status().version;
const troubleOf = (one: Pod) => (one.status().trouble as Trouble | null)?.message;
const good = checkpointSaying(0);
const better = checkpointSaying(0, { selfTest: 0.0001 });
const bad = checkpointSaying(1);

async function until(reached: () => boolean, turn: () => Promise<void>): Promise<void> {
  for (let left = 100; left > 0 && !reached(); left -= 1) {
    await turn();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('a pod', () => {
  it('installs the stable checkpoint, and runs it again after a restart without fetching it', async () => {
    repository.publish(channel(1, good), [good]);
    const first = pod();
    await first.turn();
    expect(versionOf(first)).toBe(1);
    await first.stop();
    repository.requests.length = 0;
    const second = pod();
    await second.start();
    await second.turn();
    expect(versionOf(second)).toBe(1);
    expect(repository.requests.filter((path) => path.startsWith('/chunks/'))).toEqual([]);
  });

  it('runs a checkpoint whose documents are of version 1, before and after a restart', async () => {
    const old = checkpointSaying(0, { version: 1 });
    repository.publish(channel(1, old), [old]);
    const first = pod({ windowsPerSecond: 100 });
    await first.turn();
    await first.stop();
    const second = pod();
    await second.start();
    expect(second.status()).toMatchObject({ version: 1, trouble: null });
  });

  it('waits, without trouble, for a channel that has had no checkpoint yet', async () => {
    repository.sign();
    const one = pod();
    await one.turn();
    expect(one.status()).toMatchObject({ version: 0, trouble: null });
    repository.publish(channel(1, good), [good]);
    await one.turn();
    expect(versionOf(one)).toBe(1);
  });

  it('takes a candidate when its cohort is in the wave, and not before', async () => {
    const position = cohortPosition(7n, PRINCIPAL);
    const digits = (value: bigint) => value.toString(16).padStart(16, '0');
    repository.publish(channel(1, good, candidateOf(better, digits(position - 1n))), [good, better]);
    const one = pod();
    await one.turn();
    expect(versionOf(one)).toBe(1);
    repository.publish(channel(2, good, candidateOf(better, digits(position))), [good, better]);
    await one.turn();
    expect(versionOf(one)).toBe(2);
    expect(reports.map((report) => report.event)).toEqual([{ installed: null }]);
  });

  it('goes back by itself when its person keeps correcting the new model, and does not try it again', async () => {
    repository.publish(channel(1, good), [good]);
    const one = pod({ windowsPerSecond: 200 });
    await one.turn();
    repository.publish(channel(2, good, candidateOf(bad)), [good, bad]);
    await one.turn();
    expect(versionOf(one)).toBe(2);
    await until(
      () => versionOf(one) === 1,
      () => one.turn(),
    );
    await one.turn();
    expect(versionOf(one)).toBe(1);
    expect(one.status().history).toEqual([
      expect.objectContaining({ version: 1 }),
      expect.objectContaining({ version: 2 }),
      expect.objectContaining({ version: 1, why: expect.stringMatching(/corrected \d+ of \d+ windows/) }),
    ]);
    expect(reports.reduce((sum, report) => sum + report.corrections, 0)).toBeGreaterThanOrEqual(60);
    expect(reports.at(-1)?.event).toHaveProperty('returned');
  });

  it('follows a rollback: an older checkpoint under a higher sequence', async () => {
    repository.publish(channel(1, better, null, 2), [good, better]);
    const one = pod();
    await one.turn();
    repository.publish(channel(2, good, null, 1), [good, better]);
    await one.turn();
    expect((one.status().history as { version: number }[]).map((entry) => entry.version)).toEqual([2, 1]);
  });

  it('takes a trusted model up again when its process was killed', async () => {
    repository.publish(channel(1, good), [good]);
    const one = pod();
    await one.turn();
    const child = (
      one as unknown as {
        switch: {
          running: { runtime: { child: { kill(signal: string): void; once(event: string, then: () => void): void } } };
        };
      }
    ).switch.running.runtime.child;
    await new Promise<void>((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGKILL');
    });
    await one.turn();
    expect(versionOf(one)).toBe(1);
    expect(one.status().history).toHaveLength(1);
  });
});

describe('a pod refuses', () => {
  const refusedAfterGood = async (checkpoint: Checkpoint): Promise<Pod> => {
    repository.publish(channel(1, good), [good]);
    const one = pod();
    await one.turn();
    repository.publish(channel(2, good, candidateOf(checkpoint)), [good, checkpoint]);
    await one.turn();
    expect(versionOf(one)).toBe(1);
    return one;
  };

  it.each<[string, Parameters<typeof checkpointSaying>[1], RegExp]>([
    ['a checkpoint signed by someone else', { signer: 'somebody else' }, /does not carry the signature/],
    ['a checkpoint that nobody measured', { evaluated: false }, /carries no evaluation/],
    ['a checkpoint measured by its own provider', { evaluator: 'provider' }, /by its own provider/],
    ['a model whose self-test differs', { selfTest: 0.01 }, /Self-test 0 differs/],
    ['an ONNX file that does not load', { model: Buffer.from('not a model') }, /does not load/],
  ])('%s, and tells the fleet why', async (_, change, why) => {
    await refusedAfterGood(checkpointSaying(1, change));
    expect(reports.map((report) => report.event)).toEqual([{ failed: expect.stringMatching(why) }]);
  });

  it('a chunk with other bytes, and takes it once the mirror is right', async () => {
    repository.publish(channel(1, good), [good]);
    const [path, bytes] = [...repository.files].find(([name]) => name.startsWith('/chunks/')) as [string, Buffer];
    repository.files.set(path, Buffer.alloc(bytes.length));
    const one = pod();
    await one.turn();
    expect(versionOf(one)).toBe(0);
    repository.files.set(path, bytes);
    await one.turn();
    expect(versionOf(one)).toBe(1);
  });

  it('metadata signed by another key', async () => {
    repository.publish(channel(1, good), [good]);
    repository.sign(tufSigner());
    const one = pod();
    await one.turn();
    expect(troubleOf(one)).toMatch(/not signed by enough of its keys/);
    expect(versionOf(one)).toBe(0);
  });

  it('metadata of yesterday, and says that it is being kept from news', async () => {
    repository.publish(channel(1, good), [good]);
    const one = pod({ now: () => new Date(Date.now() + 2 * 24 * 3600 * 1000) });
    await one.turn();
    expect(troubleOf(one)).toMatch(/timestamp metadata expired/);
  });

  it('a repository rolled back to an earlier day', async () => {
    repository.publish(channel(1, good), [good]);
    const kept = new Map(repository.files);
    const one = pod();
    await one.turn();
    repository.publish(channel(2, better, null, 2), [better]);
    await one.turn();
    expect(versionOf(one)).toBe(2);
    for (const [path, bytes] of kept) repository.files.set(path, bytes);
    await one.turn();
    expect(troubleOf(one)).toMatch(/offers timestamp version 1 after version 2/);
    expect(versionOf(one)).toBe(2);
  });

  it('a channel that goes back in sequence', async () => {
    repository.publish(channel(5, good), [good]);
    const one = pod();
    await one.turn();
    repository.publish(channel(4, better, null, 2), [better]);
    await one.turn();
    expect(troubleOf(one)).toMatch(/goes back from sequence 5 to 4/);
    expect(versionOf(one)).toBe(1);
  });

  it('a body without end', async () => {
    repository.publish(channel(1, good), [good]);
    repository.files.set('/tuf/timestamp.json', Buffer.alloc(20_000, 32));
    const one = pod();
    await one.turn();
    expect(troubleOf(one)).toMatch(/longer than the 16384 bytes/);
  });

  it('a root that the old root did not sign, and follows one that it did', async () => {
    repository.publish(channel(1, good), [good]);
    const outsider = tufSigner();
    repository.files.set('/tuf/2.root.json', repository.root(2, [outsider]));
    const one = pod();
    await one.turn();
    expect(troubleOf(one)).toMatch(/root metadata is not signed/);
    const formerDao = repository.dao;
    repository.dao = tufSigner();
    repository.files.set('/tuf/2.root.json', repository.root(2, [formerDao, repository.dao]));
    await one.turn();
    expect(versionOf(one)).toBe(1);
  });
});
