import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { PodError } from '../errors.js';
import { readIfThere, removeIfThere, writeAtomically } from '../state/disk.js';

/** Where a pod answers, and the word that it answers to. */
export interface Access {
  address: string;
  token: string;
}

/** The file that says so to programs of the pod's owner: nobody else may read it. */
export const accessFile = (stateFolder: string): string => join(stateFolder, 'api.json');

/** A new one at every start: a word that a program of yesterday still has, or another pod's, opens nothing. */
export const newToken = (): string => randomBytes(32).toString('hex');

/** @returns takes the file away again */
export function handOut(stateFolder: string, access: Access): () => void {
  const path = accessFile(stateFolder);
  writeAtomically(path, `${JSON.stringify(access)}\n`, 0o600);
  return () => removeIfThere(path);
}

/** What the pod that runs in a folder has handed out. @throws PodError `notRunning` */
export function accessIn(stateFolder: string): Access {
  try {
    const { address, token } = JSON.parse(String(readIfThere(accessFile(stateFolder)))) as Partial<Access>;
    if (typeof address === 'string' && typeof token === 'string') return { address, token };
  } catch {
    // told below
  }
  throw notRunning(stateFolder);
}

export const notRunning = (stateFolder: string, cause?: unknown): PodError =>
  new PodError('notRunning', { state: stateFolder }, `No pod runs with the state in ${stateFolder}; start it.`, {
    cause,
  });

/**
 * Refuses who does not know the word: another user's program on this device, or a page that found a way around the
 * rest.
 *
 * @throws PodError `noToken`
 */
export function knowsToken({ headers }: IncomingMessage, token: string): void {
  const given = Buffer.from(/^Bearer ([0-9a-f]+)$/i.exec(headers.authorization ?? '')?.[1] ?? '');
  const wanted = Buffer.from(token);
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return;
  throw new PodError(
    'noToken',
    {},
    headers.authorization === undefined
      ? 'The request has no token: it wants the header "authorization: Bearer …".'
      : 'The token is not the one of this start of the pod.',
  );
}
