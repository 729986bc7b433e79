import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { encode } from 'cborg';
import { createPrivateKey, createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto';
import { selfAuthenticating } from '@livepod/ic/certificates';
import { representationIndependentHash, selfDescribed } from '@livepod/ic/envelopes';

/** `update` increments a counter, `query` reads it, `chunk` uploads 1 MiB to the chunk store. */
export type Kind = 'update' | 'query' | 'chunk';

export interface Asked {
  /** Of an Ed25519 key, 32 bytes in hexadecimal. */
  seed: string;
  canister: string;
  kind: Kind;
}

const CHUNK = 1 << 20;
const NEARLY_FIVE_MINUTES = 290_000_000_000n;
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** The candid of `()`. */
const NOTHING = Buffer.from('4449444c0000', 'hex');

/** A signed request; no two are alike. */
export function bodyOf({ seed, canister, kind }: Asked): { body: Uint8Array; id: Uint8Array } {
  const { key, der } = signers.get(seed) ?? signerOf(seed);
  const target = Principal.fromText(canister);
  const content = {
    request_type: kind === 'query' ? 'query' : 'call',
    sender: selfAuthenticating(der),
    ingress_expiry: BigInt(Date.now()) * 1_000_000n + NEARLY_FIVE_MINUTES,
    nonce: new Uint8Array(randomBytes(16)),
    canister_id: kind === 'chunk' ? new Uint8Array() : target.toUint8Array(),
    method_name: { update: 'increment', query: 'counter', chunk: 'upload_chunk' }[kind],
    arg: kind === 'chunk' ? chunkOf(target) : NOTHING,
  };
  const id = representationIndependentHash(content);
  const signature = new Uint8Array(sign(null, Buffer.concat([Buffer.from('\x0aic-request'), id]), key));
  return { body: selfDescribed(encode({ content, sender_pubkey: der, sender_sig: signature })), id };
}

const signers = new Map<string, { key: KeyObject; der: Uint8Array }>();

function signerOf(seed: string): { key: KeyObject; der: Uint8Array } {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, Buffer.from(seed, 'hex')]), format: 'der', type: 'pkcs8' });
  const made = { key, der: new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' })) };
  signers.set(seed, made);
  return made;
}

function chunkOf(canister: Principal): Uint8Array {
  return new Uint8Array(
    IDL.encode(
      [IDL.Record({ canister_id: IDL.Principal, chunk: IDL.Vec(IDL.Nat8) })],
      [{ canister_id: canister, chunk: new Uint8Array(randomBytes(CHUNK)) }],
    ),
  );
}
