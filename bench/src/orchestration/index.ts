import type { BenchOptions, BenchRow } from '../benchmark.js';
import { finished } from './finished.js';
import { processes } from './processes.js';
import { stages } from './stages.js';

export const name = 'orchestration';
export const what =
  'what workflows cost beside a bare one on the same server; their bundle, memory and recovery; and a ' +
  'finished run’s times';

/**
 * The first two on servers of their own, so that nothing else is on them; the last from the stack that runs, where one
 * does.
 */
export async function run(options: BenchOptions): Promise<BenchRow[]> {
  return [...(await stages(options)), ...(await processes(options)), ...(await finished(options))];
}
