import {
  DerivedPublicKey,
  EncryptedVetKey,
  IbeCiphertext,
  IbeIdentity,
  IbeSeed,
  MasterPublicKey,
  TransportSecretKey,
} from '@dfinity/vetkeys';
import { vetkdDeriveKey, vetkdMasterPublicKey, vetkdPublicKey } from './index.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const canisterId = Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 0, 1, 1);
const context = text('livepod/dataset-key/v1');
const input = text('dataset 7, epoch 1');
const random = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

describe('vetKD', () => {
  it.each([
    ['key_1', '8c800b5c'],
    ['test_key_1', '9069b82c'],
    ['dfx_test_key', 'b181c14c'],
  ])("has PocketIC's master key %s", (name, prefix) => {
    expect(Buffer.from(vetkdMasterPublicKey(name)).toString('hex')).toMatch(new RegExp(`^${prefix}`));
  });

  it('derives the public keys that clients derive offline', () => {
    const canisterKey = MasterPublicKey.deserialize(vetkdMasterPublicKey('key_1')).deriveCanisterKey(canisterId);
    expect(vetkdPublicKey('key_1', canisterId, new Uint8Array())).toEqual(canisterKey.publicKeyBytes());
    expect(vetkdPublicKey('key_1', canisterId, context)).toEqual(canisterKey.deriveSubKey(context).publicKeyBytes());
  });

  it.each([
    ['with', context],
    ['without', new Uint8Array()],
  ])('gives a client, %s a context, a key that opens what was encrypted to it', (_, ctx) => {
    const publicKey = DerivedPublicKey.deserialize(vetkdPublicKey('test_key_1', canisterId, ctx));
    const sealed = IbeCiphertext.encrypt(
      publicKey,
      IbeIdentity.fromBytes(input),
      text('data key'),
      IbeSeed.random(),
    ).serialize();
    const transport = TransportSecretKey.random();
    const encrypted = vetkdDeriveKey('test_key_1', canisterId, ctx, input, transport.publicKeyBytes(), random(1));
    expect(encrypted).toHaveLength(192);
    const key = EncryptedVetKey.deserialize(encrypted).decryptAndVerify(transport, publicKey, input);
    expect(IbeCiphertext.deserialize(sealed).decrypt(key)).toEqual(text('data key'));
  });

  it('gives the same key under different randomness, never the same bytes', () => {
    const publicKey = DerivedPublicKey.deserialize(vetkdPublicKey('key_1', canisterId, context));
    const transport = TransportSecretKey.random();
    const [one, two] = [random(1), random(2)].map((r) =>
      vetkdDeriveKey('key_1', canisterId, context, input, transport.publicKeyBytes(), r),
    );
    expect(one).not.toEqual(two);
    const open = (bytes: Uint8Array): Uint8Array =>
      EncryptedVetKey.deserialize(bytes).decryptAndVerify(transport, publicKey, input).serialize();
    expect(open(one!)).toEqual(open(two!));
  });

  it('gives nothing that opens under another input, canister or transport key', () => {
    const publicKey = DerivedPublicKey.deserialize(vetkdPublicKey('key_1', canisterId, context));
    const transport = TransportSecretKey.random();
    const derive = (id: Uint8Array, what: Uint8Array): EncryptedVetKey =>
      EncryptedVetKey.deserialize(vetkdDeriveKey('key_1', id, context, what, transport.publicKeyBytes(), random(1)));
    expect(() => derive(canisterId, text('other')).decryptAndVerify(transport, publicKey, input)).toThrow(
      'Invalid VetKey',
    );
    expect(() => derive(text('other'), input).decryptAndVerify(transport, publicKey, input)).toThrow('Invalid VetKey');
    expect(() => derive(canisterId, input).decryptAndVerify(TransportSecretKey.random(), publicKey, input)).toThrow(
      'Invalid VetKey',
    );
  });

  it('refuses an unknown key name', () => {
    expect(() => vetkdPublicKey('key_2', canisterId, context)).toThrow(expect.objectContaining({ code: 'unknownKey' }));
  });

  it.each([
    ['too short', new Uint8Array(47)],
    ['off the curve', Uint8Array.of(0x80, ...new Uint8Array(46), 1)],
    ['outside the subgroup', Uint8Array.of(0x80, ...new Uint8Array(46), 4)],
    ['the identity', Uint8Array.of(0xc0, ...new Uint8Array(47))],
  ])('refuses a transport key %s', (_, key) => {
    expect(() => vetkdDeriveKey('key_1', canisterId, context, input, key, random(1))).toThrow(
      expect.objectContaining({ code: 'invalidTransportKey' }),
    );
  });
});
