import type { BenchOptions, BenchRow } from '../benchmark.js';

/** What the sandbox costs that recipes run in. */
export async function sandboxRows(options: BenchOptions): Promise<BenchRow[]> {
  options.note('The sandbox is not measured yet.');
  return [];
}
