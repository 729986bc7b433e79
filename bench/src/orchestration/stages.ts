import { fileURLToPath } from 'node:url';
import { noSinks, workflowBundle } from '@livepod/workers';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { round, Rehearsal } from '@livepod/workflows/testing/rehearsal';
import { World } from '@livepod/workflows/testing/world';
import type { BenchOptions, BenchRow } from '../benchmark.js';
import { median, quantile, time } from '../measuring.js';
import { ownOverhead, spanOf, type Stage as Recorded } from './overhead.js';

const ROUNDS = 12;
const BARE_PER_ROUND = 5;
const SIDE_BY_SIDE = 8;
const THROUGHPUT_ROUNDS = 12;
const OVERHEAD_TARGET = 1.3;

/** Activities of `bareRow`: what one more costs is its time less that of `bare`, by four. */
const IN_A_ROW = 5;

/**
 * What the workflows cost beside the least that the same server, worker process and machine can do, in turns. In the
 * place of the canisters stands a world whose activities return at once, so that all time is overhead.
 */
export async function stages({ progress, note }: BenchOptions): Promise<BenchRow[]> {
  const rehearsal = await Rehearsal.open();
  const runs = new Runs(rehearsal);
  rehearsal.world = worldAtOnce();
  const bareWorker = await bareWorkerOf(rehearsal);
  const running = bareWorker.run();
  try {
    await Promise.all([runs.lifecycle('warm-up'), runs.bare('bare-warm-up')]);
    progress(`${ROUNDS} lifecycles, in turns with bare workflows`);
    const began = new Date();
    await runs.inTurns();
    const recorded = [
      ...(await closed(rehearsal.environment.client, began)),
      ...(await closed(rehearsal.inProviderNamespace(), began)),
    ];
    const rows = overheads(recorded, note);

    progress(`${THROUGHPUT_ROUNDS} lifecycles, ${SIDE_BY_SIDE} side by side`);
    const steps = recorded.filter(ours).reduce((sum, one) => sum + ownOverhead(one, recorded).steps, 0) / ROUNDS;
    note(
      `A lifecycle of two datasets has ${steps.toFixed(0)} steps (activities, children, Nexus operations) in ` +
        `${new Set(recorded.filter(ours).map(({ type }) => type)).size} kinds of workflow; its peer is as many ` +
        `bare workflows, ${SIDE_BY_SIDE * 4} side by side.`,
    );
    rows.push(await runs.throughput(steps));

    progress('the longest history: 1,000 datasets');
    rehearsal.world = worldAtOnce();
    await runs.lifecycle(
      'large',
      Array.from({ length: 1000 }, (_, index) => datasetId(index)),
    );
    const all = [...recorded, ...(await closed(rehearsal.environment.client, began))].filter(ours);
    rows.push(await replayOf(all.sort((a, b) => b.events.length - a.events.length)[0]!, rehearsal));
    return rows;
  } finally {
    bareWorker.shutdown();
    await running;
    await rehearsal.close();
  }
}

const worldAtOnce = (): World => Object.assign(new World(), { looks: 0 });
const datasetId = (index: number): string => `sha256:${index.toString(16).padStart(8, '0').padEnd(64, '0')}`;

async function bareWorkerOf(rehearsal: Rehearsal): Promise<Worker> {
  return Worker.create({
    connection: rehearsal.environment.nativeConnection,
    namespace: 'livepod',
    taskQueue: 'bare',
    activities: { step: async () => {} },
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('bare.ts', import.meta.url)),
      logger: new DefaultLogger('WARN'),
    }),
  });
}

/** Runs of our workflows and of bare ones, each to its end. */
class Runs {
  constructor(private readonly rehearsal: Rehearsal) {}

  async lifecycle(name: string, datasets?: string[]): Promise<void> {
    const input = round(name, datasets ? { datasets } : {});
    await (await this.rehearsal.start('lifecycle', `lifecycle-${name}`, input)).result();
  }

  async bare(name: string, type = 'bare'): Promise<void> {
    await this.rehearsal.client.execute(type, { taskQueue: 'bare', workflowId: name });
  }

  async inTurns(): Promise<void> {
    for (let turn = 0; turn < ROUNDS; turn++) {
      this.rehearsal.world = worldAtOnce();
      await this.lifecycle(`bench-${turn}`);
      for (let each = 0; each < BARE_PER_ROUND; each++) await this.bare(`bare-${turn}-${each}`);
      await this.bare(`longer-${turn}`, 'bareRow');
    }
  }

  async throughput(steps: number): Promise<BenchRow> {
    const many = (turn: number): Promise<void> => this.lifecycle(`many-${turn}`);
    const manyBare = (turn: number): Promise<void> => this.bare(`many-bare-${turn}`);
    const seconds = (await sideBySide(SIDE_BY_SIDE, THROUGHPUT_ROUNDS, many)) / 1000;
    const bareCount = Math.round(THROUGHPUT_ROUNDS * steps);
    const bareSeconds = (await sideBySide(SIDE_BY_SIDE * 4, bareCount, manyBare)) / 1000;
    return {
      name: `lifecycles, ${SIDE_BY_SIDE} side by side`,
      value: (THROUGHPUT_ROUNDS / seconds) * 60,
      unit: '/min',
      peer: 'bare workflows of as many steps',
      peerValue: (THROUGHPUT_ROUNDS / bareSeconds) * 60,
      ratio: bareSeconds / seconds,
      target: null,
    };
  }
}

const ours = ({ type }: Recorded): boolean => !type.startsWith('bare');

function overheads(recorded: Recorded[], note: (line: string) => void): BenchRow[] {
  const bareOf = (name: string): number[] =>
    recorded.filter(({ type }) => type === name).map((one) => spanOf(one)[1] - spanOf(one)[0]);
  const bareTimes = bareOf('bare');
  const oneMore = (median(bareOf('bareRow')) - median(bareTimes)) / (IN_A_ROW - 1);
  const peerValue = median(bareTimes);
  const rows: BenchRow[] = [];
  const kinds = [...new Set(recorded.map(({ type }) => type))].filter((type) => !type.startsWith('bare')).sort();
  for (const type of kinds) {
    const own = recorded.filter((one) => one.type === type).map((one) => ownOverhead(one, recorded));
    const perStep = own.map(({ milliseconds, steps }) => milliseconds / steps);
    rows.push({
      name: `${type}: overhead per step`,
      value: median(perStep),
      unit: 'ms',
      peer: 'bare workflow',
      peerValue,
      ratio: median(perStep) / peerValue,
      target: OVERHEAD_TARGET,
      bound: 'most',
    });
    const whole = own.map((one) => one.milliseconds);
    const asMany = peerValue + (own[0]!.steps - 1) * oneMore;
    note(
      `${type}: own overhead p50 ${median(whole).toFixed(0)} ms, p99 ${quantile(whole, 0.99).toFixed(0)} ms, ` +
        `over ${own[0]!.steps} steps; ${(median(whole) / asMany).toFixed(2)} of a bare workflow of as many ` +
        'activities in a row.',
    );
  }
  note(
    `bare workflow of one activity: p50 ${peerValue.toFixed(1)} ms, p99 ` +
      `${quantile(bareTimes, 0.99).toFixed(1)} ms, ${bareTimes.length} of them; each activity more ` +
      `${oneMore.toFixed(1)} ms; server with its state in memory, one at a time.`,
  );
  return rows;
}

async function closed({ workflow }: Client, began: Date): Promise<Recorded[]> {
  const found: Recorded[] = [];
  for await (const { workflowId, runId, type, closeTime } of workflow.list({
    query: `StartTime >= "${began.toISOString()}"`,
  })) {
    if (closeTime)
      found.push({
        workflowId,
        type,
        events: (await workflow.getHandle(workflowId, runId).fetchHistory()).events as Recorded['events'],
      });
  }
  return found;
}

/** @returns milliseconds for all of them */
function sideBySide(width: number, count: number, work: (turn: number) => Promise<void>): Promise<number> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  return time(() => Promise.all(Array.from({ length: width }, lane)));
}

/** From a worker that is only being made to the end of the replay. */
async function replayOf({ workflowId, type, events }: Recorded, rehearsal: Rehearsal): Promise<BenchRow> {
  const { code } = await workflowBundle('orchestrator');
  const history = await rehearsal.history(workflowId);
  const seconds: number[] = [];
  for (let turn = 0; turn < 5; turn++)
    seconds.push(
      (await time(() => Worker.runReplayHistory({ workflowBundle: { code }, sinks: noSinks }, history, workflowId))) /
        1000,
    );
  return {
    name: `replay of the longest history (${type}, ${events.length} events)`,
    value: median(seconds),
    unit: 's',
    peer: null,
    peerValue: null,
    ratio: null,
    target: 1,
    bound: 'most',
  };
}
