import { createNexusServiceClient } from '@temporalio/workflow';
import type { JobView } from '@livepod/activities/ports';
import { undoingOnFailure } from './compensations.js';
import { amount, checked, contentId, distinct, hyperparameters, integer, list, name, nullable, record, type Guarded } from './guards.js';
import { narrate, short, tokens } from './narration.js';
import { access, datasets, governance, treasury } from './ports.js';
import { grantAccess } from './proposals.js';
import { mark } from './searchAttributes.js';
import { trainingService } from './trainingService.js';
import { votedDown } from './failures.js';

const input = record({
  round: name,
  provider: name,
  recipe: contentId,
  arguments: hyperparameters,
  seed: integer(0, 2 ** 32 - 1),
  datasets: distinct(list(contentId, 1, 1000)),
  base: nullable(contentId),
  reward: amount,
  deadlineSeconds: integer(30, 30 * 24 * 3600),
});
export type TrainingRoundInput = Guarded<typeof input>;

export interface TrainingRoundResult {
  job: number;
  escrow: number;
  provider: string;
  checkpoint: string;
}

/**
 * Gets one checkpoint trained: asks the provider for a job, pays licences and reward into escrow, has the keys granted, and lets the
 * provider train in its own namespace. What happens to the escrow is decided by the review of the checkpoint; when training fails or is
 * cancelled, it goes back to its payer here.
 */
export async function trainingRound(request: TrainingRoundInput): Promise<TrainingRoundResult> {
  const round = checked('trainingRound', input, request);
  const tell = narrate('training', { round: round.round, provider: round.provider, recipe: short(round.recipe), datasets: round.datasets.length });
  mark({ stage: 'training', round: round.round, provider: round.provider });
  const provider = createNexusServiceClient({ endpoint: round.provider, service: trainingService });

  return undoingOnFailure(tell, async (undo) => {
    tell(`Reading the licences of ${round.datasets.length} datasets`);
    const terms = await datasets.terms({ datasets: round.datasets });

    tell(`Asking provider ${round.provider} to take the job`);
    const { datasets: _, provider: __, ...order } = round;
    const { job } = await provider.executeOperation(
      trainingService.operations.requestAccess,
      { ...order, datasets: terms.map(({ id, epoch }) => ({ id, epoch })) },
      { scheduleToCloseTimeout: '1 day', summary: 'Ask for the job' },
    );
    const asked = await access.job({ job });

    undo.add(`job ${job}: revoke its grants and refund its escrow`, async () => {
      await access.fail({ job, reason: `round ${round.round} was given up` });
      await treasury.refund({ job });
    });
    tell(`Paying ${tokens(BigInt(asked.fees) + BigInt(asked.reward))} tokens for job ${job} into escrow`, { job, licences: tokens(asked.fees), reward: tokens(asked.reward) });
    const escrow = await treasury.openEscrow({ job, clientRef: `escrow/${round.round}/${job}` });

    if (asked.needVote.length > 0) await voteOnAccess(round.round, asked);
    const granted = await access.granted({ job });

    tell(`Provider ${round.provider} trains job ${job}`, { escrow: escrow.escrow, approval: short(granted.approvalDigest) });
    const { checkpoint } = await provider.executeOperation(
      trainingService.operations.train,
      { job },
      { scheduleToCloseTimeout: (round.deadlineSeconds + 3600) * 1000, summary: `Train job ${job}` },
    );

    tell(`Checkpoint ${short(checkpoint)} is trained and signed`, { checkpoint: short(checkpoint) });
    mark({ model: checkpoint, outcome: 'trained' });
    return { job, escrow: escrow.escrow, provider: granted.provider, checkpoint };
  });

  async function voteOnAccess(name: string, asked: JobView): Promise<void> {
    const proposal = await governance.propose(grantAccess(name, asked.job, asked.provider, asked.needVote));
    mark({ proposal: proposal.id });
    tell(`Waiting for the vote on proposal ${proposal.id}: access of job ${asked.job}, open until ${proposal.deadline}`);
    const decision = await governance.decision({ proposal: proposal.id });
    if (decision.outcome !== 'adopted') throw votedDown(`Access of job ${asked.job}`, decision);
  }
}
