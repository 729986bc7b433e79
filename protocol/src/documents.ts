import { ed25519 } from '@noble/curves/ed25519';
import { concat, hex, lengthPrefixed, unhex, utf8 } from './bytes.js';
import { parseCanonical } from './canonical.js';
import { ProtocolError } from './errors.js';
import { sha256 } from './hashes.js';
import { MAX_TYPE_BYTES } from './limits.js';
import { DER_PREFIX } from './principals.js';

const TYPE = /^livepod\.[a-z]+\/v[0-9]+$/;

/**
 * What is hashed and signed for a document: its type, length-prefixed, as domain separator, then its canonical bytes.
 * No signature of one type of document can be taken for one of another.
 *
 * @throws ProtocolError `notCanonical`, or `invalidDocument` when the document does not name its type
 */
export function signingBytes(document: Uint8Array): Uint8Array {
  const type = (parseCanonical(document) as { type?: unknown } | null)?.type;
  if (typeof type !== 'string' || type.length > MAX_TYPE_BYTES || !TYPE.test(type)) {
    throw new ProtocolError(
      'invalidDocument',
      { type },
      'The document has no "type" such as livepod.dataset/v1; name it.',
    );
  }
  return concat(lengthPrefixed(utf8(type)), document);
}

/** `sha256:<hex>` over {@link signingBytes}. */
export const documentId = (document: Uint8Array): string => `sha256:${hex(sha256(signingBytes(document)))}`;

/** Ed25519 (RFC 8032) over {@link signingBytes}; `seed` is the 32-byte private key. Returns 64 bytes. */
export const signDocument = (document: Uint8Array, seed: Uint8Array): Uint8Array =>
  ed25519.sign(signingBytes(document), seed);

/** @throws ProtocolError `wrongSignature` unless the signature is that key's over this document */
export function verifyDocument(document: Uint8Array, signature: Uint8Array, publicKey: string): void {
  let valid = false;
  try {
    // zip215: false is RFC 8032's strict check, the one that ed25519-dalek's verify_strict makes in the canisters.
    valid = ed25519.verify(signature, signingBytes(document), publicKeyOf(publicKey), { zip215: false });
  } catch (cause) {
    if (cause instanceof ProtocolError && cause.code !== 'wrongSignature') throw cause;
  }
  if (!valid) {
    throw new ProtocolError(
      'wrongSignature',
      { publicKey },
      `The signature is not one of key ${publicKey.slice(24, 40)}… over this document; sign the canonical ` +
        'bytes with the key the document names.',
    );
  }
}

/** The 32-byte Ed25519 key inside the hexadecimal SubjectPublicKeyInfo. @throws ProtocolError `wrongSignature` */
export function publicKeyOf(derHex: string): Uint8Array {
  const der = unhex(derHex);
  if (der.length !== 44 || hex(der.subarray(0, 12)) !== hex(DER_PREFIX)) {
    throw new ProtocolError(
      'wrongSignature',
      { derHex },
      'The public key is not an Ed25519 SubjectPublicKeyInfo (RFC 8410) of 44 bytes.',
    );
  }
  return der.subarray(12);
}
