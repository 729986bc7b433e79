import {
  ApplicationFailure,
  CancellationScope,
  condition,
  createNexusServiceClient,
  getExternalWorkflowHandle,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { JobView } from '@livepod/activities/ports';
import type { Compensations } from './compensations.js';
import { deadlineMoved, jobOpened, type JobNews } from './chapterNews.js';
import {
  amount,
  checked,
  contentId,
  distinct,
  hyperparameters,
  integer,
  list,
  name,
  nullable,
  optional,
  record,
  type Guarded,
} from './guards.js';
import { narrate, short, tokens, voteOn, workflowPage } from './narration.js';
import { abortable } from './operatorDesk.js';
import { forNamespace } from './namespaces.js';
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
  attempt: optional(integer(1, 9), 1),
});
export type TrainingRoundInput = Omit<Guarded<typeof input>, 'attempt'> & { attempt?: number };

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
  const round = checked('trainingRound', input, request);
  const tell = narrate(
    'training',
    { round: round.round, provider: round.provider, recipe: short(round.recipe), datasets: round.datasets.length },
    ['licences', 'job', 'escrow', 'grants', 'training'],
  );
  mark({ stage: 'training', round: round.round, provider: round.provider });
  const provider = createNexusServiceClient({ endpoint: round.provider, service: trainingService });

  /**
   * When the job's grants end, in milliseconds since 1970; an operator may move it, here or from the lifecycle's page.
   */
  let deadline = Infinity;
  setHandler(deadlineMoved, ({ deadline: later }) => void (deadline = Date.parse(later)));

  return abortable(tell, async (undo, desk) => {
    tell(`Reading the licences of ${round.datasets.length} datasets`, {}, { step: 'licences' });
    const terms = await datasets.terms({ datasets: round.datasets });

    tell(
      `Asking provider ${round.provider} to take the job`,
      {},
      { step: 'job', waitsFor: `provider ${round.provider}` },
    );
    const { datasets: _, provider: __, attempt, ...order } = round;
    let paid = false;
    undo.add('the request for a job', async () => {
      // Who paid for a job ends it without the provider; an unpaid one that the provider does not end is over at its
      // deadline.
      if (paid || !patched('request-undone')) return;
      const reason = `round ${round.round} was given up`;
      await provider.executeOperation(
        trainingService.operations.giveUp,
        forNamespace(round.provider, { round: round.round, ...(attempt === 1 ? {} : { attempt }), reason }),
        { scheduleToCloseTimeout: '10 minutes', summary: 'Give up the job' },
      );
    });
    const { job } = await provider.executeOperation(
      trainingService.operations.requestAccess,
      forNamespace(round.provider, {
        ...order,
        ...(attempt === 1 ? {} : { attempt }),
        datasets: terms.map(({ id, epoch }) => ({ id, epoch })),
      }),
      { scheduleToCloseTimeout: '1 day', summary: 'Ask for the job' },
    );
    const asked = await access.job({ job });
    deadline = Date.parse(asked.deadline);

    undo.add(`job ${job}: revoke its grants and refund its escrow`, async () => {
      await access.fail({ job, reason: `round ${round.round} was given up` });
      await treasury.refund({ job });
    });
    tell(
      `Paying ${tokens(BigInt(asked.fees) + BigInt(asked.reward))} tokens for job ${job} into escrow`,
      { job, licences: tokens(asked.fees), reward: tokens(asked.reward) },
      { step: 'escrow', links: { [`job ${job}`]: asked.link } },
    );
    const escrow = await treasury.openEscrow({ job, clientRef: `escrow/${round.round}/${job}` });
    paid = true;
    await tellParent({ job, deadline: asked.deadline });
    desk.offer('extendDeadline', {
      unless: () => (Number.isFinite(deadline) ? undefined : 'There is no job yet.'),
      act: async ({ seconds, token }) => {
        const now = await access.extend({ job, until: new Date(deadline + seconds * 1000).toISOString(), token });
        deadline = Date.parse(now.deadline);
        tell(
          `The deadline of job ${job} is now ${now.deadline}`,
          {},
          { waitsFor: `provider ${round.provider}`, until: now.deadline },
        );
        await tellParent({ job, deadline: now.deadline });
        return `The deadline of job ${job} is now ${now.deadline}.`;
      },
    });

    if (asked.needVote.length > 0) await voteOnAccess(asked, undo);
    const granted = await access.granted({ job });

    tell(
      `Provider ${round.provider} trains job ${job}`,
      { escrow: escrow.escrow, approval: short(granted.approvalDigest) },
      {
        step: 'training',
        waitsFor: `provider ${round.provider}`,
        until: granted.deadline,
        links: { 'the provider’s workflow': workflowPage(`training-job-${job}`, round.provider) },
      },
    );
    const { checkpoint } = await trained(job);

    tell(`Checkpoint ${short(checkpoint)} is trained and signed`, { checkpoint: short(checkpoint) }, { over: true });
    mark({ model: checkpoint, outcome: 'trained' });
    return { job, escrow: escrow.escrow, provider: granted.provider, checkpoint };
  });

  /** The provider has until the job's deadline, wherever that moves, and an hour more to end in order. */
  async function trained(job: number): Promise<{ checkpoint: string }> {
    const train = (ms: number) =>
      provider.executeOperation(trainingService.operations.train, forNamespace(round.provider, { job }), {
        scheduleToCloseTimeout: ms,
        summary: `Train job ${job}`,
      });
    if (!patched('deadline-moves')) return train((round.deadlineSeconds + HOUR_MS / 1000) * 1000);

    const work = new CancellationScope();
    const training = work.run(() => train(31 * 24 * HOUR_MS));
    const tooLate = new Promise<'late'>(
      (resolve) =>
        void expired().then(
          () => resolve('late'),
          () => undefined,
        ),
    );
    if ((await Promise.race([training, tooLate])) !== 'late') return training;
    work.cancel();
    await training.catch(() => undefined);
    throw ApplicationFailure.nonRetryable(
      `Provider ${round.provider} had until ${new Date(deadline).toISOString()} for job ${job} and has not ` +
        'finished. Give more time (deadlineSeconds), or take another provider.',
      'DeadlinePassed',
      { job },
    );
  }

  async function expired(): Promise<void> {
    for (let moved = deadline; Date.now() < moved + HOUR_MS; moved = deadline) {
      const before = moved;
      await condition(() => deadline !== before, before + HOUR_MS - Date.now(), {
        summary: 'The job’s deadline, and an hour',
      });
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

  async function voteOnAccess(asked: JobView, undo: Compensations): Promise<void> {
    const request = grantAccess(round.round, asked.job, asked.provider, asked.needVote);
    undo.add('the proposal on access, if still open', async () => {
      if (patched('access-vote-undone')) await governance.withdraw({ clientRefs: [request.clientRef] });
    });
    const proposal = await governance.propose(request);
    mark({ proposal: proposal.id });
    tell(
      `Waiting for the vote on proposal ${proposal.id}: access of job ${asked.job}`,
      {},
      { ...voteOn(proposal), step: 'grants' },
    );
    const decision = await governance.decision({ proposal: proposal.id });
    if (decision.outcome !== 'adopted') throw votedDown(`Access of job ${asked.job}`, decision);
  }
}

const HOUR_MS = 3_600_000;
