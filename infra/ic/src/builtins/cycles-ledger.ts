import { IDL } from '@dfinity/candid';
import type { Principal } from '@dfinity/principal';
import { Settings } from '../management/candid.js';
import { create } from '../management/life.js';
import type { CandidSettings } from '../management/settings.js';
import type { Canister } from '../subnet/canister.js';
import { CREATE_CANISTER_FEE } from '../subnet/cycles.js';
import { canisterId, idOf, principalOf, textOf, type Id } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import { update, type Builtin, type BuiltinCall } from './builtin.js';
import {
  Account,
  accountKey,
  Blob,
  icrcMethods,
  newLedger,
  ownKey,
  transfer,
  type CandidAccount,
  type LedgerKind,
  type LedgerState,
} from './ledger.js';

export const CYCLES_LEDGER = canisterId(34_603_010n);
export const CYCLES_MINTER = canisterId(4n);

const { Record, Variant, Opt, Text, Nat, Nat64, Null } = IDL;
export const SubnetSelection = Variant({
  Filter: Record({ subnet_type: Opt(Text) }),
  Subnet: Record({ subnet: IDL.Principal }),
});
const CreationArgs = Record({ subnet_selection: Opt(SubnetSelection), settings: Opt(Settings) });
const COMMON = {
  GenericError: Record({ message: Text, error_code: Nat }),
  TemporarilyUnavailable: Null,
  CreatedInFuture: Record({ ledger_time: Nat64 }),
  TooOld: Null,
  InsufficientFunds: Record({ balance: Nat }),
};
const CreateArgs = Record({
  from_subaccount: Opt(Blob),
  created_at_time: Opt(Nat64),
  amount: Nat,
  creation_args: Opt(CreationArgs),
});
const CreateResult = Variant({
  Ok: Record({ block_id: Nat, canister_id: IDL.Principal }),
  Err: Variant({
    ...COMMON,
    Duplicate: Record({ duplicate_of: Nat, canister_id: Opt(IDL.Principal) }),
    FailedToCreate: Record({ error: Text, refund_block: Opt(Nat), fee_block: Opt(Nat) }),
  }),
});
const WithdrawArgs = Record({
  amount: Nat,
  from_subaccount: Opt(Blob),
  to: IDL.Principal,
  created_at_time: Opt(Nat64),
});
const RejectionCode = Variant({
  NoError: Null,
  CanisterError: Null,
  SysTransient: Null,
  DestinationInvalid: Null,
  Unknown: Null,
  SysFatal: Null,
  CanisterReject: Null,
});
const WithdrawResult = Variant({
  Ok: Nat,
  Err: Variant({
    ...COMMON,
    Duplicate: Record({ duplicate_of: Nat }),
    BadFee: Record({ expected_fee: Nat }),
    InvalidReceiver: Record({ receiver: IDL.Principal }),
    FailedToWithdraw: Record({ fee_block: Opt(Nat), rejection_code: RejectionCode, rejection_reason: Text }),
  }),
});

export const CYCLES: LedgerKind = {
  name: 'Trillion Cycles',
  symbol: 'TCYCLES',
  decimals: 12,
  fee: 100_000_000n,
  minter: CYCLES_LEDGER,
  key: (owner: Id, subaccount: Uint8Array) => `${owner}.${idOf(subaccount)}`,
};

export function cyclesState({ subnet }: Pick<BuiltinCall, 'subnet'>): LedgerState {
  return ((subnet.state.builtins ??= {}).cycles ??= newLedger(CYCLES));
}

/** Burns an amount and the fee, for what is paid out of the ledger. */
function spend(call: BuiltinCall, from: string, amount: bigint, createdAt?: bigint): bigint | object {
  return transfer(CYCLES, cyclesState(call), call.subnet.state.time, {
    from,
    to: undefined,
    amount: amount + CYCLES.fee,
    createdAt,
  });
}

/** Gives back what could not be paid out, less the fee. */
function refund(call: BuiltinCall, to: string, amount: bigint): bigint {
  return mint(call, to, amount > CYCLES.fee ? amount - CYCLES.fee : 0n);
}

export function mint(call: Pick<BuiltinCall, 'subnet'>, to: string, amount: bigint): bigint {
  return transfer(CYCLES, cyclesState(call), call.subnet.state.time, {
    from: CYCLES.key(CYCLES_LEDGER, new Uint8Array(32)),
    to,
    amount,
  }) as bigint;
}

/** As the minter creates canisters for others. @throws Reject */
export function createFor(
  call: BuiltinCall,
  owner: Id,
  amount: bigint,
  settings: CandidSettings | undefined,
): Canister {
  if (amount < CREATE_CANISTER_FEE)
    throw new Reject(
      'insufficientCycles',
      `Creating a canister costs ${CREATE_CANISTER_FEE} cycles, and only ${amount} were given.`,
    );
  const request = {
    subnet: call.subnet,
    caller: CYCLES_MINTER,
    origin: { kind: 'task' } as const,
    cycles: 0n,
    instructions: 0n,
  };
  const controllers: [Principal[]] = settings?.controllers[0] ? [settings.controllers[0]] : [[principalOf(owner)]];
  const canister = create(request, amount - CREATE_CANISTER_FEE, { ...(settings ?? NOTHING), controllers });
  canister.account(CREATE_CANISTER_FEE, 'canister_creation');
  return canister;
}

const NOTHING: CandidSettings = {
  controllers: [],
  compute_allocation: [],
  memory_allocation: [],
  freezing_threshold: [],
  reserved_cycles_limit: [],
  wasm_memory_limit: [],
  wasm_memory_threshold: [],
  minimum_incoming_canister_call_cycles: [],
  log_memory_limit: [],
  environment_variables: [],
  log_visibility: [],
  snapshot_visibility: [],
  status_visibility: [],
};

interface CreateArgument {
  from_subaccount: [ArrayLike<number>] | [];
  created_at_time: [bigint] | [];
  amount: bigint;
  creation_args:
    | [
        {
          subnet_selection: [{ Subnet: { subnet: Principal } } | { Filter: unknown }] | [];
          settings: [CandidSettings] | [];
        },
      ]
    | [];
}

function createCanister(call: BuiltinCall, given: CreateArgument): unknown {
  const from = ownKey(CYCLES, call.caller, given.from_subaccount);
  const selection = given.creation_args[0]?.subnet_selection[0];
  const block = spend(call, from, given.amount, given.created_at_time[0]);
  if (typeof block !== 'bigint')
    return { Err: 'Duplicate' in block ? { Duplicate: { ...(block.Duplicate as object), canister_id: [] } } : block };
  try {
    const subnet = selection && 'Subnet' in selection ? idOf(selection.Subnet.subnet.toUint8Array()) : undefined;
    if (subnet !== undefined && subnet !== idOf(call.subnet.network.subnetId))
      throw new Reject('subnetNotFound', `There is no subnet ${textOf(subnet)} here.`);
    const canister = createFor(call, call.caller, given.amount, given.creation_args[0]?.settings[0]);
    return { Ok: { block_id: block, canister_id: principalOf(canister.id) } };
  } catch (thrown) {
    if (!(thrown instanceof Reject)) throw thrown;
    return {
      Err: {
        FailedToCreate: { error: thrown.message, refund_block: [refund(call, from, given.amount)], fee_block: [block] },
      },
    };
  }
}

interface WithdrawArgument {
  amount: bigint;
  from_subaccount: [ArrayLike<number>] | [];
  to: Principal;
  created_at_time: [bigint] | [];
}

function withdraw(call: BuiltinCall, { amount, from_subaccount, to, created_at_time }: WithdrawArgument): unknown {
  const receiver = idOf(to.toUint8Array());
  const from = ownKey(CYCLES, call.caller, from_subaccount);
  const block = spend(call, from, amount, created_at_time[0]);
  if (typeof block !== 'bigint') return { Err: block };
  const canister = call.subnet.canisters.get(receiver);
  if (canister) {
    canister.state.cycles += amount;
    return { Ok: block };
  }
  const fee_block = [refund(call, from, amount)];
  return {
    Err: {
      FailedToWithdraw: {
        fee_block,
        rejection_code: { DestinationInvalid: null },
        rejection_reason: `Canister ${to.toText()} not found.`,
      },
    },
  };
}

function deposit(call: BuiltinCall, { to }: { to: CandidAccount }): unknown {
  if (call.cycles <= CYCLES.fee)
    throw new Reject('calledTrap', `The deposit of ${call.cycles} cycles must exceed the fee of ${CYCLES.fee}.`);
  const key = accountKey(CYCLES, to);
  const block_index = mint(call, key, call.cycles);
  call.cycles = 0n;
  return { balance: cyclesState(call).balances.get(key) ?? 0n, block_index };
}

export const cyclesLedger: Builtin = {
  id: CYCLES_LEDGER,
  name: 'cycles ledger',
  methods: {
    ...icrcMethods(CYCLES, cyclesState),
    create_canister: update([CreateArgs], [CreateResult], createCanister),
    withdraw: update([WithdrawArgs], [WithdrawResult], withdraw),
    deposit: update([Record({ to: Account, memo: Opt(Blob) })], [Record({ balance: Nat, block_index: Nat })], deposit),
  },
};
