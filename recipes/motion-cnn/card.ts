import { windowLength, type Windowing } from '@livepod/protocol';
import type { Arguments } from '../src/hyperparameters.js';
import type { DataSchema } from '../src/schema.js';

export interface CardFacts {
  version: string;
  schema: DataSchema;
  window: Windowing;
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
  const { schema, window } = facts;
  const { before, judged, after } = window;
  const delay = ((after * 1000) / schema.rateMilliHz).toFixed(2);
  const channels = schema.channels.map(({ name, unit }) => `${name} (${unit})`).join(', ');
  return `# motion-cnn ${facts.version}

Recognises what a person does in a window of motion, from the window and what is around it: ${schema.labels.join(', ')}.

- **Input** \`motion\`: float32 [batch, ${windowLength(window)}, ${schema.channels.length}], raw samples at
  ${schema.rateMilliHz / 1000} Hz: ${before} before the window, its ${judged}, ${after} after it; the first and last
  sample repeated where a recording has no more. Channels ${channels}. Normalisation is inside.
- **Delay**: an answer comes ${delay} s after its window's end.
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
