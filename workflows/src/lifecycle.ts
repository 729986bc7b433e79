import {
  allHandlersFinished,
  CancellationScope,
  condition,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { wavesOf } from '@livepod/protocol/plan';
import { decidingFigure, figureInWords, figureValues } from '@livepod/protocol/tasks';
import { deadlineMoved, jobOpened, type JobNews } from './stageNews.js';
import { checkpointReview, type CheckpointReviewResult } from './checkpointReview.js';
import { undoingOnFailure, type Compensations } from './compensations.js';
import { datasetIntake, type IntakeDecision } from './datasetIntake.js';
import { causeOf, mendable } from './failures.js';
import { checked } from './guards.js';
import { asMeasured } from './measured.js';
import { modelRollout, type ModelRolloutResult } from './modelRollout.js';
import { narrate, short, workflowPage, type Tell } from './narration.js';
import { OperatorDesk } from './operatorDesk.js';
import { access, fleet, governance, treasury } from './ports.js';
import { slashBond } from './proposals.js';
import { again, ending, input, nothingYet, type LifecycleInput, type LifecycleResult, type Round } from './round.js';
import { mark } from './searchAttributes.js';
import { trainingRound, type TrainingRoundResult } from './trainingRound.js';

/**
 * The whole story of one model round: datasets are voted in, a provider trains on them, the checkpoint is measured and
 * voted on, money moves, and pods get the model in waves. Every stage is a child workflow; an operator reads and
 * steers it here.
 */
export async function lifecycle(request: LifecycleInput): Promise<LifecycleResult> {
  const round = checked('lifecycle', input, request);
  const tell = narrate(
    'lifecycle',
    { round: round.round, channel: round.channel, recipe: short(round.recipe), provider: round.provider },
    STAGES,
  );
  mark({ stage: 'lifecycle', round: round.round, provider: round.provider });

  const result = await new Lifecycle(round, tell).toItsEnd();
  tell(ending(result), {}, { over: true });
  mark({ outcome: result.outcome });
  return result;
}

const STAGES = ['preflight', 'intake', 'training', 'review', 'settlement', 'rollout', 'slashing'] as const;
type Stage = (typeof STAGES)[number];

/** A round under way: what it has come to, and what an operator can reach of it. */
class Lifecycle {
  /** What an abort cancels. */
  private readonly scope = new CancellationScope();
  private readonly desk: OperatorDesk;
  private readonly result: LifecycleResult;
  /** The job that trains now. */
  private training: (JobNews & { workflowId: string }) | undefined;
  /** The release that rolls out now. */
  private rolling: number | undefined;

  constructor(
    private readonly round: Round,
    private readonly tell: Tell,
  ) {
    this.result = nothingYet(round);
    this.desk = new OperatorDesk(tell);
    this.offers();
  }

  async toItsEnd(): Promise<LifecycleResult> {
    try {
      await this.scope.run(() => undoingOnFailure(this.tell, (undo) => this.stages(undo)));
    } catch (error) {
      if (!isCancellation(error) || this.desk.aborted === undefined) throw error;
      this.ends('aborted', this.desk.aborted);
    }
    await condition(allHandlersFinished);
    return this.result;
  }

  private async stages(undo: Compensations): Promise<void> {
    this.tell('Seeing that recipe, provider and base are there', {}, { step: 'preflight' });
    await this.preflight(this.round.provider);

    this.result.datasets = await this.stage('intake', (attempt) => this.intake(attempt));
    const trainOn = [...new Set([...this.round.trainOn, ...this.accepted().map((dataset) => dataset.id)])];
    if (trainOn.length === 0) return this.ends('nothingAccepted', 'no dataset was accepted');

    // Until its child has ended, the child itself undoes what it did; from then on the money is in this workflow's
    // care.
    undo.add('the job: give it up and refund its escrow', () => this.giveUpJob());
    const trained = await this.stage('training', (attempt) => this.train(trainOn, attempt));
    const reviewed = await this.stage('review', (attempt) => this.review(trained, attempt));
    await this.stage('settlement', () => this.settle(trained, reviewed, undo));
    const { release } = reviewed;
    if (release === null) return this.ends('rejected', reviewed.why);

    const rolled = await this.stage('rollout', (attempt) => this.rollout(release, attempt));
    this.ends(rolled.outcome, rolled.why);
    if (rolled.outcome === 'stopped')
      this.result.slashing = await this.stage('slashing', () => this.slashing(trained, rolled));
  }

  private ends(outcome: LifecycleResult['outcome'], why: string): void {
    this.result.outcome = outcome;
    this.result.why = why;
  }

  /**
   * A stage begins when nobody has paused the round. One that fails is held, so that a person can mend the cause and
   * have it tried again.
   */
  private async stage<T>(name: Stage, run: (attempt: number) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      await this.desk.unpaused();
      try {
        return await run(attempt);
      } catch (error) {
        if (!this.holds(error, attempt)) throw error;
        const mended = await this.desk.mended(`Stage ${name}`, causeOf(error).message, this.round.holdSeconds);
        if (!mended) throw error;
        this.tell(`Trying stage ${name} again`, { attempt: attempt + 1, provider: this.round.provider });
      }
    }
  }

  private holds(error: unknown, attempt: number): boolean {
    if (isCancellation(error) || !mendable(error)) return false;
    if (this.round.holdSeconds === 0 || attempt === 9) return false;
    return patched('chapters-hold');
  }

  private preflight(provider: string): Promise<void> {
    const { recipe, arguments: hyper, base } = this.round;
    return access.preflight({ provider, recipe, arguments: hyper, base });
  }

  private async intake(attempt: number): Promise<IntakeDecision[]> {
    const { round, datasets } = this.round;
    if (datasets.length === 0) return [];
    const children = pages(datasets).map((page) => ({ page, options: this.pageTaker(page, attempt) }));
    const shown = children.slice(0, 3).map(({ options }) => options);
    this.tell(
      `Taking in ${datasets.length} datasets`,
      {},
      {
        step: 'intake',
        waitsFor: 'the votes on datasets',
        links: Object.fromEntries(shown.map((one) => [one.staticSummary, workflowPage(one.workflowId)])),
      },
    );
    const decisions = await Promise.all(
      children.map(({ page, options }) =>
        executeChild(datasetIntake, { ...options, args: [{ round, datasets: page, ...again(attempt) }] }),
      ),
    );
    return decisions.flat();
  }

  private pageTaker(page: string[], attempt: number) {
    const first = short(page[0]!);
    return child(`intake-${first}`, page.length === 1 ? `Dataset ${first}` : `${page.length} datasets`, attempt);
  }

  private accepted(): IntakeDecision[] {
    return this.result.datasets.filter((dataset) => dataset.decision === 'accepted');
  }

  private async train(datasets: string[], attempt: number): Promise<TrainingRoundResult> {
    const { round, provider, recipe, arguments: hyper, seed, base, reward, deadlineSeconds } = this.round;
    const options = child('training', `Train on ${datasets.length} datasets`, attempt);
    this.tell(
      `Training on ${datasets.length} datasets`,
      { accepted: this.accepted().length },
      { step: 'training', waitsFor: `provider ${provider}`, links: { training: workflowPage(options.workflowId) } },
    );
    this.hearOfJob(provider, options.workflowId);
    const order = { round, provider, recipe, arguments: hyper, seed, datasets, base, reward, deadlineSeconds };
    try {
      const trained = await executeChild(trainingRound, { ...options, args: [{ ...order, ...again(attempt) }] });
      this.result.job = trained.job;
      this.result.escrow = trained.escrow;
      this.result.checkpoint = trained.checkpoint;
      mark({ model: trained.checkpoint });
      return trained;
    } finally {
      this.training = undefined;
    }
  }

  /** The training tells when it has a job: its deadline can then be moved from this page. */
  private hearOfJob(provider: string, workflowId: string): void {
    setHandler(jobOpened, (news) => {
      this.training = { ...news, workflowId };
      this.tell(
        `Provider ${provider} has job ${news.job}`,
        { job: news.job },
        { waitsFor: `provider ${provider}`, until: news.deadline },
      );
    });
  }

  private async giveUpJob(): Promise<void> {
    const { job } = this.result;
    if (job === null) return;
    await access.fail({ job, reason: `round ${this.round.round} was given up` });
    await treasury.refund({ job });
  }

  private async review(trained: TrainingRoundResult, attempt: number): Promise<CheckpointReviewResult> {
    const { checkpoint } = trained;
    const options = child('review', `Review checkpoint ${short(checkpoint)}`, attempt);
    this.tell(
      `Reviewing checkpoint ${short(checkpoint)}`,
      { job: trained.job, escrow: trained.escrow, checkpoint: short(checkpoint) },
      {
        step: 'review',
        waitsFor: 'the evaluator, then the vote',
        links: { review: workflowPage(options.workflowId) },
      },
    );
    const { round, channel, plan, requireBetterThanParent } = this.round;
    const reviewed = await executeChild(checkpointReview, {
      ...options,
      args: [{ round, checkpoint, channel, plan, requireBetterThanParent, ...again(attempt) }],
    });
    this.result.decision = reviewed.decision;
    this.result.version = reviewed.version;
    this.result.release = reviewed.release;
    this.result.evaluation = figureValues(asMeasured(reviewed.evaluation).figures);
    return reviewed;
  }

  private async settle(
    trained: TrainingRoundResult,
    reviewed: CheckpointReviewResult,
    undo: Compensations,
  ): Promise<void> {
    if (reviewed.decision === 'adopted') {
      undo.clear();
      const { name, value } = decidingFigure(asMeasured(reviewed.evaluation));
      this.tell(
        `Paying contributors and provider of job ${trained.job}`,
        { version: reviewed.version!, [figureInWords(name)]: value },
        { step: 'settlement' },
      );
      await CancellationScope.nonCancellable(() => treasury.settle({ job: trained.job }));
    } else {
      this.tell(`Refunding job ${trained.job}`, {}, { step: 'settlement' });
      await CancellationScope.nonCancellable(() => undo.run(this.tell));
    }
  }

  private async rollout(release: number, attempt: number): Promise<ModelRolloutResult> {
    const { round, channel, plan, approveWaves } = this.round;
    const { version } = this.result;
    const options = child('rollout', `Roll out version ${version}`, attempt);
    this.tell(
      `Rolling out version ${version} in ${wavesOf(plan)} waves`,
      { release },
      {
        step: 'rollout',
        waitsFor: 'the waves, their soaks and gates',
        links: { rollout: workflowPage(options.workflowId) },
      },
    );
    mark({ release });
    this.rolling = release;
    try {
      return await executeChild(modelRollout, {
        ...options,
        // A rollout that began goes on when this workflow is terminated: pods are on their way.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        args: [{ release, channel, waves: wavesOf(plan), round, approveWaves }],
      });
    } finally {
      this.rolling = undefined;
    }
  }

  /**
   * Puts up for slashing what stands behind a model that hurt: the provider's bond and those of this round's new
   * contributors.
   */
  private async slashing(trained: TrainingRoundResult, rolled: ModelRolloutResult): Promise<number[]> {
    const newlyProposed = this.accepted().filter((dataset) => dataset.proposal !== null);
    const contributors = [...new Set(newlyProposed.map((dataset) => dataset.contributor))];
    this.tell(
      `Release ${rolled.release} was stopped: proposing to slash ${contributors.length + 1} bonds`,
      { stopped: rolled.why },
      { step: 'slashing' },
    );
    const bonds = await treasury.bonds({
      holders: [
        { holder: trained.provider, purpose: 'provider' },
        ...contributors.map((holder) => ({ holder, purpose: 'contributor' as const })),
      ],
    });
    const evidence =
      `Job ${trained.job}, checkpoint ${trained.checkpoint}, release ${rolled.release}: ${rolled.corrections} ` +
      `corrections and ${rolled.errors} errors in ${rolled.windows} windows.`;
    const reason = `Release ${rolled.release} stopped itself: ${rolled.why}`.slice(0, 400);
    const proposals = bonds
      .filter((bond) => bond.amount !== '0')
      .map((bond) => slashBond(this.round.round, bond.holder, bond.purpose, bond.amount, reason, evidence));
    if (proposals.length === 0) return [];
    const receipts = await governance.proposeAll({ proposals });
    return receipts.map((receipt) => receipt.id);
  }

  /** What an operator may do from this page. */
  private offers(): void {
    this.desk
      .mayPause(
        ({ token }) => this.pause(token),
        ({ token }) => this.resume(token),
      )
      .mayAbort(() => this.abort())
      .mayRetry()
      .offer('replaceProvider', {
        unless: () => this.whyProviderStays(),
        act: ({ provider }) => this.replaceProvider(provider),
      })
      .offer('extendDeadline', {
        unless: () => this.whyNoDeadline(),
        act: ({ seconds, token }) => this.extendDeadline(seconds, token),
      });
  }

  private async pause(token: string): Promise<string> {
    if (this.rolling === undefined) return 'It holds before its next stage.';
    const release = this.rolling;
    const { state } = await fleet.pause({ release, token });
    return `Release ${release} is ${state}.`;
  }

  private async resume(token: string): Promise<string> {
    if (this.rolling === undefined) return 'It goes on.';
    const release = this.rolling;
    const { state } = await fleet.resume({ release, token });
    return `Release ${release} is ${state}.`;
  }

  private async abort(): Promise<string> {
    this.scope.cancel();
    return 'What was begun is being undone.';
  }

  private whyProviderStays(): string | undefined {
    if (this.result.job === null && this.training === undefined) return undefined;
    return 'A provider has the job already; abort the training on its own page first.';
  }

  private async replaceProvider(provider: string): Promise<string> {
    await this.preflight(provider);
    this.round.provider = provider;
    mark({ provider });
    this.tell(`Provider ${provider} is to train`, { provider });
    this.desk.again();
    return `Provider ${provider} is to train.`;
  }

  private whyNoDeadline(): string | undefined {
    if (this.desk.held || this.training !== undefined) return undefined;
    return 'Nothing here has a deadline that could be moved now.';
  }

  private async extendDeadline(seconds: number, token: string): Promise<string> {
    if (this.desk.held) return `It is held until ${this.desk.holdLonger(seconds)}.`;
    const { job, deadline, workflowId } = this.training!;
    const until = new Date(Date.parse(deadline) + seconds * 1000).toISOString();
    const later = (await access.extend({ job, until, token })).deadline;
    await getExternalWorkflowHandle(workflowId).signal(deadlineMoved, { job, deadline: later });
    if (this.training) this.training.deadline = later;
    return `The deadline of job ${job} is now ${later}.`;
  }
}

/** At most eight children, however many datasets: each takes a page. */
function pages(datasets: string[]): string[][] {
  const size = Math.ceil(datasets.length / 8);
  const count = Math.ceil(datasets.length / size);
  return Array.from({ length: count }, (_, page) => datasets.slice(page * size, (page + 1) * size));
}

function child(id: string, staticSummary: string, attempt: number) {
  return {
    workflowId: `${workflowInfo().workflowId}-${id}${attempt === 1 ? '' : `-${attempt}`}`,
    staticSummary,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
  };
}
