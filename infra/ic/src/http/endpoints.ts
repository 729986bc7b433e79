import { Principal } from '@dfinity/principal';
import { idOf, type Id } from '../subnet/principals.js';
import { HttpError } from './replies.js';

/** The principal in a request's path. @throws HttpError 400 */
export function principalIn(name: string): Id {
  try {
    return idOf(Principal.fromText(name).toUint8Array());
  } catch {
    throw new HttpError(400, `${name} is no principal.`);
  }
}
