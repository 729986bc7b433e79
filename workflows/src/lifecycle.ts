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
import { DEFAULT_PLAN, wavesOf } from '@livepod/protocol/plan';
import { deadlineMoved, jobOpened, type JobNews } from './chapterNews.js';
import { checkpointReview, type CheckpointReviewResult } from './checkpointReview.js';
import { undoingOnFailure, type Compensations } from './compensations.js';
import { datasetIntake, type IntakeDecision } from './datasetIntake.js';
import { causeOf, mendable } from './failures.js';
import {
  amount,
  checked,
  contentId,
  distinct,
  flag,
  hyperparameters,
  integer,
  list,
  name,
  nullable,
  optional,
  plan,
  record,
  refuse,
  type Guard,
  type Guarded,
} from './guards.js';
import { modelRollout, type ModelRolloutResult } from './modelRollout.js';
import { narrate, short, workflowPage } from './narration.js';
import { OperatorDesk } from './operatorDesk.js';
import { access, fleet, governance, treasury } from './ports.js';
import { slashBond } from './proposals.js';
import { mark } from './searchAttributes.js';
import { trainingRound, type TrainingRoundResult } from './trainingRound.js';

const fields = record({
  round: name,
  channel: optional(name, 'stable'),
  recipe: contentId,
  provider: name,
  datasets: optional(distinct(list(contentId, 0, 1000)), []),
  trainOn: optional(distinct(list(contentId, 0, 1000)), []),
  base: optional(nullable(contentId), null),
  arguments: optional(hyperparameters, {}),
  seed: optional(integer(0, 2 ** 32 - 1), 1),
  reward: optional(amount, '500000000'),
  deadlineSeconds: optional(integer(30, 30 * 24 * 3600), 3600),
  plan: optional(plan, DEFAULT_PLAN),
  requireBetterThanParent: optional(flag, false),
  approveWaves: optional(flag, false),
  holdSeconds: optional(integer(0, 30 * 24 * 3600), 24 * 3600),
});
type Round = Guarded<typeof fields>;

const input: Guard<Round> = (value, field) => {
  const round = fields(value, field);
  const all = new Set([...round.datasets, ...round.trainOn]).size;
  if (all === 0)
    refuse(
      'datasets',
      'names no dataset, and "trainOn" neither',
      'Give datasets to take in, or accepted ones to train on',
    );
  if (all > 1000) refuse('datasets', `and "trainOn" name ${all} datasets`, 'A job takes at most 1000; split the round');
  return round;
};

/** Only round, recipe, provider and datasets (or trainOn) are needed. */
export type LifecycleInput = Pick<Round, 'round' | 'recipe' | 'provider'> & Partial<Round>;

export interface LifecycleResult {
  round: string;
  datasets: IntakeDecision[];
  job: number | null;
  escrow: number | null;
  checkpoint: string | null;
  version: number | null;
  evaluation: { accuracy: string; macroF1: string; worstPerson: string } | null;
  decision: 'adopted' | 'rejected' | null;
  release: number | null;
  outcome: 'completed' | 'stopped' | 'superseded' | 'rejected' | 'nothingAccepted' | 'aborted';
  why: string;
  /** Proposals to slash bonds, when the release stopped itself. */
  slashing: number[];
}

/**
 * The whole story of one model round: datasets are voted in, a provider trains on them, the checkpoint is measured and
 * voted on, money moves, and pods get the model in waves. Every chapter is a child workflow; an operator reads and
 * steers it here.
 */
export async function lifecycle(request: LifecycleInput): Promise<LifecycleResult> {
  const round = checked('lifecycle', input, request);
  const tell = narrate(
    'lifecycle',
    { round: round.round, channel: round.channel, recipe: short(round.recipe), provider: round.provider },
    CHAPTERS,
  );
  mark({ stage: 'lifecycle', round: round.round, provider: round.provider });

  const story = new CancellationScope();
  /** The job that trains now, and the release that rolls out now. */
  let training: (JobNews & { workflowId: string }) | undefined;
  let rolling: number | undefined;
  const desk = steered();
  const result: LifecycleResult = {
    round: round.round,
    datasets: [],
    job: null,
    escrow: null,
    checkpoint: null,
    version: null,
    evaluation: null,
    decision: null,
    release: null,
    outcome: 'completed',
    why: '',
    slashing: [],
  };

  try {
    await story.run(() => undoingOnFailure(tell, chapters));
  } catch (error) {
    if (!isCancellation(error) || desk.aborted === undefined) throw error;
    result.outcome = 'aborted';
    result.why = desk.aborted;
  }
  await condition(allHandlersFinished);
  tell(ending(result), {}, { over: true });
  mark({ outcome: result.outcome });
  return result;

  async function chapters(undo: Compensations): Promise<void> {
    tell('Seeing that recipe, provider and base are there', {}, { step: 'preflight' });
    await preflight(round.provider);

    result.datasets = await chapter('intake', intake);
    const accepted = result.datasets.filter((dataset) => dataset.decision === 'accepted').map((dataset) => dataset.id);
    const trainOn = [...new Set([...round.trainOn, ...accepted])];
    if (trainOn.length === 0)
      return void Object.assign(result, { outcome: 'nothingAccepted', why: 'no dataset was accepted' });

    // Until its child has ended, the child itself undoes what it did; from then on the money is in this workflow's
    // care.
    undo.add('the job: give it up and refund its escrow', async () => {
      if (result.job === null) return;
      await access.fail({ job: result.job, reason: `round ${round.round} was given up` });
      await treasury.refund({ job: result.job });
    });
    const trained = await chapter('training', (attempt) => train(trainOn, attempt));
    const reviewed = await chapter('review', (attempt) => review(trained, attempt));
    await chapter('settlement', () => settle(trained, reviewed, undo));
    if (reviewed.release === null) return void Object.assign(result, { outcome: 'rejected', why: reviewed.why });

    const release = reviewed.release;
    const rolled = await chapter('rollout', (attempt) => rollout(release, attempt));
    Object.assign(result, { outcome: rolled.outcome, why: rolled.why });
    if (rolled.outcome === 'stopped') result.slashing = await chapter('slashing', () => slashing(trained, rolled));
  }

  /**
   * A chapter begins when nobody has paused the round. One that fails is held, so that a person can mend the cause and
   * have it tried again.
   */
  async function chapter<T>(name: Chapter, run: (attempt: number) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      await desk.unpaused();
      try {
        return await run(attempt);
      } catch (error) {
        if (
          isCancellation(error) ||
          !mendable(error) ||
          round.holdSeconds === 0 ||
          attempt === 9 ||
          !patched('chapters-hold')
        )
          throw error;
        if (!(await desk.mended(`Chapter ${name}`, causeOf(error).message, round.holdSeconds))) throw error;
        tell(`Trying chapter ${name} again`, { attempt: attempt + 1, provider: round.provider });
      }
    }
  }

  /** At most eight children, however many datasets: each takes a page. */
  async function intake(attempt: number): Promise<IntakeDecision[]> {
    if (round.datasets.length === 0) return [];
    const size = Math.ceil(round.datasets.length / 8);
    const pages = Array.from({ length: Math.ceil(round.datasets.length / size) }, (_, page) =>
      round.datasets.slice(page * size, (page + 1) * size),
    );
    const children = pages.map((page) =>
      child(
        `intake-${short(page[0]!)}`,
        page.length === 1 ? `Dataset ${short(page[0]!)}` : `${page.length} datasets`,
        attempt,
      ),
    );
    tell(
      `Taking in ${round.datasets.length} datasets`,
      {},
      {
        step: 'intake',
        waitsFor: 'the votes on datasets',
        links: Object.fromEntries(
          children.slice(0, 3).map(({ workflowId, staticSummary }) => [staticSummary, workflowPage(workflowId)]),
        ),
      },
    );
    const decisions = await Promise.all(
      children.map((options, index) =>
        executeChild(datasetIntake, {
          ...options,
          args: [{ round: round.round, datasets: pages[index]!, ...again(attempt) }],
        }),
      ),
    );
    return decisions.flat();
  }

  async function train(datasets: string[], attempt: number): Promise<TrainingRoundResult> {
    const { provider, recipe, arguments: hyper, seed, base, reward, deadlineSeconds } = round;
    const options = child('training', `Train on ${datasets.length} datasets`, attempt);
    const accepted = result.datasets.filter((dataset) => dataset.decision === 'accepted').length;
    tell(
      `Training on ${datasets.length} datasets`,
      { accepted },
      { step: 'training', waitsFor: `provider ${provider}`, links: { training: workflowPage(options.workflowId) } },
    );
    setHandler(jobOpened, (news) => {
      training = { ...news, workflowId: options.workflowId };
      tell(
        `Provider ${provider} has job ${news.job}`,
        { job: news.job },
        { waitsFor: `provider ${provider}`, until: news.deadline },
      );
    });
    try {
      const trained = await executeChild(trainingRound, {
        ...options,
        args: [
          {
            round: round.round,
            provider,
            recipe,
            arguments: hyper,
            seed,
            datasets,
            base,
            reward,
            deadlineSeconds,
            ...again(attempt),
          },
        ],
      });
      Object.assign(result, { job: trained.job, escrow: trained.escrow, checkpoint: trained.checkpoint });
      mark({ model: trained.checkpoint });
      return trained;
    } finally {
      training = undefined;
    }
  }

  async function review(trained: TrainingRoundResult, attempt: number): Promise<CheckpointReviewResult> {
    const options = child('review', `Review checkpoint ${short(trained.checkpoint)}`, attempt);
    tell(
      `Reviewing checkpoint ${short(trained.checkpoint)}`,
      { job: trained.job, escrow: trained.escrow, checkpoint: short(trained.checkpoint) },
      {
        step: 'review',
        waitsFor: 'the evaluator, then the vote',
        links: { review: workflowPage(options.workflowId) },
      },
    );
    const { channel, plan, requireBetterThanParent } = round;
    const reviewed = await executeChild(checkpointReview, {
      ...options,
      args: [
        {
          round: round.round,
          checkpoint: trained.checkpoint,
          channel,
          plan,
          requireBetterThanParent,
          ...again(attempt),
        },
      ],
    });
    const { accuracy, macroF1, worstPerson } = reviewed.evaluation;
    Object.assign(result, {
      decision: reviewed.decision,
      version: reviewed.version,
      release: reviewed.release,
      evaluation: { accuracy, macroF1, worstPerson },
    });
    return reviewed;
  }

  async function settle(
    trained: TrainingRoundResult,
    reviewed: CheckpointReviewResult,
    undo: Compensations,
  ): Promise<void> {
    if (reviewed.decision === 'adopted') {
      undo.clear();
      tell(
        `Paying contributors and provider of job ${trained.job}`,
        { version: reviewed.version!, accuracy: reviewed.evaluation.accuracy },
        { step: 'settlement' },
      );
      await CancellationScope.nonCancellable(() => treasury.settle({ job: trained.job }));
    } else {
      tell(`Refunding job ${trained.job}`, {}, { step: 'settlement' });
      await CancellationScope.nonCancellable(() => undo.run(tell));
    }
  }

  async function rollout(release: number, attempt: number): Promise<ModelRolloutResult> {
    const options = child('rollout', `Roll out version ${result.version}`, attempt);
    tell(
      `Rolling out version ${result.version} in ${wavesOf(round.plan)} waves`,
      { release },
      {
        step: 'rollout',
        waitsFor: 'the waves, their soaks and gates',
        links: { rollout: workflowPage(options.workflowId) },
      },
    );
    mark({ release });
    rolling = release;
    try {
      return await executeChild(modelRollout, {
        ...options,
        // A rollout that began goes on when this workflow is terminated: pods are on their way.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        args: [
          {
            release,
            channel: round.channel,
            waves: wavesOf(round.plan),
            round: round.round,
            approveWaves: round.approveWaves,
          },
        ],
      });
    } finally {
      rolling = undefined;
    }
  }

  /**
   * Puts up for slashing what stands behind a model that hurt: the provider's bond and those of this round's new
   * contributors.
   */
  async function slashing(trained: TrainingRoundResult, rolled: ModelRolloutResult): Promise<number[]> {
    const contributors = new Set(
      result.datasets
        .filter((dataset) => dataset.decision === 'accepted' && dataset.proposal !== null)
        .map((dataset) => dataset.contributor),
    );
    tell(
      `Release ${rolled.release} was stopped: proposing to slash ${contributors.size + 1} bonds`,
      { stopped: rolled.why },
      { step: 'slashing' },
    );
    const bonds = await treasury.bonds({
      holders: [
        { holder: trained.provider, purpose: 'provider' },
        ...[...contributors].map((holder) => ({ holder, purpose: 'contributor' as const })),
      ],
    });
    const evidence =
      `Job ${trained.job}, checkpoint ${trained.checkpoint}, release ${rolled.release}: ${rolled.corrections} ` +
      `corrections and ${rolled.errors} errors in ${rolled.windows} windows.`;
    const reason = `Release ${rolled.release} stopped itself: ${rolled.why}`.slice(0, 400);
    const proposals = bonds
      .filter((bond) => bond.amount !== '0')
      .map((bond) => slashBond(round.round, bond.holder, bond.purpose, bond.amount, reason, evidence));
    const receipts = proposals.length === 0 ? [] : await governance.proposeAll({ proposals });
    return receipts.map((receipt) => receipt.id);
  }

  function child(id: string, staticSummary: string, attempt: number) {
    return {
      workflowId: `${workflowInfo().workflowId}-${id}${attempt === 1 ? '' : `-${attempt}`}`,
      staticSummary,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    };
  }

  function preflight(provider: string): Promise<void> {
    return access.preflight({ provider, recipe: round.recipe, arguments: round.arguments, base: round.base });
  }

  /** What an operator may do from this page. */
  function steered(): OperatorDesk {
    return new OperatorDesk(tell)
      .mayPause(
        async ({ token }) =>
          rolling === undefined
            ? 'It holds before its next chapter.'
            : `Release ${rolling} is ${(await fleet.pause({ release: rolling, token })).state}.`,
        async ({ token }) =>
          rolling === undefined
            ? 'It goes on.'
            : `Release ${rolling} is ${(await fleet.resume({ release: rolling, token })).state}.`,
      )
      .mayAbort(async () => {
        story.cancel();
        return 'What was begun is being undone.';
      })
      .mayRetry()
      .offer('replaceProvider', {
        unless: () =>
          result.job !== null || training !== undefined
            ? 'A provider has the job already; abort the training on its own page first.'
            : undefined,
        act: async ({ provider }) => {
          await preflight(provider);
          round.provider = provider;
          mark({ provider });
          tell(`Provider ${provider} is to train`, { provider });
          desk.again();
          return `Provider ${provider} is to train.`;
        },
      })
      .offer('extendDeadline', {
        unless: () =>
          desk.held || training !== undefined ? undefined : 'Nothing here has a deadline that could be moved now.',
        act: async ({ seconds, token }) => {
          if (desk.held) return `It is held until ${desk.holdLonger(seconds)}.`;
          const { job, deadline, workflowId } = training!;
          const later = (
            await access.extend({ job, until: new Date(Date.parse(deadline) + seconds * 1000).toISOString(), token })
          ).deadline;
          await getExternalWorkflowHandle(workflowId).signal(deadlineMoved, { job, deadline: later });
          if (training) training.deadline = later;
          return `The deadline of job ${job} is now ${later}.`;
        },
      });
  }
}

const CHAPTERS = ['preflight', 'intake', 'training', 'review', 'settlement', 'rollout', 'slashing'] as const;
type Chapter = (typeof CHAPTERS)[number];

/** From its second attempt on a chapter says which one it is: its references are then new ones. */
const again = (attempt: number): { attempt?: number } => (attempt === 1 ? {} : { attempt });

function ending(result: LifecycleResult): string {
  switch (result.outcome) {
    case 'completed':
      return `Version ${result.version} reached the whole channel`;
    case 'aborted':
      return `Aborted: ${result.why}`;
    case 'stopped':
      return `Release ${result.release} was stopped: ${result.why}`;
    default:
      return `Ended without a release: ${result.why}`;
  }
}
