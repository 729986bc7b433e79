import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesToNumberBE } from '@noble/curves/utils.js';
import { createHash } from 'node:crypto';
import { TestNetwork } from '../testing/network.js';
import type { TestCanister } from '../testing/test-canister.js';

describe('signatures for canisters', () => {
  const network = new TestNetwork();
  let canister: TestCanister;
  const message = createHash('sha256').update('message').digest();

  beforeAll(async () => {
    await network.start();
    canister = await network.deploy();
  });
  afterAll(() => network.remove());

  it("with ECDSA verify under the canister's key", async () => {
    const key = Uint8Array.from(await canister.ecdsa_public_key());
    const signed = await canister.ecdsa_sign(message);
    if (!('Ok' in signed)) throw new Error(signed.Err);
    expect(secp256k1.verify(Uint8Array.from(signed.Ok), message, key, { prehash: false })).toBe(true);
    expect(secp256k1.verify(Uint8Array.from(signed.Ok), Buffer.alloc(32), key, { prehash: false })).toBe(false);
  });

  it('with ECDSA are for hashes of 32 bytes only', async () => {
    expect(await canister.ecdsa_sign([1, 2, 3])).toEqual({ Err: expect.stringContaining('32 bytes') as string });
  });

  it('with BIP-340 verify, and with a Taproot tweak under the tweaked key', async () => {
    const internal = Uint8Array.from(await canister.bip340_public_key()).subarray(1);
    const plain = await canister.bip340_sign(message, []);
    if (!('Ok' in plain)) throw new Error(plain.Err);
    expect(schnorr.verify(Uint8Array.from(plain.Ok), message, internal)).toBe(true);
    for (const root of [Buffer.alloc(0), Buffer.alloc(32, 7)]) {
      const tweak = bytesToNumberBE(schnorr.utils.taggedHash('TapTweak', internal, root));
      const output = schnorr.utils
        .lift_x(bytesToNumberBE(internal))
        .add(secp256k1.Point.BASE.multiply(tweak))
        .toBytes(true)
        .subarray(1);
      const signed = await canister.bip340_sign(message, [root]);
      if (!('Ok' in signed)) throw new Error(signed.Err);
      expect(schnorr.verify(Uint8Array.from(signed.Ok), message, output)).toBe(true);
    }
    expect(await canister.bip340_sign(message, [[1]])).toEqual({
      Err: expect.stringContaining('merkle_root_hash') as string,
    });
  });
});
