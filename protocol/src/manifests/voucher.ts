import { ed25519 } from '@noble/curves/ed25519';
import { hex, unhex } from '../bytes.js';
import { canonicalJson } from '../canonical.js';
import { signDocument, verifyDocument } from '../documents.js';
import { MAX_VOUCHER_SECONDS } from '../limits.js';
import { ed25519Der, isPrincipal, principalOfDer, principalText } from '../principals.js';
import { operatorTokenOf, operatorTokenText, type OperatorToken } from './operator.js';
import { hexOf, integer, literal, nanoseconds, object, parser, principal, text, wrong, type Of } from './shape.js';

const voucher = object({
  type: literal('livepod.voucher/v1'),
  issuer: principal,
  publicKey: hexOf(44),
  audience: principal,
  channel: text(32),
  pod: text(63),
  pods: integer(1, 1_000),
  notBefore: nanoseconds,
  expires: nanoseconds,
  nonce: hexOf(16),
});

/**
 * What lets devices enrol in a fleet: an operator signs one for a number of devices (`pod` is "any"), or a manufacturer
 * for the one that it has made. `audience` is the fleet canister.
 */
export type Voucher = Of<typeof voucher>;

const read = parser(voucher, 'voucher');

/** @throws ProtocolError `notCanonical` · `invalidManifest` */
export function parseVoucher(bytes: Uint8Array): Voucher {
  const document = read(bytes);
  if (principalText(principalOfDer(unhex(document.publicKey))) !== document.issuer)
    wrong('voucher.issuer', 'the principal of publicKey');
  if (document.pod !== 'any' && !isPrincipal(document.pod)) wrong('voucher.pod', 'a principal, or "any"');
  const lasts = BigInt(document.expires) - BigInt(document.notBefore);
  if (lasts <= 0n || lasts > BigInt(MAX_VOUCHER_SECONDS) * 1_000_000_000n)
    wrong('voucher.expires', `up to ${MAX_VOUCHER_SECONDS} seconds after notBefore`);
  return document;
}

/**
 * Reads a voucher's text, which has the form of an operator's token, and verifies its signature.
 *
 * @throws ProtocolError `invalidToken` · `notCanonical` · `invalidManifest` · `wrongSignature`
 */
export function readVoucher(given: string): OperatorToken & { voucher: Voucher } {
  const parts = operatorTokenOf(given.trim());
  const document = parseVoucher(parts.document);
  verifyDocument(parts.document, parts.signature, document.publicKey);
  return { ...parts, voucher: document };
}

/** Signs a voucher with a 32-byte Ed25519 seed. Times in nanoseconds since 1970. @param grant.pod  unsaid: any */
export function signVoucher(
  seed: Uint8Array,
  grant: {
    audience: string;
    channel: string;
    pods: number;
    pod?: string;
    notBefore: bigint;
    expires: bigint;
    nonce: Uint8Array;
  },
): string {
  const der = ed25519Der(ed25519.getPublicKey(seed));
  const document = canonicalJson({
    type: 'livepod.voucher/v1',
    issuer: principalText(principalOfDer(der)),
    publicKey: hex(der),
    audience: grant.audience,
    channel: grant.channel,
    pod: grant.pod ?? 'any',
    pods: grant.pods,
    notBefore: String(grant.notBefore),
    expires: String(grant.expires),
    nonce: hex(grant.nonce),
  });
  parseVoucher(document);
  return operatorTokenText({ document, signature: signDocument(document, seed) });
}
