// Generated from the canister's .did by canisters/bindgen (npm run bindings): do not edit.
import type { Principal } from '@dfinity/principal';
import type { ActorMethod } from '@dfinity/agent';
import type { IDL } from '@dfinity/candid';

export interface AllowReads {
  'uid' : Uint8Array,
  'until' : bigint,
  'reader' : Principal,
}
export interface AuditEntry {
  'at' : bigint,
  'hash' : Uint8Array,
  'event' : string,
  'caller' : Principal,
  'index' : bigint,
}
export interface AuditTip {
  'certificate' : [] | [Uint8Array],
  'hash' : Uint8Array,
  'witness' : Uint8Array,
  'length' : bigint,
}
export interface ChunkSpec {
  'sha256' : Uint8Array,
  'bytes' : number,
}
export type Error = { 'MissingChunks' : Why } |
  { 'Invalid' : Why } |
  { 'NotFound' : Why } |
  { 'NotAuthorized' : Why } |
  { 'LeaseExpired' : Why } |
  { 'AlreadyExists' : Why } |
  { 'Sealed' : Why } |
  { 'WrongHash' : Why } |
  { 'LimitExceeded' : Why };
export interface GetChunk { 'uid' : Uint8Array, 'index' : number }
export interface Init { 'capacity_bytes' : bigint, 'datasets' : Principal }
export interface PutChunk {
  'uid' : Uint8Array,
  'bytes' : Uint8Array,
  'index' : number,
}
export interface Reserve {
  'uid' : Uint8Array,
  'uploader' : Principal,
  'chunks' : Array<ChunkSpec>,
}
export interface Seal {
  'uid' : Uint8Array,
  'merkle_root' : Uint8Array,
}
export interface Status {
  'used' : bigint,
  'reserved' : bigint,
  'datasets' : bigint,
  'capacity' : bigint,
}
export interface Why {
  'remedy' : string,
  'subject' : string,
  'message' : string,
}
export interface _SERVICE {
  'allow_reads' : ActorMethod<
    [AllowReads],
    { 'Ok' : null } |
      { 'Err' : Error }
  >,
  'audit_log' : ActorMethod<
    [{ 'start' : bigint, 'length' : number }],
    Array<AuditEntry>
  >,
  'audit_tip' : ActorMethod<[], AuditTip>,
  'cycles' : ActorMethod<[], bigint>,
  'end_reads' : ActorMethod<[AllowReads], { 'Ok' : null } | { 'Err' : Error }>,
  'erase' : ActorMethod<
    [Uint8Array],
    { 'Ok' : null } |
      { 'Err' : Error }
  >,
  /**
   * The uploader, or a reader with a live lease.
   */
  'get_chunk' : ActorMethod<
    [GetChunk],
    { 'Ok' : Uint8Array } |
      { 'Err' : Error }
  >,
  /**
   * Indices of the reserved chunks that are not there yet, at most 4,096.
   */
  'missing' : ActorMethod<[Uint8Array], Uint32Array | number[]>,
  /**
   * The uploader only, before sealing. Hash and size must be the reserved ones; a repeat is Ok.
   */
  'put_chunk' : ActorMethod<[PutChunk], { 'Ok' : null } | { 'Err' : Error }>,
  /**
   * The datasets canister only.
   */
  'reserve' : ActorMethod<[Reserve], { 'Ok' : null } | { 'Err' : Error }>,
  'seal' : ActorMethod<[Seal], { 'Ok' : null } | { 'Err' : Error }>,
  /**
   * Bytes: how much fits, how much is written, how much is promised.
   */
  'status' : ActorMethod<[], Status>,
}

export const idlFactory: IDL.InterfaceFactory = ({ IDL }) => {
  const Init = IDL.Record({
    'capacity_bytes' : IDL.Nat64,
    'datasets' : IDL.Principal,
  });
  const AllowReads = IDL.Record({
    'uid' : IDL.Vec(IDL.Nat8),
    'until' : IDL.Nat64,
    'reader' : IDL.Principal,
  });
  const Why = IDL.Record({
    'remedy' : IDL.Text,
    'subject' : IDL.Text,
    'message' : IDL.Text,
  });
  const Error = IDL.Variant({
    'MissingChunks' : Why,
    'Invalid' : Why,
    'NotFound' : Why,
    'NotAuthorized' : Why,
    'LeaseExpired' : Why,
    'AlreadyExists' : Why,
    'Sealed' : Why,
    'WrongHash' : Why,
    'LimitExceeded' : Why,
  });
  const AuditEntry = IDL.Record({
    'at' : IDL.Nat64,
    'hash' : IDL.Vec(IDL.Nat8),
    'event' : IDL.Text,
    'caller' : IDL.Principal,
    'index' : IDL.Nat64,
  });
  const AuditTip = IDL.Record({
    'certificate' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'hash' : IDL.Vec(IDL.Nat8),
    'witness' : IDL.Vec(IDL.Nat8),
    'length' : IDL.Nat64,
  });
  const GetChunk = IDL.Record({
    'uid' : IDL.Vec(IDL.Nat8),
    'index' : IDL.Nat32,
  });
  const PutChunk = IDL.Record({
    'uid' : IDL.Vec(IDL.Nat8),
    'bytes' : IDL.Vec(IDL.Nat8),
    'index' : IDL.Nat32,
  });
  const ChunkSpec = IDL.Record({
    'sha256' : IDL.Vec(IDL.Nat8),
    'bytes' : IDL.Nat32,
  });
  const Reserve = IDL.Record({
    'uid' : IDL.Vec(IDL.Nat8),
    'uploader' : IDL.Principal,
    'chunks' : IDL.Vec(ChunkSpec),
  });
  const Seal = IDL.Record({
    'uid' : IDL.Vec(IDL.Nat8),
    'merkle_root' : IDL.Vec(IDL.Nat8),
  });
  const Status = IDL.Record({
    'used' : IDL.Nat64,
    'reserved' : IDL.Nat64,
    'datasets' : IDL.Nat64,
    'capacity' : IDL.Nat64,
  });
  return IDL.Service({
    'allow_reads' : IDL.Func(
        [AllowReads],
        [IDL.Variant({ 'Ok' : IDL.Null, 'Err' : Error })],
        [],
      ),
    'audit_log' : IDL.Func(
        [IDL.Record({ 'start' : IDL.Nat64, 'length' : IDL.Nat32 })],
        [IDL.Vec(AuditEntry)],
        ['query'],
      ),
    'audit_tip' : IDL.Func([], [AuditTip], ['query']),
    'cycles' : IDL.Func([], [IDL.Nat], ['query']),
    'end_reads' : IDL.Func(
        [AllowReads],
        [IDL.Variant({ 'Ok' : IDL.Null, 'Err' : Error })],
        [],
      ),
    'erase' : IDL.Func(
        [IDL.Vec(IDL.Nat8)],
        [IDL.Variant({ 'Ok' : IDL.Null, 'Err' : Error })],
        [],
      ),
    'get_chunk' : IDL.Func(
        [GetChunk],
        [IDL.Variant({ 'Ok' : IDL.Vec(IDL.Nat8), 'Err' : Error })],
        ['query'],
      ),
    'missing' : IDL.Func([IDL.Vec(IDL.Nat8)], [IDL.Vec(IDL.Nat32)], ['query']),
    'put_chunk' : IDL.Func(
        [PutChunk],
        [IDL.Variant({ 'Ok' : IDL.Null, 'Err' : Error })],
        [],
      ),
    'reserve' : IDL.Func(
        [Reserve],
        [IDL.Variant({ 'Ok' : IDL.Null, 'Err' : Error })],
        [],
      ),
    'seal' : IDL.Func(
        [Seal],
        [IDL.Variant({ 'Ok' : IDL.Null, 'Err' : Error })],
        [],
      ),
    'status' : IDL.Func([], [Status], ['query']),
  });
};
export const init = ({ IDL }: { IDL: typeof import('@dfinity/candid').IDL }): IDL.Type[] => {
  const Init = IDL.Record({
    'capacity_bytes' : IDL.Nat64,
    'datasets' : IDL.Principal,
  });
  return [Init];
};
