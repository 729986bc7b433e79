import { decodeStrictly } from './cbor.js';
import { EnvelopeError, malformed } from './errors.js';
import { array, blobs, bytes, map, nat64, optionalBytes, text, type Fields } from './fields.js';

export type RequestType = 'call' | 'query' | 'read_state';

export interface RequestContent {
  request_type: RequestType;
  sender: Uint8Array;
  /** Nanoseconds since the epoch. */
  ingress_expiry: bigint;
  canister_id?: Uint8Array;
  method_name?: string;
  arg?: Uint8Array;
  nonce?: Uint8Array;
  paths?: Uint8Array[][];
}

export interface SignedDelegation {
  pubkey: Uint8Array;
  /** Nanoseconds since the epoch. */
  expiration: bigint;
  targets?: Uint8Array[];
  permissions?: string;
  /** The map as it came, which is what was signed. */
  fields: Fields;
  signature: Uint8Array;
}

export interface SenderInfo {
  info: Uint8Array;
  signer: Uint8Array;
  sig: Uint8Array;
}

/** A request with its authentication, well formed but not verified. */
export interface Envelope {
  content: RequestContent;
  /** The content as it came, with fields unknown to this host, which are hashed too. */
  fields: Fields;
  senderInfo?: SenderInfo;
  senderPubkey?: Uint8Array;
  senderSig?: Uint8Array;
  delegations: SignedDelegation[];
}

/** More than a chain may have, so that a chain which is too long is told as such. */
const MAX_DELEGATIONS = 1000;
const MAX_TARGETS = 1000;
const MAX_PATHS = 1000;
const MAX_LABELS = 127;
const MAX_NONCE = 32;
const MAX_PRINCIPAL = 29;

/**
 * Reads an envelope (IC spec: Authentication, Request encoding).
 *
 * @param body  CBOR with or without tag 55799
 * @throws EnvelopeError `malformed`
 */
export function decodeEnvelope(body: Uint8Array): Envelope {
  const envelope = map(decoded(body), 'the envelope');
  const fields = map(envelope.get('content'), 'content');
  const chain = envelope.get('sender_delegation');
  return {
    content: readContent(fields),
    fields,
    senderInfo: readSenderInfo(fields.get('sender_info')),
    senderPubkey: optionalBytes(envelope, 'sender_pubkey'),
    senderSig: optionalBytes(envelope, 'sender_sig'),
    delegations: chain === undefined ? [] : array(chain, 'sender_delegation', MAX_DELEGATIONS).map(readDelegation),
  };
}

function decoded(body: Uint8Array): unknown {
  try {
    return decodeStrictly(body);
  } catch (cause) {
    if (cause instanceof EnvelopeError) throw cause;
    throw malformed(`the body is no valid CBOR (${(cause as Error).message}).`);
  }
}

function readContent(fields: Fields): RequestContent {
  const type = text(fields, 'request_type');
  const common = {
    sender: bytes(fields, 'sender', MAX_PRINCIPAL),
    ingress_expiry: nat64(fields, 'ingress_expiry'),
    nonce: optionalBytes(fields, 'nonce', MAX_NONCE),
  };
  if (type === 'read_state') {
    const paths = array(fields.get('paths'), 'paths', MAX_PATHS).map((path) => blobs(path, 'a path', MAX_LABELS));
    return { request_type: type, ...common, paths };
  }
  if (type !== 'call' && type !== 'query')
    throw malformed(`the request type ${JSON.stringify(type.slice(0, 40))} is unknown.`);
  return {
    request_type: type,
    ...common,
    canister_id: bytes(fields, 'canister_id', MAX_PRINCIPAL),
    method_name: text(fields, 'method_name'),
    arg: bytes(fields, 'arg'),
  };
}

function readSenderInfo(value: unknown): SenderInfo | undefined {
  if (value === undefined) return undefined;
  const fields = map(value, 'sender_info');
  return { info: bytes(fields, 'info'), signer: bytes(fields, 'signer', MAX_PRINCIPAL), sig: bytes(fields, 'sig') };
}

function readDelegation(value: unknown): SignedDelegation {
  const signed = map(value, 'a delegation');
  const fields = map(signed.get('delegation'), 'delegation');
  const targets = fields.get('targets');
  return {
    pubkey: bytes(fields, 'pubkey'),
    expiration: nat64(fields, 'expiration'),
    targets: targets === undefined ? undefined : blobs(targets, 'targets', MAX_TARGETS),
    permissions: fields.has('permissions') ? text(fields, 'permissions') : undefined,
    fields,
    signature: bytes(signed, 'signature'),
  };
}
