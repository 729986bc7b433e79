import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { workflowBundle } from '@livepod/workers';
import { round } from '@livepod/workflows/testing/rehearsal';
import { World } from '@livepod/workflows/testing/world';
import { Troupe, type Player } from '@livepod/workers/testing/troupe';
import type { BenchOptions, BenchRow } from '../benchmark.js';
import { quantile } from '../measuring.js';

const CACHED = 500;
const HEAP = 768;
const KILLS = 10;
const informs = { peer: null, peerValue: null, ratio: null, target: null } as const;

/** The size of the workflow code, and what a worker process of it needs and how soon it is back. */
export async function processes(options: BenchOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const entry of ['orchestrator', 'provider'] as const) {
    rows.push({
      ...informs,
      name: `workflow bundle: ${entry}`,
      value: Buffer.byteLength((await workflowBundle(entry)).code) / 1e6,
      unit: 'MB',
      target: 2,
      bound: 'most',
    });
  }
  return [...rows, await memory(options), ...(await recovery(options))];
}

/**
 * With the heap limit of the stack's orchestrator (infra/stack/src/workers.ts): without one, V8 lets garbage lie as
 * long as there is room. Half of the cached workflows are lifecycles, the other half their children that wait for a
 * vote.
 */
async function memory({ progress, note }: BenchOptions): Promise<BenchRow> {
  const world = new World();
  const open = async (): Promise<never> => {
    throw ApplicationFailure.create({
      type: 'notDecided',
      message: 'The vote is open',
      nextRetryDelay: '1 hour',
      category: 'BENIGN',
    });
  };
  const troupe = await Troupe.open({ activities: () => ({ ...world.activities(), 'governance.decisions': open }) });
  try {
    const worker = await troupe.start('orchestrator', {
      cached: CACHED + 50,
      env: { NODE_OPTIONS: `--max-old-space-size=${HEAP}` },
    });
    const empty = residentMB(worker.pid);
    progress(`${CACHED} workflows in one worker's cache`);
    for (let next = 0; next < CACHED / 2; next += 25) {
      await Promise.all(
        Array.from({ length: 25 }, (_, index) =>
          troupe.client.workflow.start('lifecycle', {
            taskQueue: 'orchestrator',
            workflowId: `lifecycle-${next + index}`,
            args: [round(`r${next + index}`)],
          }),
        ),
      );
      while ((await cachedBy(worker)) < (next + 25) * 2) await sleep(200);
    }
    const full = residentMB(worker.pid);
    note(
      `That worker: ${empty.toFixed(0)} MB with nothing cached, so ${((full - empty) / CACHED).toFixed(2)} MB ` +
        'per cached workflow; it serves the queues orchestrator, rollback and evaluation.',
    );
    return {
      ...informs,
      name: `resident memory of a worker with ${await cachedBy(worker)} cached workflows`,
      value: full,
      unit: 'MB',
      target: 1000,
      bound: 'most',
    };
  } finally {
    await troupe.close();
  }
}

/**
 * A worker is killed at a moment of a lifecycle that the turn chooses, and started again at once, as its supervisor
 * does.
 */
async function recovery({ progress, note }: BenchOptions): Promise<BenchRow[]> {
  let done = 0;
  const world = Object.assign(new World(), { looks: 0 });
  const troupe = await Troupe.open({ activities: () => world.activities(), onDone: () => void done++ });
  const seconds: number[] = [];
  try {
    await troupe.start('provider');
    let worker = await troupe.start('orchestrator');
    for (let turn = 0; turn < KILLS; turn++) {
      progress(`kill ${turn + 1} of ${KILLS}`);
      const before = done;
      const handle = await troupe.client.workflow.start('lifecycle', {
        taskQueue: 'orchestrator',
        workflowId: `lifecycle-${turn}`,
        args: [round(`r${turn}`)],
      });
      while (done < before + 1 + (turn % 5) * 2) await sleep(2);
      await sleep((turn * 61) % 200); // in an activity, between two, in a workflow task
      await worker.kill();
      const killed = performance.now();
      const seen = done;
      const back = troupe.start('orchestrator');
      while (done === seen) await sleep(2);
      seconds.push((performance.now() - killed) / 1000);
      worker = await back;
      await handle.result();
    }
    note(
      `Recovery: ${KILLS} kills at different steps of a lifecycle; Temporal gives an activity up after 15 s ` +
        'without a heartbeat, a workflow task after 10 s; the soonest was back in ' +
        `${Math.min(...seconds).toFixed(1)} s, most of it the start of the new process.`,
    );
    return [0.5, 0.99].map((q) => ({
      ...informs,
      name: `SIGKILL of a worker to the next completed activity, p${q * 100}`,
      value: quantile(seconds, q),
      unit: 's',
    }));
  } finally {
    await troupe.close();
  }
}

const residentMB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1000;

/** The SDK's own count, over all queues of the process. */
async function cachedBy({ metrics }: Player): Promise<number> {
  const text = await (await fetch(metrics)).text();
  return [...text.matchAll(/^temporal_sticky_cache_size\{[^\n]*\} (\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}
