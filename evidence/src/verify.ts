/** Verification of a file of evidence: no network, no canister client, nothing trusted but a root key. */
import { IC_ROOT_KEY } from '@dfinity/agent';
import { canonicalJson, utf8 } from '@livepod/protocol';
import { drawUp, type Account } from './account/index.js';
import { FileSource } from './account/source.js';
import { Certificates } from './certificates.js';
import { claimsOf } from './claims.js';
import { refuse } from './errors.js';
import { LOGS, readBasis, type Basis, type Json, type JsonObject, type LogName } from './format.js';
import { certifyLogs, followLogs } from './logs.js';
import { placeIn } from './places.js';

export { EvidenceError, type EvidenceErrorCode } from './errors.js';
export type { Account } from './account/index.js';
export { IC_ROOT_KEY };

export interface Verification {
  round: string;
  outcome: Account['outcome'];
  canisters: Record<LogName, string>;
  /** When the earliest of the certificates was made, nanoseconds since 1970. */
  certifiedAt: string;
  claims: string[];
  account: Account;
}

export interface VerifyOptions {
  /** Hex of the root key's 133 bytes of DER. Default: the real Internet Computer's. */
  rootKey?: string;
  /** Canisters that must be the ones in the file, by name. */
  canisters?: Partial<Record<LogName, string>>;
  tell?: (what: string) => void;
}

/**
 * Checks everything that a file of type livepod.evidence/v1 says.
 *
 * @throws EvidenceError naming the first place that does not hold
 */
export const verify = async (bytes: Uint8Array, options: VerifyOptions = {}): Promise<Verification> =>
  (await readVerified(bytes, options)).verification;

/** The same, with what the file is made from. */
export async function readVerified(
  bytes: Uint8Array,
  options: VerifyOptions,
): Promise<{ basis: Basis; verification: Verification }> {
  const tell = options.tell ?? (() => {});
  tell('reading');
  const file = readCanonically(bytes);
  const basis = readBasis(file);
  const rootKey = options.rootKey ?? IC_ROOT_KEY;
  if (basis.rootKey !== rootKey) {
    refuse(
      'wrongRootKey',
      'rootKey',
      `the file was made under the root key …${basis.rootKey.slice(-16)}, and …${rootKey.slice(-16)} is ` +
        'trusted; name the key you trust with --root-key',
    );
  }
  for (const name of LOGS) {
    const expected = options.canisters?.[name];
    if (expected && expected !== basis.canisters[name].id)
      refuse('contradiction', `canisters.${name}.id`, `the ${name} canister you trust is ${expected}`);
  }
  // Signatures of the network last: what was changed is found, and named, before the first is computed.
  tell('what happened');
  const source = new FileSource(basis.documents);
  const { logs, roots } = await followLogs(basis.canisters);
  const account = await drawUp({ round: basis.round, logs, source });
  source.nothingElse();
  same(file, asFile(basis, account), '');
  const from = await certifyLogs(basis.canisters, roots, new Certificates(rootKey), (name) =>
    tell(`certificates of ${name}`),
  );
  const verification = {
    round: basis.round,
    outcome: account.outcome,
    canisters: Object.fromEntries(LOGS.map((name) => [name, basis.canisters[name].id])) as Record<LogName, string>,
    certifiedAt: String(from),
    claims: claimsOf(basis, account, from),
    account,
  };
  return { basis, verification };
}

/** The whole file: what it is read from, and the account that follows. */
export function asFile(basis: Basis, account: Account): JsonObject {
  const { type, round, rootKey, canisters, documents } = basis;
  return JSON.parse(JSON.stringify({ type, round, rootKey, canisters, documents, ...account })) as JsonObject;
}

function readCanonically(bytes: Uint8Array): Json {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const broken = firstDifference(bytes, utf8(text));
  if (broken >= 0) return notCanonical(text, bytes, broken, 'it is not UTF-8');
  let value: Json;
  let written: Uint8Array;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return notCanonical(text, bytes, bytes.length, 'it is not JSON');
  }
  try {
    written = canonicalJson(value);
  } catch (cause) {
    const { place } = (cause as { details?: { place?: string } }).details ?? {};
    return refuse(
      'notCanonical',
      String(place ?? '$').replace(/^\$\.?/, '') || '$',
      'it has no canonical form (RFC 8785)',
      cause,
    );
  }
  const at = firstDifference(bytes, written);
  return at >= 0 ? notCanonical(text, bytes, at, 'it is not written canonically') : value;
}

function notCanonical(text: string, bytes: Uint8Array, at: number, what: string): never {
  const { path, offset } = placeIn(text, new TextDecoder().decode(bytes.subarray(0, at)).length);
  return refuse(
    'notCanonical',
    path,
    `${what}, at byte ${utf8(text.slice(0, offset)).length}; a file of evidence is canonical JSON (RFC 8785)`,
  );
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) if (a[at] !== b[at]) return at;
  return a.length === b.length ? -1 : length;
}

/** Refuses the first place where a file says something else than what follows from its logs. */
function same(found: Json | undefined, expected: Json | undefined, path: string): void {
  const place = path || '$';
  if (Array.isArray(found) && Array.isArray(expected)) {
    for (let index = 0; index < Math.max(found.length, expected.length); index += 1) {
      if (index >= found.length) refuse('missing', `${path}[${index}]`, 'it is missing: the logs tell of one more');
      if (index >= expected.length) refuse('differs', `${path}[${index}]`, 'the logs tell of no such thing');
      same(found[index], expected[index], `${path}[${index}]`);
    }
  } else if (isObject(found) && isObject(expected)) {
    for (const name of new Set([...Object.keys(expected), ...Object.keys(found)])) {
      const inner = path ? `${path}.${name}` : name;
      if (!(name in found)) refuse('missing', inner, 'it is missing');
      if (!(name in expected)) refuse('differs', inner, 'there is no such field');
      same(found[name], expected[name], inner);
    }
  } else if (found !== expected) {
    refuse('differs', place, `it says ${JSON.stringify(found)}, and the logs say ${JSON.stringify(expected)}`);
  }
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
