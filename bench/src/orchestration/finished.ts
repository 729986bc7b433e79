import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readNetwork } from '@livepod/client/node';
import { connectClient, keysFor } from '@livepod/workers/temporal';
import type { BenchOptions, BenchRow } from '../benchmark.js';
import { histories, type HistoryFacts } from './histories.js';
import { covered, type Interval } from './intervals.js';
import { latencies } from './latencies.js';

const VOTING = new Set(['governance.decision', 'governance.decisions']);
const EVENTS_LIMIT = 300;

/**
 * Reads what a stack that runs now has done, from its histories and its canisters' audit logs; measures nothing itself.
 */
export async function finished(options: BenchOptions): Promise<BenchRow[]> {
  const path = join(options.state, 'network.json');
  const network = existsSync(path) ? readNetwork(path) : undefined;
  const temporal = network?.temporal;
  const client =
    temporal && (await connectClient(temporal, { connectTimeout: 5_000, keys: keysFor(path) }).catch(() => undefined));
  if (!network || !temporal || !client) {
    options.note(
      'Skipped: a whole lifecycle’s time and its latencies are read from a finished run of a stack that is ' +
        'up. Start one with npm start, and run this beside it.',
    );
    return [];
  }
  const provider = await connectClient(temporal, { namespace: temporal.providerNamespace, keys: keysFor(path) });
  try {
    options.progress(`reading histories from ${temporal.address}`);
    const ours = await histories(client, 'ExecutionStatus = "Completed"');
    const providers = await histories(provider, 'ExecutionStatus = "Completed"');
    const rounds = ours.filter(({ type }) => type === 'lifecycle').sort((a, b) => a.span[0] - b.span[0]);
    if (rounds.length === 0) {
      options.note('Skipped: no lifecycle has completed yet.');
      return [];
    }
    return [
      ...rounds.map((round) => timeOf(round, ours, providers, options)),
      ...(await latencies(network).catch(unread(options))),
      ...eventsOf([...ours, ...providers]),
    ];
  } finally {
    await Promise.all([client.connection.close(), provider.connection.close()]);
  }
}

/** Canisters that do not answer cost their rows, and nothing else. */
const unread =
  ({ note }: BenchOptions) =>
  (error: Error): BenchRow[] => {
    note(`No latencies of the canisters: ${error.message}`);
    return [];
  };

function timeOf(round: HistoryFacts, ours: HistoryFacts[], providers: HistoryFacts[], options: BenchOptions): BenchRow {
  const own = ours.filter(({ workflowId }) => workflowId.startsWith(`${round.workflowId}-`));
  const spans = (workflows: HistoryFacts[], matches: (name: string) => boolean): Interval[] =>
    workflows.flatMap(({ steps }) => steps.filter((step) => matches(step.name)).map((step) => step.span));
  const seconds = (intervals: Interval[]) => covered(intervals, round.span) / 1000;
  const voting = spans(own, (step) => VOTING.has(step));
  const training = spans(providers, (step) => step === 'training.train');
  const whole = (round.span[1] - round.span[0]) / 1000;
  const rest = whole - seconds([...voting, ...training]);
  const parts = {
    voting,
    training,
    'waves and their soak': spans(own, (step) => step === 'fleet.beginWave'),
    evaluation: spans(own, (step) => step === 'evaluation.measure'),
  };
  options.note(
    `${round.workflowId}: ${Object.entries(parts)
      .map(([part, intervals]) => `${part} ${seconds(intervals).toFixed(1)} s`)
      .join(', ')}.`,
  );
  return {
    name: `${round.workflowId}: neither training nor voting`,
    value: rest,
    unit: 's',
    peer: 'the whole lifecycle',
    peerValue: whole,
    ratio: rest / whole,
    target: null,
  };
}

/** Per kind of workflow its longest history: the limit holds for every single one. */
function eventsOf(workflows: HistoryFacts[]): BenchRow[] {
  const kinds = [...new Set(workflows.map(({ type }) => type))].sort();
  return kinds.map((type) => ({
    name: `events: ${type}`,
    value: Math.max(...workflows.filter((workflow) => workflow.type === type).map(({ events }) => events)),
    unit: 'most in one',
    peer: null,
    peerValue: null,
    ratio: null,
    target: EVENTS_LIMIT,
    bound: 'most' as const,
  }));
}
