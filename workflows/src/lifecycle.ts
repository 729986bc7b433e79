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
} from '@temporalio/workflow';
import { wavesOf } from '@livepod/protocol/plan';
import { decidingFigure, figureInWords, figureValues } from '@livepod/protocol/tasks';
import {
  deadlineMoved,
  jobOpened,
  rolloutInWords,
  rolloutMoved,
  trainingMoved,
  type JobNews,
  type RolloutNews,
} from './stageNews.js';
import { amended } from './amendment.js';
import { child, pages, pageTaker } from './children.js';
import { checkpointReview, type CheckpointReviewResult } from './checkpointReview.js';
import { undoingOnFailure, type Compensations } from './compensations.js';
import { datasetIntake, type IntakeDecision } from './datasetIntake.js';
import { causeOf, mendable } from './failures.js';
import { reading } from './guards.js';
import { comparedWithTheWorld, refusal } from './inputs.js';
import { asMeasured } from './measured.js';
import { modelRollout, type ModelRolloutResult } from './modelRollout.js';
import { narrate, short, workflowPage, type Tell } from './narration.js';
import { OperatorDesk } from './operatorDesk.js';
import { access, fleet, treasury } from './ports.js';
import { again, ending, input, nothingYet, type LifecycleInput, type LifecycleResult, type Round } from './round.js';
import { mark } from './searchAttributes.js';
import { proposeSlashing } from './slashing.js';
import { ROUND } from './states.js';
import { trainingRound, type TrainingRoundResult } from './trainingRound.js';

/**
 * The whole story of one model round: datasets are voted in, a provider trains on them, the checkpoint is measured and
 * voted on, money moves, and pods get the model in waves. Every stage is a child workflow; an operator reads and
 * steers it here.
 */
export async function lifecycle(request: LifecycleInput): Promise<LifecycleResult> {
  const read = reading(input, request);
  if ('findings' in read) throw await refusal('lifecycle', read);
  const round = read.value;
  const tell = narrate(
    'lifecycle',
    { round: round.round, channel: round.channel, recipe: short(round.recipe), provider: round.provider },
    STAGES,
    ROUND,
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
  private reviews = 0;
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
    this.tell('Comparing the input with what is there', {}, { step: 'preflight' });
    await this.compared();

    this.result.datasets = await this.stage('intake', (attempt) => this.intake(attempt));
    if (this.trainsOn().length === 0) return this.ends('nothingAccepted', 'no dataset was accepted');

    // Until its child has ended, the child itself undoes what it did; from then on the money is in this workflow's
    // care.
    undo.add('the job: give it up and refund its escrow', () => this.giveUpJob());
    const trained = await this.stage('training', (attempt) => this.train(this.trainsOn(), attempt));
    const reviewed = await this.stage('review', () => this.reviewed(trained));
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
      this.tell.standing.enter(name);
      try {
        return await run(attempt);
      } catch (error) {
        if (!this.holds(error, attempt)) throw error;
        this.tell.standing.enter('held');
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

  /** Everything that the input names, looked up before anything is begun. */
  private async compared(): Promise<void> {
    if (!patched('input-compared')) return this.preflight(this.round.provider);
    this.callById(await comparedWithTheWorld('lifecycle', this.round));
  }

  /** Puts ids where the input calls datasets by their titles. */
  private callById(ids: Record<string, string>): void {
    const byId = (names: string[]): string[] => [...new Set(names.map((name) => ids[name] ?? name))];
    this.round.datasets = byId(this.round.datasets);
    this.round.trainOn = byId(this.round.trainOn);
  }

  private trainsOn(): string[] {
    return [...new Set([...this.round.trainOn, ...this.accepted().map((dataset) => dataset.id)])];
  }

  private preflight(provider: string): Promise<void> {
    const { recipe, arguments: hyper, base } = this.round;
    return access.preflight({ provider, recipe, arguments: hyper, base });
  }

  private async intake(attempt: number): Promise<IntakeDecision[]> {
    const { round, datasets } = this.round;
    if (datasets.length === 0) return [];
    const children = pages(datasets).map((page) => ({ page, options: pageTaker(page, attempt) }));
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
    setHandler(trainingMoved, ({ words, facts }) => this.training && this.tell(words, facts, this.tell.waits()));
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
      if (this.tell.standing.state === 'training') this.tell.standing.enter('job');
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

  /** A checkpoint that is worse than its parent waits for a person's word, as a stage that failed does. */
  private async reviewed(trained: TrainingRoundResult): Promise<CheckpointReviewResult> {
    for (;;) {
      const reviewed = await this.review(trained, ++this.reviews);
      const hopeless = reviewed.worse === undefined || reviewed.proposal !== null || this.round.requireBetterThanParent;
      if (hopeless || this.round.holdSeconds === 0 || this.reviews === 9) return reviewed;
      this.tell.standing.enter('held');
      const mended = await this.desk.mended('Stage review', reviewed.why, this.round.holdSeconds);
      if (!mended || this.round.acceptWorse === null) return reviewed;
      this.tell.standing.enter('review');
    }
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
    const { round, channel, plan, requireBetterThanParent, acceptWorse } = this.round;
    const reviewed = await executeChild(checkpointReview, {
      ...options,
      args: [{ round, checkpoint, channel, plan, requireBetterThanParent, acceptWorse, ...again(attempt) }],
    });
    this.result.decision = reviewed.decision;
    this.result.version = reviewed.version;
    this.result.release = reviewed.release;
    this.result.worse = reviewed.worse ?? null;
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
    setHandler(rolloutMoved, (news) => this.tellOfRollout(news, options.workflowId));
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

  /** The rollout has a page of its own; this one says when it waits for a person. */
  private tellOfRollout(news: RolloutNews, workflowId: string): void {
    if (this.rolling === undefined) return;
    this.desk.paused = news.state === 'paused';
    const { words, facts, beat } = rolloutInWords(news);
    const links = { rollout: workflowPage(workflowId) };
    this.tell(`Rollout of version ${this.result.version}: ${words}`, facts, { ...beat, links });
  }

  private async slashing(trained: TrainingRoundResult, rolled: ModelRolloutResult): Promise<number[]> {
    // What pods counted stops a release; that somebody is to pay for it is for a person to say.
    if (!this.round.proposeSlashing && patched('slashing-is-asked-for')) return [];
    const newlyProposed = this.accepted().filter((dataset) => dataset.proposal !== null);
    const contributors = [...new Set(newlyProposed.map((dataset) => dataset.contributor))];
    this.tell(
      `Release ${rolled.release} was stopped: proposing to slash ${contributors.length + 1} bonds`,
      { stopped: rolled.why },
      { step: 'slashing' },
    );
    return proposeSlashing(this.round.round, contributors, trained, rolled);
  }

  /** What an operator may do from this page. */
  private offers(): void {
    this.desk
      .mayPause(
        ({ token }) => this.pause(token),
        ({ token }) => this.resume(token),
        undefined,
        () => (this.rolling === undefined ? undefined : { object: `release/${this.rolling}` }),
      )
      .mayAbort(() => this.abort())
      .mayRetry((change) => this.amend(change))
      .offer('replaceProvider', {
        unless: () => this.whyProviderStays(),
        act: ({ provider }) => this.replaceProvider(provider),
      })
      .offer('extendDeadline', {
        on: () => (this.desk.held || !this.training ? undefined : { object: `job/${this.training.job}` }),
        act: ({ seconds, token }) => this.extendDeadline(seconds, token),
      });
  }

  /**
   * Changes the input of a held round. What is changed is compared with the world as the whole was at its beginning.
   */
  private async amend(change: Record<string, unknown>): Promise<void> {
    const { changed, ids } = await amended(this.round, change);
    Object.assign(this.round, changed);
    this.callById(ids);
    mark({ provider: this.round.provider });
    const names = Object.keys(change);
    this.tell(`Changed: ${names.join(', ')}`, { changed: names.join(', ') });
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
    if (this.result.job === null) return undefined;
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
