import type { Arguments } from '../src/hyperparameters.js';
import type { DataSchema } from '../src/schema.js';

export interface CardFacts {
  version: string;
  schema: DataSchema;
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
  const { schema } = facts;
  return `# motion-cnn ${facts.version}

Recognises what a person does from one window of motion: ${schema.labels.join(', ')}.

- **Input** \`motion\`: float32 [batch, 100, ${schema.channels.length}], raw samples at ${schema.rateMilliHz / 1000}
  Hz, channels ${schema.channels.map(({ name, unit }) => `${name} (${unit})`).join(', ')}. Normalisation is inside.
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
