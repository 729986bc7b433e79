import { classification, decimal, figuresOf, figureValues, perPerson, type Answers } from '@livepod/protocol';

/** Counts [truth][predicted]. */
export type Confusion = number[][];

/** Decimals as strings with six digits, as canonical documents carry them: the figures of a classification. */
export type Scores = { windows: number } & Record<keyof typeof classification.figures, string>;

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

/** Scores over the windows that `take` names, with the accuracy of each person. */
export function scores(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  person: string[],
  labels: number,
  take: (at: number) => boolean,
): Scores & { perPerson: Record<string, string>; confusion: Confusion } {
  const taken = person.map((_, at) => at).filter(take);
  const answers: Answers = {
    person: taken.map((at) => person[at]!),
    said: taken.map((at) => predicted[at]!),
    truth: taken.map((at) => truth[at]!),
  };
  const names = Array.from({ length: labels }, (_, label) => String(label));
  const figures = figureValues(figuresOf({ kind: 'classification', labels: names }, answers));
  const each = [...perPerson(answers, classification.figures.accuracy.of)].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...(figures as Omit<Scores, 'windows'>),
    windows: taken.length,
    perPerson: Object.fromEntries(each.map(([name, accuracy]) => [name, decimal(accuracy)])),
    confusion: confusionOf(truth, predicted, labels, take),
  };
}
