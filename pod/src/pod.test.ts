import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cohortPosition } from '@livepod/protocol';
import type { Pod } from './index.js';
import {
  Home,
  PRINCIPAL,
  candidateOf,
  channel,
  kill,
  troubleOf as wholeTroubleOf,
  until,
  versionOf,
  type Checkpoint,
} from './home.fixture.js';
import { checkpointSaying, tufSigner, type Repository } from './repository.fixture.js';
import type { PodState } from './state/state.js';

let home: Home;
let repository: Repository;
let reports: Home['reports'];
const pod = (options: Parameters<Home['pod']>[0] = {}): Pod => home.pod(options);
const troubleOf = (one: Pod) => wholeTroubleOf(one)?.message;

beforeEach(async () => {
  home = await Home.open();
  ({ repository, reports } = home);
});

afterEach(() => home.close());

const good = checkpointSaying(0);
const better = checkpointSaying(0, { selfTest: 0.0001 });
const bad = checkpointSaying(1);

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
    await kill(one, 'SIGKILL');
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

  it.each<[string, Parameters<typeof checkpointSaying>[1], string, RegExp]>([
    ['a checkpoint signed by someone else', { signer: 'x' }, 'wrongSigner', /does not carry the signature/],
    ['a checkpoint that nobody measured', { evaluated: false }, 'notOfficial', /carries no evaluation/],
    ['a checkpoint measured by its own provider', { evaluator: 'provider' }, 'notOfficial', /by its own provider/],
    ['a model whose self-test differs', { selfTest: 0.01 }, 'selfTestDiffers', /Self-test 0 differs/],
    ['a file that is no model', { model: Buffer.from('not a model') }, 'modelDoesNotLoad', /refused at the file/],
    ['what ran otherwise at its evaluator', { ran: `sha256:${'7'.repeat(64)}` }, 'notOfficial', /evaluator ran is not/],
    ['what gave other numbers there', { gave: ['0.5', '0.5'] }, 'selfTestDiffers', /windows that the evaluator chose/],
  ])('%s, tells the fleet by its code, and its own log why', async (_, change, code, why) => {
    await refusedAfterGood(checkpointSaying(1, change));
    expect(reports.map((report) => report.event)).toEqual([{ failed: `${code}: ` }]);
    expect(home.log.find(({ event }) => event === 'refused')?.details).toMatchObject({
      why: expect.stringMatching(why),
    });
  });

  it('to tell the fleet a path with its person’s name, whatever waits to be told', async () => {
    home.state = join(home.folder, 'ada.lovelace');
    const one = await refusedAfterGood(checkpointSaying(1, { model: Buffer.from('not a model') }));
    await one.stop();
    const file = join(home.state, 'pod.json');
    const kept = JSON.parse(readFileSync(file, 'utf8')) as PodState;
    const failed = `modelDoesNotLoad: ${home.state}/slots/b/model.onnx does not load`;
    kept.reports.waiting = [
      { release: 7, version: 2, sequence: kept.reports.next, windows: 0, corrections: 0, errors: 0, event: { failed } },
    ]; // as an earlier version of the program left it
    writeFileSync(file, JSON.stringify(kept));
    await pod().turn();
    expect(reports).toHaveLength(2);
    expect(JSON.stringify(reports)).not.toContain('lovelace');
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
