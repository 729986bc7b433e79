import type { Job } from '../src/recipe.js';

export interface CardFacts {
  version: string;
  job: Job;
  people: number;
  windows: number;
  backend: string;
  loss: string;
}

/** The model card that goes with a checkpoint: counts and settings, nothing about any one person. */
export function modelCard({ version, job, people, windows, backend, loss }: CardFacts): string {
  const { input } = job;
  const [tensor] = input.tensors;
  const { before, judged } = input.window;
  return `# heart-rate ${version}

Estimates the heart rate of ${judged} seconds from how a person moved in them and in the ${before} seconds before.

- **Input** \`${tensor!.name}\`: float32 [batch, ${tensor!.shape.join(', ')}], one row per second, channels
  ${tensor!.channels.map(({ name, unit }) => `${name} (${unit})`).join(', ')}. Normalisation is inside.
- **Output** \`value\`: float32 [batch, 1], beats per minute.
- **Training**: ${people} people, ${windows} windows; ${job.base ? 'from a parent checkpoint' : 'fresh'}; seed
  ${job.seed}; last epoch's mean error ${loss} bpm; ${backend}.
- **Hyper-parameters**: ${Object.entries(job.given)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}.
- **How good it is** is for an independent evaluator to say, on people it was not trained on: see the evaluation that
  accompanies the checkpoint.
- **Limits**: says what effort suggests, not what a heart does; not for medical use, and no warning of anything.
`;
}
