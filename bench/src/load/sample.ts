import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, basename, join } from 'node:path';
import type { TemporalClient } from '@livepod/workers/temporal';

/** What so many lifecycles in flight take. */
export interface Sample {
  inFlight: number;
  workerMB: number;
  serverMB: number;
  databaseMB: number;
  /** Workflows that visibility lists, closed ones too. */
  rows: number;
  /** Of one lifecycle and its children, the mean of a sample. */
  eventsEach: number;
  bytesEach: number;
}

const SAMPLED = 40;

export async function sample(
  client: TemporalClient,
  inFlight: number,
  pids: { worker: number; server: number },
  database: string,
): Promise<Sample> {
  const { count } = await client.workflow.count('');
  const chosen = Array.from({ length: Math.min(SAMPLED, inFlight) }, (_, index) =>
    Math.floor((index * inFlight) / Math.min(SAMPLED, inFlight)),
  );
  const sizes = await Promise.all(
    chosen.flatMap((number) =>
      ['', '-intake-11111111'].map(async (child) => {
        const { historyLength, historySize } = await client.workflow
          .getHandle(`lifecycle-load-${number}${child}`)
          .describe();
        return { events: historyLength, bytes: historySize ?? 0 };
      }),
    ),
  );
  const each = (of: 'events' | 'bytes'): number =>
    chosen.length === 0 ? 0 : sizes.reduce((sum, size) => sum + size[of], 0) / chosen.length;
  return {
    inFlight,
    workerMB: residentMB(pids.worker),
    serverMB: residentMB(pids.server),
    databaseMB: databaseMB(database),
    rows: count,
    eventsEach: each('events'),
    bytesEach: each('bytes'),
  };
}

export const residentMB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1000;

/** With the journal files beside it. */
function databaseMB(file: string): number {
  const folder = dirname(file);
  return (
    readdirSync(folder)
      .filter((name) => name.startsWith(basename(file)))
      .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0) / 1e6
  );
}
