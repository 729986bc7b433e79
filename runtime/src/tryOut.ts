import { ModelProcess } from './process/index.js';
import type { Runnable } from './runnable.js';

/**
 * Runs a model on its own self-test, in the same process that evaluators and pods run it in: what a provider does
 * before it puts its name to a checkpoint.
 *
 * @throws RuntimeError `modelRefused` · `modelDoesNotLoad` · `selfTestDiffers`, and how its process ended
 */
export async function tryOut(model: Uint8Array, selfTest: Uint8Array, runnable: Runnable): Promise<void> {
  const process = await ModelProcess.start();
  try {
    await process.load(model, runnable);
    await process.selfTest(selfTest);
  } finally {
    await process.close();
  }
}
