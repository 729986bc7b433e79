import { mean, perPerson, type Answers, type Task } from './task.js';

/** One value for each window: the mean of a channel that the model does not see. */
export interface Regression {
  kind: 'regression';
  target: {
    name: string;
    unit: string;
    /** An answer further from what was measured counts as corrected. A decimal, as text. */
    tolerance: string;
  };
}

const meanError = (answers: Answers): number => mean(answers, (said, truth) => Math.abs(said - truth));

/** A model gives one value; the sensor that measures the target, where a pod has it, corrects it. */
export const regression = {
  kind: 'regression',
  figures: {
    meanError: { better: 'lower', inUnit: true, of: meanError },
    rootMeanSquare: {
      better: 'lower',
      inUnit: true,
      of: (answers) => Math.sqrt(mean(answers, (said, truth) => (said - truth) ** 2)),
    },
    worstPerson: {
      better: 'lower',
      inUnit: true,
      of: (answers) => Math.max(...perPerson(answers, meanError).values(), 0),
    },
  },
  deciding: 'meanError',
  worstPerson: 'worstPerson',
  unit: ({ target }) => target.unit,
  output: 'value',
  outputs: () => 1,
  answer: (_, outputs) => outputs[0]!,
  corrected: ({ target }, said, truth) => Math.abs(said - truth) > Number(target.tolerance),
  correction: ({ target }) => `it was more than ${target.tolerance} ${target.unit} off in`,
} as const satisfies Task<Regression>;
