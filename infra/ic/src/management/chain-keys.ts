import type { Principal } from '@dfinity/principal';
import {
  ecdsaPublicKey,
  ecdsaSign,
  schnorrPublicKey,
  schnorrSign,
  vetkdDeriveKey,
  vetkdPublicKey,
  type SchnorrAlgorithm,
} from '../chainkey/index.js';
import { signatureFee } from '../subnet/cycles.js';
import { bytesOf } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import { existing, type Method, type Request } from './request.js';

type SchnorrKey = { algorithm: { ed25519: null } | { bip340secp256k1: null }; name: string };

const rawRand: Method = ({ subnet }) => [subnet.random()];

const vetkdPublic: Method = (
  request,
  { canister_id, context, key_id }: { canister_id: [Principal] | []; context: Uint8Array; key_id: { name: string } },
) => [{ public_key: vetkdPublicKey(key_id.name, ofCanister(request, canister_id), bytes(context)) }];

interface VetKdArgument {
  input: Uint8Array;
  context: Uint8Array;
  transport_public_key: Uint8Array;
  key_id: { name: string };
}

const vetkdDerive: Method = (request, { input, context, transport_public_key, key_id }: VetKdArgument) => {
  const encrypted = vetkdDeriveKey(
    key_id.name,
    bytesOf(request.caller),
    bytes(context),
    bytes(input),
    bytes(transport_public_key),
    request.subnet.random(),
  );
  charge(request, key_id.name, 'vetkd_derive_key');
  return [{ encrypted_key: encrypted }];
};

const MAX_PATH = 255;

function pathOf(path: Uint8Array[]): Uint8Array[] {
  if (path.length > MAX_PATH)
    throw new Reject('invalidPayload', `A derivation_path has at most ${MAX_PATH} parts, not ${path.length}.`);
  return path.map(bytes);
}

const ecdsaPublic: Method = (
  request,
  {
    canister_id,
    derivation_path,
    key_id,
  }: { canister_id: [Principal] | []; derivation_path: Uint8Array[]; key_id: { name: string } },
) => {
  const { publicKey, chainCode } = ecdsaPublicKey(
    key_id.name,
    ofCanister(request, canister_id),
    pathOf(derivation_path),
  );
  return [{ public_key: publicKey, chain_code: chainCode }];
};

const signWithEcdsa: Method = (
  request,
  {
    message_hash,
    derivation_path,
    key_id,
  }: { message_hash: Uint8Array; derivation_path: Uint8Array[]; key_id: { name: string } },
) => {
  const signature = ecdsaSign(key_id.name, bytesOf(request.caller), pathOf(derivation_path), bytes(message_hash));
  charge(request, key_id.name, 'sign_with_ecdsa');
  return [{ signature }];
};

const schnorrPublic: Method = (
  request,
  {
    canister_id,
    derivation_path,
    key_id,
  }: { canister_id: [Principal] | []; derivation_path: Uint8Array[]; key_id: SchnorrKey },
) => {
  const { publicKey, chainCode } = schnorrPublicKey(
    algorithm(key_id),
    key_id.name,
    ofCanister(request, canister_id),
    pathOf(derivation_path),
  );
  return [{ public_key: publicKey, chain_code: chainCode }];
};

interface SchnorrArgument {
  message: Uint8Array;
  derivation_path: Uint8Array[];
  key_id: SchnorrKey;
  aux: [{ bip341: { merkle_root_hash: Uint8Array } }] | [];
}

const signWithSchnorr: Method = (request, { message, derivation_path, key_id, aux }: SchnorrArgument) => {
  const root = aux[0] && bytes(aux[0].bip341.merkle_root_hash);
  const path = pathOf(derivation_path);
  const signature = schnorrSign(
    algorithm(key_id),
    key_id.name,
    bytesOf(request.caller),
    path,
    bytes(message),
    request.subnet.random(),
    root,
  );
  charge(request, key_id.name, 'sign_with_schnorr');
  return [{ signature }];
};

/** @throws Reject `insufficientCycles` */
function charge(request: Request, keyName: string, method: string): void {
  const fee = signatureFee(keyName);
  if (request.cycles < fee)
    throw new Reject(
      'rejectedAtTheDoor',
      `${method} request sent with ${request.cycles} cycles, but ${fee} cycles are required.`,
    );
  request.cycles -= fee;
}

function ofCanister(request: Request, given: [Principal] | []): Uint8Array {
  return given[0] ? existing(request, given[0]).idBytes : bytesOf(request.caller);
}

function algorithm(key: SchnorrKey): SchnorrAlgorithm {
  return 'ed25519' in key.algorithm ? 'ed25519' : 'bip340secp256k1';
}

/** Candid decodes blobs to plain or typed arrays. */
function bytes(blob: ArrayLike<number>): Uint8Array {
  return blob instanceof Uint8Array ? blob : Uint8Array.from(blob);
}

export const chainKeyMethods = {
  raw_rand: rawRand,
  vetkd_public_key: vetkdPublic,
  vetkd_derive_key: vetkdDerive,
  ecdsa_public_key: ecdsaPublic,
  sign_with_ecdsa: signWithEcdsa,
  schnorr_public_key: schnorrPublic,
  sign_with_schnorr: signWithSchnorr,
};
