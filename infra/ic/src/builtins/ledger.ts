import type { Principal } from '@dfinity/principal';
import { IDL } from '@dfinity/candid';
import { ANONYMOUS, idOf, principalOf, type Id } from '../subnet/principals.js';
import { query, update, type BuiltinCall, type BuiltinMethod } from './builtin.js';

/** A transfer, mint or burn. Accounts are keys of `balances`; a mint has no `from`, a burn no `to`. */
export interface Block {
  from?: string;
  to?: string;
  amount: bigint;
  fee: bigint;
  memo: string;
  time: bigint;
  createdAt?: bigint;
}

export interface LedgerState {
  balances: Map<string, bigint>;
  /** By owner's and spender's account. */
  allowances: Map<string, { amount: bigint; expiresAt?: bigint }>;
  blocks: Block[];
  /** Block numbers of transfers that named when they were created, by what they were. */
  recent: Map<string, number>;
  supply: bigint;
}

export interface LedgerKind {
  name: string;
  symbol: string;
  decimals: number;
  fee: bigint;
  minter: Id;
  key(owner: Id, subaccount: Uint8Array): string;
}
export interface CandidAccount {
  owner: Principal;
  subaccount: [ArrayLike<number>] | [];
}

const { Record, Variant, Opt, Vec, Text, Nat, Nat8, Nat64, Int, Null, Tuple } = IDL;
export const Blob = Vec(Nat8);
export const Account = Record({ owner: IDL.Principal, subaccount: Opt(Blob) });
const COMMON = {
  BadFee: Record({ expected_fee: Nat }),
  InsufficientFunds: Record({ balance: Nat }),
  TooOld: Null,
  CreatedInFuture: Record({ ledger_time: Nat64 }),
  Duplicate: Record({ duplicate_of: Nat }),
  TemporarilyUnavailable: Null,
  GenericError: Record({ error_code: Nat, message: Text }),
};
const TransferArg = Record({
  from_subaccount: Opt(Blob),
  to: Account,
  amount: Nat,
  fee: Opt(Nat),
  memo: Opt(Blob),
  created_at_time: Opt(Nat64),
});
const TransferResult = Variant({ Ok: Nat, Err: Variant({ ...COMMON, BadBurn: Record({ min_burn_amount: Nat }) }) });
const TransferFromArg = Record({
  spender_subaccount: Opt(Blob),
  from: Account,
  to: Account,
  amount: Nat,
  fee: Opt(Nat),
  memo: Opt(Blob),
  created_at_time: Opt(Nat64),
});
const TransferFromResult = Variant({
  Ok: Nat,
  Err: Variant({
    ...COMMON,
    BadBurn: Record({ min_burn_amount: Nat }),
    InsufficientAllowance: Record({ allowance: Nat }),
  }),
});
const ApproveArg = Record({
  from_subaccount: Opt(Blob),
  spender: Account,
  amount: Nat,
  expected_allowance: Opt(Nat),
  expires_at: Opt(Nat64),
  fee: Opt(Nat),
  memo: Opt(Blob),
  created_at_time: Opt(Nat64),
});
const ApproveResult = Variant({
  Ok: Nat,
  Err: Variant({
    ...COMMON,
    AllowanceChanged: Record({ current_allowance: Nat }),
    Expired: Record({ ledger_time: Nat64 }),
  }),
});
const AllowanceArg = Record({ account: Account, spender: Account });
const Value = Variant({ Nat, Int, Text, Blob });

export const DAY = 86_400_000_000_000n;
export const DRIFT = 60_000_000_000n;
/** What anonymous owns at the beginning, as in PocketIC: every user can have test money from it. */
const ENDOWMENT = (1n << 127n) - 1n;

export function newLedger(kind: LedgerKind, endowment = ENDOWMENT): LedgerState {
  return {
    balances: new Map([[kind.key(ANONYMOUS, NO_SUBACCOUNT), endowment]]),
    allowances: new Map(),
    blocks: [],
    recent: new Map(),
    supply: endowment,
  };
}

export const NO_SUBACCOUNT = new Uint8Array(32);

export type TransferError =
  | { BadFee: { expected_fee: bigint } }
  | { InsufficientFunds: { balance: bigint } }
  | { TooOld: null }
  | { CreatedInFuture: { ledger_time: bigint } }
  | { Duplicate: { duplicate_of: bigint } }
  | { BadBurn: { min_burn_amount: bigint } };

export interface Transfer {
  from: string;
  to: string | undefined;
  amount: bigint;
  fee?: bigint;
  memo?: string;
  createdAt?: bigint;
}

/**
 * Moves, mints (from the minting account) or burns (to it, or to nobody). ICRC-1, with its deduplication. @returns the
 * block's number
 */
export function transfer(
  kind: LedgerKind,
  state: LedgerState,
  now: bigint,
  { from, to, amount, fee, memo = '', createdAt }: Transfer,
): bigint | TransferError {
  const minter = kind.key(kind.minter, NO_SUBACCOUNT);
  const minting = from === minter;
  const burning = to === minter || to === undefined;
  const expected = minting || burning ? 0n : kind.fee;
  const identity = createdAt === undefined ? undefined : [from, to, amount, fee, memo, createdAt].join(' ');
  if (createdAt !== undefined && createdAt + DAY + DRIFT < now) return { TooOld: null };
  if (createdAt !== undefined && createdAt > now + DRIFT) return { CreatedInFuture: { ledger_time: now } };
  const known = identity === undefined ? undefined : state.recent.get(identity);
  if (known !== undefined) return { Duplicate: { duplicate_of: BigInt(known) } };
  if (fee !== undefined && fee !== expected) return { BadFee: { expected_fee: expected } };
  if (burning && !minting && to !== undefined && amount < kind.fee) return { BadBurn: { min_burn_amount: kind.fee } };
  const balance = state.balances.get(from) ?? 0n;
  if (!minting && balance < amount + expected) return { InsufficientFunds: { balance } };
  if (!minting) set(state, from, balance - amount - expected);
  if (!burning) set(state, to!, (state.balances.get(to!) ?? 0n) + amount);
  state.supply += (minting ? amount : 0n) - (burning ? amount : 0n) - expected;
  const number =
    state.blocks.push({
      from: minting ? undefined : from,
      to: burning ? undefined : to,
      amount,
      fee: expected,
      memo,
      time: now,
      createdAt,
    }) - 1;
  if (identity !== undefined) state.recent.set(identity, number);
  return BigInt(number);
}

function set(state: LedgerState, account: string, balance: bigint): void {
  if (balance === 0n) state.balances.delete(account);
  else state.balances.set(account, balance);
}

export function accountKey(kind: LedgerKind, { owner, subaccount }: CandidAccount): string {
  return kind.key(idOf(owner.toUint8Array()), subaccount[0] ? Uint8Array.from(subaccount[0]) : NO_SUBACCOUNT);
}

export function ownKey(kind: LedgerKind, caller: Id, subaccount: [ArrayLike<number>] | []): string {
  return kind.key(caller, subaccount[0] ? Uint8Array.from(subaccount[0]) : NO_SUBACCOUNT);
}

function allowanceOf(
  state: LedgerState,
  owner: string,
  spender: string,
  now: bigint,
): { amount: bigint; expiresAt?: bigint } {
  const allowance = state.allowances.get(`${owner} ${spender}`);
  return allowance && (allowance.expiresAt === undefined || allowance.expiresAt > now) ? allowance : { amount: 0n };
}

const memoOf = (memo: [ArrayLike<number>] | []): string =>
  memo[0] ? Buffer.from(Uint8Array.from(memo[0])).toString('hex') : '';
const answer = (result: bigint | object): unknown => (typeof result === 'bigint' ? { Ok: result } : { Err: result });

interface TransferArgument {
  from_subaccount: [ArrayLike<number>] | [];
  to: CandidAccount;
  amount: bigint;
  fee: [bigint] | [];
  memo: [ArrayLike<number>] | [];
  created_at_time: [bigint] | [];
}
type TransferFromArgument = Omit<TransferArgument, 'from_subaccount'> & {
  spender_subaccount: [ArrayLike<number>] | [];
  from: CandidAccount;
};
interface ApproveArgument {
  from_subaccount: [ArrayLike<number>] | [];
  spender: CandidAccount;
  amount: bigint;
  expected_allowance: [bigint] | [];
  expires_at: [bigint] | [];
  fee: [bigint] | [];
}

type StateOf = (call: BuiltinCall) => LedgerState;

/** ICRC-1 and ICRC-2 over a ledger's state. */
export function icrcMethods(kind: LedgerKind, stateOf: StateOf): Record<string, BuiltinMethod> {
  return { ...described(kind), ...icrc1(kind, stateOf), ...icrc2(kind, stateOf) };
}

const now = ({ subnet }: BuiltinCall): bigint => subnet.state.time;

function described(kind: LedgerKind): Record<string, BuiltinMethod> {
  return {
    icrc1_name: query([], [Text], () => kind.name),
    icrc1_symbol: query([], [Text], () => kind.symbol),
    icrc1_decimals: query([], [Nat8], () => kind.decimals),
    icrc1_fee: query([], [Nat], () => kind.fee),
    icrc1_metadata: query([], [Vec(Tuple(Text, Value))], () => [
      ['icrc1:name', { Text: kind.name }],
      ['icrc1:symbol', { Text: kind.symbol }],
      ['icrc1:decimals', { Nat: BigInt(kind.decimals) }],
      ['icrc1:fee', { Nat: kind.fee }],
    ]),
    icrc1_minting_account: query([], [Opt(Account)], () => [{ owner: principalOf(kind.minter), subaccount: [] }]),
    icrc1_supported_standards: query([], [Vec(Record({ name: Text, url: Text }))], () =>
      ['ICRC-1', 'ICRC-2'].map((name) => ({
        name,
        url: `https://github.com/dfinity/ICRC-1/blob/main/standards/${name}/README.md`,
      })),
    ),
  };
}

function icrc1(kind: LedgerKind, stateOf: StateOf): Record<string, BuiltinMethod> {
  return {
    icrc1_total_supply: query([], [Nat], (call) => stateOf(call).supply),
    icrc1_balance_of: query(
      [Account],
      [Nat],
      (call, account: CandidAccount) => stateOf(call).balances.get(accountKey(kind, account)) ?? 0n,
    ),
    icrc1_transfer: update([TransferArg], [TransferResult], (call, given: TransferArgument) =>
      answer(
        transfer(kind, stateOf(call), now(call), {
          from: ownKey(kind, call.caller, given.from_subaccount),
          to: accountKey(kind, given.to),
          amount: given.amount,
          fee: given.fee[0],
          memo: memoOf(given.memo),
          createdAt: given.created_at_time[0],
        }),
      ),
    ),
  };
}

function icrc2(kind: LedgerKind, stateOf: StateOf): Record<string, BuiltinMethod> {
  return {
    icrc2_allowance: query(
      [AllowanceArg],
      [Record({ allowance: Nat, expires_at: Opt(Nat64) })],
      (call, { account, spender }: Record<'account' | 'spender', CandidAccount>) => {
        const { amount, expiresAt } = allowanceOf(
          stateOf(call),
          accountKey(kind, account),
          accountKey(kind, spender),
          now(call),
        );
        return { allowance: amount, expires_at: expiresAt === undefined ? [] : [expiresAt] };
      },
    ),
    icrc2_approve: update([ApproveArg], [ApproveResult], (call, given: ApproveArgument) =>
      approve(kind, stateOf(call), call, given),
    ),
    icrc2_transfer_from: update([TransferFromArg], [TransferFromResult], (call, given: TransferFromArgument) =>
      transferFrom(kind, stateOf(call), call, given),
    ),
  };
}

function approve(kind: LedgerKind, state: LedgerState, call: BuiltinCall, given: ApproveArgument): unknown {
  const owner = ownKey(kind, call.caller, given.from_subaccount);
  const spender = accountKey(kind, given.spender);
  const { amount } = allowanceOf(state, owner, spender, now(call));
  const [expected] = given.expected_allowance;
  const [expires] = given.expires_at;
  const [fee] = given.fee;
  if (expected !== undefined && expected !== amount)
    return { Err: { AllowanceChanged: { current_allowance: amount } } };
  if (expires !== undefined && expires <= now(call)) return { Err: { Expired: { ledger_time: now(call) } } };
  if (fee !== undefined && fee !== kind.fee) return { Err: { BadFee: { expected_fee: kind.fee } } };
  const balance = state.balances.get(owner) ?? 0n;
  if (balance < kind.fee) return { Err: { InsufficientFunds: { balance } } };

  set(state, owner, balance - kind.fee);
  state.supply -= kind.fee;
  state.allowances.set(`${owner} ${spender}`, { amount: given.amount, expiresAt: expires });
  const block = { from: owner, to: owner, amount: 0n, fee: kind.fee, memo: '', time: now(call) };
  return { Ok: BigInt(state.blocks.push(block) - 1) };
}

function transferFrom(kind: LedgerKind, state: LedgerState, call: BuiltinCall, given: TransferFromArgument): unknown {
  const from = accountKey(kind, given.from);
  const spender = ownKey(kind, call.caller, given.spender_subaccount);
  const allowance = allowanceOf(state, from, spender, now(call));
  const needed = given.amount + kind.fee;
  if (from !== spender && allowance.amount < needed)
    return { Err: { InsufficientAllowance: { allowance: allowance.amount } } };
  const moved = transfer(kind, state, now(call), {
    from,
    to: accountKey(kind, given.to),
    amount: given.amount,
    fee: given.fee[0],
    memo: memoOf(given.memo),
    createdAt: given.created_at_time[0],
  });
  if (typeof moved === 'bigint' && from !== spender)
    state.allowances.set(`${from} ${spender}`, { ...allowance, amount: allowance.amount - needed });
  return answer(moved);
}
