import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { BenchError } from '../benchmark.js';
import { quantile } from '../measuring.js';
import type { Load, LoadResult } from './load.js';

export interface Figures {
  /** Requests per second. */
  rate: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  verified: number;
}

const LOAD = fileURLToPath(new URL('./load.ts', import.meta.url));

/** Runs clients in a process of their own. @throws BenchError `wrongResult` when an answer was not the outcome */
export async function drive(load: Load): Promise<Figures> {
  const child = fork(LOAD, { execArgv: ['--import', 'tsx'] });
  const ended = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', ended);
  child.send(load);
  const [result] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [LoadResult];
  process.off('exit', ended);
  child.kill();
  if (typeof result !== 'object' || result === null)
    throw new BenchError(
      'wrongResult',
      { kind: load.kind },
      `The clients' process ended without a result (${String(result)}).`,
    );
  if (result.failed.length > 0)
    throw new BenchError(
      'wrongResult',
      { kind: load.kind, failed: result.failed },
      `${load.kind}: ${result.failed[0]}`,
    );
  return {
    rate: result.requests / result.seconds,
    p50: quantile(result.latencies, 0.5),
    p99: quantile(result.latencies, 0.99),
    verified: result.verified,
  };
}
