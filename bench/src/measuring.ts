/** How figures are taken: subjects take turns, so that whatever else the machine does falls on all of them alike. */

/** The q-quantile (0…1) of the values, nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError('A quantile of no values.');
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] as number;
}

export const median = (values: readonly number[]): number => {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
};

/** Milliseconds that the work took. */
export async function time(work: () => unknown): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/**
 * Runs each subject once per repetition; who begins changes with each repetition.
 * @returns per subject the answers, one per repetition
 */
export async function takeTurns<T>(
  repetitions: number,
  subjects: ((repetition: number) => Promise<T>)[],
): Promise<T[][]> {
  const answers = subjects.map((): T[] => []);
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    for (let turn = 0; turn < subjects.length; turn += 1) {
      const subject = (turn + repetition) % subjects.length;
      answers[subject]!.push(await subjects[subject]!(repetition));
    }
  }
  return answers;
}
