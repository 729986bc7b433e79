import { connect, type Clients, type Network } from '@livepod/client';
import type { BenchRow } from '../benchmark.js';
import { quantile } from '../measuring.js';

/** An event of a canister's audit log, with the canister's own time in seconds. */
interface Event {
  at: number;
  type: string;
  [field: string]: unknown;
}

/**
 * How long the canisters' decisions take to have their effect, by the clocks of the canisters: read from their audit
 * logs.
 */
export async function latencies(network: Network): Promise<BenchRow[]> {
  const clients = await connect(network);
  const [access, governance, models] = await Promise.all([
    eventsOf(clients, 'access'),
    eventsOf(clients, 'governance'),
    eventsOf(clients, 'models'),
  ]);
  return [
    ...rows(
      'approval of a job to the release of its keys',
      between(of(access, 'granted'), of(access, 'keyReleased'), 'grant'),
    ),
    ...rows(
      'deciding vote on a checkpoint to its signed metadata',
      votesToOfficial(
        of(governance, 'proposal_decided'),
        of(models, 'checkpointAdopted'),
        of(models, 'metadataPublished'),
      ),
    ),
  ];
}

const of = (events: Event[], type: string): Event[] => events.filter((event) => event.type === type);

/** From each first event to the first second one with the same value of a field. */
export function between(firsts: Event[], seconds: Event[], field: string): number[] {
  return firsts.flatMap((first) => {
    const second = seconds.find((event) => event[field] === first[field] && event.at >= first.at);
    return second ? [second.at - first.at] : [];
  });
}

/** The vote that adopts is decided before the adoption; the metadata that names it is published after. */
export function votesToOfficial(decided: Event[], adopted: Event[], published: Event[]): number[] {
  return adopted.flatMap((adoption) => {
    const vote = decided.findLast(({ at }) => at <= adoption.at);
    const official = published.find(({ at }) => at >= adoption.at);
    return vote && official ? [official.at - vote.at] : [];
  });
}

function rows(name: string, seconds: number[]): BenchRow[] {
  if (seconds.length === 0) return [];
  return [0.5, 0.99].map((q) => ({
    name: `${name}, p${q * 100} of ${seconds.length}`,
    value: quantile(seconds, q),
    unit: 's',
    peer: null,
    peerValue: null,
    ratio: null,
    target: null,
  }));
}

async function eventsOf(clients: Clients, canister: 'access' | 'governance' | 'models'): Promise<Event[]> {
  const { length } = await clients[canister].audit_tip();
  const events: Event[] = [];
  for (let start = 0n; start < length; start = BigInt(events.length)) {
    const page = await clients[canister].audit_log({ start, length: 100 });
    if (page.length === 0) break;
    for (const entry of page)
      events.push({ ...(JSON.parse(entry.event) as { type: string }), at: Number(entry.at) / 1e9 });
  }
  return events;
}
