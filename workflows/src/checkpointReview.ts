import { CancellationScope } from '@temporalio/workflow';
import type { Decision, Measurement, ProposalReceipt } from '@livepod/activities/ports';
import { betterThanParent, decidingFigure, figureInWords } from '@livepod/protocol/tasks';
import type { Compensations } from './compensations.js';
import { notExecuted } from './failures.js';
import { checked, contentId, flag, integer, name, optional, plan, record, type Guarded } from './guards.js';
import { asMeasured } from './measured.js';
import { narrate, short, voteOn, type Tell } from './narration.js';
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

  const steps = new ReviewSteps(review, tell);
  return abortable(tell, (undo) => steps.toDecision(undo));
}

class ReviewSteps {
  constructor(
    private readonly review: Review,
    private readonly tell: Tell,
  ) {}

  async toDecision(undo: Compensations): Promise<CheckpointReviewResult> {
    const { checkpoint } = this.review;
    this.tell(
      `Evaluating ${short(checkpoint)} on hold-out people`,
      {},
      { step: 'evaluate', waitsFor: 'the evaluator' },
    );
    const measured = await evaluation.measure({ checkpoint }).then(asMeasured);
    const worse = this.notBetter(measured);
    if (worse !== undefined) return this.notProposed(measured, worse);

    const proposal = await this.propose(measured, undo);
    const decision = await this.vote(proposal);
    if (decision.outcome === 'failed') throw notExecuted(`Adopting ${short(checkpoint)}`, decision);
    if (decision.outcome !== 'adopted') return this.votedDown(measured, decision);
    return this.official(measured, decision);
  }

  /** Why it is no better than its parent, where the round asks for that. */
  private notBetter(measured: Measurement): string | undefined {
    if (!this.review.requireBetterThanParent || betterThanParent(measured) !== false) return undefined;
    const { name, value, parent } = decidingFigure(measured);
    return `${figureInWords(name)} ${value} is not better than its parent's ${parent}`;
  }

  private notProposed(measured: Measurement, why: string): CheckpointReviewResult {
    this.tell(`Not proposed: ${why}`, facts(measured), { over: true });
    mark({ outcome: 'rejected' });
    return { decision: 'rejected', why, proposal: null, evaluation: measured, version: null, release: null };
  }

  private async propose(measured: Measurement, undo: Compensations): Promise<ProposalReceipt> {
    const { round, attempt, checkpoint, channel, plan } = this.review;
    const request = adoptCheckpoint(round, attempt, checkpoint, channel, plan, measured);
    undo.add('the proposal, if still open', () => governance.withdraw({ clientRefs: [request.clientRef] }));
    this.tell(`Proposing ${short(checkpoint)} for channel ${channel}`, facts(measured), {
      step: 'propose',
      links: { [`checkpoint ${short(checkpoint)}`]: measured.link },
    });
    return governance.propose(request);
  }

  private async vote(proposal: ProposalReceipt): Promise<Decision> {
    mark({ proposal: proposal.id });
    this.tell(`Waiting for the vote on proposal ${proposal.id}`, {}, voteOn(proposal));
    return governance.decision({ proposal: proposal.id });
  }

  private async votedDown(measured: Measurement, decision: Decision): Promise<CheckpointReviewResult> {
    const { outcome, why, proposal } = decision;
    const { checkpoint } = this.review;
    if (outcome === 'rejected') await CancellationScope.nonCancellable(() => models.close({ checkpoint, proposal }));
    this.tell(`Voted down: ${why}`, {}, { over: true });
    mark({ outcome: 'rejected' });
    return { decision: 'rejected', why, proposal, evaluation: measured, version: null, release: null };
  }

  private async official(measured: Measurement, decision: Decision): Promise<CheckpointReviewResult> {
    const { checkpoint, channel } = this.review;
    const { why, proposal } = decision;
    const { version, release, link } = await models.released({ checkpoint, channel });
    this.tell(
      `Official: version ${version} of channel ${channel}, release ${release}`,
      { version, release },
      { over: true, links: { [`release ${release}`]: link } },
    );
    mark({ outcome: 'adopted', release });
    return { decision: 'adopted', why, proposal, evaluation: measured, version, release };
  }
}

const facts = ({ figures }: Measurement) =>
  Object.fromEntries(figures.map(({ name, value }) => [figureInWords(name), value]));
