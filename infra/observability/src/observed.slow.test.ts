import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, identityFromSeed } from '@livepod/client';
import { Rig, TINY, until } from '@livepod/workers/testing';
import type { LifecycleResult } from '@livepod/workflows';
import { Receiver, type Span } from '../test/receiver.js';

let receiver: Receiver;
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
  await rig?.close();
  receiver?.close();
  await rm(logs, { recursive: true, force: true });
});

describe('a lifecycle that is watched', () => {
  it('is one trace, from its start to training at the provider and to the pods\' switch', async () => {
    const handle = await rig.client.workflow.start('lifecycle', {
      taskQueue: 'orchestrator', workflowId: 'lifecycle-watched',
      args: [{ ...TINY, round: 'watched', recipe: rig.chain.recipe, datasets: [await rig.contributed('contributor-1', 0)], plan: { ...TINY.plan, soakSeconds: 4 } }],
    });
    void pod();
    const result = (await handle.result()) as LifecycleResult;
    expect(result).toMatchObject({ outcome: 'completed', version: 1 });

    const wanted = [
      'RunWorkflow:lifecycle', 'RunWorkflow:datasetIntake', 'RunWorkflow:trainingRound', 'StartNexusOperation:training/train', 'RunStartNexusOperation:training/train', 'RunWorkflow:trainingJob',
      'RunActivity:training.train', 'ReleaseKey', 'RunWorkflow:checkpointReview', 'RunActivity:evaluation.measure', 'RunActivity:treasury.settle', 'RunWorkflow:modelRollout', 'PodsSwitched',
    ];
    const traced = (name: string): Span | undefined => receiver.spans.find((span) => span.name === name);
    await until(async () => wanted.every(traced));
    const root = traced('RunWorkflow:lifecycle')!;
    [trace, finished] = [root.traceId, result];
    expect(root.parentSpanId).toBe('');
    expect(Object.fromEntries(wanted.map((name) => [name, traced(name)!.traceId]))).toEqual(Object.fromEntries(wanted.map((name) => [name, root.traceId])));
    expect(traced('RunActivity:training.train')!.service).toBe('livepod-provider');
    expect(traced('RunActivity:evaluation.measure')!.service).toBe('livepod-evaluator');
    // Ids, so that a trace is found from a log line, and the other way round.
    expect(root.attributes).toMatchObject({ 'livepod.workflowId': 'lifecycle-watched', 'livepod.round': 'watched', 'livepod.provider': 'provider-1' });
    expect(traced('ReleaseKey')!.attributes).toMatchObject({ 'livepod.job': result.job, 'livepod.outcome': 'released' });
    expect(traced('PodsSwitched')!.attributes).toMatchObject({ 'livepod.release': result.release, 'livepod.pods': 1, 'livepod.wave': 1 });
    // Each span but the root has its parent in the trace, or a parent that is one attempt of a wait, which is not sent.
    const own = receiver.spans.filter(({ traceId }) => traceId === root.traceId);
    const known = new Set(own.map(({ spanId }) => spanId));
    expect(own.filter(({ parentSpanId, spanId }) => spanId !== root.spanId && !known.has(parentSpanId)).map(({ name }) => name)).toEqual([]);
    expect(own.filter(({ attributes }) => attributes['livepod.later'])).toEqual([]);
  });

  it('says what it does on lines of JSON with the same ids', async () => {
    const lines = (await Promise.all(['orchestrator', 'provider', 'evaluator'].map((name) => readFile(join(logs, `${name}.log`), 'utf8')))).join('').split('\n').filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const line = (about: Record<string, unknown>) => lines.find((line) => Object.entries(about).every(([key, value]) => line[key] === value));
    expect(line({ message: 'Stage ended', workflowType: 'lifecycle' })).toMatchObject({ level: 'INFO', role: 'orchestrator', workflowId: 'lifecycle-watched', round: 'watched', outcome: 'completed', traceId: trace, runId: expect.any(String) });
    expect(line({ message: 'Step done', activityType: 'training.train' })).toMatchObject({ role: 'provider', job: finished.job, traceId: trace, runId: expect.any(String), workflowId: `training-job-${finished.job}` });
    expect(line({ message: 'Step done', activityType: 'fleet.beginWave' })).toMatchObject({ release: finished.release, wave: 1, traceId: trace });
  });
});

/** A device of the test's own: it says that it has switched when the release reaches it. */
async function pod(): Promise<void> {
  const clients = await connect(rig.chain.network, identityFromSeed(new Uint8Array(32).fill(77)));
  await clients.fleet.enrol({ name: 'watched', channel: 'stable' });
  await until(async () => (await clients.fleet.get_release(1n))!.exposed > 0);
  await clients.fleet.report({ release: 1n, version: 1, sequence: 1n, event: { installed: null }, windows: 0, corrections: 0, errors: 0 });
}
