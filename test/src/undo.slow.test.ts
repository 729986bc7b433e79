import {
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { balance, type Clients } from '@livepod/client';
import { WorkflowFailedError } from '@temporalio/client';
import { datasetUid, hex, principalBytes, sha256 } from '@livepod/protocol';
import { Rig, TINY, until } from '@livepod/workers/testing';
import type { LifecycleInput } from '@livepod/workflows';
import { terminate, tracesOf, underWay, watchOnce, type Traces } from './undoing.js';

/** Room in buckets and uploads to S3 that nobody registers is given up after so long. */
const RESERVATION_SECONDS = 40;
const MIB = 1024n * 1024n;
const FEE = 10_000n;

let rig: Rig;
let operator: Clients;
let s3: S3Client;
let payerBefore: bigint;
const datasets = { fee: '', vote: '', submitted: '' };
/** Rounds and what of theirs is left undecided: `intake/c-votes`. */
const undecided = new Set<string>();

beforeAll(async () => {
  rig = await Rig.open({
    parameters: { reservationSeconds: RESERVATION_SECONDS, reviewSeconds: 100, bucketCapacityBytes: 4n * MIB },
  });
  operator = await rig.chain.as('operator');
  const { accessKeyId, secretAccessKey, endpoint, region } = rig.chain.s3;
  s3 = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
  rig.ballot = ({ clientRef }) => (undecided.has(clientRef.split('/').slice(0, 2).join('/')) ? undefined : 'yes');
  [datasets.fee, datasets.vote, datasets.submitted] = await Promise.all([
    rig.contributed('contributor-1', 0),
    rig.contributed('contributor-2', 1, { store: 's3', licence: { access: 'vote' } }),
    rig.contributed('contributor-2', 2, { store: 's3' }),
  ]);
  await rig.client.workflow.execute('datasetIntake', {
    taskQueue: 'orchestrator',
    workflowId: 'intake-first',
    args: [{ round: 'first', datasets: [datasets.fee, datasets.vote] }],
  });
  payerBefore = await balance(operator);
});
afterAll(async () => {
  s3?.destroy();
  await rig?.close();
});

interface Stage {
  input?: (round: string) => Partial<LifecycleInput>;
  /** What is left undecided by the voters. */
  vote?: 'intake' | 'access' | 'adopt';
  /** Holds what would carry a round past the stage. */
  hold?: (signal: 'SIGSTOP' | 'SIGCONT') => void;
  reached: (round: string) => Promise<boolean>;
  /** What is left once everything is settled, deadlines passed included. */
  left: Partial<Traces>;
}

const doing =
  (step: string) =>
  async (round: string): Promise<boolean> =>
    (await underWay(rig, round)).includes(step);
const proposed = (round: string): Promise<boolean> =>
  tracesOf(rig, round).then(({ proposals }) => proposals.length > 0);
const nothing: Traces = { proposals: [], job: null, liveGrants: 0, escrow: null, release: null };
const refunded: Partial<Traces> = { job: 'refunded', escrow: 'refunded' };

/** In the order of waiting: what the canisters give back only at a job's deadline comes first. */
const stages: Record<string, Stage> = {
  submitted: {
    hold: (signal) => rig.signal('evaluator', signal),
    reached: async (round) => (await tracesOf(rig, round)).job === 'submitted',
    left: refunded,
  },
  evaluation: {
    vote: 'adopt',
    reached: async (round) => (await doing('evaluation.measure')(round)) || proposed(round),
    left: refunded,
  },
  adoption: { vote: 'adopt', reached: proposed, left: refunded },
  request: {
    input: () => ({ deadlineSeconds: 30 }),
    hold: (signal) => rig.signal('provider', signal),
    reached: doing('requestAccess'),
    left: {},
  },
  checking: {
    input: () => ({ trainOn: [], datasets: [datasets.submitted] }),
    hold: (signal) => rig.chain.signal('s3', signal),
    vote: 'intake',
    reached: doing('datasets.check'),
    left: {}, // it may get as far as its proposal before it hears of its end
  },
  votes: {
    input: () => ({ trainOn: [], datasets: [datasets.submitted] }),
    vote: 'intake',
    reached: proposed,
    left: {},
  },
  escrow: { input: () => ({ trainOn: [datasets.vote] }), vote: 'access', reached: proposed, left: refunded },
  wave: {
    input: () => ({ plan: { ...TINY.plan, soakSeconds: 3600 } }),
    reached: async (round) => (await tracesOf(rig, round)).release === 'rolling',
    left: { job: 'completed', escrow: 'settled', release: 'stopped' },
  },
};

function start(round: string, { input, vote }: Stage) {
  if (vote) undecided.add(`${vote}/${round}`);
  const args: LifecycleInput[] = [
    {
      ...TINY,
      round,
      channel: round,
      recipe: rig.chain.recipe,
      trainOn: [datasets.fee],
      deadlineSeconds: 100,
      holdSeconds: 0,
      ...input?.(round),
    },
  ];
  return rig.client.workflow.start('lifecycle', { taskQueue: 'orchestrator', workflowId: `lifecycle-${round}`, args });
}

/** Starts a round and waits until it stands where it is to be ended. */
async function startedTo(round: string, stage: Stage) {
  const handle = await start(round, stage);
  let end: string | undefined;
  handle.result().then(
    (result) => (end = JSON.stringify(result)),
    (error: Error) => (end = `${error.message}: ${error.cause}`),
  );
  await until(async () => end !== undefined || (await stage.reached(round)), 250);
  if (end !== undefined) throw new Error(`${round} ended before it was disturbed: ${end}`);
  return handle;
}

const chunks = [1, 2, 3].map((digit) => new Uint8Array(900_000).fill(digit));
const specs = chunks.map((bytes) => ({ sha256: sha256(bytes), bytes: bytes.length }));
const salt = new Uint8Array(16).fill(9);
const folder = `datasets/${'ab'.repeat(32)}/`;
const given = { Bucket: 'livepod', Key: `${folder}run.csv` };
const there = (Key: string): Promise<boolean> =>
  s3.send(new HeadObjectCommand({ Bucket: 'livepod', Key })).then(
    () => true,
    () => false,
  );
let begun: number;
let buckets: string[];

describe('uploads that nobody registers', () => {
  it('are not given up early, whoever asks', async () => {
    begun = Date.now();
    const uploader = await rig.chain.as('contributor-1');
    const { bucket } = await uploader.datasets.reserve({ salt, chunks: specs });
    for (const digit of [10, 13])
      await uploader.datasets.reserve({ salt: new Uint8Array(16).fill(digit), chunks: specs });
    const uid = datasetUid(principalBytes(uploader.principal.toText()), salt);
    await uploader.bucketClient(bucket).put_chunk({ uid, index: 0, bytes: chunks[0]! });
    await s3.send(new PutObjectCommand({ ...given, Body: 'abandoned' }));
    await s3.send(new CreateMultipartUploadCommand({ Bucket: 'livepod', Key: `${folder}long.csv` }));

    buckets = (await operator.datasets.list_buckets()).map((known) => known.bucket.toText());
    expect(buckets).toHaveLength(3);

    const asked = await (await rig.chain.as('stranger')).datasets.collect_expired({ after: [], limit: 100 });
    expect(asked.rooms.map((room) => hex(new Uint8Array(room)))).not.toContain(hex(uid));
    expect(await uploader.bucketClient(bucket).missing(uid)).toEqual(Uint32Array.from([1, 2]));
    await watchOnce(rig);
    expect(await there(given.Key)).toBe(true);
  });
});

describe('a round that ends in the middle', () => {
  it.each(Object.keys(stages))(
    'at its %s, cancelled or terminated, leaves nothing open but what the canisters hold until the deadline',
    async (name) => {
      const stage = stages[name]!;
      stage.hold?.('SIGSTOP');
      const [cancelled] = await Promise.all([
        (async () => {
          const handle = await startedTo(`c-${name}`, stage);
          await handle.cancel();
          return handle;
        })(),
        (async () => {
          await startedTo(`t-${name}`, stage);
          await terminate(rig, `t-${name}`);
        })(),
      ]).finally(() => stage.hold?.('SIGCONT'));
      await expect(cancelled.result()).rejects.toThrow(WorkflowFailedError);

      const found = await watchOnce(rig);
      const { proposals, liveGrants, release } = await tracesOf(rig, `t-${name}`);
      const after = await tracesOf(rig, `c-${name}`);
      expect({ proposals, release }).toEqual({ proposals: after.proposals, release: after.release });
      expect(proposals).toEqual([]);
      if (stage.left.job === 'refunded' && name === 'escrow') expect(liveGrants).toBe(0);
      expect(found.left!.every(({ of }) => of.includes('t-') || of.startsWith('release'))).toBe(true);
    },
  );

  it.each(['t', 'c'])(
    'while it trains (%s), has its grants revoked, the provider stops, and what it had uploaded of a ' +
      'checkpoint is collected',
    async (mode) => {
      const round = `${mode}-training`;
      const job = (): Promise<bigint> =>
        operator.access
          .find_job({ provider: rig.chain.identity('provider').getPrincipal(), client_ref: `round/${round}` })
          .then((known) => known?.id ?? 0n);
      const handle = await startedTo(round, {
        input: () => ({ arguments: { ...TINY.arguments, epochs: 50, windowsPerEpoch: 4096 } }),
        left: {},
        reached: async () =>
          (await readdir(join(rig.scratch, String(await job()), 'epochs')).catch(() => [''])).includes('resume.bin'),
      });
      const jobId = await job();
      const provider = await rig.chain.as('provider');
      const put = await Promise.all(
        chunks.slice(0, 2).map((bytes) => provider.models.put_chunk({ job: jobId, bytes })),
      );
      const kept = (): Promise<number> =>
        Promise.all(put.map((hash) => operator.models.get_chunk(new Uint8Array(hash)))).then(
          (found) => found.filter((bytes) => bytes !== undefined).length,
        );
      expect(
        (await (await rig.chain.as('stranger')).models.collect_chunks({ after: [], limit: 50 })).jobs,
      ).not.toContain(jobId);
      expect(await kept()).toBe(2);
      if (mode === 't') {
        await terminate(rig, round);
        // Its provider is at work: nobody but it ends the job before the deadline.
        await until(async () => {
          await watchOnce(rig);
          return (await tracesOf(rig, round)).job === 'refunded';
        }, 300);
      } else {
        await handle.cancel();
        await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
      }
      expect(await tracesOf(rig, round)).toEqual({ ...nothing, ...refunded });
      await until(async () => (await readdir(rig.scratch)).length === 0);
      await watchOnce(rig);
      expect(await kept()).toBe(0);
    },
  );
});

describe('uploads that nobody registered in time', () => {
  it('are collected when their time is over: chunks, objects, parts and the buckets that hold nothing', async () => {
    await until(async () => {
      await watchOnce(rig);
      return Date.now() - begun > RESERVATION_SECONDS * 1000 && !(await there(given.Key));
    }, 1000);
    expect((await s3.send(new ListMultipartUploadsCommand({ Bucket: 'livepod' }))).Uploads ?? []).toEqual([]);
    const now = await operator.datasets.list_buckets();
    expect(now).toHaveLength(2);
    expect(now.filter(({ reserved_bytes }) => reserved_bytes === 0n)).toHaveLength(1);
  });

  it('are refused with the way out when they come late, and can begin again in a bucket that was emptied', async () => {
    const uploader = await rig.chain.as('contributor-1');
    const uid = datasetUid(principalBytes(uploader.principal.toText()), salt);
    const [known] = await operator.datasets.list_buckets();
    await expect(
      uploader.bucketClient(known!.bucket).put_chunk({ uid, index: 1, bytes: chunks[1]! }),
    ).rejects.toMatchObject({
      code: 'notFound',
      message: expect.stringContaining('its time to be registered is over'),
    });
    const all: string[] = [];
    for (const digit of [9, 11, 12]) {
      const { bucket } = await uploader.datasets.reserve({ salt: new Uint8Array(16).fill(digit), chunks: specs });
      all.push(bucket.toText());
      expect(
        await uploader
          .bucketClient(bucket)
          .missing(datasetUid(principalBytes(uploader.principal.toText()), new Uint8Array(16).fill(digit))),
      ).toHaveLength(3);
    }
    // The one that was emptied is a bucket again; none was created.
    expect(all.sort()).toEqual([...buckets].sort());
  });

  it('never takes a registered dataset with them', async () => {
    await watchOnce(rig);
    const check = await rig.client.workflow.execute<
      (request: { round: string; datasets: string[] }) => Promise<{ decision: string }[]>
    >('datasetIntake', {
      taskQueue: 'orchestrator',
      workflowId: 'intake-last',
      args: [{ round: 'last', datasets: [datasets.fee, datasets.vote, datasets.submitted] }],
    });
    expect(check.map(({ decision }) => decision)).toEqual(['accepted', 'accepted', 'accepted']);
  });
});

describe('in the end', () => {
  it('every job is over, every escrow settled, and the payer lost what was adopted or released, and fees', async () => {
    await until(async () => {
      await watchOnce(rig);
      return (
        (await operator.treasury.list_open_escrows({ after: [], limit: 100 })).length === 0 &&
        (await operator.access.list_open_jobs({ after: [], limit: 100 })).length === 0
      );
    }, 1000);
    for (const [name, { left }] of Object.entries(stages)) {
      for (const mode of ['c', 't']) {
        const traces = await tracesOf(rig, `${mode}-${name}`);
        if (name === 'request') expect([null, 'failed']).toContain(traces.job);
        else expect({ round: `${mode}-${name}`, ...traces }).toEqual({ round: `${mode}-${name}`, ...nothing, ...left });
      }
    }
    const escrows = await operator.treasury.list_escrows({ after: [], limit: 100 });
    // What was refunded lacks the licences whose keys had been released, and the fee of sending it back.
    const cost = escrows.reduce((sum, { amount, payments }) => {
      const back = payments.filter(({ why }) => why.startsWith('refund: '));
      return sum + amount - back.reduce((all, payment) => all + payment.amount, 0n) + 2n * FEE;
    }, 0n);
    const lost = payerBefore - (await balance(operator));
    // A repeated step may approve twice, for a fee each.
    expect(lost >= cost && lost < cost + 10n * FEE).toBe(true);
    expect((await watchOnce(rig)).left).toEqual([]);
  });
});
