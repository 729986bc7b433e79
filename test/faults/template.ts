import { readCheckpoint, readCheckpointFile } from '@livepod/activities';
import type { CheckpointManifest } from '@livepod/protocol';
import type { Lab } from './lab.js';
import { insist } from './people.js';
import { REWARD, Subjects, TINY } from './subjects.js';

/** A trained model to make checkpoints of, so that not every review has to begin with a training. */
export interface Template {
  manifest: CheckpointManifest;
  files: { name: string; bytes: Uint8Array }[];
}

/** The run that trains it. */
export const TEMPLATE_RUN = 'r0';

/** Trains once, by the real workflow, and takes what came out apart, to be signed again for other jobs. */
export async function trainTemplate(lab: Lab): Promise<Template> {
  const subjects = new Subjects(lab, TEMPLATE_RUN);
  const dataset = await subjects.dataset('template', { accepted: true });
  const input = {
    round: TEMPLATE_RUN,
    provider: 'provider-1',
    recipe: lab.recipe,
    arguments: TINY,
    seed: 1,
    datasets: [dataset],
    base: null,
    reward: REWARD,
    deadlineSeconds: 24 * 3600,
  };
  const { checkpoint } = (await lab.temporal.workflow.execute('trainingRound', {
    taskQueue: 'orchestrator',
    workflowId: `training-${TEMPLATE_RUN}`,
    args: [input],
  })) as { checkpoint: string };
  const clients = await lab.people.as('voter');
  const manifest = await insist(() => readCheckpoint(clients, checkpoint));
  const files = await Promise.all(
    manifest.files.map(async ({ name }) => ({
      name,
      bytes: await insist(() => readCheckpointFile(clients, manifest, name)),
    })),
  );
  return { manifest, files };
}
