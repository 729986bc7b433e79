/**
 * What a model sees of a recording to answer for `size` samples of it: these, and so many `before` and `after` them.
 * Whoever shows a model motion cuts with this: trainer, evaluator, benchmark and pod.
 */
export interface View {
  before: number;
  size: number;
  after: number;
}

/** No context: what a model sees is what it answers for. */
export const plain = (size: number): View => ({ before: 0, size, after: 0 });

export const lengthOf = ({ before, size, after }: View): number => before + size + after;

/**
 * Copies the samples (rows of `channels` values) that a view shows whose answered part begins at sample `start`. Beyond
 * either end of a recording its last sample is repeated: nothing is known there, and a sensor that holds still says so.
 */
export function show(samples: Float32Array, channels: number, start: number, view: View, out: Float32Array): void {
  const rows = samples.length / channels;
  const from = start - view.before;
  const to = start + view.size + view.after;
  const first = Math.min(Math.max(from, 0), rows);
  const last = Math.min(Math.max(to, 0), rows);
  out.set(samples.subarray(first * channels, last * channels), (first - from) * channels);
  for (let row = from; row < first; row++) out.set(samples.subarray(0, channels), (row - from) * channels);
  for (let row = last; row < to; row++) out.set(samples.subarray((rows - 1) * channels), (row - from) * channels);
}

/** The starts of the answered parts of a recording of `rows` samples, `step` apart; a shorter rest is left out. */
export function* startsOf(rows: number, { size }: View, step = size / 2): Generator<number> {
  for (let start = 0; start + size <= rows; start += step) yield start;
}
