// Generated from the canister's .did by canisters/bindgen (npm run bindings): do not edit.
import type { Principal } from '@dfinity/principal';
import type { ActorMethod } from '@dfinity/agent';
import type { IDL } from '@dfinity/candid';

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
export interface Init { 'governor' : Principal }
export interface Upgrade {
  'arg' : Uint8Array,
  'chunk_hashes' : Array<Uint8Array>,
  'store' : Principal,
  'canister' : Principal,
  'wasm_hash' : Uint8Array,
}
export type Validation = { 'Ok' : string } |
  { 'Err' : string };
export interface _SERVICE {
  'audit_log' : ActorMethod<
    [{ 'start' : bigint, 'length' : number }],
    Array<AuditEntry>
  >,
  'audit_tip' : ActorMethod<[], AuditTip>,
  'cycles' : ActorMethod<[], bigint>,
  'get_governor' : ActorMethod<[], Principal>,
  'upgrade_canister' : ActorMethod<[Upgrade], undefined>,
  /**
   * Governor only. The validator asks the network which module is there now, and whether the chunks of the new one are. The governor itself
   * is upgraded after it was answered: see the audit log.
   */
  'validate_upgrade_canister' : ActorMethod<[Upgrade], Validation>,
}

export const idlFactory: IDL.InterfaceFactory = ({ IDL }) => {
  const Init = IDL.Record({ 'governor' : IDL.Principal });
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
  const Upgrade = IDL.Record({
    'arg' : IDL.Vec(IDL.Nat8),
    'chunk_hashes' : IDL.Vec(IDL.Vec(IDL.Nat8)),
    'store' : IDL.Principal,
    'canister' : IDL.Principal,
    'wasm_hash' : IDL.Vec(IDL.Nat8),
  });
  const Validation = IDL.Variant({ 'Ok' : IDL.Text, 'Err' : IDL.Text });
  return IDL.Service({
    'audit_log' : IDL.Func(
        [IDL.Record({ 'start' : IDL.Nat64, 'length' : IDL.Nat32 })],
        [IDL.Vec(AuditEntry)],
        ['query'],
      ),
    'audit_tip' : IDL.Func([], [AuditTip], ['query']),
    'cycles' : IDL.Func([], [IDL.Nat], ['query']),
    'get_governor' : IDL.Func([], [IDL.Principal], ['query']),
    'upgrade_canister' : IDL.Func([Upgrade], [], []),
    'validate_upgrade_canister' : IDL.Func([Upgrade], [Validation], []),
  });
};
export const init = ({ IDL }: { IDL: typeof import('@dfinity/candid').IDL }): IDL.Type[] => {
  const Init = IDL.Record({ 'governor' : IDL.Principal });
  return [Init];
};
