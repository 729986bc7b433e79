import { existsSync } from 'node:fs';
import { BenchError, type Benchmark } from './benchmark.js';

/** In the order in which all of them run: short ones first. */
export const NAMES: readonly string[] = [
  'gates',
  'inference',
  'safety',
  'transfer',
  'ic',
  'governance',
  'orchestration',
  'training',
  'quality',
];

/** Loads one benchmark alone: each brings large libraries of its own. */
export async function load(name: string): Promise<Benchmark> {
  const place = [`./${name}/index.ts`, `./${name}.ts`]
    .map((path) => new URL(path, import.meta.url))
    .find((url) => existsSync(url));
  if (!NAMES.includes(name) || !place)
    throw new BenchError(
      'unknownBenchmark',
      { name },
      `There is no benchmark "${name}"; there are ${NAMES.join(', ')}.`,
    );
  return (await import(place.href)) as Benchmark;
}
