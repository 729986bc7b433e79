import { mustHoldSandbox, WITHOUT_SANDBOX } from '@livepod/activities';
import { WorkerError } from '../errors.js';

/**
 * Tries the sandbox, and takes on no work where it leaks. Without one a provider works by two words only: its own, in
 * LIVEPOD_WITHOUT_SANDBOX, and its registration's, whose class `open` says that nothing stands for it: licences name
 * the classes that they let have their data.
 *
 * @param word        of its environment
 * @param registered  its class; null while it is not registered
 * @param secrets     files that no recipe may read
 * @returns whether recipes run in a sandbox
 * @throws WorkerError `badConfiguration`; ActivityError `noSandbox` · `sandboxLeaks`
 */
export async function confined(
  word: string | undefined,
  registered: () => Promise<string | null>,
  secrets: string[],
): Promise<boolean> {
  if (word === undefined) {
    await mustHoldSandbox(secrets);
    return true;
  }
  if (word !== WITHOUT_SANDBOX)
    throw new WorkerError(
      'badConfiguration',
      { LIVEPOD_WITHOUT_SANDBOX: word },
      `LIVEPOD_WITHOUT_SANDBOX is "${word}"; to run recipes unconfined, it has to say "${WITHOUT_SANDBOX}".`,
    );
  const known = await registered();
  if (known === 'open') return false;
  throw new WorkerError(
    'badConfiguration',
    { class: known },
    'Without a sandbox only a provider of class open may work, so that licences can exclude it; register one ' +
      '(livepod provider register --class open), or leave LIVEPOD_WITHOUT_SANDBOX away.',
  );
}
