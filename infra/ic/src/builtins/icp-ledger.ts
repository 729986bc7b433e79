import { IDL } from '@dfinity/candid';
import type { Principal } from '@dfinity/principal';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { bytesOf, canisterId, idOf, type Id } from '../subnet/principals.js';
import { query, update, type Builtin, type BuiltinCall } from './builtin.js';
import {
  Account,
  accountKey,
  Blob,
  DAY,
  icrcMethods,
  newLedger,
  NO_SUBACCOUNT,
  ownKey,
  transfer,
  type CandidAccount,
  type LedgerKind,
  type LedgerState,
  type TransferError,
} from './ledger.js';

export const ICP_LEDGER = canisterId(2n);
const GOVERNANCE = canisterId(1n);

const { Record, Variant, Opt, Text, Nat64, Null } = IDL;
const Tokens = Record({ e8s: Nat64 });
const TransferArgs = Record({
  memo: Nat64,
  amount: Tokens,
  fee: Tokens,
  from_subaccount: Opt(Blob),
  to: Blob,
  created_at_time: Opt(Record({ timestamp_nanos: Nat64 })),
});
const TransferResult = Variant({
  Ok: Nat64,
  Err: Variant({
    BadFee: Record({ expected_fee: Tokens }),
    InsufficientFunds: Record({ balance: Tokens }),
    TxTooOld: Record({ allowed_window_nanos: Nat64 }),
    TxCreatedInFuture: Null,
    TxDuplicate: Record({ duplicate_of: Nat64 }),
  }),
});

/** ICP is kept by account identifier: CRC-32, then SHA-224 of principal and subaccount. */
export const ICP: LedgerKind = {
  name: 'Internet Computer',
  symbol: 'ICP',
  decimals: 8,
  fee: 10_000n,
  minter: GOVERNANCE,
  key(owner: Id, subaccount: Uint8Array): string {
    const hash = createHash('sha224').update('\x0Aaccount-id').update(bytesOf(owner)).update(subaccount).digest();
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(hash));
    return Buffer.concat([checksum, hash]).toString('hex');
  },
};

/** What anonymous owns: a billion ICP. */
const ENDOWMENT = 100_000_000_000_000_000n;

export function icpState({ subnet }: Pick<BuiltinCall, 'subnet'>): LedgerState {
  return ((subnet.state.builtins ??= {}).icp ??= newLedger(ICP, ENDOWMENT));
}

interface TransferArgument {
  memo: bigint;
  amount: { e8s: bigint };
  fee: { e8s: bigint };
  from_subaccount: [ArrayLike<number>] | [];
  to: ArrayLike<number>;
  created_at_time: [{ timestamp_nanos: bigint }] | [];
}

/** The memo of ICP's own `transfer`, as a block keeps it. */
export const numericMemo = (memo: bigint): string => `#${memo}`;

function oldError(error: TransferError): unknown {
  if ('BadFee' in error) return { BadFee: { expected_fee: { e8s: error.BadFee.expected_fee } } };
  if ('InsufficientFunds' in error) return { InsufficientFunds: { balance: { e8s: error.InsufficientFunds.balance } } };
  if ('TooOld' in error) return { TxTooOld: { allowed_window_nanos: DAY } };
  if ('CreatedInFuture' in error) return { TxCreatedInFuture: null };
  if ('Duplicate' in error) return { TxDuplicate: error.Duplicate };
  return { BadFee: { expected_fee: { e8s: 0n } } };
}

const hexOf = (bytes: ArrayLike<number>): string => Buffer.from(Uint8Array.from(bytes)).toString('hex');

export const icpLedger: Builtin = {
  id: ICP_LEDGER,
  name: 'ICP ledger',
  methods: {
    ...icrcMethods(ICP, icpState),
    transfer: update([TransferArgs], [TransferResult], (call, given: TransferArgument) => {
      const moved = transfer(ICP, icpState(call), call.subnet.state.time, {
        from: ownKey(ICP, call.caller, given.from_subaccount),
        to: hexOf(given.to),
        amount: given.amount.e8s,
        fee: given.fee.e8s,
        memo: numericMemo(given.memo),
        createdAt: given.created_at_time[0]?.timestamp_nanos,
      });
      return typeof moved === 'bigint' ? { Ok: moved } : { Err: oldError(moved) };
    }),
    account_balance: query(
      [Record({ account: Blob })],
      [Tokens],
      (call, { account }: { account: ArrayLike<number> }) => ({
        e8s: icpState(call).balances.get(hexOf(account)) ?? 0n,
      }),
    ),
    account_balance_dfx: query([Record({ account: Text })], [Tokens], (call, { account }: { account: string }) => ({
      e8s: icpState(call).balances.get(account.toLowerCase()) ?? 0n,
    })),
    account_identifier: query([Account], [Blob], (_, account: CandidAccount) =>
      Buffer.from(accountKey(ICP, account), 'hex'),
    ),
    transfer_fee: query([Record({})], [Record({ transfer_fee: Tokens })], () => ({ transfer_fee: { e8s: ICP.fee } })),
    symbol: query([], [Record({ symbol: Text })], () => ({ symbol: ICP.symbol })),
    name: query([], [Record({ name: Text })], () => ({ name: ICP.name })),
    decimals: query([], [Record({ decimals: IDL.Nat32 })], () => ({ decimals: ICP.decimals })),
  },
};

/** The account of a principal at a service: the subaccount that names it. */
export function accountAt(service: Id, owner: Principal | Id): string {
  const bytes = typeof owner === 'string' ? bytesOf(owner) : bytesOf(idOf(owner.toUint8Array()));
  const subaccount = NO_SUBACCOUNT.slice();
  subaccount[0] = bytes.length;
  subaccount.set(bytes, 1);
  return ICP.key(service, subaccount);
}
