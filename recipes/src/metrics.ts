/** Counts [truth][predicted]. */
export type Confusion = number[][];

export interface Scores {
  windows: number;
  /** Decimals as strings with six digits, as canonical documents carry them. */
  accuracy: string;
  macroF1: string;
  worstPerson: string;
}

export const decimal = (value: number): string => value.toFixed(6);

export function confusionOf(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  labels: number,
  take: (at: number) => boolean = () => true,
): Confusion {
  const confusion: Confusion = Array.from({ length: labels }, () => new Array<number>(labels).fill(0));
  for (let at = 0; at < truth.length; at++) if (take(at)) confusion[truth[at]!]![predicted[at]!]!++;
  return confusion;
}

export function accuracyOf(confusion: Confusion): number {
  const all = confusion.flat().reduce((sum, count) => sum + count, 0);
  const right = confusion.reduce((sum, row, at) => sum + row[at]!, 0);
  return all === 0 ? 0 : right / all;
}

/** Mean F1 of the labels that occur in the truth or in the predictions. */
export function macroF1Of(confusion: Confusion): number {
  const scores: number[] = [];
  confusion.forEach((row, label) => {
    const hit = row[label]!;
    const truth = row.reduce((sum, count) => sum + count, 0);
    const said = confusion.reduce((sum, other) => sum + other[label]!, 0);
    if (truth + said > 0) scores.push((2 * hit) / (truth + said));
  });
  return scores.length === 0 ? 0 : scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** Scores over the windows that `take` names, with the accuracy of the person it serves worst. */
export function scores(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  person: string[],
  labels: number,
  take: (at: number) => boolean,
): Scores & { perPerson: Record<string, string>; confusion: Confusion } {
  const confusion = confusionOf(truth, predicted, labels, take);
  const people = [...new Set(person)].sort();
  const each = people
    .map((name) => [name, confusionOf(truth, predicted, labels, (at) => person[at] === name && take(at))] as const)
    .filter(([, counts]) => counts.flat().some((count) => count > 0))
    .map(([name, counts]) => [name, accuracyOf(counts)] as const);
  return {
    windows: confusion.flat().reduce((sum, count) => sum + count, 0),
    accuracy: decimal(accuracyOf(confusion)),
    macroF1: decimal(macroF1Of(confusion)),
    worstPerson: decimal(each.length === 0 ? 0 : Math.min(...each.map(([, accuracy]) => accuracy))),
    perPerson: Object.fromEntries(each.map(([name, accuracy]) => [name, decimal(accuracy)])),
    confusion,
  };
}
