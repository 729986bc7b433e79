import { MAX_JOB_DATASETS } from '@livepod/protocol/limits';
import { tokens } from '@livepod/protocol/tokens';
import { NexusOperationFailure } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  createNexusServiceClient,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  setHandler,
  sleep,
  TimeoutFailure,
  workflowInfo,
  type NexusServiceClient,
} from '@temporalio/workflow';
import type { DatasetTerms, JobTerms, JobView } from '@livepod/activities/ports';
import type { Compensations } from './compensations.js';
import { deadlineMoved, jobOpened, trainingMoved, type JobNews, type TrainingNews } from './stageNews.js';
import {
  amount,
  contentId,
  datasetName,
  distinct,
  hyperparameters,
  integer,
  list,
  name,
  nullable,
  optional,
  providerName,
  reading,
  record,
  type Guarded,
} from './guards.js';
import { jobReference } from './accessRequest.js';
import { asOrdered, isOfJob, stillAsOrdered } from './ordered.js';
import { narrate, short, voteOn, workflowPage, type Tell } from './narration.js';
import { abortable, type OperatorDesk } from './operatorDesk.js';
import { comparedWithTheWorld, refusal } from './inputs.js';
import { forNamespace } from './namespaces.js';
import { access, datasets, governance, treasury } from './ports.js';
import { grantAccess } from './proposals.js';
import { again } from './round.js';
import { mark } from './searchAttributes.js';
import { JOB } from './states.js';
import { trainingService, type TrainingProgress } from './trainingService.js';
import { causeOf, votedDown } from './failures.js';

export const input = record({
  round: name,
  provider: providerName,
  recipe: contentId,
  arguments: hyperparameters,
  seed: integer(0, 2 ** 32 - 1),
  datasets: distinct(list(datasetName, 1, MAX_JOB_DATASETS)),
  base: nullable(contentId),
  reward: amount,
  deadlineSeconds: integer(30, 30 * 24 * 3600),
  attempt: optional(integer(1, 9), 1),
});
type Round = Guarded<typeof input>;
export type TrainingRoundInput = Omit<Round, 'attempt'> & { attempt?: number };

export interface TrainingRoundResult {
  job: number;
  escrow: number;
  provider: string;
  checkpoint: string;
}

/**
 * Gets one checkpoint trained: asks the provider for a job, pays licences and reward into escrow, has the keys granted,
 * and lets the provider train in its own namespace. What happens to the escrow is decided by the review of the
 * checkpoint; when training fails or is cancelled, it goes back to its payer here.
 */
export async function trainingRound(request: TrainingRoundInput): Promise<TrainingRoundResult> {
  const read = reading(input, request);
  if ('findings' in read) throw await refusal('trainingRound', read);
  const round = read.value;
  const tell = narrate(
    'training',
    { round: round.round, provider: round.provider, recipe: short(round.recipe), datasets: round.datasets.length },
    ['licences', 'job', 'escrow', 'grants', 'training'],
    JOB,
  );
  mark({ stage: 'training', round: round.round, provider: round.provider });
  const training = new Training(round, tell);
  return abortable(tell, (undo, desk) => training.toCheckpoint(undo, desk));
}

/** One training: its job, and when that is over. */
class Training {
  private readonly provider: NexusServiceClient<typeof trainingService>;
  /**
   * When the job's grants end, in milliseconds since 1970; an operator may move it, here or from the lifecycle's page.
   */
  private deadline = Infinity;
  /** Who paid for a job ends it without the provider. */
  private paid = false;
  /** Runs that began before there was such a look go on without. */
  private compares = false;

  constructor(
    private readonly round: Round,
    private readonly tell: Tell,
  ) {
    this.provider = createNexusServiceClient({ endpoint: round.provider, service: trainingService });
    setHandler(deadlineMoved, ({ deadline }) => void (this.deadline = Date.parse(deadline)));
  }

  async toCheckpoint(undo: Compensations, desk: OperatorDesk): Promise<TrainingRoundResult> {
    await this.compared();
    const terms = await this.licences();

    undo.add('the request for a job', () => this.giveUpRequest());
    const asked = await this.jobFor(terms);
    const { job } = asked;

    undo.add(`job ${job}: revoke its grants and refund its escrow`, () => this.failAndRefund(job));
    const { escrow } = await this.pay(asked);
    await tellParent({ job, deadline: asked.deadline });
    desk.offer('extendDeadline', {
      on: () => ({ object: `job/${job}` }),
      act: ({ seconds, token }) => this.extendDeadline(job, seconds, token),
    });

    if (asked.needVote.length > 0) await this.voteOnAccess(asked, undo);
    const granted = await access.granted({ job });
    if (this.compares) stillAsOrdered(asked, granted);

    this.tellOfTraining(granted, escrow);
    const { checkpoint } = await this.trained(job);
    if (this.compares) isOfJob(await access.job({ job }), checkpoint);

    this.tell(
      `Checkpoint ${short(checkpoint)} is trained and signed`,
      { checkpoint: short(checkpoint) },
      { over: true },
    );
    mark({ model: checkpoint, outcome: 'trained' });
    return { job, escrow, provider: granted.provider, checkpoint };
  }

  /** A lifecycle has looked all of it up already. */
  private async compared(): Promise<void> {
    if (workflowInfo().parent !== undefined) return;
    const ids = await comparedWithTheWorld('trainingRound', this.round);
    this.round.datasets = [...new Set(this.round.datasets.map((name) => ids[name] ?? name))];
  }

  private licences(): Promise<DatasetTerms[]> {
    this.tell(`Reading the licences of ${this.round.datasets.length} datasets`, {}, { step: 'licences' });
    return datasets.terms({ datasets: this.round.datasets });
  }

  private async jobFor(terms: DatasetTerms[]): Promise<JobTerms> {
    const { datasets: _, provider, attempt, ...order } = this.round;
    const agreed = patched('payer-named') ? await this.agreed(terms) : {};
    this.tell(
      `Asking provider ${provider} to take the job`,
      {},
      {
        ...{ step: 'job', state: 'asking' },
        waitsFor: `provider ${provider}`,
      },
    );
    const answer = await this.provider.executeOperation(
      trainingService.operations.requestAccess,
      forNamespace(provider, {
        ...order,
        ...again(attempt),
        ...agreed,
        datasets: terms.map(({ id, epoch }) => ({ id, epoch })),
      }),
      { scheduleToCloseTimeout: '1 day', summary: 'Ask for the job' },
    );
    const asked = await access.job({ job: answer.job });
    this.compares = patched('job-compared');
    if (this.compares)
      asOrdered(
        {
          ...{ ...order, asked: answer, provider, datasets: terms, clientRef: jobReference(order.round, attempt) },
          until: Date.now() + order.deadlineSeconds * 1000 + HOUR_MS,
          ...agreed,
        },
        asked,
      );
    this.deadline = Date.parse(asked.deadline);
    return asked;
  }

  /** What the approval is to name: who pays, and what for at the most. */
  private async agreed(terms: DatasetTerms[]): Promise<{ payer: string; ceiling: string }> {
    const { principal } = await treasury.payer();
    const price = terms.reduce((sum, { fee }) => sum + BigInt(fee), BigInt(this.round.reward));
    return { payer: principal, ceiling: price.toString() };
  }

  /** An unpaid job that the provider does not end is over at its deadline. */
  private async giveUpRequest(): Promise<void> {
    if (this.paid || !patched('request-undone')) return;
    const { round, provider, attempt } = this.round;
    await this.provider.executeOperation(
      trainingService.operations.giveUp,
      forNamespace(provider, { round, ...again(attempt), reason: this.givenUp() }),
      { scheduleToCloseTimeout: '10 minutes', summary: 'Give up the job' },
    );
  }

  private async failAndRefund(job: number): Promise<void> {
    await access.fail({ job, reason: this.givenUp() });
    await treasury.refund({ job });
  }

  private givenUp(): string {
    return `round ${this.round.round} was given up`;
  }

  private async pay({ job, fees, reward, link, approvalDigest }: JobView): Promise<{ escrow: number }> {
    this.tell(
      `Paying ${tokens(BigInt(fees) + BigInt(reward))} tokens for job ${job} into escrow`,
      { job, licences: tokens(fees), reward: tokens(reward) },
      { step: 'escrow', state: 'paying', links: { [`job ${job}`]: link } },
    );
    const escrow = await treasury.openEscrow({
      job,
      clientRef: `escrow/${this.round.round}/${job}`,
      approval: approvalDigest,
    });
    this.paid = true;
    return escrow;
  }

  private async voteOnAccess(asked: JobView, undo: Compensations): Promise<void> {
    const request = grantAccess(this.round.round, asked.job, asked.provider, asked.needVote);
    undo.add('the proposal on access, if still open', async () => {
      if (patched('access-vote-undone')) await governance.withdraw({ clientRefs: [request.clientRef] });
    });
    const proposal = await governance.propose(request);
    mark({ proposal: proposal.id });
    this.tell(
      `Waiting for the vote on proposal ${proposal.id}: access of job ${asked.job}`,
      {},
      { ...voteOn(proposal), step: 'grants', state: 'vote' },
    );
    const decision = await governance.decision({ proposal: proposal.id });
    if (decision.outcome !== 'adopted') throw votedDown(`Access of job ${asked.job}`, decision);
  }

  private tellOfTraining(granted: JobView, escrow: number): void {
    const { job } = granted;
    const { provider } = this.round;
    this.tell(
      `Provider ${provider} trains job ${job}`,
      { escrow, approval: short(granted.approvalDigest) },
      {
        step: 'training',
        state: 'training',
        waitsFor: `provider ${provider}`,
        until: granted.deadline,
        links: { 'the provider’s workflow': workflowPage(`training-job-${job}`, provider) },
      },
    );
  }

  /** The provider has until the job's deadline, wherever that moves, and an hour more to end in order. */
  private async trained(job: number): Promise<{ checkpoint: string }> {
    if (!patched('deadline-moves')) return this.train(job, (this.round.deadlineSeconds + HOUR_MS / 1000) * 1000);

    const work = new CancellationScope();
    const training = work.run(() => this.train(job, 31 * 24 * HOUR_MS));
    const looking = new CancellationScope();
    if (patched('progress-shown')) void looking.run(() => this.follow(job)).catch(() => undefined);
    const first = await Promise.race([training, this.tooLate()]).finally(() => looking.cancel());
    if (first !== 'late') return training;
    work.cancel();
    await training.catch(() => undefined);
    throw ApplicationFailure.nonRetryable(
      `Provider ${this.round.provider} had until ${new Date(this.deadline).toISOString()} for job ${job} and has not ` +
        'finished. Give more time (deadlineSeconds), or take another provider.',
      'DeadlinePassed',
      { job },
    );
  }

  /** Asks the provider now and then how far it is; one that does not answer is asked again, one that cannot is not. */
  private async follow(job: number): Promise<void> {
    let told = '';
    for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 1.25, LONGEST_PAUSE_MS)) {
      await sleep(pause, { summary: 'Until the next look at the training' });
      const progress = await this.progress(job);
      if (progress === undefined) return;
      const { words, facts } = this.progressInWords(progress);
      if (words === told) continue;
      told = words;
      this.tell(words, facts, { ...this.tell.waits(), step: 'training' });
      await this.tellLifecycle({ words, facts });
    }
  }

  private async progress(job: number): Promise<TrainingProgress | undefined> {
    try {
      return await this.provider.executeOperation(
        trainingService.operations.progress,
        forNamespace(this.round.provider, { job }),
        { scheduleToCloseTimeout: '1 minute', summary: 'How far it is' },
      );
    } catch (error) {
      if (isCancellation(error) || causeOf(error).type === 'NOT_FOUND') return undefined;
      return error instanceof NexusOperationFailure && error.cause instanceof TimeoutFailure
        ? { state: 'unknown' }
        : undefined;
    }
  }

  private progressInWords({ state, ahead, epoch, epochs, loss, failing, attempt }: TrainingProgress): {
    words: string;
    facts: Record<string, string>;
  } {
    const { provider } = this.round;
    const fails = failing === undefined ? '' : `; ${failing} keeps failing there (attempt ${attempt})`;
    if (state === 'unknown') return { words: `Provider ${provider} does not answer`, facts: {} };
    if (state === 'queued')
      return { words: `The job queues at provider ${provider}, behind ${ahead} others${fails}`, facts: {} };
    if (epoch === undefined) return { words: `Provider ${provider} is at the job${fails}`, facts: {} };
    return {
      words: `Provider ${provider} trains: epoch ${epoch} of ${epochs}, loss ${loss}${fails}`,
      facts: { epoch: `${epoch} of ${epochs}`, [`loss, epoch ${epoch}`]: loss ?? '' },
    };
  }

  private async tellLifecycle(news: TrainingNews): Promise<void> {
    const { parent } = workflowInfo();
    if (!parent) return;
    await getExternalWorkflowHandle(parent.workflowId)
      .signal(trainingMoved, news)
      .catch(() => undefined);
  }

  private train(job: number, ms: number): Promise<{ checkpoint: string }> {
    return this.provider.executeOperation(
      trainingService.operations.train,
      forNamespace(this.round.provider, { job }),
      { scheduleToCloseTimeout: ms, summary: `Train job ${job}` },
    );
  }

  /** Says so when the time is over, and nothing otherwise: a cancellation is the training's to report. */
  private tooLate(): Promise<'late'> {
    return new Promise((resolve) => {
      const late = (): void => resolve('late');
      const cancelled = (): void => undefined;
      void this.expired().then(late, cancelled);
    });
  }

  private async expired(): Promise<void> {
    for (let moved = this.deadline; Date.now() < moved + HOUR_MS; moved = this.deadline) {
      const before = moved;
      await condition(() => this.deadline !== before, before + HOUR_MS - Date.now(), {
        summary: 'The job’s deadline, and an hour',
      });
    }
  }

  private async extendDeadline(job: number, seconds: number, token: string): Promise<string> {
    const until = new Date(this.deadline + seconds * 1000).toISOString();
    const { deadline } = await access.extend({ job, until, token });
    this.deadline = Date.parse(deadline);
    this.tell(
      `The deadline of job ${job} is now ${deadline}`,
      {},
      { waitsFor: `provider ${this.round.provider}`, until: deadline },
    );
    await tellParent({ job, deadline });
    return `The deadline of job ${job} is now ${deadline}.`;
  }
}

/** A lifecycle shows the job on its own page and can move its deadline. */
async function tellParent(news: JobNews): Promise<void> {
  const { parent } = workflowInfo();
  if (parent && patched('job-news'))
    await getExternalWorkflowHandle(parent.workflowId)
      .signal(jobOpened, news)
      .catch(() => undefined);
}

const HOUR_MS = 3_600_000;
/** A look costs some events of history: a hundred of them in two weeks. */
const FIRST_LOOK_MS = 10_000;
const LONGEST_PAUSE_MS = 6 * HOUR_MS;
