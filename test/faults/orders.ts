/** What the lab and the workers say to each other. */

export const FAULTS = [
  'crashBefore',
  'crashAfter',
  'timeout',
  'duplicate',
  'workerKill',
  'temporalRestart',
  'icKill',
  's3Errors',
  'clockSkew',
] as const;
export type Fault = (typeof FAULTS)[number];

/** The header by which the S3 proxy knows whose request it is: `<run> <workflow> <activity> <attempt>`. */
export const MARK = 'x-livepod-activity';

/** An activity's attempt that begins on a worker. */
export interface Began {
  pid: number;
  namespace: string;
  workflowId: string;
  runId: string;
  workflow: string;
  activity: string;
  activityId: string;
  attempt: number;
  args: unknown[];
}

export type Ended = Began & ({ failed: string } | { result: unknown });

/** How it is to be run. */
export type Order = 'once' | 'twice';

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A number from a text, for a seed of its own for each cell. */
export function seedOf(text: string, seed: number): number {
  let mixed = seed | 0;
  for (const char of text) mixed = Math.imul(mixed ^ char.charCodeAt(0), 0x01000193);
  return mixed >>> 0;
}
