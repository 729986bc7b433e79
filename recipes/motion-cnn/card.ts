import type { Arguments } from '../src/hyperparameters.js';
import type { MotionSchema } from '../src/schema.js';
import { lengthOf, type View } from '../src/view.js';

export interface CardFacts {
  version: string;
  schema: MotionSchema;
  view: View;
  people: number;
  recordings: number;
  windows: number;
  started: 'fresh' | 'from a parent checkpoint';
  arguments: Arguments;
  seed: number;
  backend: string;
  loss: string;
}

/** The model card that goes with a checkpoint: counts and settings, nothing about any one person. */
export function modelCard(facts: CardFacts): string {
  const { schema, view } = facts;
  const seconds = (samples: number) => `${((samples * 1000) / schema.rateMilliHz).toFixed(2)} s`;
  return `# motion-cnn ${facts.version}

Recognises what a person does in a window of motion, from the window and what is around it: ${schema.labels.join(', ')}.

- **Input** \`motion\`: float32 [batch, ${lengthOf(view)}, ${schema.channels.length}], raw samples at
  ${schema.rateMilliHz / 1000} Hz: ${view.before} before the window, its ${view.size}, ${view.after} after it; the first or last
  one repeated where a recording has no more. An answer comes ${seconds(view.after)} after the window's end. Channels ${schema.channels.map(({ name, unit }) => `${name} (${unit})`).join(', ')}. Normalisation is inside.
- **Output** \`probabilities\`: float32 [batch, ${schema.labels.length}], in the order of the labels above (also in the
  model's metadata).
- **Training**: ${facts.people} people, ${facts.recordings} recordings, ${facts.windows} half-overlapping windows;
  ${facts.started}; seed ${facts.seed}; last epoch's loss ${facts.loss}; ${facts.backend}.
- **Hyper-parameters**: ${Object.entries(facts.arguments)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}.
- **How good it is** is for an independent evaluator to say, on people it was not trained on: see the evaluation that
  accompanies the checkpoint.
- **Limits**: one device position, the labels above only, adults doing what they were asked to; not for medical use or
  for watching people without their consent.
`;
}
