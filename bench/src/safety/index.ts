import type { BenchOptions, BenchRow } from '../benchmark.js';
import { modelRows } from './model.js';
import { sandboxRows } from './sandbox.js';

export const name = 'safety';
export const what = 'what it costs to keep strangers’ models and recipes from doing harm';

export async function run(options: BenchOptions): Promise<BenchRow[]> {
  return [...(await modelRows(options)), ...(await sandboxRows(options))];
}
