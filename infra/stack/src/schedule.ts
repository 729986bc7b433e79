/** One piece of work among others, by name. */
export interface Work {
  name: string;
  /** Names of those that have to be done before; what is not among the works at hand counts as done. */
  after?: readonly string[];
  /** Works of one lane run one after the other, in the order of the list: each of them uses every core. */
  lane?: string;
  run(): Promise<void>;
}

/**
 * Runs works side by side as far as their order allows. After the first that fails none begins; those that have begun
 * are waited for, since nothing may go on in the background once this has returned.
 *
 * @param onFailure  called at once with the first failure, to cut short what has begun
 * @throws what the first failing work threw
 */
export async function runAll(works: readonly Work[], onFailure: () => void = () => {}): Promise<void> {
  let failure: { error: unknown } | undefined;
  const ended = new Map<string, Promise<void>>();
  const lastOf = new Map<string, Promise<void>>();
  for (const work of works) {
    const named = (work.after ?? []).map((name) => ended.get(name));
    const inLane = work.lane === undefined ? undefined : lastOf.get(work.lane);
    const before = [...named, inLane].filter((one) => one !== undefined);
    const end = Promise.all(before).then(async () => {
      if (failure) return;
      try {
        await work.run();
      } catch (error) {
        if (failure) return;
        failure = { error };
        onFailure();
      }
    });
    ended.set(work.name, end);
    if (work.lane !== undefined) lastOf.set(work.lane, end);
  }
  await Promise.all(ended.values());
  if (failure) throw failure.error;
}
