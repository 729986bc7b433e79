import { CancellationScope, isCancellation, log } from '@temporalio/workflow';
import { causeOf } from './failures.js';
import type { Tell } from './narration.js';

/**
 * What has to be undone when a workflow fails or is cancelled half-way. Each entry is made before the step it undoes,
 * because a step may have changed the world and still fail; so every entry must also be right when its step never
 * happened.
 */
export class Compensations {
  private readonly entries: { what: string; undo: () => Promise<unknown> }[] = [];

  add(what: string, undo: () => Promise<unknown>): void {
    this.entries.push({ what, undo });
  }

  /** What was begun has come to its good end. */
  clear(): void {
    this.entries.length = 0;
  }

  /**
   * Undoes everything, last first, even in a cancelled workflow. One that fails is logged and does not keep the others.
   */
  async run(tell: (headline: string) => void): Promise<string[]> {
    const left: string[] = [];
    await CancellationScope.nonCancellable(async () => {
      for (let entry = this.entries.pop(); entry; entry = this.entries.pop()) {
        tell(`Undoing: ${entry.what}`);
        try {
          await entry.undo();
        } catch (error) {
          log.error(`Could not undo: ${entry.what}`, { error });
          tell(`Could not undo: ${entry.what}`);
          left.push(entry.what);
        }
      }
    });
    return left;
  }

  get some(): boolean {
    return this.entries.length > 0;
  }
}

/**
 * Runs the steps of a workflow; when they fail or are cancelled, undoes what they registered and passes the failure on.
 */
export async function undoingOnFailure<T>(tell: Tell, steps: (undo: Compensations) => Promise<T>): Promise<T> {
  const undo = new Compensations();
  try {
    return await steps(undo);
  } catch (error) {
    // The page keeps why, whatever is undone after it and however long that takes.
    const cancelled = isCancellation(error);
    const why = cancelled ? 'it was cancelled' : causeOf(error).message;
    const begun = undo.some;
    tell(cancelled ? 'Cancelled' : `Failed: ${why}`, { 'failed because': why }, { state: 'undoing' });
    const left = await undo.run(tell);
    tell(ending(cancelled, why, begun, left), {}, { state: cancelled ? 'aborted' : 'failed', over: true });
    throw error;
  }
}

function ending(cancelled: boolean, why: string, begun: boolean, left: string[]): string {
  const undone = begun ? 'what was begun is undone' : 'nothing was begun';
  const rest = left.length === 0 ? undone : `could not undo: ${left.join('; ')}; treasuryWatch looks after it`;
  return cancelled ? `Cancelled; ${rest}` : `Failed: ${why.replace(/\.$/, '')}; ${rest}`;
}
