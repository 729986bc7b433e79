import type { BenchOptions, BenchRow } from '../benchmark.js';

/** How soon a host with so much stable memory is ready. @param bytes  0 leaves it out */
export async function coldStart(bytes: number, { note }: BenchOptions): Promise<BenchRow[]> {
  if (bytes > 0) note('The cold start with 10 GiB of state is not measured here yet.');
  return [];
}
