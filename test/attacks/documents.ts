import { canonicalJson, signDocument } from '@livepod/protocol';
import type { Role } from '@livepod/workers/testing';
import type { Ground } from './ground.js';

type Fields = Record<string, unknown>;

/** A document with some of it altered, signed by one of the cast. */
export function forged(
  ground: Ground,
  document: Uint8Array,
  alter: (fields: Fields) => void,
  signer: Role,
): { document: Uint8Array; signature: Uint8Array } {
  const fields = JSON.parse(new TextDecoder().decode(document)) as Fields;
  alter(fields);
  const altered = canonicalJson(fields as never);
  return { document: altered, signature: signDocument(altered, ground.rig.chain.seed(signer)) };
}
