import { accessIn, notRunning } from '../api/access.js';
import { PodError } from '../errors.js';
import type { Asked } from './commands.js';
import { needed } from './options.js';

/** A pod on the same device answers by then, milliseconds. */
const PATIENCE_MS = 10_000;

/**
 * What the pod that runs in a folder says of itself, asked with the token that it has handed out there.
 *
 * @throws PodError `invalidArguments` · `notRunning`
 */
export async function status(values: Asked['values']): Promise<unknown> {
  const folder = needed(values, 'state');
  const { address, token } = accessIn(folder);
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${address}/status`, { headers, signal: AbortSignal.timeout(PATIENCE_MS) }).catch(
    (cause: unknown) => {
      throw notRunning(folder, cause); // one that was killed leaves the file
    },
  );
  if (response.ok) return response.json();
  throw new PodError('notRunning', { status: response.status }, `Something else answers at ${address} by now.`);
}
