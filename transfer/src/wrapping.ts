import { DerivedPublicKey, IbeCiphertext, IbeIdentity, IbeSeed, type VetKey } from '@dfinity/vetkeys';
import type { Clients } from '@livepod/client';
import { vetkdInput } from '@livepod/protocol';
import type { DatasetSecrets } from './secrets.js';

/** The access canister's vetKD key that data keys are wrapped to. */
export async function datasetPublicKey(clients: Clients): Promise<Uint8Array> {
  return new Uint8Array((await clients.access.cached_public_key()) ?? (await clients.access.dataset_public_key()));
}

/** The data key, encrypted so that the access canister alone can let it be opened. */
export function wrap(
  publicKey: Uint8Array,
  { uid, dataKey, wrapSeed }: Pick<DatasetSecrets, 'uid' | 'dataKey' | 'wrapSeed'>,
): Uint8Array {
  return IbeCiphertext.encrypt(
    DerivedPublicKey.deserialize(publicKey),
    IbeIdentity.fromBytes(vetkdInput(uid, 0)),
    dataKey,
    IbeSeed.fromBytes(wrapSeed),
  ).serialize();
}

/** The data key of a wrapped one, with the key that the access canister released for its dataset. */
export function unwrap(wrappedKey: Uint8Array, released: VetKey): Uint8Array {
  return IbeCiphertext.deserialize(wrappedKey).decrypt(released);
}
