import { IcError } from '../errors.js';

const WORDS: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'its quota is used up',
  EROFS: 'it is on a read-only disk',
  EACCES: 'it may not be written to',
  EPERM: 'it may not be written to',
};

/** An error for what the system said when the state could not be written; undefined when it said something else. */
export function unwritable(folder: string, failure: unknown): IcError | undefined {
  const { code } = failure as NodeJS.ErrnoException;
  const words = code === undefined ? undefined : WORDS[code];
  if (words === undefined) return undefined;
  return new IcError(
    'stateUnwritable',
    { folder, code },
    `The state in ${folder} cannot be written: ${words} (${code}). Nothing that was answered is lost; make ` +
      'room or make it writable, then try again.',
    { cause: failure },
  );
}
