import { ActivityFailure, CancellationScope, TimeoutFailure } from '@temporalio/workflow';
import { undoingOnFailure } from './compensations.js';
import { checked, integer, record, type Guarded } from './guards.js';
import { narrate, short } from './narration.js';
import { training } from './ports.js';

const input = record({ job: integer(0, Number.MAX_SAFE_INTEGER) });
export type TrainingJobInput = Guarded<typeof input>;

/** How many hosts may try one job, each when the one before it went silent. */
const HOSTS = 3;

/**
 * One job on one of the provider's hosts: fetch, train, sign, upload, wipe. Keys, records and weights stay on that
 * host.
 */
export async function trainingJob(request: TrainingJobInput): Promise<{ checkpoint: string }> {
  const { job } = checked('trainingJob', input, request);
  const tell = narrate('job', { job });

  return undoingOnFailure(tell, async (undo) => {
    undo.add(`job ${job}: tell the access canister that it ends`, () =>
      training().giveUp({ job, reason: 'the provider could not finish the job' }),
    );
    for (let attempt = 1; ; attempt++) {
      try {
        return await session(attempt);
      } catch (error) {
        if (attempt === HOSTS || !hostIsSilent(error)) throw error;
        tell('The host went silent; another one takes the job');
      }
    }
  });

  async function session(attempt: number): Promise<{ checkpoint: string }> {
    const { host, checkpoint: submitted } = await training().open({ job });
    if (submitted !== null) return { checkpoint: submitted };
    const here = training(host);
    try {
      tell('Fetching the encrypted chunks', { host, attempt });
      const fetched = await here.fetch({ job });

      tell(`Releasing keys and training on ${fetched.datasets} datasets`, {
        megabytes: (fetched.bytes / 1e6).toFixed(1),
      });
      const trained = await here.train({ job });

      tell('Signing the checkpoint and uploading it', { epochs: trained.epochs, ...trained.metrics });
      const { checkpoint } = await here.publish({ job });

      tell(`Checkpoint ${short(checkpoint)} is submitted`, { checkpoint: short(checkpoint) });
      await CancellationScope.nonCancellable(() => here.wipe({ job }));
      return { checkpoint };
    } catch (error) {
      if (!hostIsSilent(error)) await CancellationScope.nonCancellable(() => here.wipe({ job }));
      throw error;
    }
  }
}

const hostIsSilent = (error: unknown): boolean =>
  error instanceof ActivityFailure &&
  error.cause instanceof TimeoutFailure &&
  error.cause.timeoutType === 'SCHEDULE_TO_START';
