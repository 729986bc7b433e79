import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { newCanisterState } from '../subnet/canister.js';
import { ANONYMOUS, canisterId, idOf, principalOf } from '../subnet/principals.js';
import { MAIN_NETWORK_LIMITS, Subnet } from '../subnet/subnet.js';
import type { ModuleStore } from '../wasm/module-store.js';
import { callBuiltin, candidOf } from './builtin.js';
import { CYCLES_MINTER } from './cycles-ledger.js';
import { accountAt, ICP, ICP_LEDGER } from './icp-ledger.js';
import { BUILTINS, builtinAt } from './index.js';

const OWNER = Principal.selfAuthenticating(new Uint8Array(44).fill(1));

describe('built-in canisters', () => {
  let subnet: Subnet;
  const call = (
    name: string,
    caller: string,
    method: string,
    argument: Record<string, unknown>,
  ): Record<string, unknown> => {
    const builtin = BUILTINS.find((one) => one.name === name)!;
    const { args, results } = builtin.methods[method]!;
    const reply = callBuiltin(
      builtin,
      { subnet, caller, cycles: 0n },
      method,
      new Uint8Array(IDL.encode(args, [argument])),
      'update',
    );
    return IDL.decode(results, reply)[0] as unknown as Record<string, unknown>;
  };
  const transferTo = (owner: Principal, amount: bigint, more = {}): Record<string, unknown> =>
    call('cycles ledger', ANONYMOUS, 'icrc1_transfer', {
      from_subaccount: [],
      to: { owner, subaccount: [] },
      amount,
      fee: [],
      memo: [],
      created_at_time: [],
      ...more,
    });

  beforeEach(() => {
    subnet = new Subnet(
      { subnetId: new Uint8Array(29), nodeId: new Uint8Array(29), rootKey: new Uint8Array(133) },
      {} as ModuleStore,
      MAIN_NETWORK_LIMITS,
    );
    subnet.beginRound(1, 1_800_000_000_000_000_000n, new Uint8Array(32));
  });

  it('transfer once what names when it was created', () => {
    const again = { created_at_time: [1_800_000_000_000_000_000n] };
    expect(transferTo(OWNER, 5n, again)).toEqual({ Ok: 0n });
    expect(transferTo(OWNER, 5n, again)).toEqual({ Err: { Duplicate: { duplicate_of: 0n } } });
    expect(transferTo(OWNER, 5n, { created_at_time: [1n] })).toEqual({ Err: { TooOld: null } });
    expect(transferTo(OWNER, 5n, { created_at_time: [1_900_000_000_000_000_000n] })).toMatchObject({
      Err: { CreatedInFuture: expect.anything() as unknown },
    });
    expect(transferTo(OWNER, 5n, { fee: [1n] })).toEqual({ Err: { BadFee: { expected_fee: 100_000_000n } } });
  });

  it('let a spender have what was approved, and no more', () => {
    transferTo(OWNER, 10_000_000_000n);
    const owner = idOf(OWNER.toUint8Array());
    const spender = principalOf(ANONYMOUS);
    call('cycles ledger', owner, 'icrc2_approve', {
      from_subaccount: [],
      spender: { owner: spender, subaccount: [] },
      amount: 1_000_000_000n,
      expected_allowance: [],
      expires_at: [],
      fee: [],
      memo: [],
      created_at_time: [],
    });
    const take = (amount: bigint): unknown =>
      call('cycles ledger', ANONYMOUS, 'icrc2_transfer_from', {
        spender_subaccount: [],
        from: { owner: OWNER, subaccount: [] },
        to: { owner: spender, subaccount: [] },
        amount,
        fee: [],
        memo: [],
        created_at_time: [],
      });
    expect(take(900_000_001n)).toEqual({ Err: { InsufficientAllowance: { allowance: 1_000_000_000n } } });
    expect(take(900_000_000n)).toHaveProperty('Ok');
    expect(take(1n)).toEqual({ Err: { InsufficientAllowance: { allowance: 0n } } });
  });

  it('create no canister for more than is there, nor for less than it costs', () => {
    transferTo(OWNER, 1_000_000_000_000n);
    const create = (amount: bigint): unknown =>
      call('cycles ledger', idOf(OWNER.toUint8Array()), 'create_canister', {
        from_subaccount: [],
        created_at_time: [],
        amount,
        creation_args: [],
      });
    expect(create(2_000_000_000_000n)).toEqual({ Err: { InsufficientFunds: { balance: 1_000_000_000_000n } } });
    expect(create(100_000_000_000n)).toMatchObject({
      Err: { FailedToCreate: { error: expect.stringContaining('costs') as string } },
    });
    expect(create(900_000_000_000n)).toHaveProperty('Ok');
    expect([...subnet.canisters.values()].map(({ state }) => state.cycles)).toEqual([400_000_000_000n]);
  });

  it('turn a payment of ICP into cycles once, for who paid', () => {
    const paid = call('ICP ledger', ANONYMOUS, 'transfer', {
      memo: 0x544e_494dn,
      amount: { e8s: 100_000_000n },
      fee: { e8s: 10_000n },
      from_subaccount: [],
      to: Buffer.from(accountAt(CYCLES_MINTER, OWNER), 'hex'),
      created_at_time: [],
    });
    expect(paid).toEqual({ Ok: 0n });
    const notify = (caller: string): unknown =>
      call('cycles minting canister', caller, 'notify_mint_cycles', {
        block_index: 0n,
        deposit_memo: [],
        to_subaccount: [],
      });
    expect(notify(ANONYMOUS)).toMatchObject({ Err: { InvalidTransaction: expect.anything() as unknown } });
    const first = notify(idOf(OWNER.toUint8Array()));
    expect(first).toMatchObject({ Ok: { minted: 3_520_000_000_000n } });
    expect(notify(idOf(OWNER.toUint8Array()))).toEqual(first);
  });

  it('count account identifiers as the ICP ledger does', () => {
    // dfinity/ic-js, ledger-icp: the account identifier of 2vxsx-fae
    expect(ICP.key(ANONYMOUS, new Uint8Array(32))).toBe(
      '1c7a48ba6a562aa9eaa2481a9049cdf0433b9738c992d698c31d8abf89cadc79',
    );
  });

  it('give way to a canister under their id', () => {
    expect(builtinAt(subnet, ICP_LEDGER)?.name).toBe('ICP ledger');
    subnet.adopt(canisterId(2n), newCanisterState([], 0n, 0n));
    expect(builtinAt(subnet, ICP_LEDGER)).toBeUndefined();
  });

  it.each(BUILTINS)('show the interface of the $name', (builtin) => {
    expect(candidOf(builtin)).toMatch(/^service : \{\n {2}\w+ : \(/);
  });
});
