import { CANISTERS, listProposals, type Clients } from '@livepod/client';
import { PAGE_LIMIT } from '@livepod/protocol';
import { Runtime, type NativeConnection } from '@temporalio/worker';

/** What no step sees, and therefore nobody would count: looked at from time to time, and told as gauges. */
export interface Look {
  name: string;
  everySeconds: number;
  look(): Promise<void>;
}

/** Looks until the process ends. One that fails is counted, and told once until it works again. */
export function observe(looks: Look[]): void {
  const failures = Runtime.instance().metricMeter.createCounter(
    'livepod_look_failures',
    undefined,
    'Looks of the observer that failed',
  );
  for (const { name, everySeconds, look } of looks) {
    let failing = false;
    // A series that is there from the start shows its first failure as a rise.
    failures.add(0, { look: name });
    const turn = async (): Promise<void> => {
      try {
        await look();
        failing = false;
      } catch (error) {
        failures.add(1, { look: name });
        if (!failing)
          Runtime.instance().logger.warn(`Could not look at ${name}; its metrics are old until it works again`, {
            error,
          });
        failing = true;
      }
      setTimeout(() => void turn(), everySeconds * 1000).unref();
    };
    void turn();
  }
}

const gauge = (name: string, description: string) =>
  Runtime.instance().metricMeter.createGauge(name, 'float', undefined, description);

/** temporal.api.enums.v1.TaskQueueType */
const QUEUE_KINDS = { workflow: 1, activity: 2, nexus: 3 } as const;

/** How long the oldest task of each queue has waited for somebody to take it, and how many wait. */
export function queues(connection: NativeConnection, namespace: string, names: string[]): Look {
  const age = gauge('livepod_queue_age_seconds', 'How long the oldest task of a queue has waited');
  const length = gauge('livepod_queue_tasks', 'How many tasks of a queue wait, about');
  return {
    name: 'queues',
    everySeconds: 15,
    async look() {
      for (const queue of names) {
        for (const [kind, taskQueueType] of Object.entries(QUEUE_KINDS)) {
          const { stats } = await connection.workflowService.describeTaskQueue({
            namespace,
            taskQueue: { name: queue },
            taskQueueType,
            reportStats: true,
          });
          const { seconds, nanos } = stats?.approximateBacklogAge ?? {};
          age.set(Number(seconds ?? 0) + Number(nanos ?? 0) / 1e9, { queue, kind });
          length.set(Number(stats?.approximateBacklogCount ?? 0), { queue, kind });
        }
      }
    },
  };
}

const AGES = { '0s': 0, '1h': 3600, '1d': 86_400, '7d': 7 * 86_400 };

/**
 * How many runs of each workflow are open, and how many of them for longer than an hour, a day, a week: a constant
 * number of questions however many there are.
 */
export function openRuns(connection: NativeConnection, namespace: string, workflows: string[]): Look {
  const open = gauge('livepod_open_runs', 'Open runs of a workflow that began longer ago than older_than');
  return {
    name: 'open runs',
    everySeconds: 60,
    async look() {
      for (const workflow of workflows) {
        for (const [older_than, seconds] of Object.entries(AGES)) {
          const before =
            seconds === 0 ? '' : ` AND StartTime < "${new Date(Date.now() - seconds * 1000).toISOString()}"`;
          const { count } = await connection.workflowService.countWorkflowExecutions({
            namespace,
            query: `ExecutionStatus = "Running" AND WorkflowType = "${workflow}"${before}`,
          });
          open.set(Number(count), { workflow, older_than });
        }
      }
    },
  };
}

/** The votes that our workflows wait for: how many, and how long the most pressing one stays open. */
export function votes(clients: Clients): Look {
  const left = gauge('livepod_vote_seconds_left', 'Until the first of our open proposals closes; 0 when none is open');
  const open = gauge('livepod_open_votes', 'Open proposals of ours');
  return {
    name: 'votes',
    everySeconds: 30,
    async look() {
      const ours = (await listProposals(clients, { open: true })).filter(({ clientRef }) => clientRef !== '');
      open.set(ours.length);
      left.set(
        ours.length === 0
          ? 0
          : Math.max(0, Math.min(...ours.map(({ deadlineSeconds }) => deadlineSeconds)) - Date.now() / 1000),
      );
    },
  };
}

const STATES = ['planned', 'rolling', 'paused', 'completed', 'stopped', 'superseded'] as const;

/** Releases by state. Those that are over do not change: they are counted once. */
export function releases(clients: Clients): Look {
  const known = gauge('livepod_releases', 'Releases in a state');
  const over: Record<string, number> = {};
  let after: bigint | undefined;
  return {
    name: 'releases',
    everySeconds: 15,
    async look() {
      const open: Record<string, number> = {};
      let settled = true;
      for (let last = after; ;) {
        const page = await clients.fleet.list_releases({ after: last === undefined ? [] : [last], limit: PAGE_LIMIT });
        for (const { id, state } of page) {
          const name = Object.keys(state)[0]!;
          settled &&= name === 'completed' || name === 'stopped' || name === 'superseded';
          if (settled) after = id;
          const tally = settled ? over : open;
          tally[name] = (tally[name] ?? 0) + 1;
        }
        last = page.at(-1)?.id;
        if (page.length < PAGE_LIMIT) break;
      }
      for (const state of STATES) known.set((over[state] ?? 0) + (open[state] ?? 0), { state });
    },
  };
}

const BUCKETS_AT_ONCE = 50;

/** What each canister has left to run on, and the least of what the buckets have. */
export function cycles(clients: Clients): Look {
  const left = gauge(
    'livepod_canister_cycles',
    'Cycles that a canister has left; of the buckets, the one that has least',
  );
  return {
    name: 'cycles',
    everySeconds: 300,
    async look() {
      for (const canister of CANISTERS) left.set(Number(await clients[canister].cycles()), { canister });
      let least = Infinity;
      const buckets = await clients.datasets.list_buckets();
      for (let at = 0; at < buckets.length; at += BUCKETS_AT_ONCE) {
        const some = await Promise.all(
          buckets.slice(at, at + BUCKETS_AT_ONCE).map(({ bucket }) => clients.bucketClient(bucket).cycles()),
        );
        least = Math.min(least, ...some.map(Number));
      }
      if (least < Infinity) left.set(least, { canister: 'bucket' });
    },
  };
}
