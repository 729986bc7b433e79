import { classification, type Classification } from './classification.js';
import { decimal, type Figure } from './figures.js';
import { regression, type Regression } from './regression.js';
import type { Answers, Task } from './task.js';

/** What a checkpoint's manifest says about its task. */
export type TaskDescription = Classification | Regression;
export type TaskKind = TaskDescription['kind'];

/** Every kind of task there is: one line each. */
const TASKS: { [K in TaskKind]: Task<Extract<TaskDescription, { kind: K }>> } = { classification, regression };

export const taskKinds = Object.keys(TASKS) as TaskKind[];

/** The task of a description. The caller hands it the same description again. */
export const taskOf = ({ kind }: Pick<TaskDescription, 'kind'>): Task<TaskDescription> =>
  TASKS[kind] as Task<TaskDescription>;

/** The figures of a task, with six digits, in its order. */
export function figuresOf(task: TaskDescription, answers: Answers): Figure[] {
  const { figures, unit } = taskOf(task);
  return Object.entries(figures).map(([name, { inUnit, of }]) => ({
    name,
    value: decimal(of(answers)),
    unit: inUnit ? unit(task) : null,
  }));
}

/** The tensor that a model of this task answers in, without the batch. */
export function outputTensor(task: TaskDescription): { name: string; type: 'float32'; shape: number[] } {
  const { output, outputs } = taskOf(task);
  return { name: output, type: 'float32', shape: [outputs(task)] };
}

export { classification, type Classification } from './classification.js';
export { regression, type Regression } from './regression.js';
export { perPerson, type Answers, type FigureKind, type Task } from './task.js';
export { decimal, figureInWords, figuresInWords, figureValues, type Figure } from './figures.js';
export {
  betterThanParent,
  decidingFigure,
  figuresOfClassification,
  worseInWords,
  worseThanParent,
  type Measured,
} from './measured.js';
