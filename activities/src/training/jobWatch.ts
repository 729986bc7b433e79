import { networkTime, type Access, type Clients } from '@livepod/client';
import { lookAtJob } from '../access/canister.js';
import { ActivityError } from '../errors.js';

const LOOK_EVERY_MS = 5_000;

/** Whether nothing can come of a job any more. */
export const isOver = ({ state }: Pick<Access.Job, 'state'>): boolean =>
  'failed' in state || 'refunded' in state || 'completed' in state;

/** Whether a job's deadline has passed, by the network's time, or by this host's where that cannot be asked. */
async function isLate(clients: Clients, deadline: bigint): Promise<boolean> {
  const now = await networkTime(clients).catch(() => Date.now());
  return BigInt(Math.floor(now)) * 1_000_000n > deadline;
}

/** @throws ActivityError `jobClosed` */
export async function mustHaveTime(clients: Clients, { id, deadline }: Access.Job): Promise<void> {
  if (await isLate(clients, deadline)) throw late(Number(id));
}

const late = (job: number): ActivityError =>
  new ActivityError('jobClosed', { job }, `Job ${job} is past its deadline; ask for a new one with more time.`);

/**
 * Looks at a job while this host works on it: work that nobody will take is stopped, whoever gave the job up and
 * however, and at its deadline, which may have been moved meanwhile.
 */
export class JobWatch {
  private readonly stopped = new AbortController();
  private readonly timer: NodeJS.Timeout;
  /** Why the work was stopped. */
  over: ActivityError | undefined;

  constructor(
    private readonly clients: Clients,
    private known: Access.Job,
  ) {
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
  }

  /** Aborts with the step's own cancellation, or when the job is over. */
  signal(own: AbortSignal | undefined): AbortSignal {
    return own ? AbortSignal.any([own, this.stopped.signal]) : this.stopped.signal;
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** Where the job cannot be read, what was read last holds. */
  private async look(): Promise<void> {
    const job = Number(this.known.id);
    // What ends the work is the subnet's to say, not one node's.
    const matters = (job: Access.Job): boolean => isOver(job) || job.deadline !== this.known.deadline;
    this.known = await lookAtJob(this.clients, job, matters).catch(() => this.known);
    if (isOver(this.known))
      return this.stop(
        new ActivityError(
          'jobClosed',
          { job, state: Object.keys(this.known.state)[0] },
          `Job ${job} was given up while it was being worked on; nothing of it is used.`,
        ),
      );
    if (await isLate(this.clients, this.known.deadline)) this.stop(late(job));
  }

  private stop(why: ActivityError): void {
    this.over ??= why;
    this.stopped.abort();
  }
}
