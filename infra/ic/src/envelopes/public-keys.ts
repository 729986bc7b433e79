/** The kinds of public key a sender may have, all DER SubjectPublicKeyInfo (IC spec: Signatures). */
export type SenderKey =
  | { scheme: 'ed25519'; der: Uint8Array }
  | { scheme: 'ecdsa'; der: Uint8Array }
  | { scheme: 'webauthn'; cose: Uint8Array }
  | { scheme: 'canister'; canisterId: Uint8Array; seed: Uint8Array };

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const ED25519 = hex('302a300506032b6570032100');
const P256 = hex('3059301306072a8648ce3d020106082a8648ce3d03010703420004');
const SECP256K1 = hex('3056301006072a8648ce3d020106052b8104000a03420004');
const COSE = hex('300c060a2b0601040183b8430101');
const CANISTER = hex('300c060a2b0601040183b8430102');

/** @throws Error when the key is malformed or of no known scheme */
export function readPublicKey(der: Uint8Array): SenderKey {
  const key = Buffer.from(der);
  if (startsWith(key, ED25519) && key.length === ED25519.length + 32) return { scheme: 'ed25519', der };
  if (startsWith(key, P256) && key.length === P256.length + 64) return { scheme: 'ecdsa', der };
  if (startsWith(key, SECP256K1) && key.length === SECP256K1.length + 64) return { scheme: 'ecdsa', der };
  const content = element(key, 0x30);
  if (startsWith(content, COSE)) return { scheme: 'webauthn', cose: bitString(content.subarray(COSE.length)) };
  if (startsWith(content, CANISTER)) return canisterKey(bitString(content.subarray(CANISTER.length)));
  throw new Error('The public key is of no scheme that the Internet Computer knows.');
}

function canisterKey(raw: Buffer): SenderKey {
  const length = raw[0];
  if (length === undefined || raw.length < 1 + length) throw new Error('The canister signature key is malformed.');
  return {
    scheme: 'canister',
    canisterId: new Uint8Array(raw.subarray(1, 1 + length)),
    seed: new Uint8Array(raw.subarray(1 + length)),
  };
}

function bitString(der: Buffer): Buffer {
  const content = element(der, 0x03);
  if (content[0] !== 0) throw new Error('The public key has unused bits.');
  return content.subarray(1);
}

/** The content of the one DER element that fills `der`. */
function element(der: Buffer, tag: number): Buffer {
  if (der[0] !== tag || der.length < 2) throw new Error('The public key is no DER SubjectPublicKeyInfo.');
  const first = der[1]!;
  const extra = first < 0x80 ? 0 : first & 0x7f;
  if (extra > 2 || der.length < 2 + extra) throw new Error('The public key is too long.');
  const length = extra === 0 ? first : der.readUIntBE(2, extra);
  if (der.length !== 2 + extra + length) throw new Error('The public key has trailing or missing bytes.');
  return der.subarray(2 + extra);
}

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return prefix.equals(bytes.subarray(0, prefix.length));
}
