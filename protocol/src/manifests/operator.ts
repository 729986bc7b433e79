import { ed25519 } from '@noble/curves/ed25519';
import { hex, unhex } from '../bytes.js';
import { canonicalJson } from '../canonical.js';
import { signDocument, verifyDocument } from '../documents.js';
import { ProtocolError } from '../errors.js';
import { MAX_OPERATOR_TOKEN_SECONDS } from '../limits.js';
import { OPERATOR_ACTIONS, type OperatorAction } from '../operations.js';
import { ed25519Der, principalOfDer, principalText } from '../principals.js';
import {
  hexOf,
  list,
  literal,
  nanoseconds,
  object,
  oneOf,
  parser,
  principal,
  text,
  versions,
  wrong,
  type Of,
} from './shape.js';

const SECOND = 1_000_000_000n;

/** The first version: for every release or job, as often as one likes. Read for what was recorded; allows nothing. */
const first = object({
  type: literal('livepod.operator/v1'),
  operator: principal,
  publicKey: hexOf(44),
  actions: list(oneOf(...OPERATOR_ACTIONS), OPERATOR_ACTIONS.length, 1),
  workflow: text(200, /^(\*|[!-~]{1,200})$/, 'a workflow id, or * for every workflow'),
  audience: principal,
  notBefore: nanoseconds,
  expires: nanoseconds,
  nonce: hexOf(16),
});

const second = object({
  type: literal('livepod.operator/v2'),
  operator: principal,
  publicKey: hexOf(44),
  action: oneOf(...OPERATOR_ACTIONS),
  workflow: text(200, /^(?!\*$)[!-~]{1,200}$/, 'the id of one workflow'),
  object: text(30, /^(workflow|(release|job)\/(0|[1-9][0-9]{0,15}))$/, 'workflow, release/<number> or job/<number>'),
  state: text(100, /^[!-~]{1,100}$/, 'the state it may be used in, such as rolling/1/0'),
  audience: principal,
  notBefore: nanoseconds,
  expires: nanoseconds,
  nonce: hexOf(16),
});

/**
 * One thing that a person lets be done, once, to one release, job or workflow in one state; signed by that person.
 * `workflow` carries it out; `object` is what changes, and `state` where that has to stand (`releaseState`,
 * `jobState`; a workflow's own is on its page). `audience` is the fleet canister, whose list of operators counts.
 */
export type OperatorDocument = Of<typeof second>;
export type OperatorDocumentV1 = Of<typeof first>;

const read = parser(versions({ 'livepod.operator/v1': first, 'livepod.operator/v2': second }), 'operator');

/**
 * @throws ProtocolError `notCanonical` · `invalidManifest` (operator = its key's principal; not longer than
 *   {@link MAX_OPERATOR_TOKEN_SECONDS}; in v1 actions in alphabetical order, none twice)
 */
export function parseOperator(bytes: Uint8Array): OperatorDocument | OperatorDocumentV1 {
  const document = read(bytes);
  if (document.type === 'livepod.operator/v1')
    document.actions.forEach((action, index) => {
      if (document.actions[index - 1]! >= action)
        wrong(`operator.actions[${index}]`, 'in alphabetical order, each action once');
    });
  if (principalText(principalOfDer(unhex(document.publicKey))) !== document.operator)
    wrong('operator.operator', 'the principal of publicKey');
  const lasts = BigInt(document.expires) - BigInt(document.notBefore);
  if (lasts <= 0n) wrong('operator.expires', 'later than notBefore');
  if (document.type === 'livepod.operator/v2' && lasts > BigInt(MAX_OPERATOR_TOKEN_SECONDS) * SECOND)
    wrong('operator.expires', `at most ${MAX_OPERATOR_TOKEN_SECONDS} seconds after notBefore`);
  return document;
}

/** Where a release stands, as a token names it: its state, its wave, and how often a person has paused it. */
export const releaseState = (state: string, wave: number, pauses: number): string => `${state}/${wave}/${pauses}`;

/** Where a job stands: its state, and its deadline in nanoseconds since 1970. */
export const jobState = (state: string, deadline: bigint): string => `${state}/${deadline}`;

/** What somebody wants to do by a token. */
export interface Asked {
  action: OperatorAction;
  workflow: string;
  object: string;
  state: string;
}

/** Why a token does not allow this, as half a sentence; undefined where it does. Neither time nor signer matters. */
export function whyNotAllowed(said: OperatorDocument | OperatorDocumentV1, asked: Asked): string | undefined {
  if (said.type === 'livepod.operator/v1') return 'it is of the first version, which names no release or job';
  if (said.action !== asked.action) return `it allows ${said.action}`;
  if (said.workflow !== asked.workflow) return `it is for workflow ${said.workflow}`;
  if (said.object !== asked.object) return `it is for ${said.object}, and this is about ${asked.object}`;
  if (said.state !== asked.state) return `it is for ${said.object} in ${said.state}, and that is in ${asked.state} now`;
  return undefined;
}

/** A document with its signature. As text: base64url of the canonical bytes, a dot, base64url of the signature. */
export interface OperatorToken {
  document: Uint8Array;
  signature: Uint8Array;
}

export const operatorTokenText = ({ document, signature }: OperatorToken): string =>
  `${base64url(document)}.${base64url(signature)}`;

/** The parts of a token's text; nothing is verified. @throws ProtocolError `invalidToken` */
export function operatorTokenOf(token: string): OperatorToken {
  const [document, signature, ...more] = token.split('.').map(fromBase64url);
  if (!document || !signature || more.length > 0 || signature.length !== 64 || document.length > 2000)
    throw notAToken();
  return { document, signature };
}

/**
 * Reads a token and verifies its signature. Whether its signer is an operator, and whether it has expired, is for the
 * caller to ask.
 *
 * @throws ProtocolError `invalidToken` · `notCanonical` · `invalidManifest` · `wrongSignature`
 */
export function readOperatorToken(token: string): OperatorToken & { operator: OperatorDocument | OperatorDocumentV1 } {
  const parts = operatorTokenOf(token);
  const operator = parseOperator(parts.document);
  verifyDocument(parts.document, parts.signature, operator.publicKey);
  return { ...parts, operator };
}

/**
 * Signs a token with a 32-byte Ed25519 seed. Times in nanoseconds since 1970.
 *
 * @throws ProtocolError `invalidManifest` when nobody would take it
 */
export function signOperatorToken(
  seed: Uint8Array,
  grant: Asked & { audience: string; notBefore: bigint; expires: bigint; nonce: Uint8Array },
): string {
  const der = ed25519Der(ed25519.getPublicKey(seed));
  const document = canonicalJson({
    type: 'livepod.operator/v2',
    operator: principalText(principalOfDer(der)),
    publicKey: hex(der),
    action: grant.action,
    workflow: grant.workflow,
    object: grant.object,
    state: grant.state,
    audience: grant.audience,
    notBefore: String(grant.notBefore),
    expires: String(grant.expires),
    nonce: hex(grant.nonce),
  });
  parseOperator(document);
  return operatorTokenText({ document, signature: signDocument(document, seed) });
}

const notAToken = (): ProtocolError =>
  new ProtocolError(
    'invalidToken',
    {},
    'The token is not one of an operator; make one with: livepod ops token --action … --workflow …, and give ' +
      'the whole line.',
  );

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** RFC 4648 §5, without padding; by hand, so that browsers and workers have it too. */
function base64url(bytes: Uint8Array): string {
  let digits = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [a, b = 0, c = 0] = bytes.subarray(at, at + 3) as unknown as [number, number?, number?];
    const group = (a << 16) | (b << 8) | c;
    const length = Math.min(3, bytes.length - at) + 1;
    for (let digit = 0; digit < length; digit++) digits += ALPHABET[(group >> (18 - 6 * digit)) & 63];
  }
  return digits;
}

function fromBase64url(digits: string): Uint8Array {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const digit of digits) {
    held = ((held << 6) | ALPHABET.indexOf(digit)) & 0xffff;
    bits += 6;
    if (bits >= 8) bytes.push((held >> (bits -= 8)) & 255);
  }
  const decoded = Uint8Array.from(bytes);
  // One text for each token: stray bits at the end would give it a second, other digits many.
  if (base64url(decoded) !== digits) throw notAToken();
  return decoded;
}
