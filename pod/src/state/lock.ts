import { folderHolder, holdFolder } from '@livepod/client/node';
import { PodError } from '../errors.js';

/**
 * Holds a state folder for this process; two pods on one would take each other's slots away.
 *
 * @returns lets go of it
 * @throws PodError `stateInUse`
 */
export const lock = (folder: string): (() => void) =>
  holdFolder(
    folder,
    (pid) =>
      new PodError(
        'stateInUse',
        { folder, pid },
        `The state in ${folder} is in use by the pod with process id ${pid}; stop that one (kill ${pid}), or give ` +
          'this one another --state.',
      ),
  );

/** The process that holds a state folder, if one does. */
export const holderOf = folderHolder;
