import {
  DerivedPublicKey,
  EncryptedVetKey,
  IbeCiphertext,
  IbeIdentity,
  IbeSeed,
  TransportSecretKey,
} from '@dfinity/vetkeys';
import { FORMS, TestNetwork } from '../testing/network.js';
import type { TestCanister } from '../testing/test-canister.js';

describe.each(FORMS)('@dfinity/vetkeys 0.4, of a subnet %s,', (_, options) => {
  const network = new TestNetwork();
  const context = new TextEncoder().encode('vetkeys test');
  let canister: TestCanister;
  let publicKey: DerivedPublicKey;

  beforeAll(async () => {
    await network.start(options);
    canister = await network.deploy();
    publicKey = DerivedPublicKey.deserialize(Uint8Array.from(await canister.vetkd_public_key(context)));
  });
  afterAll(() => network.remove());

  const derive = async (input: Uint8Array): Promise<{ encrypted: EncryptedVetKey; transport: TransportSecretKey }> => {
    const transport = TransportSecretKey.random();
    return {
      transport,
      encrypted: EncryptedVetKey.deserialize(
        Uint8Array.from(await canister.vetkd_derive_key(context, input, transport.publicKeyBytes())),
      ),
    };
  };

  it('decrypts a message that was encrypted to an identity before its key was asked for', async () => {
    const input = new TextEncoder().encode('dataset 7, epoch 3');
    const secret = new TextEncoder().encode('a data key of thirty-two bytes..');
    const sealed = IbeCiphertext.encrypt(publicKey, IbeIdentity.fromBytes(input), secret, IbeSeed.random()).serialize();
    const { encrypted, transport } = await derive(input);
    const key = encrypted.decryptAndVerify(transport, publicKey, input);
    expect(Buffer.from(IbeCiphertext.deserialize(sealed).decrypt(key))).toEqual(Buffer.from(secret));
    const other = await derive(new TextEncoder().encode('dataset 7, epoch 4'));
    const wrong = other.encrypted.decryptAndVerify(
      other.transport,
      publicKey,
      new TextEncoder().encode('dataset 7, epoch 4'),
    );
    expect(() => IbeCiphertext.deserialize(sealed).decrypt(wrong)).toThrow(/decrypt/i);
  });

  it('verifies that a key is for the input that was asked for', async () => {
    const { encrypted, transport } = await derive(new TextEncoder().encode('one'));
    expect(() => encrypted.decryptAndVerify(transport, publicKey, new TextEncoder().encode('another'))).toThrow(
      /verif|invalid/i,
    );
  });
});
