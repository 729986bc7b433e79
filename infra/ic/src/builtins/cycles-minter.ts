import { IDL } from '@dfinity/candid';
import type { Principal } from '@dfinity/principal';
import { Settings } from '../management/candid.js';
import type { CandidSettings } from '../management/settings.js';
import { idOf, principalOf, textOf } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import { query, update, type Builtin, type BuiltinCall } from './builtin.js';
import { createFor, CYCLES, CYCLES_MINTER, cyclesState, mint, SubnetSelection } from './cycles-ledger.js';
import { accountAt, icpState, numericMemo } from './icp-ledger.js';
import { Blob, ownKey, type Block } from './ledger.js';

const { Record, Variant, Opt, Vec, Text, Nat, Nat64, Null } = IDL;
const NotifyError = Variant({
  Refunded: Record({ reason: Text, block_index: Opt(Nat64) }),
  Processing: Null,
  TransactionTooOld: Nat64,
  InvalidTransaction: Text,
  Other: Record({ error_code: Nat64, error_message: Text }),
});
const Minted = Record({ balance: Nat, block_index: Nat, minted: Nat });
const Rate = Record({
  data: Record({ xdr_permyriad_per_icp: Nat64, timestamp_seconds: Nat64 }),
  hash_tree: Blob,
  certificate: Blob,
});

/** One ICP is worth 3.52 XDR, for ever: a made-up price. */
const XDR_PERMYRIAD_PER_ICP = 35_200n;
const CYCLES_PER_E8 = (XDR_PERMYRIAD_PER_ICP * 1_000_000_000_000n) / (10_000n * 100_000_000n);
const MINT = numericMemo(0x544e_494dn);
const CREATE = numericMemo(0x4145_5243n);
const TOP_UP = numericMemo(0x5055_5054n);

/** Plain data: it is kept. */
export type Redeemed = { Ok: unknown } | { Err: unknown };

/** What was paid in a block, once: a second notification finds what the first one did. */
function redeem(
  call: BuiltinCall,
  number: bigint,
  account: string,
  memo: string,
  act: (block: Block) => unknown,
): Redeemed {
  const redeemed = ((call.subnet.state.builtins ??= {}).redeemed ??= new Map<number, Redeemed>());
  const block = icpState(call).blocks[Number(number)];
  if (!block) return { Err: { InvalidTransaction: `There is no block ${number}.` } };
  if (block.to !== account)
    return {
      Err: {
        InvalidTransaction: `Block ${number} was not paid to the caller's account at the cycles minting canister.`,
      },
    };
  if (block.memo !== memo) return { Err: { InvalidTransaction: `The memo of block ${number} is for something else.` } };
  if (redeemed.has(Number(number))) return redeemed.get(Number(number))!;
  try {
    const result = { Ok: act(block) };
    redeemed.set(Number(number), result);
    return result;
  } catch (thrown) {
    if (!(thrown instanceof Reject)) throw thrown;
    return { Err: { Other: { error_code: 4n, error_message: thrown.message } } };
  }
}

interface MintArgument {
  block_index: bigint;
  to_subaccount: [ArrayLike<number>] | [];
}

function notifyMint(call: BuiltinCall, { block_index, to_subaccount }: MintArgument): unknown {
  return redeem(call, block_index, accountAt(CYCLES_MINTER, call.caller), MINT, ({ amount }) => {
    const to = ownKey(CYCLES, call.caller, to_subaccount);
    const minted = amount * CYCLES_PER_E8;
    const block = mint(call, to, minted - CYCLES.fee);
    return { balance: cyclesState(call).balances.get(to) ?? 0n, block_index: block, minted };
  });
}

interface CreateArgument {
  block_index: bigint;
  controller: Principal;
  settings: [CandidSettings] | [];
}

function notifyCreate(call: BuiltinCall, { block_index, controller, settings }: CreateArgument): unknown {
  const owner = idOf(controller.toUint8Array());
  if (owner !== call.caller)
    return {
      Err: {
        Other: { error_code: 1n, error_message: 'Notify create canister can only be called by the controller itself.' },
      },
    };
  const result = redeem(
    call,
    block_index,
    accountAt(CYCLES_MINTER, owner),
    CREATE,
    ({ amount }) => createFor(call, owner, amount * CYCLES_PER_E8, settings[0]).id,
  );
  return 'Ok' in result ? { Ok: principalOf(result.Ok as string) } : result;
}

function notifyTopUp(
  call: BuiltinCall,
  { block_index, canister_id }: { block_index: bigint; canister_id: Principal },
): unknown {
  return redeem(call, block_index, accountAt(CYCLES_MINTER, canister_id), TOP_UP, ({ amount }) => {
    const canister = call.subnet.canisters.get(idOf(canister_id.toUint8Array()));
    if (!canister)
      throw new Reject('canisterNotFound', `Canister ${textOf(idOf(canister_id.toUint8Array()))} not found.`);
    canister.state.cycles += amount * CYCLES_PER_E8;
    return amount * CYCLES_PER_E8;
  });
}

export const cyclesMinter: Builtin = {
  id: CYCLES_MINTER,
  name: 'cycles minting canister',
  methods: {
    get_default_subnets: query([], [Vec(IDL.Principal)], ({ subnet }) => [principalOf(idOf(subnet.network.subnetId))]),
    get_subnet_types_to_subnets: query([], [Record({ data: Vec(IDL.Tuple(Text, Vec(IDL.Principal))) })], () => ({
      data: [],
    })),
    get_icp_xdr_conversion_rate: query([], [Rate], ({ subnet }) => ({
      data: { xdr_permyriad_per_icp: XDR_PERMYRIAD_PER_ICP, timestamp_seconds: subnet.state.time / 1_000_000_000n },
      hash_tree: [],
      certificate: [],
    })),
    notify_mint_cycles: update(
      [Record({ block_index: Nat64, deposit_memo: Opt(Blob), to_subaccount: Opt(Blob) })],
      [Variant({ Ok: Minted, Err: NotifyError })],
      notifyMint,
    ),
    notify_create_canister: update(
      [
        Record({
          block_index: Nat64,
          controller: IDL.Principal,
          subnet_selection: Opt(SubnetSelection),
          settings: Opt(Settings),
        }),
      ],
      [Variant({ Ok: IDL.Principal, Err: NotifyError })],
      notifyCreate,
    ),
    notify_top_up: update(
      [Record({ block_index: Nat64, canister_id: IDL.Principal })],
      [Variant({ Ok: Nat, Err: NotifyError })],
      notifyTopUp,
    ),
  },
};
