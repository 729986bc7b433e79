import { createPublicKey, hash, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import { decodeStrictly } from './cbor.js';

/**
 * Verifies a WebAuthn signature (IC spec: Web Authentication): tagged CBOR `{authenticator_data, client_data_json,
 * signature}`, where the challenge of the client data is the message, and the authenticator signed `authenticator_data
 * · SHA-256(client_data_json)`.
 *
 * @param cose  the key: P-256, RSA (PKCS#1 v1.5, SHA-256) or Ed25519
 * @throws Error when key or signature is malformed
 */
export function verifyWebAuthn(cose: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const fields = decodeStrictly(signature);
  if (!(fields instanceof Map)) throw new Error('A WebAuthn signature is a CBOR map.');
  const clientData = fields.get('client_data_json');
  const json = typeof clientData === 'string' ? Buffer.from(clientData, 'utf8') : blob(clientData, 'client_data_json');
  const challenge = (JSON.parse(json.toString('utf8')) as { challenge?: unknown }).challenge;
  if (typeof challenge !== 'string' || challenge.replace(/=+$/, '') !== Buffer.from(message).toString('base64url'))
    return false;
  const { key, algorithm } = coseKey(cose);
  const signed = Buffer.concat([
    blob(fields.get('authenticator_data'), 'authenticator_data'),
    hash('sha256', json, 'buffer'),
  ]);
  return verify(algorithm, signed, key, blob(fields.get('signature'), 'signature'));
}

/** RFC 9053: key types and algorithms; the labels are those of RFC 9052 §7. */
function coseKey(cose: Uint8Array): { key: KeyObject; algorithm: 'sha256' | null } {
  const fields = decodeStrictly(cose);
  if (!(fields instanceof Map)) throw new Error('A COSE key is a CBOR map.');
  const part = (label: number): string => blob(fields.get(label), `label ${label}`).toString('base64url');
  const is = (type: number, algorithm: number): boolean => fields.get(1) === type && fields.get(3) === algorithm;
  if (is(2, -7) && fields.get(-1) === 1)
    return { key: fromJwk({ kty: 'EC', crv: 'P-256', x: part(-2), y: part(-3) }), algorithm: 'sha256' };
  if (is(3, -257)) return { key: fromJwk({ kty: 'RSA', n: part(-1), e: part(-2) }), algorithm: 'sha256' };
  if (is(1, -8) && fields.get(-1) === 6)
    return { key: fromJwk({ kty: 'OKP', crv: 'Ed25519', x: part(-2) }), algorithm: null };
  throw new Error('The COSE key is neither P-256 nor RSA nor Ed25519.');
}

function fromJwk(key: JsonWebKey): KeyObject {
  return createPublicKey({ key, format: 'jwk' });
}

function blob(value: unknown, name: string): Buffer {
  if (!(value instanceof Uint8Array)) throw new Error(`${name} must be a byte string.`);
  return Buffer.from(value);
}
