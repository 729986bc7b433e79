export { BenchError, met, type Benchmark, type BenchOptions, type BenchRow } from './benchmark.js';
export { median, quantile, takeTurns, time } from './measuring.js';
