// Generated from the canister's .did by canisters/bindgen (npm run bindings): do not edit.
import type { Principal } from '@dfinity/principal';
import type { ActorMethod } from '@dfinity/agent';
import type { IDL } from '@dfinity/candid';

export interface Account {
  'owner' : Principal,
  'subaccount' : [] | [Subaccount],
}
export interface Allowance {
  'allowance' : bigint,
  'expires_at' : [] | [Timestamp],
}
export interface AllowanceArgs { 'account' : Account, 'spender' : Account }
export interface ApproveArgs {
  'fee' : [] | [bigint],
  'memo' : [] | [Uint8Array],
  'from_subaccount' : [] | [Subaccount],
  'created_at_time' : [] | [Timestamp],
  'amount' : bigint,
  'expected_allowance' : [] | [bigint],
  'expires_at' : [] | [Timestamp],
  'spender' : Account,
}
export type ApproveError = {
    'GenericError' : { 'message' : string, 'error_code' : bigint }
  } |
  { 'TemporarilyUnavailable' : null } |
  { 'Duplicate' : { 'duplicate_of' : bigint } } |
  { 'BadFee' : { 'expected_fee' : bigint } } |
  { 'AllowanceChanged' : { 'current_allowance' : bigint } } |
  { 'CreatedInFuture' : { 'ledger_time' : Timestamp } } |
  { 'TooOld' : null } |
  { 'Expired' : { 'ledger_time' : Timestamp } } |
  { 'InsufficientFunds' : { 'balance' : bigint } };
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
export interface Block {
  'at' : Timestamp,
  'memo' : [] | [Uint8Array],
  'operation' : Operation,
  'index' : bigint,
  'created_at_time' : [] | [Timestamp],
  /**
   * As the caller named them; null in blocks from before this was kept.
   */
  'offered_fee' : [] | [bigint],
  'expected_allowance' : [] | [bigint],
}
export interface DataCertificate {
  'certificate' : Uint8Array,
  'hash_tree' : Uint8Array,
}
export interface FieldsDisplay {
  'fields' : Array<[string, Icrc21Value]>,
  'intent' : string,
}
export interface GetBlocksArgs { 'start' : bigint, 'length' : bigint }
export interface GetBlocksResult {
  'log_length' : bigint,
  'blocks' : Array<{ 'id' : bigint, 'block' : Value }>,
  'archived_blocks' : Array<
    { 'args' : Array<GetBlocksArgs>, 'callback' : [Principal, string] }
  >,
}
export type HeaderField = [string, string];
export interface HttpRequest {
  'url' : string,
  'method' : string,
  'body' : Uint8Array,
  'headers' : Array<HeaderField>,
  'certificate_version' : [] | [number],
}
export interface HttpResponse {
  'body' : Uint8Array,
  'headers' : Array<HeaderField>,
  'status_code' : number,
}
export type Icrc21Value = { 'Text' : { 'content' : string } } |
  {
    'TokenAmount' : {
      'decimals' : number,
      'amount' : bigint,
      'symbol' : string,
    }
  } |
  { 'TimestampSeconds' : { 'amount' : bigint } } |
  { 'DurationSeconds' : { 'amount' : bigint } };
export interface Init {
  'decimals' : number,
  'transfer_fee' : bigint,
  'minting_account' : Account,
  'name' : string,
  'initial_balances' : Array<[Account, bigint]>,
  'symbol' : string,
}
export type MetadataValue = { 'Int' : bigint } |
  { 'Nat' : bigint } |
  { 'Blob' : Uint8Array } |
  { 'Text' : string };
export type Operation = {
    'Approve' : {
      'fee' : bigint,
      'from' : Account,
      'amount' : bigint,
      'expires_at' : [] | [Timestamp],
      'spender' : Account,
    }
  } |
  {
    'Burn' : { 'from' : Account, 'amount' : bigint, 'spender' : [] | [Account] }
  } |
  { 'Mint' : { 'to' : Account, 'amount' : bigint } } |
  {
    'Transfer' : {
      'to' : Account,
      'fee' : bigint,
      'from' : Account,
      'amount' : bigint,
      'spender' : [] | [Account],
    }
  };
export interface StandardRecord { 'url' : string, 'name' : string }
/**
 * The token: ICRC-1, 2, 3, 10 and 21 as the standards define them, and its block log in this project's own words besides.
 * On the real network any ICRC ledger (an SNS's own) stands in its place.
 */
export type Subaccount = Uint8Array;
export type Timestamp = bigint;
export interface TransferArg {
  'to' : Account,
  'fee' : [] | [bigint],
  'memo' : [] | [Uint8Array],
  'from_subaccount' : [] | [Subaccount],
  'created_at_time' : [] | [Timestamp],
  'amount' : bigint,
}
export type TransferError = {
    'GenericError' : { 'message' : string, 'error_code' : bigint }
  } |
  { 'TemporarilyUnavailable' : null } |
  { 'BadBurn' : { 'min_burn_amount' : bigint } } |
  { 'Duplicate' : { 'duplicate_of' : bigint } } |
  { 'BadFee' : { 'expected_fee' : bigint } } |
  { 'CreatedInFuture' : { 'ledger_time' : Timestamp } } |
  { 'TooOld' : null } |
  { 'InsufficientFunds' : { 'balance' : bigint } };
export interface TransferFromArgs {
  'to' : Account,
  'fee' : [] | [bigint],
  'spender_subaccount' : [] | [Subaccount],
  'from' : Account,
  'memo' : [] | [Uint8Array],
  'created_at_time' : [] | [Timestamp],
  'amount' : bigint,
}
export type TransferFromError = {
    'GenericError' : { 'message' : string, 'error_code' : bigint }
  } |
  { 'TemporarilyUnavailable' : null } |
  { 'InsufficientAllowance' : { 'allowance' : bigint } } |
  { 'BadBurn' : { 'min_burn_amount' : bigint } } |
  { 'Duplicate' : { 'duplicate_of' : bigint } } |
  { 'BadFee' : { 'expected_fee' : bigint } } |
  { 'CreatedInFuture' : { 'ledger_time' : Timestamp } } |
  { 'TooOld' : null } |
  { 'InsufficientFunds' : { 'balance' : bigint } };
/**
 * ICRC-3.
 */
export type Value = { 'Int' : bigint } |
  { 'Map' : Array<[string, Value]> } |
  { 'Nat' : bigint } |
  { 'Blob' : Uint8Array } |
  { 'Text' : string } |
  { 'Array' : Array<Value> };
export interface icrc21_consent_info {
  'metadata' : icrc21_consent_message_metadata,
  'consent_message' : icrc21_consent_message,
}
export type icrc21_consent_message = {
    'FieldsDisplayMessage' : FieldsDisplay
  } |
  { 'GenericDisplayMessage' : string };
/**
 * ICRC-21.
 */
export interface icrc21_consent_message_metadata {
  'utc_offset_minutes' : [] | [number],
  'language' : string,
}
export interface icrc21_consent_message_request {
  'arg' : Uint8Array,
  'method' : string,
  'user_preferences' : icrc21_consent_message_spec,
}
export interface icrc21_consent_message_spec {
  'metadata' : icrc21_consent_message_metadata,
  'device_spec' : [] | [
    { 'GenericDisplay' : null } |
      { 'FieldsDisplay' : null }
  ],
}
export type icrc21_error = {
    'GenericError' : { 'description' : string, 'error_code' : bigint }
  } |
  { 'InsufficientPayment' : icrc21_error_info } |
  { 'UnsupportedCanisterCall' : icrc21_error_info } |
  { 'ConsentMessageUnavailable' : icrc21_error_info };
export interface icrc21_error_info { 'description' : string }
export interface _SERVICE {
  'audit_log' : ActorMethod<
    [{ 'start' : bigint, 'length' : number }],
    Array<AuditEntry>
  >,
  'audit_tip' : ActorMethod<[], AuditTip>,
  'cycles' : ActorMethod<[], bigint>,
  'get_blocks' : ActorMethod<
    [{ 'start' : bigint, 'length' : number }],
    { 'length' : bigint, 'blocks' : Array<Block> }
  >,
  /**
   * /balances/<principal> as JSON or HTML, for people; not certified.
   */
  'http_request' : ActorMethod<[HttpRequest], HttpResponse>,
  'icrc10_supported_standards' : ActorMethod<[], Array<StandardRecord>>,
  'icrc1_balance_of' : ActorMethod<[Account], bigint>,
  'icrc1_decimals' : ActorMethod<[], number>,
  'icrc1_fee' : ActorMethod<[], bigint>,
  'icrc1_metadata' : ActorMethod<[], Array<[string, MetadataValue]>>,
  'icrc1_minting_account' : ActorMethod<[], [] | [Account]>,
  'icrc1_name' : ActorMethod<[], string>,
  'icrc1_supported_standards' : ActorMethod<[], Array<StandardRecord>>,
  'icrc1_symbol' : ActorMethod<[], string>,
  'icrc1_total_supply' : ActorMethod<[], bigint>,
  'icrc1_transfer' : ActorMethod<
    [TransferArg],
    { 'Ok' : bigint } |
      { 'Err' : TransferError }
  >,
  'icrc21_canister_call_consent_message' : ActorMethod<
    [icrc21_consent_message_request],
    { 'Ok' : icrc21_consent_info } |
      { 'Err' : icrc21_error }
  >,
  'icrc2_allowance' : ActorMethod<[AllowanceArgs], Allowance>,
  'icrc2_approve' : ActorMethod<
    [ApproveArgs],
    { 'Ok' : bigint } |
      { 'Err' : ApproveError }
  >,
  'icrc2_transfer_from' : ActorMethod<
    [TransferFromArgs],
    { 'Ok' : bigint } |
      { 'Err' : TransferFromError }
  >,
  'icrc3_get_archives' : ActorMethod<
    [{ 'from' : [] | [Principal] }],
    Array<{ 'end' : bigint, 'canister_id' : Principal, 'start' : bigint }>
  >,
  'icrc3_get_blocks' : ActorMethod<[Array<GetBlocksArgs>], GetBlocksResult>,
  'icrc3_get_tip_certificate' : ActorMethod<[], [] | [DataCertificate]>,
  'icrc3_supported_block_types' : ActorMethod<
    [],
    Array<{ 'url' : string, 'block_type' : string }>
  >,
}

export const idlFactory: IDL.InterfaceFactory = ({ IDL }) => {
  const GetBlocksResult = IDL.Rec();
  const Value = IDL.Rec();
  const Subaccount = IDL.Vec(IDL.Nat8);
  const Account = IDL.Record({
    'owner' : IDL.Principal,
    'subaccount' : IDL.Opt(Subaccount),
  });
  const Init = IDL.Record({
    'decimals' : IDL.Nat8,
    'transfer_fee' : IDL.Nat,
    'minting_account' : Account,
    'name' : IDL.Text,
    'initial_balances' : IDL.Vec(IDL.Tuple(Account, IDL.Nat)),
    'symbol' : IDL.Text,
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
  const Timestamp = IDL.Nat64;
  const Operation = IDL.Variant({
    'Approve' : IDL.Record({
      'fee' : IDL.Nat,
      'from' : Account,
      'amount' : IDL.Nat,
      'expires_at' : IDL.Opt(Timestamp),
      'spender' : Account,
    }),
    'Burn' : IDL.Record({
      'from' : Account,
      'amount' : IDL.Nat,
      'spender' : IDL.Opt(Account),
    }),
    'Mint' : IDL.Record({ 'to' : Account, 'amount' : IDL.Nat }),
    'Transfer' : IDL.Record({
      'to' : Account,
      'fee' : IDL.Nat,
      'from' : Account,
      'amount' : IDL.Nat,
      'spender' : IDL.Opt(Account),
    }),
  });
  const Block = IDL.Record({
    'at' : Timestamp,
    'memo' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'operation' : Operation,
    'index' : IDL.Nat64,
    'created_at_time' : IDL.Opt(Timestamp),
    'offered_fee' : IDL.Opt(IDL.Nat),
    'expected_allowance' : IDL.Opt(IDL.Nat),
  });
  const HeaderField = IDL.Tuple(IDL.Text, IDL.Text);
  const HttpRequest = IDL.Record({
    'url' : IDL.Text,
    'method' : IDL.Text,
    'body' : IDL.Vec(IDL.Nat8),
    'headers' : IDL.Vec(HeaderField),
    'certificate_version' : IDL.Opt(IDL.Nat16),
  });
  const HttpResponse = IDL.Record({
    'body' : IDL.Vec(IDL.Nat8),
    'headers' : IDL.Vec(HeaderField),
    'status_code' : IDL.Nat16,
  });
  const StandardRecord = IDL.Record({ 'url' : IDL.Text, 'name' : IDL.Text });
  const MetadataValue = IDL.Variant({
    'Int' : IDL.Int,
    'Nat' : IDL.Nat,
    'Blob' : IDL.Vec(IDL.Nat8),
    'Text' : IDL.Text,
  });
  const TransferArg = IDL.Record({
    'to' : Account,
    'fee' : IDL.Opt(IDL.Nat),
    'memo' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'from_subaccount' : IDL.Opt(Subaccount),
    'created_at_time' : IDL.Opt(Timestamp),
    'amount' : IDL.Nat,
  });
  const TransferError = IDL.Variant({
    'GenericError' : IDL.Record({
      'message' : IDL.Text,
      'error_code' : IDL.Nat,
    }),
    'TemporarilyUnavailable' : IDL.Null,
    'BadBurn' : IDL.Record({ 'min_burn_amount' : IDL.Nat }),
    'Duplicate' : IDL.Record({ 'duplicate_of' : IDL.Nat }),
    'BadFee' : IDL.Record({ 'expected_fee' : IDL.Nat }),
    'CreatedInFuture' : IDL.Record({ 'ledger_time' : Timestamp }),
    'TooOld' : IDL.Null,
    'InsufficientFunds' : IDL.Record({ 'balance' : IDL.Nat }),
  });
  const icrc21_consent_message_metadata = IDL.Record({
    'utc_offset_minutes' : IDL.Opt(IDL.Int16),
    'language' : IDL.Text,
  });
  const icrc21_consent_message_spec = IDL.Record({
    'metadata' : icrc21_consent_message_metadata,
    'device_spec' : IDL.Opt(
      IDL.Variant({ 'GenericDisplay' : IDL.Null, 'FieldsDisplay' : IDL.Null })
    ),
  });
  const icrc21_consent_message_request = IDL.Record({
    'arg' : IDL.Vec(IDL.Nat8),
    'method' : IDL.Text,
    'user_preferences' : icrc21_consent_message_spec,
  });
  const Icrc21Value = IDL.Variant({
    'Text' : IDL.Record({ 'content' : IDL.Text }),
    'TokenAmount' : IDL.Record({
      'decimals' : IDL.Nat8,
      'amount' : IDL.Nat64,
      'symbol' : IDL.Text,
    }),
    'TimestampSeconds' : IDL.Record({ 'amount' : IDL.Nat64 }),
    'DurationSeconds' : IDL.Record({ 'amount' : IDL.Nat64 }),
  });
  const FieldsDisplay = IDL.Record({
    'fields' : IDL.Vec(IDL.Tuple(IDL.Text, Icrc21Value)),
    'intent' : IDL.Text,
  });
  const icrc21_consent_message = IDL.Variant({
    'FieldsDisplayMessage' : FieldsDisplay,
    'GenericDisplayMessage' : IDL.Text,
  });
  const icrc21_consent_info = IDL.Record({
    'metadata' : icrc21_consent_message_metadata,
    'consent_message' : icrc21_consent_message,
  });
  const icrc21_error_info = IDL.Record({ 'description' : IDL.Text });
  const icrc21_error = IDL.Variant({
    'GenericError' : IDL.Record({
      'description' : IDL.Text,
      'error_code' : IDL.Nat,
    }),
    'InsufficientPayment' : icrc21_error_info,
    'UnsupportedCanisterCall' : icrc21_error_info,
    'ConsentMessageUnavailable' : icrc21_error_info,
  });
  const AllowanceArgs = IDL.Record({
    'account' : Account,
    'spender' : Account,
  });
  const Allowance = IDL.Record({
    'allowance' : IDL.Nat,
    'expires_at' : IDL.Opt(Timestamp),
  });
  const ApproveArgs = IDL.Record({
    'fee' : IDL.Opt(IDL.Nat),
    'memo' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'from_subaccount' : IDL.Opt(Subaccount),
    'created_at_time' : IDL.Opt(Timestamp),
    'amount' : IDL.Nat,
    'expected_allowance' : IDL.Opt(IDL.Nat),
    'expires_at' : IDL.Opt(Timestamp),
    'spender' : Account,
  });
  const ApproveError = IDL.Variant({
    'GenericError' : IDL.Record({
      'message' : IDL.Text,
      'error_code' : IDL.Nat,
    }),
    'TemporarilyUnavailable' : IDL.Null,
    'Duplicate' : IDL.Record({ 'duplicate_of' : IDL.Nat }),
    'BadFee' : IDL.Record({ 'expected_fee' : IDL.Nat }),
    'AllowanceChanged' : IDL.Record({ 'current_allowance' : IDL.Nat }),
    'CreatedInFuture' : IDL.Record({ 'ledger_time' : Timestamp }),
    'TooOld' : IDL.Null,
    'Expired' : IDL.Record({ 'ledger_time' : Timestamp }),
    'InsufficientFunds' : IDL.Record({ 'balance' : IDL.Nat }),
  });
  const TransferFromArgs = IDL.Record({
    'to' : Account,
    'fee' : IDL.Opt(IDL.Nat),
    'spender_subaccount' : IDL.Opt(Subaccount),
    'from' : Account,
    'memo' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'created_at_time' : IDL.Opt(Timestamp),
    'amount' : IDL.Nat,
  });
  const TransferFromError = IDL.Variant({
    'GenericError' : IDL.Record({
      'message' : IDL.Text,
      'error_code' : IDL.Nat,
    }),
    'TemporarilyUnavailable' : IDL.Null,
    'InsufficientAllowance' : IDL.Record({ 'allowance' : IDL.Nat }),
    'BadBurn' : IDL.Record({ 'min_burn_amount' : IDL.Nat }),
    'Duplicate' : IDL.Record({ 'duplicate_of' : IDL.Nat }),
    'BadFee' : IDL.Record({ 'expected_fee' : IDL.Nat }),
    'CreatedInFuture' : IDL.Record({ 'ledger_time' : Timestamp }),
    'TooOld' : IDL.Null,
    'InsufficientFunds' : IDL.Record({ 'balance' : IDL.Nat }),
  });
  const GetBlocksArgs = IDL.Record({ 'start' : IDL.Nat, 'length' : IDL.Nat });
  Value.fill(
    IDL.Variant({
      'Int' : IDL.Int,
      'Map' : IDL.Vec(IDL.Tuple(IDL.Text, Value)),
      'Nat' : IDL.Nat,
      'Blob' : IDL.Vec(IDL.Nat8),
      'Text' : IDL.Text,
      'Array' : IDL.Vec(Value),
    })
  );
  GetBlocksResult.fill(
    IDL.Record({
      'log_length' : IDL.Nat,
      'blocks' : IDL.Vec(IDL.Record({ 'id' : IDL.Nat, 'block' : Value })),
      'archived_blocks' : IDL.Vec(
        IDL.Record({
          'args' : IDL.Vec(GetBlocksArgs),
          'callback' : IDL.Func(
              [IDL.Vec(GetBlocksArgs)],
              [GetBlocksResult],
              ['query'],
            ),
        })
      ),
    })
  );
  const DataCertificate = IDL.Record({
    'certificate' : IDL.Vec(IDL.Nat8),
    'hash_tree' : IDL.Vec(IDL.Nat8),
  });
  return IDL.Service({
    'audit_log' : IDL.Func(
        [IDL.Record({ 'start' : IDL.Nat64, 'length' : IDL.Nat32 })],
        [IDL.Vec(AuditEntry)],
        ['query'],
      ),
    'audit_tip' : IDL.Func([], [AuditTip], ['query']),
    'cycles' : IDL.Func([], [IDL.Nat], ['query']),
    'get_blocks' : IDL.Func(
        [IDL.Record({ 'start' : IDL.Nat64, 'length' : IDL.Nat32 })],
        [IDL.Record({ 'length' : IDL.Nat64, 'blocks' : IDL.Vec(Block) })],
        ['query'],
      ),
    'http_request' : IDL.Func([HttpRequest], [HttpResponse], ['query']),
    'icrc10_supported_standards' : IDL.Func(
        [],
        [IDL.Vec(StandardRecord)],
        ['query'],
      ),
    'icrc1_balance_of' : IDL.Func([Account], [IDL.Nat], ['query']),
    'icrc1_decimals' : IDL.Func([], [IDL.Nat8], ['query']),
    'icrc1_fee' : IDL.Func([], [IDL.Nat], ['query']),
    'icrc1_metadata' : IDL.Func(
        [],
        [IDL.Vec(IDL.Tuple(IDL.Text, MetadataValue))],
        ['query'],
      ),
    'icrc1_minting_account' : IDL.Func([], [IDL.Opt(Account)], ['query']),
    'icrc1_name' : IDL.Func([], [IDL.Text], ['query']),
    'icrc1_supported_standards' : IDL.Func(
        [],
        [IDL.Vec(StandardRecord)],
        ['query'],
      ),
    'icrc1_symbol' : IDL.Func([], [IDL.Text], ['query']),
    'icrc1_total_supply' : IDL.Func([], [IDL.Nat], ['query']),
    'icrc1_transfer' : IDL.Func(
        [TransferArg],
        [IDL.Variant({ 'Ok' : IDL.Nat, 'Err' : TransferError })],
        [],
      ),
    'icrc21_canister_call_consent_message' : IDL.Func(
        [icrc21_consent_message_request],
        [IDL.Variant({ 'Ok' : icrc21_consent_info, 'Err' : icrc21_error })],
        [],
      ),
    'icrc2_allowance' : IDL.Func([AllowanceArgs], [Allowance], ['query']),
    'icrc2_approve' : IDL.Func(
        [ApproveArgs],
        [IDL.Variant({ 'Ok' : IDL.Nat, 'Err' : ApproveError })],
        [],
      ),
    'icrc2_transfer_from' : IDL.Func(
        [TransferFromArgs],
        [IDL.Variant({ 'Ok' : IDL.Nat, 'Err' : TransferFromError })],
        [],
      ),
    'icrc3_get_archives' : IDL.Func(
        [IDL.Record({ 'from' : IDL.Opt(IDL.Principal) })],
        [
          IDL.Vec(
            IDL.Record({
              'end' : IDL.Nat,
              'canister_id' : IDL.Principal,
              'start' : IDL.Nat,
            })
          ),
        ],
        ['query'],
      ),
    'icrc3_get_blocks' : IDL.Func(
        [IDL.Vec(GetBlocksArgs)],
        [GetBlocksResult],
        ['query'],
      ),
    'icrc3_get_tip_certificate' : IDL.Func(
        [],
        [IDL.Opt(DataCertificate)],
        ['query'],
      ),
    'icrc3_supported_block_types' : IDL.Func(
        [],
        [IDL.Vec(IDL.Record({ 'url' : IDL.Text, 'block_type' : IDL.Text }))],
        ['query'],
      ),
  });
};
export const init = ({ IDL }: { IDL: typeof import('@dfinity/candid').IDL }): IDL.Type[] => {
  const Subaccount = IDL.Vec(IDL.Nat8);
  const Account = IDL.Record({
    'owner' : IDL.Principal,
    'subaccount' : IDL.Opt(Subaccount),
  });
  const Init = IDL.Record({
    'decimals' : IDL.Nat8,
    'transfer_fee' : IDL.Nat,
    'minting_account' : Account,
    'name' : IDL.Text,
    'initial_balances' : IDL.Vec(IDL.Tuple(Account, IDL.Nat)),
    'symbol' : IDL.Text,
  });
  return [Init];
};
