import { DerivedPublicKey, IbeCiphertext, IbeIdentity, IbeSeed, MasterPublicKey, type VetKey } from '@dfinity/vetkeys';
import type { Clients, IcNetwork } from '@livepod/client';
import { DATASET_KEY_CONTEXT, hex, principalBytes, unhex, vetkdInput } from '@livepod/protocol';
import { TransferError } from './errors.js';
import type { DatasetSecrets } from './secrets.js';

/**
 * The access canister's vetKD key that data keys are wrapped to, derived offline from the master key in network.json. A
 * key that somebody else has the secret of would open every dataset, so nobody is asked for it; the canister, by the
 * whole subnet, only has to say the same.
 *
 * @returns 96 bytes
 * @throws TransferError `wrongKey`, before anything is wrapped
 */
export async function datasetPublicKey({ network, certified }: Clients): Promise<Uint8Array> {
  const derived = derivedKey(network);
  const named = await certified.access.cached_public_key();
  if (named !== undefined && hex(new Uint8Array(named)) === hex(derived)) return derived;
  throw new TransferError(
    'wrongKey',
    { canister: network.canisters.access, named: named === undefined ? null : hex(new Uint8Array(named)) },
    named === undefined
      ? 'The access canister has not fetched its vetKD key yet; have its installation finished, then repeat.'
      : 'The access canister names another key for data keys than the one that follows from "vetkdMaster" in ' +
          'network.json; get network.json from the operator again. Nothing was encrypted.',
  );
}

/** Derived keys of the networks that this process knows: a derivation takes two multiplications in G2. */
const derivedKeys = new Map<string, Uint8Array>();

function derivedKey({ vetkdMaster, canisters: { access } }: IcNetwork): Uint8Array {
  const known = derivedKeys.get(`${vetkdMaster} ${access}`);
  if (known) return known;
  let derived: Uint8Array;
  try {
    derived = MasterPublicKey.deserialize(unhex(vetkdMaster ?? ''))
      .deriveCanisterKey(principalBytes(access))
      .deriveSubKey(DATASET_KEY_CONTEXT)
      .publicKeyBytes();
  } catch (cause) {
    throw new TransferError(
      'wrongKey',
      { vetkdMaster: vetkdMaster ?? null },
      'network.json names no vetKD master key ("vetkdMaster", 96 bytes in hexadecimal), so the key to encrypt for ' +
        'cannot be derived; get it from the operator again, or start the stack, which writes it.',
      { cause },
    );
  }
  derivedKeys.set(`${vetkdMaster} ${access}`, derived);
  return derived;
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
