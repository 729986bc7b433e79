import type { Ed25519KeyIdentity } from '@dfinity/identity';
import { ed25519 } from '@noble/curves/ed25519';
import { ed25519Der, hex, principalOfDer, principalText, signDocument } from '@livepod/protocol';

/** Signs documents as the principal that also makes the calls. */
export interface Signer {
  principal: string;
  /** The key as documents carry it: hex of the SubjectPublicKeyInfo. */
  publicKey: string;
  sign(document: Uint8Array): Uint8Array;
  /** The 32-byte private key, for deriving keys that only its holder can derive again. */
  seed(): Uint8Array;
}

/** From an identity, or from its 32-byte seed. */
export function signerOf(key: Ed25519KeyIdentity | Uint8Array): Signer {
  const seed = key instanceof Uint8Array ? key : new Uint8Array(key.getKeyPair().secretKey.slice(0, 32));
  const der = ed25519Der(ed25519.getPublicKey(seed));
  return {
    principal: principalText(principalOfDer(der)),
    publicKey: hex(der),
    sign: (document) => signDocument(document, seed),
    seed: () => seed,
  };
}
