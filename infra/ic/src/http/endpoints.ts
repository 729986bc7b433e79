import { Principal } from '@dfinity/principal';
import { idOf, type Id } from '../subnet/principals.js';
import { HttpError } from './replies.js';

/** Those read last, since most requests are about the same few. */
const read = new Map<string, Id>();
const MOST_READ = 1000;

/** The principal in a request's path. @throws HttpError 400 */
export function principalIn(name: string): Id {
  const known = read.get(name);
  if (known !== undefined) return known;
  try {
    const id = idOf(Principal.fromText(name).toUint8Array());
    if (read.size >= MOST_READ) read.delete(read.keys().next().value!);
    read.set(name, id);
    return id;
  } catch {
    throw new HttpError(400, `${name} is no principal.`);
  }
}

/** Requests go to the canister that they are about, and `aaaaa-aa` is none that has a subnet. */
export const NOT_AN_ADDRESS =
  'aaaaa-aa cannot be the effective canister id of this request: name the canister that it is about.';
