import { refuse } from '../errors.js';
import type { Entry, Json, JsonObject, LogName } from '../format.js';
import type { Logs } from '../logs.js';
import type { Source } from './source.js';

/** What an account of a round is drawn from: proven logs, and documents whose hashes the logs hold. */
export interface Facts {
  round: string;
  logs: Logs;
  source: Source;
}

/** Who did something, when (nanoseconds since 1970), and which entry of which log says so. */
export type Mark = { by: string; at: string; log: string; entry: number };

export const mark = (log: LogName, { caller, at, index }: Entry): Mark => ({ by: caller, at, log, entry: index });
export const markOrNull = (log: LogName, entry: Entry | undefined): Mark | null => (entry ? mark(log, entry) : null);

/** A whole number that an event writes as a number, or from 2^53 on as text. */
export function whole(value: Json | undefined, path: string): bigint {
  if (typeof value === 'number' || (typeof value === 'string' && /^[0-9]+$/.test(value))) return BigInt(value);
  return refuse(
    'contradiction',
    path,
    `a whole number is expected, and it is ${JSON.stringify(value)}; the canister that wrote it is older than ` +
      'this format',
  );
}

export function textOf(value: Json | undefined, path: string): string {
  return typeof value === 'string'
    ? value
    : refuse('contradiction', path, 'text is expected; the canister that wrote it is older than this format');
}

/** How much the clocks of two subnets may differ, in nanoseconds: what follows in another canister is timed by it. */
export const SKEW = 5_000_000_000n;

/** The earliest time, by another canister's clock, of what follows from an entry that is here. */
export const notBefore = ({ at }: Pick<Entry, 'at'>): bigint => BigInt(at) - SKEW;

/** What follows from an entry in the same log is in the file when that entry is. */
export const inTheFile = (entry: object | null | undefined): bigint | undefined => (entry ? 2n ** 64n : undefined);

/**
 * An entry that must be there, unless it may lie before the start of its log: then nothing is said of it.
 *
 * @param earliest  when it was written at the earliest; left out where nothing in the file tells
 */
export function needed(
  { logs }: Facts,
  name: LogName,
  entry: Entry | undefined,
  what: string,
  earliest?: bigint,
): Entry | undefined {
  if (!entry && !logs[name].mayLack(earliest)) refuse('missing', `canisters.${name}.log`, `nothing records ${what}`);
  return entry;
}

/** Refuses two things that must be the same and are not. */
export function agree(path: string, what: string, found: Json | undefined, expected: Json | undefined): void {
  const a = JSON.stringify(found);
  const b = JSON.stringify(expected);
  if (a !== b) refuse('contradiction', path, `${what} is ${a}, and it must be ${b}`);
}

/** Refuses an entry that comes before another one it follows from. */
export function after(path: string, what: string, later: Entry | undefined, earlier: Entry | undefined): void {
  if (later && earlier && BigInt(later.at) < BigInt(earlier.at))
    refuse('contradiction', path, `${what}: it comes before what it follows from`);
}

export const object = (value: Json | undefined): JsonObject => value as JsonObject;
