import { generateKeyPairSync, hash, sign, type KeyObject } from 'node:crypto';
import { encode } from 'cborg';
import { selfDescribed } from './cbor.js';
import { readPublicKey } from './public-keys.js';
import { verifySignature } from './signatures.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const message = text('\x0aic-request and a request id');
const bytes = (base64url?: string): Uint8Array => new Uint8Array(Buffer.from(base64url!, 'base64url'));

/** DER SubjectPublicKeyInfo around a COSE key (OID 1.3.6.1.4.1.56387.1.1). */
function wrap(cose: Uint8Array): Uint8Array {
  const element = (tag: number, content: Uint8Array): Uint8Array => {
    const size =
      content.length < 128
        ? [content.length]
        : content.length < 256
          ? [0x81, content.length]
          : [0x82, content.length >> 8, content.length & 255];
    return Buffer.concat([Uint8Array.of(tag, ...size), content]);
  };
  return element(
    0x30,
    Buffer.concat([
      Buffer.from('300c060a2b0601040183b8430101', 'hex'),
      element(0x03, Buffer.concat([Uint8Array.of(0), cose])),
    ]),
  );
}

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');
const jwk = (key: KeyObject) => key.export({ format: 'jwk' });
const cose = (entries: [number, unknown][]): Uint8Array => encode(new Map(entries));
const keys: [string, Uint8Array, KeyObject, 'sha256' | null][] = [
  [
    'P-256',
    cose([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytes(jwk(p256.publicKey).x)],
      [-3, bytes(jwk(p256.publicKey).y)],
    ]),
    p256.privateKey,
    'sha256',
  ],
  [
    'RSA',
    cose([
      [1, 3],
      [3, -257],
      [-1, bytes(jwk(rsa.publicKey).n)],
      [-2, bytes(jwk(rsa.publicKey).e)],
    ]),
    rsa.privateKey,
    'sha256',
  ],
  [
    'Ed25519',
    cose([
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, bytes(jwk(ed.publicKey).x)],
    ]),
    ed.privateKey,
    null,
  ],
];

function assertion(key: KeyObject, algorithm: 'sha256' | null, challenge: Uint8Array): Uint8Array {
  const client_data_json = JSON.stringify({
    type: 'webauthn.get',
    challenge: Buffer.from(challenge).toString('base64url'),
    origin: 'https://livepod.example',
  });
  const authenticator_data = new Uint8Array(37).fill(5);
  const signature = new Uint8Array(
    sign(algorithm, Buffer.concat([authenticator_data, hash('sha256', client_data_json, 'buffer')]), key),
  );
  return selfDescribed(encode({ authenticator_data, client_data_json, signature }));
}

describe('WebAuthn signatures', () => {
  it.each(keys)('by %s hold', (_, key, secret, algorithm) => {
    expect(() => verifySignature(wrap(key), message, assertion(secret, algorithm, message), [])).not.toThrow();
  });

  it.each(keys)('by %s do not hold for another challenge or by another key', (_, key, secret, algorithm) => {
    expect(() => verifySignature(wrap(key), message, assertion(secret, algorithm, text('other')), [])).toThrow(
      'does not verify',
    );
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    expect(() => verifySignature(wrap(key), message, assertion(stranger, 'sha256', message), [])).toThrow(
      /does not verify|Ed25519|unsupported/i,
    );
  });

  it.each<[string, string, Uint8Array]>([
    ['no map', 'is a CBOR map', encode([])],
    [
      'client data that is no JSON',
      'JSON',
      encode({ authenticator_data: new Uint8Array(37), client_data_json: 'x', signature: new Uint8Array(64) }),
    ],
    [
      'no authenticator data',
      'authenticator_data',
      encode({
        client_data_json: JSON.stringify({ challenge: Buffer.from(message).toString('base64url') }),
        signature: new Uint8Array(64),
      }),
    ],
  ])('that are malformed are refused: %s', (_, words, signature) => {
    expect(() => verifySignature(wrap(keys[0]![1]), message, signature, [])).toThrow(words);
  });

  it('need a COSE key of a known algorithm', () => {
    expect(() =>
      verifySignature(
        wrap(
          cose([
            [1, 2],
            [3, -35],
          ]),
        ),
        message,
        assertion(p256.privateKey, 'sha256', message),
        [],
      ),
    ).toThrow('COSE');
  });
});

describe('public keys', () => {
  it.each<[string, string, Uint8Array]>([
    ['empty', 'no DER', new Uint8Array()],
    ['cut short', 'trailing or missing', wrap(keys[0]![1]).slice(0, -1)],
    ['with trailing bytes', 'trailing or missing', Buffer.concat([wrap(keys[0]![1]), Uint8Array.of(0)])],
    [
      'of a canister id longer than the key',
      'malformed',
      Buffer.from('3013300c060a2b0601040183b8430102030300ff01', 'hex'),
    ],
    [
      'on a compressed point',
      'no scheme',
      Buffer.from(`3039301306072a8648ce3d020106082a8648ce3d030107032200${'02'.repeat(33)}`, 'hex'),
    ],
  ])('%s are refused', (_, words, der) => {
    expect(() => readPublicKey(der)).toThrow(words);
  });
});
