import type { CanonicalValue } from '@livepod/protocol';
import type { ProvenLog } from './entries.js';
import type { Entry, LogName } from './format.js';
import { hasFields } from './logs.js';

/** What proves a fact: entries of a canister's certified log; or why nothing does. */
export type Proof = { log: LogName; entries: number[]; certifiedAt: bigint } | { unproven: string };

/** What an entry has to say. */
export interface Told {
  type: string;
  fields: Record<string, CanonicalValue>;
  caller?: string;
  /** The entry's number and time, where the canister named them. */
  index?: number;
  at?: bigint;
  /** Of a list in the event: it has to hold this. */
  holds?: [name: string, value: string];
}

const fits = (entry: Entry, { type, fields, caller, index, at, holds }: Told): boolean =>
  entry.event['type'] === type &&
  hasFields(entry, fields) &&
  (caller === undefined || entry.caller === caller) &&
  (index === undefined || entry.index === index) &&
  (at === undefined || BigInt(entry.at) === at) &&
  (holds === undefined || listed(entry, holds[0]).includes(holds[1]));

const listed = ({ event }: Entry, name: string): CanonicalValue[] => {
  const list = event[name];
  return Array.isArray(list) ? list : [];
};

/** Entries of a proven log that say something; none of a log that is not proven. */
export const entriesThat = (log: ProvenLog, told: Told): Entry[] =>
  'unproven' in log ? [] : log.log.filter((entry) => fits(entry, told));

/** Proves a fact by entries that say each part of it. */
export function proofOf(name: LogName, log: ProvenLog, ...parts: Told[]): Proof {
  if ('unproven' in log) return { unproven: `the log of the ${name} canister is not proven (${log.unproven})` };
  const found: number[] = [];
  for (const part of parts) {
    const entry = entriesThat(log, part).at(-1);
    if (!entry) return { unproven: `no such entry “${part.type}” is in the certified log of the ${name} canister` };
    found.push(entry.index);
  }
  return { log: name, entries: [...new Set(found)], certifiedAt: log.certifiedAt };
}
