import { CancellationScope, patched, workflowInfo } from '@temporalio/workflow';
import type { Decision, Measurement, ProposalReceipt } from '@livepod/activities/ports';
import { betterThanParent, decidingFigure, figureInWords, worseInWords } from '@livepod/protocol/tasks';
import type { Compensations } from './compensations.js';
import { notExecuted } from './failures.js';
import {
  contentId,
  flag,
  integer,
  name,
  nullable,
  optional,
  plan,
  reading,
  record,
  sentence,
  type Guarded,
} from './guards.js';
import { comparedWithTheWorld, refusal } from './inputs.js';
import { asMeasured } from './measured.js';
import { narrate, short, voteOn, type Tell } from './narration.js';
import { abortable } from './operatorDesk.js';
import { evaluation, governance, models } from './ports.js';
import { adoptCheckpoint } from './proposals.js';
import { mark } from './searchAttributes.js';

export const input = record({
  round: name,
  checkpoint: contentId,
  channel: name,
  plan,
  requireBetterThanParent: optional(flag, false),
  acceptWorse: optional(nullable(sentence), null),
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
  /** By how much it is worse than its parent, in words. */
  worse?: string;
  version: number | null;
  release: number | null;
}

/**
 * Has a submitted checkpoint measured by the independent evaluator, puts it to the vote, and reports its version and
 * release.
 */
export async function checkpointReview(request: CheckpointReviewInput): Promise<CheckpointReviewResult> {
  const read = reading(input, request);
  if ('findings' in read) throw await refusal('checkpointReview', read);
  const review = read.value;
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
    if (workflowInfo().parent === undefined) await comparedWithTheWorld('checkpointReview', this.review);
    this.tell(
      `Evaluating ${short(checkpoint)} on hold-out people`,
      {},
      { step: 'evaluate', waitsFor: 'the evaluator' },
    );
    const measured = await evaluation.measure({ checkpoint }).then(asMeasured);
    const worse = this.notBetter(measured);
    if (worse !== undefined) return this.notProposed(measured, worse);
    const refused = this.worseWithoutAWord(measured);
    if (refused !== undefined) return this.notProposed(measured, refused);

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

  /** Why a checkpoint that is worse than its parent is not put to the vote, unless the round accepts that. */
  private worseWithoutAWord(measured: Measurement): string | undefined {
    const worse = worseInWords(measured);
    if (worse === undefined || this.review.acceptWorse !== null || !patched('worse-needs-a-word')) return undefined;
    return `it is worse than its parent: ${worse}. To put it to the vote all the same, say why in "acceptWorse"`;
  }

  private notProposed(measured: Measurement, why: string): CheckpointReviewResult {
    this.tell(`Not proposed: ${why}`, facts(measured), { over: true });
    mark({ outcome: 'rejected' });
    const rejected = { decision: 'rejected', proposal: null, version: null, release: null } as const;
    return { ...rejected, why, ...worseOf(measured), evaluation: measured };
  }

  private async propose(measured: Measurement, undo: Compensations): Promise<ProposalReceipt> {
    const { round, attempt, checkpoint, channel, plan } = this.review;
    const { acceptWorse } = this.review;
    const request = adoptCheckpoint({ round, attempt, checkpoint, channel, plan, measured, acceptWorse });
    undo.add('the proposal, if still open', () => governance.withdraw({ clientRefs: [request.clientRef] }));
    const worse = worseInWords(measured);
    const although = worse === undefined ? '' : `, *worse* than its parent (${worse})`;
    this.tell(`Proposing ${short(checkpoint)} for channel ${channel}${although}`, facts(measured), {
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
    const rejected = { decision: 'rejected', version: null, release: null } as const;
    return { ...rejected, why, proposal, ...worseOf(measured), evaluation: measured };
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
    return { decision: 'adopted', why, proposal, evaluation: measured, version, release, ...worseOf(measured) };
  }
}

const facts = (measured: Measurement): Record<string, string> => ({
  ...Object.fromEntries(measured.figures.map(({ name, value }) => [figureInWords(name), value])),
  ...worseOf(measured),
});

const worseOf = (measured: Measurement): { worse?: string } => {
  const worse = worseInWords(measured);
  return worse === undefined ? {} : { worse };
};
