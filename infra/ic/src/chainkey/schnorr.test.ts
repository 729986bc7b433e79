import { createPublicKey, verify } from 'node:crypto';
import { Principal } from '@dfinity/principal';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { bytesToNumberBE } from '@noble/curves/utils.js';
import { schnorrPublicKey, schnorrSign } from './index.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const canisterId = Principal.fromText('uzt4z-lp777-77774-qaabq-cai').toUint8Array();
const path = [text('Hello'), new Uint8Array()];
const random = new Uint8Array(32).fill(9);

describe('Schnorr keys', () => {
  // dfinity/ic, packages/ic-ed25519: offline key derivation matches PocketIC
  it.each([
    ['key_1', 'f419977bb61ca6c95ae6ec5b58189ab82e2681f3dbc8fc5d09ce3c6f6103c107'],
    ['test_key_1', 'c4afcb035090ab7dcc6aae48ff7b7df1a3d1120a3d8cbdc37a8d280e5e36ea6a'],
  ])("of Ed25519 are PocketIC's for %s", (name, expected) => {
    expect(hex(schnorrPublicKey('ed25519', name, canisterId, []).publicKey)).toBe(expected);
  });

  // dfinity/ic, packages/ic-secp256k1: PocketIC's master public keys
  it.each([
    ['key_1', '036ad6e838b46811ad79c37b2f4b854b7a05f406715b2935edc5d3251e7666977b'],
    ['test_key_1', '03cc365e15cb552589c7175717b2ac63d1050b9bb2e5aed35432b1b1be55d3abcf'],
    ['dfx_test_key', '03e6f78b1a90e361c5cc9903f73bb8acbe3bc17ad01e82554d25cf0ecd70c67484'],
  ])("of BIP-340 follow from PocketIC's public master key %s, with their chain code", (name, master) => {
    let point = secp256k1.Point.fromHex(master);
    let chainCode = new Uint8Array(32);
    for (const index of [canisterId, ...path]) {
      const bytes = hmac.create(sha512, chainCode).update(point.toBytes(true)).update(index).digest();
      point = point.add(secp256k1.Point.BASE.multiply(bytesToNumberBE(bytes.subarray(0, 32))));
      chainCode = bytes.slice(32);
    }
    const derived = schnorrPublicKey('bip340secp256k1', name, canisterId, path);
    expect(hex(derived.publicKey)).toBe(point.toHex(true));
    expect(hex(derived.chainCode)).toBe(hex(chainCode));
  });

  it('sign with Ed25519 so that OpenSSL verifies', () => {
    const { publicKey } = schnorrPublicKey('ed25519', 'key_1', canisterId, path);
    const signature = schnorrSign('ed25519', 'key_1', canisterId, path, text('message'), random);
    const key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') },
      format: 'jwk',
    });
    expect(verify(null, text('message'), key, signature)).toBe(true);
    expect(verify(null, text('other'), key, signature)).toBe(false);
  });

  it('sign with BIP-340 so that the x-only key verifies', () => {
    const { publicKey } = schnorrPublicKey('bip340secp256k1', 'key_1', canisterId, path);
    const signature = schnorrSign('bip340secp256k1', 'key_1', canisterId, path, text('message'), random);
    expect(schnorr.verify(signature, text('message'), publicKey.subarray(1))).toBe(true);
    expect(schnorr.verify(signature, text('other'), publicKey.subarray(1))).toBe(false);
  });

  it('differ by canister and path', () => {
    const keys = [
      schnorrPublicKey('ed25519', 'key_1', canisterId, []),
      schnorrPublicKey('ed25519', 'key_1', canisterId, path),
      schnorrPublicKey('ed25519', 'key_1', text('x'), []),
    ];
    expect(new Set(keys.map(({ publicKey }) => hex(publicKey))).size).toBe(3);
  });

  it('are refused for an unknown name', () => {
    expect(() => schnorrPublicKey('ed25519', 'key_2', canisterId, [])).toThrow(
      expect.objectContaining({ code: 'unknownKey' }),
    );
  });
});
