import { mean, perPerson, type Answers, type Task } from './task.js';

/** One label for each window. */
export interface Classification {
  kind: 'classification';
  labels: string[];
}

const accuracy = (answers: Answers): number => mean(answers, (said, truth) => Number(said === truth));

/** Mean F1 of the labels that occur in the truth or in the answers. */
function macroF1({ said, truth }: Answers): number {
  const counts = new Map<number, { hit: number; all: number }>();
  const count = (label: number, hit: number): void => {
    const known = counts.get(label) ?? { hit: 0, all: 0 };
    counts.set(label, { hit: known.hit + hit, all: known.all + 1 });
  };
  for (let at = 0; at < said.length; at++) {
    count(truth[at]!, Number(said[at] === truth[at]));
    count(said[at]!, 0);
  }
  const scores = [...counts.values()].map(({ hit, all }) => (2 * hit) / all);
  return scores.length === 0 ? 0 : scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

function lowestAccuracy(answers: Answers): number {
  const each = [...perPerson(answers, accuracy).values()];
  return each.length === 0 ? 0 : Math.min(...each);
}

/** A model gives one probability per label; a person corrects a label that is not theirs. */
export const classification = {
  kind: 'classification',
  figures: {
    accuracy: { better: 'higher', inUnit: false, of: accuracy },
    macroF1: { better: 'higher', inUnit: false, of: macroF1 },
    worstPerson: { better: 'higher', inUnit: false, of: lowestAccuracy },
  },
  deciding: 'accuracy',
  worstPerson: 'worstPerson',
  unit: () => null,
  output: 'probabilities',
  outputs: ({ labels }) => labels.length,
  answer: (_, outputs) => {
    let best = 0;
    for (let label = 1; label < outputs.length; label++) if (outputs[label]! > outputs[best]!) best = label;
    return best;
  },
  corrected: (_, said, truth) => said !== truth,
  correction: () => 'its person corrected',
} as const satisfies Task<Classification>;
