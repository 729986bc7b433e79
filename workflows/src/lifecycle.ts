import { allHandlersFinished, CancellationScope, condition, executeChild, isCancellation, ParentClosePolicy, workflowInfo } from '@temporalio/workflow';
import type { Plan } from '@livepod/activities/ports';
import { checkpointReview, type CheckpointReviewResult } from './checkpointReview.js';
import { undoingOnFailure, type Compensations } from './compensations.js';
import { datasetIntake, type IntakeDecision } from './datasetIntake.js';
import { amount, checked, contentId, distinct, flag, hyperparameters, integer, list, name, nullable, optional, plan, record, refuse, type Guard, type Guarded } from './guards.js';
import { modelRollout, type ModelRolloutResult } from './modelRollout.js';
import { narrate, short } from './narration.js';
import { OperatorDesk } from './operatorDesk.js';
import { access, governance, treasury } from './ports.js';
import { slashBond } from './proposals.js';
import { mark } from './searchAttributes.js';
import { trainingRound, type TrainingRoundResult } from './trainingRound.js';

const defaultPlan: Plan = { waves: [1, 3, 6], soakSeconds: 8, gate: { minWindows: 40, maxCorrectionPermille: 250, maxErrors: 0 } };

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
  plan: optional(plan, defaultPlan),
  requireBetterThanParent: optional(flag, false),
  approveWaves: optional(flag, false),
});
type Round = Guarded<typeof fields>;

const input: Guard<Round> = (value, field) => {
  const round = fields(value, field);
  const all = new Set([...round.datasets, ...round.trainOn]).size;
  if (all === 0) refuse('datasets', 'names no dataset, and "trainOn" neither', 'Give datasets to take in, or accepted ones to train on');
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
 * The whole story of one model round: datasets are voted in, a provider trains on them, the checkpoint is measured and voted on, money
 * moves, and pods get the model in waves. Every chapter is a child workflow; an operator reads and steers it here.
 */
export async function lifecycle(request: LifecycleInput): Promise<LifecycleResult> {
  const round = checked('lifecycle', input, request);
  const tell = narrate('lifecycle', { round: round.round, channel: round.channel, recipe: short(round.recipe), provider: round.provider });
  mark({ stage: 'lifecycle', round: round.round, provider: round.provider });

  const story = new CancellationScope();
  const desk = new OperatorDesk(tell, {
    pause: async () => 'It holds before its next chapter.',
    resume: async () => 'It goes on.',
    abort: async () => {
      story.cancel();
      return 'What was begun is being undone.';
    },
  });
  const result: LifecycleResult = {
    round: round.round, datasets: [], job: null, escrow: null, checkpoint: null, version: null, evaluation: null, decision: null, release: null, outcome: 'completed', why: '', slashing: [],
  };

  try {
    await story.run(() => undoingOnFailure(tell, chapters));
  } catch (error) {
    if (!isCancellation(error) || desk.aborted === undefined) throw error;
    result.outcome = 'aborted';
    result.why = desk.aborted;
  }
  await condition(allHandlersFinished);
  tell(ending(result));
  mark({ outcome: result.outcome });
  return result;

  async function chapters(undo: Compensations): Promise<void> {
    tell('Seeing that recipe, provider and base are there');
    await access.preflight({ provider: round.provider, recipe: round.recipe, arguments: round.arguments, base: round.base });

    result.datasets = await intake();
    const accepted = result.datasets.filter((dataset) => dataset.decision === 'accepted').map((dataset) => dataset.id);
    const trainOn = [...new Set([...round.trainOn, ...accepted])];
    if (trainOn.length === 0) return void Object.assign(result, { outcome: 'nothingAccepted', why: 'no dataset was accepted' });

    const trained = await training(trainOn, undo);
    const reviewed = await review(trained);
    await settle(trained, reviewed, undo);
    if (reviewed.release === null) return void Object.assign(result, { outcome: 'rejected', why: reviewed.why });

    const rolled = await rollout(reviewed.release);
    Object.assign(result, { outcome: rolled.outcome, why: rolled.why });
    if (rolled.outcome === 'stopped') result.slashing = await slashing(trained, rolled);
  }

  /** At most eight children, however many datasets: each takes a page. */
  async function intake(): Promise<IntakeDecision[]> {
    if (round.datasets.length === 0) return [];
    await desk.unpaused();
    tell(`Taking in ${round.datasets.length} datasets`);
    const size = Math.ceil(round.datasets.length / 8);
    const pages = Array.from({ length: Math.ceil(round.datasets.length / size) }, (_, page) => round.datasets.slice(page * size, (page + 1) * size));
    const decisions = await Promise.all(
      pages.map((page) => executeChild(datasetIntake, { ...child(`intake-${short(page[0]!)}`, page.length === 1 ? `Dataset ${short(page[0]!)}` : `${page.length} datasets`), args: [{ round: round.round, datasets: page }] })),
    );
    return decisions.flat();
  }

  async function training(datasets: string[], undo: Compensations): Promise<TrainingRoundResult> {
    await desk.unpaused();
    tell(`Training on ${datasets.length} datasets`, { accepted: result.datasets.filter((dataset) => dataset.decision === 'accepted').length });
    const { provider, recipe, arguments: hyper, seed, base, reward, deadlineSeconds } = round;
    const trained = await executeChild(trainingRound, {
      ...child('training', `Train on ${datasets.length} datasets`),
      args: [{ round: round.round, provider, recipe, arguments: hyper, seed, datasets, base, reward, deadlineSeconds }],
    });
    Object.assign(result, { job: trained.job, escrow: trained.escrow, checkpoint: trained.checkpoint });
    mark({ model: trained.checkpoint });
    undo.add(`job ${trained.job}: refund its escrow`, async () => {
      await access.fail({ job: trained.job, reason: `round ${round.round} was given up` });
      await treasury.refund({ job: trained.job });
    });
    return trained;
  }

  async function review(trained: TrainingRoundResult): Promise<CheckpointReviewResult> {
    await desk.unpaused();
    tell(`Reviewing checkpoint ${short(trained.checkpoint)}`, { job: trained.job, escrow: trained.escrow, checkpoint: short(trained.checkpoint) });
    const { channel, plan, requireBetterThanParent } = round;
    const reviewed = await executeChild(checkpointReview, {
      ...child('review', `Review checkpoint ${short(trained.checkpoint)}`),
      args: [{ round: round.round, checkpoint: trained.checkpoint, channel, plan, requireBetterThanParent }],
    });
    const { accuracy, macroF1, worstPerson } = reviewed.evaluation;
    Object.assign(result, { decision: reviewed.decision, version: reviewed.version, release: reviewed.release, evaluation: { accuracy, macroF1, worstPerson } });
    return reviewed;
  }

  async function settle(trained: TrainingRoundResult, reviewed: CheckpointReviewResult, undo: Compensations): Promise<void> {
    if (reviewed.decision === 'adopted') {
      undo.clear();
      tell(`Paying contributors and provider of job ${trained.job}`, { version: reviewed.version!, accuracy: reviewed.evaluation.accuracy });
      await CancellationScope.nonCancellable(() => treasury.settle({ job: trained.job }));
    } else {
      tell(`Refunding job ${trained.job}`);
      await CancellationScope.nonCancellable(() => undo.run(tell));
    }
  }

  async function rollout(release: number): Promise<ModelRolloutResult> {
    await desk.unpaused();
    tell(`Rolling out version ${result.version} in ${round.plan.waves.length} waves`, { release });
    mark({ release });
    return executeChild(modelRollout, {
      ...child('rollout', `Roll out version ${result.version}`),
      // A rollout that began goes on when this workflow is terminated: pods are on their way.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      args: [{ release, channel: round.channel, waves: round.plan.waves.length, round: round.round, approveWaves: round.approveWaves }],
    });
  }

  /** Puts up for slashing what stands behind a model that hurt: the provider's bond and those of this round's new contributors. */
  async function slashing(trained: TrainingRoundResult, rolled: ModelRolloutResult): Promise<number[]> {
    const contributors = new Set(result.datasets.filter((dataset) => dataset.decision === 'accepted' && dataset.proposal !== null).map((dataset) => dataset.contributor));
    tell(`Release ${rolled.release} was stopped: proposing to slash ${contributors.size + 1} bonds`, { stopped: rolled.why });
    const bonds = await treasury.bonds({
      holders: [{ holder: trained.provider, purpose: 'provider' }, ...[...contributors].map((holder) => ({ holder, purpose: 'contributor' as const }))],
    });
    const evidence = `Job ${trained.job}, checkpoint ${trained.checkpoint}, release ${rolled.release}: ${rolled.corrections} corrections and ${rolled.errors} errors in ${rolled.windows} windows.`;
    const reason = `Release ${rolled.release} stopped itself: ${rolled.why}`.slice(0, 400);
    const proposals = bonds.filter((bond) => bond.amount !== '0').map((bond) => slashBond(round.round, bond.holder, bond.purpose, bond.amount, reason, evidence));
    const receipts = proposals.length === 0 ? [] : await governance.proposeAll({ proposals });
    return receipts.map((receipt) => receipt.id);
  }

  function child(id: string, staticSummary: string) {
    return { workflowId: `${workflowInfo().workflowId}-${id}`, staticSummary, parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL };
  }
}

function ending(result: LifecycleResult): string {
  switch (result.outcome) {
    case 'completed': return `Version ${result.version} reached the whole channel`;
    case 'aborted': return `Aborted: ${result.why}`;
    case 'stopped': return `Release ${result.release} was stopped: ${result.why}`;
    default: return `Ended without a release: ${result.why}`;
  }
}
