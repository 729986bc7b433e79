import type { Access, Clients } from '@livepod/client';
import { lookAtJob } from '../access/canister.js';
import { ActivityError } from '../errors.js';

const LOOK_EVERY_MS = 5_000;

/** Whether nothing can come of a job any more. */
export const isOver = ({ state }: Pick<Access.Job, 'state'>): boolean =>
  'failed' in state || 'refunded' in state || 'completed' in state;

/**
 * Looks at a job while this host works on it: work that nobody will take is stopped, whoever gave the job up and
 * however.
 */
export class JobWatch {
  private readonly stopped = new AbortController();
  private readonly timer: NodeJS.Timeout;
  /** Why the work was stopped. */
  over: ActivityError | undefined;

  constructor(clients: Clients, job: number) {
    const look = async (): Promise<void> => {
      const known = await lookAtJob(clients, job, isOver);
      if (!isOver(known)) return;
      this.over = new ActivityError(
        'jobClosed',
        { job, state: Object.keys(known.state)[0] },
        `Job ${job} was given up while it was being worked on; nothing of it is used.`,
      );
      this.stopped.abort();
    };
    // A look that fails is made again at the next time.
    this.timer = setInterval(() => void look().catch(() => {}), LOOK_EVERY_MS);
  }

  /** Aborts with the step's own cancellation, or when the job is over. */
  signal(own: AbortSignal | undefined): AbortSignal {
    return own ? AbortSignal.any([own, this.stopped.signal]) : this.stopped.signal;
  }

  close(): void {
    clearInterval(this.timer);
  }
}
