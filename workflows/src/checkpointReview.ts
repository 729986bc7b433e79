import { CancellationScope } from '@temporalio/workflow';
import type { Measurement } from '@livepod/activities/ports';
import { undoingOnFailure } from './compensations.js';
import { notExecuted } from './failures.js';
import { checked, contentId, flag, name, optional, plan, record, type Guarded } from './guards.js';
import { narrate, short } from './narration.js';
import { evaluation, governance, models } from './ports.js';
import { adoptCheckpoint } from './proposals.js';
import { mark } from './searchAttributes.js';

const input = record({ round: name, checkpoint: contentId, channel: name, plan, requireBetterThanParent: optional(flag, false) });
export type CheckpointReviewInput = Guarded<typeof input>;

export interface CheckpointReviewResult {
  decision: 'adopted' | 'rejected';
  why: string;
  /** Null when the checkpoint was not put to the vote. */
  proposal: number | null;
  evaluation: Measurement;
  version: number | null;
  release: number | null;
}

/** Has a submitted checkpoint measured by the independent evaluator, puts it to the vote, and reports its version and release. */
export async function checkpointReview(request: CheckpointReviewInput): Promise<CheckpointReviewResult> {
  const review = checked('checkpointReview', input, request);
  const tell = narrate('review', { round: review.round, checkpoint: short(review.checkpoint), channel: review.channel });
  mark({ stage: 'review', round: review.round, model: review.checkpoint });

  return undoingOnFailure(tell, async (undo) => {
    tell(`Evaluating ${short(review.checkpoint)} on hold-out people`);
    const measured = await evaluation.measure({ checkpoint: review.checkpoint });
    const facts = { accuracy: measured.accuracy, 'macro-F1': measured.macroF1, 'worst person': measured.worstPerson };

    if (review.requireBetterThanParent && measured.parentAccuracy !== null && Number(measured.accuracy) <= Number(measured.parentAccuracy)) {
      const why = `accuracy ${measured.accuracy} is not better than its parent's ${measured.parentAccuracy}`;
      tell(`Not proposed: ${why}`, facts);
      mark({ outcome: 'rejected' });
      return { decision: 'rejected', why, proposal: null, evaluation: measured, version: null, release: null };
    }

    const request = adoptCheckpoint(review.round, review.checkpoint, review.channel, review.plan, measured);
    undo.add('the proposal, if still open', () => governance.withdraw({ clientRefs: [request.clientRef] }));
    tell(`Proposing ${short(review.checkpoint)} for channel ${review.channel}`, facts);
    const proposal = await governance.propose(request);

    mark({ proposal: proposal.id });
    tell(`Waiting for the vote on proposal ${proposal.id}, open until ${proposal.deadline}`, { proposal: proposal.id });
    const decision = await governance.decision({ proposal: proposal.id });
    if (decision.outcome === 'failed') throw notExecuted(`Adopting ${short(review.checkpoint)}`, decision);

    if (decision.outcome !== 'adopted') {
      if (decision.outcome === 'rejected') await CancellationScope.nonCancellable(() => models.close({ checkpoint: review.checkpoint, proposal: proposal.id }));
      tell(`Voted down: ${decision.why}`);
      mark({ outcome: 'rejected' });
      return { decision: 'rejected', why: decision.why, proposal: proposal.id, evaluation: measured, version: null, release: null };
    }

    const { version, release } = await models.released({ checkpoint: review.checkpoint, channel: review.channel });
    tell(`Official: version ${version} of channel ${review.channel}, release ${release}`, { version, release });
    mark({ outcome: 'adopted', release });
    return { decision: 'adopted', why: decision.why, proposal: proposal.id, evaluation: measured, version, release };
  });
}
