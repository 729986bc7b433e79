import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, enrol, identityFromSeed } from '@livepod/client';
import { newRing, writeRing } from '@livepod/codec';
import { Rig, TINY } from '@livepod/workers/testing';
import type { LifecycleResult } from '@livepod/workflows';
import { Prometheus } from '../test/prometheus.js';
import { Receiver, type Span } from '../test/receiver.js';
import { alerts, metricsIn, panelExpressions } from './files.js';
import { targetsOf } from './targets.js';

let receiver: Receiver;
let prometheus: Prometheus;
let codec: ChildProcess;
let rig: Rig;
let logs: string;
let trace: string;
let finished: LifecycleResult;
beforeAll(async () => {
  receiver = await Receiver.open();
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = receiver.url;
  logs = await mkdtemp(join(tmpdir(), 'livepod-observed-'));
  rig = await Rig.open({ logs });
});
afterAll(async () => {
  await prometheus?.close();
  codec?.kill('SIGKILL');
  await rig?.close();
  receiver?.close();
  await rm(logs, { recursive: true, force: true });
});

describe('a lifecycle that is watched', () => {
  it("is one trace, from its start to training at the provider and to the pods' switch", async () => {
    const handle = await rig.client.workflow.start('lifecycle', {
      taskQueue: 'orchestrator',
      workflowId: 'lifecycle-watched',
      args: [
        {
          ...TINY,
          round: 'watched',
          recipe: rig.chain.recipe,
          holdSeconds: 0,
          datasets: [await rig.contributed('contributor-1', 0)],
          plan: { ...TINY.plan, soakSeconds: 4 },
        },
      ],
    });
    void pod();
    const result = (await handle.result()) as LifecycleResult;
    expect(result).toMatchObject({ outcome: 'completed', version: 1 });

    const wanted = [
      'RunWorkflow:lifecycle',
      'RunWorkflow:datasetIntake',
      'RunWorkflow:trainingRound',
      'StartNexusOperation:training/train',
      'RunStartNexusOperation:training/train',
      'RunWorkflow:trainingJob',
      'RunActivity:training.train',
      'ReleaseKey',
      'RunWorkflow:checkpointReview',
      'RunActivity:evaluation.measure',
      'RunActivity:treasury.settle',
      'RunWorkflow:modelRollout',
      'PodsSwitched',
    ];
    const traced = (name: string): Span | undefined => receiver.spans.find((span) => span.name === name);
    await until(async () => wanted.every(traced));
    const root = traced('RunWorkflow:lifecycle')!;
    [trace, finished] = [root.traceId, result];
    expect(root.parentSpanId).toBe('');
    expect(Object.fromEntries(wanted.map((name) => [name, traced(name)!.traceId]))).toEqual(
      Object.fromEntries(wanted.map((name) => [name, root.traceId])),
    );
    expect(traced('RunActivity:training.train')!.service).toBe('livepod-provider');
    expect(traced('RunActivity:evaluation.measure')!.service).toBe('livepod-evaluator');
    // Ids, so that a trace is found from a log line, and the other way round.
    expect(root.attributes).toMatchObject({
      'livepod.workflowId': 'lifecycle-watched',
      'livepod.round': 'watched',
      'livepod.provider': 'provider-1',
    });
    expect(traced('ReleaseKey')!.attributes).toMatchObject({
      'livepod.job': result.job,
      'livepod.outcome': 'released',
    });
    expect(traced('PodsSwitched')!.attributes).toMatchObject({
      'livepod.release': result.release,
      'livepod.pods': 1,
      'livepod.wave': 1,
    });
    // Each span but the root has its parent in the trace, or a parent that is one attempt of a wait, which is not sent.
    const own = receiver.spans.filter(({ traceId }) => traceId === root.traceId);
    const known = new Set(own.map(({ spanId }) => spanId));
    expect(
      own
        .filter(({ parentSpanId, spanId }) => spanId !== root.spanId && !known.has(parentSpanId))
        .map(({ name }) => name),
    ).toEqual([]);
    expect(own.filter(({ attributes }) => attributes['livepod.later'])).toEqual([]);
  });

  it('says what it does on lines of JSON with the same ids', async () => {
    const lines = (
      await Promise.all(
        ['orchestrator', 'provider', 'evaluator'].map((name) => readFile(join(logs, `${name}.log`), 'utf8')),
      )
    )
      .join('')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const line = (about: Record<string, unknown>) =>
      lines.find((line) => Object.entries(about).every(([key, value]) => line[key] === value));
    expect(line({ message: 'Stage ended', workflowType: 'lifecycle' })).toMatchObject({
      level: 'INFO',
      role: 'orchestrator',
      workflowId: 'lifecycle-watched',
      round: 'watched',
      outcome: 'completed',
      traceId: trace,
      runId: expect.any(String),
    });
    expect(line({ message: 'Step done', activityType: 'training.train' })).toMatchObject({
      role: 'provider',
      job: finished.job,
      traceId: trace,
      runId: expect.any(String),
      workflowId: `training-job-${finished.job}`,
    });
    expect(line({ message: 'Step done', activityType: 'fleet.beginWave' })).toMatchObject({
      release: finished.release,
      wave: 1,
      traceId: trace,
    });
  });
});

describe('a real Prometheus on our rules', () => {
  it("finds every metric that rules and dashboards name at the processes' own endpoints", async () => {
    await trouble();
    prometheus = await Prometheus.open(
      logs,
      targetsOf({
        metrics: {
          ...Object.fromEntries(Object.entries(rig.said).map(([role, { metrics }]) => [role, metrics])),
          codec: await codecServer(),
        },
      }),
    );
    await until(
      async () => Object.values(await prometheus.targets()).filter((health) => health === 'up').length === 4,
      250,
    );
    const wanted = metricsIn([...alerts().map(({ expr }) => expr), ...panelExpressions()]);
    const missing = async (): Promise<string[]> => {
      const known = new Set(await prometheus.names());
      return wanted.filter((name) => !known.has(name));
    };
    // Looks are told once a minute.
    for (const end = Date.now() + 90_000; Date.now() < end && (await missing()).length > 0;)
      await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await missing()).toEqual([]);
    expect(wanted.length).toBeGreaterThan(20);
  });

  it('neither logs nor spans quote what a failure says, or hold a right', async () => {
    await until(async () =>
      receiver.spans.some(
        ({ name, attributes }) =>
          name === 'RunWorkflow:lifecycle' && attributes['livepod.workflowId'] === 'lifecycle-refused',
      ),
    );
    const written =
      receiver.text +
      (
        await Promise.all(
          ['orchestrator', 'provider', 'evaluator'].map((name) => readFile(join(logs, `${name}.log`), 'utf8')),
        )
      ).join('');
    for (const secret of [
      'knows no recipe',
      'to see how long it takes',
      'taskToken',
      'X-Amz-Signature',
      rig.chain.s3.secretAccessKey,
    ])
      expect({ secret, found: written.includes(secret) }).toEqual({ secret, found: false });
  });

  it('evaluates every rule and every panel', async () => {
    await until(async () => (await prometheus.rules()).every(({ health }) => health === 'ok'), 250);
    expect((await prometheus.rules()).map(({ name }) => name).sort()).toEqual(
      alerts()
        .map(({ alert }) => alert)
        .sort(),
    );
    for (const expr of panelExpressions())
      expect({ expr, series: (await prometheus.count(expr)) >= 0 }).toEqual({ expr, series: true });
    for (const expr of [
      'livepod_queue_age_seconds{queue="rollback"}',
      'livepod_canister_cycles{canister="models"} > 0',
      'livepod_stage_duration_seconds_count{workflow="lifecycle", outcome="completed"}',
      'livepod_vote_wait_seconds_count{function="adoptCheckpoint"}',
      'livepod_vote_wait_seconds_count{function="acceptDataset"}',
      'livepod_rollback_seconds_bucket{le="60"}',
      'livepod_key_release_seconds_count{outcome="released"}',
      'livepod_pods_switched_total',
      'up{role="codec", job="livepod"}',
    ]) {
      expect({ expr, series: (await prometheus.count(expr)) > 0 }).toEqual({ expr, series: true });
    }
  });

  it('notices a worker that is gone', async () => {
    expect((await prometheus.rules()).find(({ name }) => name === 'WorkerDown')!.state).toBe('inactive');
    rig.signal('evaluator', 'SIGKILL');
    await until(
      async () => (await prometheus.rules()).find(({ name }) => name === 'WorkerDown')!.state === 'pending',
      250,
    );
  });
});

/** What a calm round does not show: a rollback, a step that is refused, a workflow that nobody knows. */
async function trouble(): Promise<void> {
  const start = (type: string, workflowId: string, input: object, taskQueue = 'orchestrator') =>
    rig.client.workflow.start(type, { taskQueue, workflowId, args: [input] });
  const unknown = await start('nonsense', 'nonsense', {});
  // A second version, so that there is a way back.
  const { job } = finished;
  const { dataset } = (await (await rig.chain.as('operator')).access.get_job(BigInt(job!)))!.datasets[0]!;
  const again = await (
    await start('lifecycle', 'lifecycle-again', {
      ...TINY,
      round: 'again',
      recipe: rig.chain.recipe,
      holdSeconds: 0,
      trainOn: [dataset],
      seed: 2,
    })
  ).result();
  expect(again).toMatchObject({ outcome: 'completed', version: 2 });
  // A reward that nobody can pay: its step fails.
  const refused = await start('lifecycle', 'lifecycle-refused', {
    ...TINY,
    round: 'refused',
    recipe: rig.chain.recipe,
    holdSeconds: 0,
    trainOn: [dataset],
    reward: `1${'0'.repeat(18)}`,
  });
  await (
    await start(
      'modelRollback',
      'rollback-1',
      { channel: 'stable', version: 1, reason: 'to see how long it takes', ref: 'r1' },
      'rollback',
    )
  ).result();
  await refused.result().catch(() => {});
  await until(async () =>
    (await (await fetch(rig.said.orchestrator!.metrics)).text()).includes(
      'temporal_workflow_task_execution_failed_total',
    ),
  );
  await unknown.terminate('seen');
}

/**
 * The codec server as a process, with a key ring of its own; and a request that it refuses. @returns where its metrics
 * are
 */
async function codecServer(): Promise<string> {
  const ring = join(logs, 'codec.json');
  writeRing(ring, newRing('livepod'));
  await writeFile(join(logs, 'jwks.json'), '{"keys": []}');
  codec = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('../../codec/src/main.ts', import.meta.url))],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        ...process.env,
        LIVEPOD_CODEC_KEYS: ring,
        LIVEPOD_CODEC_JWKS: join(logs, 'jwks.json'),
        LIVEPOD_CODEC_ISSUER: 'test',
        LIVEPOD_CODEC_AUDIENCE: 'test',
        LIVEPOD_CODEC_ORIGINS: 'http://127.0.0.1:8233',
        LIVEPOD_CODEC_LISTEN: '127.0.0.1:0',
      },
    },
  );
  const [line] = (await once(createInterface({ input: codec.stdout! }), 'line')) as [string];
  const { url, metrics } = JSON.parse(line) as { url: string; metrics: string };
  expect(
    (
      await fetch(`${url}/decode`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-namespace': 'livepod' },
        body: '{"payloads": []}',
      })
    ).status,
  ).toBe(401);
  return metrics;
}

async function until(condition: () => Promise<boolean>, every = 100): Promise<void> {
  for (
    const end = Date.now() + 90_000;
    !(await condition().catch(() => false));
    await new Promise((resolve) => setTimeout(resolve, every))
  ) {
    if (Date.now() > end) throw new Error(`It did not come to be within 90 seconds: ${condition.toString()}`);
  }
}

/** A device of the test's own: it says that it has switched when the release reaches it. */
async function pod(): Promise<void> {
  const clients = await connect(rig.chain.network, identityFromSeed(new Uint8Array(32).fill(77)));
  const voucher = await rig.chain.voucher('stable');
  await enrol(clients, { name: 'watched', channel: 'stable' }, voucher);
  await until(async () => (await clients.fleet.get_release(1n))!.exposed > 0);
  await clients.fleet.report({
    release: 1n,
    version: 1,
    sequence: 1n,
    event: { installed: null },
    windows: 0,
    corrections: 0,
    errors: 0,
    judged: [],
    apart: [],
    before: [],
  });
}
