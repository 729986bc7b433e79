import { CancellationScope, log } from '@temporalio/workflow';

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
  async run(tell: (headline: string) => void): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      for (let entry = this.entries.pop(); entry; entry = this.entries.pop()) {
        tell(`Undoing: ${entry.what}`);
        try {
          await entry.undo();
        } catch (error) {
          log.error(`Could not undo: ${entry.what}`, { error });
          tell(`Could not undo: ${entry.what}`);
        }
      }
    });
  }
}

/**
 * Runs the steps of a workflow; when they fail or are cancelled, undoes what they registered and passes the failure on.
 */
export async function undoingOnFailure<T>(
  tell: (headline: string) => void,
  steps: (undo: Compensations) => Promise<T>,
): Promise<T> {
  const undo = new Compensations();
  try {
    return await steps(undo);
  } catch (error) {
    await undo.run(tell);
    throw error;
  }
}
