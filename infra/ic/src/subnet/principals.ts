import { Principal } from '@dfinity/principal';

/** A principal as lower-case hexadecimal: how this host keys maps. */
export type Id = string;

export const MANAGEMENT: Id = '';
export const ANONYMOUS: Id = '04';

export function idOf(bytes: Uint8Array): Id {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

export function bytesOf(id: Id): Uint8Array {
  return new Uint8Array(Buffer.from(id, 'hex'));
}

export function principalOf(id: Id): Principal {
  return Principal.fromUint8Array(bytesOf(id));
}

/** As people write it: `rrkah-fqaaa-aaaaa-aaaaq-cai`. */
export function textOf(id: Id): string {
  return principalOf(id).toText();
}

/** The canister id with this number: eight bytes big-endian, then 0101. */
export function canisterId(number: bigint): Id {
  return `${number.toString(16).padStart(16, '0')}0101`;
}

export const FIRST_ID = canisterId(0n);
export const LAST_ID = canisterId(0xffff_ffff_ffff_ffffn);
