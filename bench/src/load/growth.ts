import type { BenchRow } from '../benchmark.js';
import type { Sample } from './sample.js';

/**
 * What a measure may add in the second half over the first: linear is 1; a page or a collection of garbage more or less
 * is no growth.
 */
const LIMIT = 1.2;

/** Less than this is no growth, but a collector's mood. */
const FLOOR: Partial<Record<keyof Sample, number>> = { workerMB: 60, serverMB: 60, databaseMB: 2, rows: 10 };

/**
 * Growth in the second half of the load beside that in the first. With samples at nothing, half and all, equal halves
 * are equally many lifecycles.
 */
export function growth(samples: readonly Sample[]): BenchRow[] {
  const all = samples.at(-1)!;
  const half = samples.find(({ inFlight }) => inFlight * 2 === all.inFlight)!;
  const none = samples[0]!;
  const grows = (name: string, unit: string, field: keyof Sample): BenchRow => {
    const first = Math.max(half[field] - none[field], FLOOR[field] ?? 0);
    const second = all[field] - half[field];
    return {
      name,
      value: second,
      unit,
      peer: `the first ${half.inFlight}`,
      peerValue: first,
      ratio: second / first,
      target: LIMIT,
      bound: 'most',
    };
  };
  const stays = (name: string, unit: string, field: keyof Sample): BenchRow => ({
    name,
    value: all[field],
    unit,
    peer: `at ${half.inFlight}`,
    peerValue: half[field],
    ratio: all[field] / half[field],
    target: LIMIT,
    bound: 'most',
  });
  const more = `${all.inFlight - half.inFlight} lifecycles more`;
  return [
    grows(`${more}: database`, 'MB', 'databaseMB'),
    grows(`${more}: visibility rows`, 'rows', 'rows'),
    grows(`${more}: server's memory`, 'MB', 'serverMB'),
    grows(`${more}: worker's memory`, 'MB', 'workerMB'),
    stays(`at ${all.inFlight}: history events of a lifecycle`, 'events', 'eventsEach'),
    stays(`at ${all.inFlight}: history of a lifecycle`, 'bytes', 'bytesEach'),
  ];
}
