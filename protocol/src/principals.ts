import { Principal } from '@dfinity/principal';
import { sha224 } from '@noble/hashes/sha2';
import { concat, unhex } from './bytes.js';
import { ProtocolError } from './errors.js';

/** RFC 8410: SubjectPublicKeyInfo of an Ed25519 key, before its 32 bytes. */
export const DER_PREFIX = unhex('302a300506032b6570032100');

export const ed25519Der = (publicKey: Uint8Array): Uint8Array => concat(DER_PREFIX, publicKey);

/** IC interface specification, "Principals": the self-authenticating id of a public key, 29 bytes. */
export const principalOfDer = (der: Uint8Array): Uint8Array => concat(sha224(der), Uint8Array.of(2));

export const principalText = (bytes: Uint8Array): string => Principal.fromUint8Array(bytes).toText();

/** Whether a value is the text of a principal in the one way that it is written. */
export function isPrincipal(value: unknown): value is string {
  try {
    const text = value as string;
    return text.length <= 63 && Principal.fromText(text).toText() === text;
  } catch {
    return false;
  }
}

/** @throws ProtocolError `invalidPrincipal` */
export function principalBytes(text: string): Uint8Array {
  try {
    return Principal.fromText(text).toUint8Array();
  } catch (cause) {
    throw new ProtocolError(
      'invalidPrincipal',
      { text: text.slice(0, 80) },
      `"${text.slice(0, 80)}" is not a principal.`,
      { cause },
    );
  }
}
