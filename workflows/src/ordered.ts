import { ApplicationFailure } from '@temporalio/workflow';
import type { DatasetTerms, JobTerms, JobView, RequestedAccess } from '@livepod/activities/ports';

/** What a round asked for, and the answer that its provider gave. */
export interface Order {
  asked: RequestedAccess;
  /** The name of the provider, under which voters approved it. */
  provider: string;
  clientRef: string;
  recipe: string;
  arguments: Record<string, number | string>;
  seed: number;
  base: string | null;
  datasets: DatasetTerms[];
  /** e8s */
  reward: string;
  /** Whom the approval has to name, where it names anybody. */
  payer?: string;
  /** The latest end of its grants, in milliseconds since 1970. */
  until: number;
}

type Field = [name: string, ordered: unknown, given: unknown];

/**
 * Compares a job with what was ordered, before it is paid: a provider, or a step of ours, may have put another one in
 * its place.
 *
 * @throws ApplicationFailure `NotAsOrdered` (never retried) that names the first field which differs
 */
export function asOrdered(order: Order, job: JobTerms): void {
  const { asked, datasets } = order;
  const fees = datasets.reduce((sum, { fee }) => sum + BigInt(fee), 0n).toString();
  refuseOther(asked.job, [
    ['job', asked.job, job.job],
    ['digest', asked.approvalDigest, job.approvalDigest],
    ['provider', order.provider, job.providerName],
    ['reference', order.clientRef, job.clientRef],
    ['recipe', order.recipe, job.recipe],
    ['arguments', inOrder({ ...job.defaults, ...order.arguments }), inOrder(job.arguments)],
    ['seed', order.seed, job.seed],
    ['base', order.base, job.base],
    ['datasets', keysOf(datasets), keysOf(job.datasets)],
    ['fees', fees, job.fees],
    ['reward', order.reward, job.reward],
    ['payer', order.payer ?? null, order.payer === undefined ? null : (job.payer ?? null)],
    ['deadline', true, Date.parse(job.deadline) <= order.until || job.deadline],
  ]);
}

/** The same job as the one that was paid. @throws ApplicationFailure `NotAsOrdered` */
export function stillAsOrdered(paid: JobView, now: JobView): void {
  refuseOther(paid.job, [
    ['job', paid.job, now.job],
    ['digest', paid.approvalDigest, now.approvalDigest],
    ['provider', paid.provider, now.provider],
  ]);
}

/** What a provider says that it submitted is what its job has. @throws ApplicationFailure `NotAsOrdered` */
export function isOfJob(job: JobView, checkpoint: string): void {
  refuseOther(job.job, [['checkpoint', job.checkpoint, checkpoint]]);
}

function refuseOther(job: number, fields: Field[]): void {
  for (const [field, ordered, given] of fields) {
    if (JSON.stringify(ordered) === JSON.stringify(given)) continue;
    throw ApplicationFailure.nonRetryable(
      `Job ${job} is not what was ordered: its ${field} differs (${shown(given)} instead of ${shown(ordered)}). ` +
        'Nothing more is paid for it; start the round with another provider, or under another name.',
      'NotAsOrdered',
      { job, field },
    );
  }
}

const keysOf = (datasets: { id: string; epoch: number }[]): string[] =>
  datasets.map(({ id, epoch }) => `${id} ${epoch}`).sort();

const inOrder = (given: Record<string, number | string>): [string, number | string][] =>
  Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1));

/** A list of datasets may be long. */
const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
};
