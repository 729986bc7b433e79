import { CancellationScope } from '@temporalio/workflow';
import type { Measurement } from '@livepod/activities/ports';
import { notExecuted } from './failures.js';
import { checked, contentId, flag, integer, name, optional, plan, record, type Guarded } from './guards.js';
import { narrate, short, voteOn } from './narration.js';
import { abortable } from './operatorDesk.js';
import { evaluation, governance, models } from './ports.js';
import { adoptCheckpoint } from './proposals.js';
import { mark } from './searchAttributes.js';

const input = record({
  round: name,
  checkpoint: contentId,
  channel: name,
  plan,
  requireBetterThanParent: optional(flag, false),
  attempt: optional(integer(1, 9), 1),
});
type Review = Guarded<typeof input>;
export type CheckpointReviewInput = Pick<Review, 'round' | 'checkpoint' | 'channel' | 'plan'> & Partial<Review>;

export interface CheckpointReviewResult {
  decision: 'adopted' | 'rejected';
  why: string;
  /** Null when the checkpoint was not put to the vote. */
  proposal: number | null;
  evaluation: Measurement;
  version: number | null;
  release: number | null;
}

/**
 * Has a submitted checkpoint measured by the independent evaluator, puts it to the vote, and reports its version and
 * release.
 */
export async function checkpointReview(request: CheckpointReviewInput): Promise<CheckpointReviewResult> {
  const review = checked('checkpointReview', input, request);
  const tell = narrate(
    'review',
    { round: review.round, checkpoint: short(review.checkpoint), channel: review.channel },
    ['evaluate', 'propose', 'vote', 'release'],
  );
  mark({ stage: 'review', round: review.round, model: review.checkpoint });

  return abortable(tell, async (undo) => {
    tell(
      `Evaluating ${short(review.checkpoint)} on hold-out people`,
      {},
      { step: 'evaluate', waitsFor: 'the evaluator' },
    );
    const measured = await evaluation.measure({ checkpoint: review.checkpoint });
    const facts = { accuracy: measured.accuracy, 'macro-F1': measured.macroF1, 'worst person': measured.worstPerson };

    if (
      review.requireBetterThanParent &&
      measured.parentAccuracy !== null &&
      Number(measured.accuracy) <= Number(measured.parentAccuracy)
    ) {
      const why = `accuracy ${measured.accuracy} is not better than its parent's ${measured.parentAccuracy}`;
      tell(`Not proposed: ${why}`, facts, { over: true });
      mark({ outcome: 'rejected' });
      return { decision: 'rejected', why, proposal: null, evaluation: measured, version: null, release: null };
    }

    const request = adoptCheckpoint(
      review.round,
      review.attempt,
      review.checkpoint,
      review.channel,
      review.plan,
      measured,
    );
    undo.add('the proposal, if still open', () => governance.withdraw({ clientRefs: [request.clientRef] }));
    tell(`Proposing ${short(review.checkpoint)} for channel ${review.channel}`, facts, {
      step: 'propose',
      links: { [`checkpoint ${short(review.checkpoint)}`]: measured.link },
    });
    const proposal = await governance.propose(request);

    mark({ proposal: proposal.id });
    tell(`Waiting for the vote on proposal ${proposal.id}`, {}, voteOn(proposal));
    const decision = await governance.decision({ proposal: proposal.id });
    if (decision.outcome === 'failed') throw notExecuted(`Adopting ${short(review.checkpoint)}`, decision);

    if (decision.outcome !== 'adopted') {
      if (decision.outcome === 'rejected')
        await CancellationScope.nonCancellable(() =>
          models.close({ checkpoint: review.checkpoint, proposal: proposal.id }),
        );
      tell(`Voted down: ${decision.why}`, {}, { over: true });
      mark({ outcome: 'rejected' });
      return {
        decision: 'rejected',
        why: decision.why,
        proposal: proposal.id,
        evaluation: measured,
        version: null,
        release: null,
      };
    }

    const { version, release, link } = await models.released({
      checkpoint: review.checkpoint,
      channel: review.channel,
    });
    tell(
      `Official: version ${version} of channel ${review.channel}, release ${release}`,
      { version, release },
      { over: true, links: { [`release ${release}`]: link } },
    );
    mark({ outcome: 'adopted', release });
    return { decision: 'adopted', why: decision.why, proposal: proposal.id, evaluation: measured, version, release };
  });
}
