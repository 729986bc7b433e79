import { Principal } from '@dfinity/principal';
import { CanisterError } from './errors.js';

const SELF_DESCRIBED = [0xd9, 0xd9, 0xf7];

/** The controllers as certified state has them: a self-described CBOR list of byte strings (IC spec: State tree). */
export function controllersIn(bytes: Uint8Array): string[] {
  let at = 0;
  const head = (major: number): number => {
    const byte = bytes[at++] ?? 0xff;
    const small = byte & 0x1f;
    if (byte >> 5 !== major || small > 24) throw odd(bytes);
    return small < 24 ? small : (bytes[at++] ?? 0);
  };
  if (SELF_DESCRIBED.some((byte, index) => bytes[index] !== byte)) throw odd(bytes);
  at = SELF_DESCRIBED.length;
  const found: string[] = [];
  for (let left = head(4); left > 0; left -= 1) {
    const length = head(2);
    if (at + length > bytes.length) throw odd(bytes);
    found.push(Principal.fromUint8Array(bytes.slice(at, at + length)).toText());
    at += length;
  }
  if (at !== bytes.length) throw odd(bytes);
  return found;
}

const odd = (bytes: Uint8Array): CanisterError =>
  new CanisterError('untrusted', { bytes: bytes.length }, 'The list of controllers is not as the IC writes it.');
