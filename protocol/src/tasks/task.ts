/** What a model said about each judged window, and what was true: numbers of labels, or values of the target. */
export interface Answers {
  person: readonly string[];
  said: ArrayLike<number>;
  truth: ArrayLike<number>;
}

/** One thing that an evaluator reports about a task. */
export interface FigureKind {
  better: 'higher' | 'lower';
  /** Whether it is counted in the target's unit; it is a share of one otherwise. */
  inUnit: boolean;
  of(answers: Answers): number;
}

/**
 * What a kind of task is: what a model's numbers mean, which figures an evaluator signs, and what the counters of a
 * pod's health report stand for. `Description` is what a checkpoint's manifest says about its own task.
 */
export interface Task<Description extends { kind: string }> {
  kind: Description['kind'];
  /** By name, in the order in which people read them. */
  figures: Readonly<Record<string, FigureKind>>;
  /** The figure that says which of two models is better. */
  deciding: string;
  /** The figure of the person whom the model serves worst. */
  worstPerson: string;
  /** What its figures are counted in, unless they are shares of one. */
  unit(task: Description): string | null;
  /** The name of the tensor that a model answers in. */
  output: string;
  /** How many numbers a model gives for one window. */
  outputs(task: Description): number;
  /** What those numbers say: a label's number, or a value. */
  answer(task: Description, outputs: ArrayLike<number>): number;
  /** Whether a pod counts the answer as corrected. `truth` is what its person or its sensor says. */
  corrected(task: Description, said: number, truth: number): boolean;
  /** What a pod's `corrections` counter says in a sentence: "<this> 12 of 60 windows". */
  correction(task: Description): string;
}

/** The same figure for each person by themselves, with the indices of their windows. */
export function perPerson({ person, said, truth }: Answers, of: (own: Answers) => number): Map<string, number> {
  const windows = new Map<string, number[]>();
  person.forEach((name, at) => {
    const own = windows.get(name);
    if (own) own.push(at);
    else windows.set(name, [at]);
  });
  return new Map(
    [...windows].map(([name, own]) => [
      name,
      of({ person: own.map(() => name), said: own.map((at) => said[at]!), truth: own.map((at) => truth[at]!) }),
    ]),
  );
}

/** Means, sums and counts over answers are of at least one window; of none they are 0. */
export function mean({ said, truth }: Answers, of: (said: number, truth: number) => number): number {
  let sum = 0;
  for (let at = 0; at < said.length; at++) sum += of(said[at]!, truth[at]!);
  return said.length === 0 ? 0 : sum / said.length;
}
