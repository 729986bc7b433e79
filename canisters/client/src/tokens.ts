import { Principal } from '@dfinity/principal';
import type { Clients } from './connect.js';
import type * as Ledger from './generated/ledger.js';

const account = (owner: Principal | string) => ({
  owner: typeof owner === 'string' ? Principal.fromText(owner) : owner,
  subaccount: [] as [],
});

/** The balance of a principal's main account, in e8s; the caller's own without an owner. */
export function balance(clients: Clients, owner: Principal | string = clients.principal): Promise<bigint> {
  return clients.ledger.icrc1_balance_of(account(owner));
}

/** Moves e8s from the caller's main account to another; the ledger's fee comes on top. Returns the block. */
export function transfer(clients: Clients, to: Principal | string, amount: bigint): Promise<bigint> {
  return clients.ledger.icrc1_transfer({
    from_subaccount: [],
    to: account(to),
    amount,
    fee: [],
    memo: [],
    created_at_time: [],
  });
}

/**
 * Allows the treasury (or another spender) to take up to `amount` e8s, its own transfer fee included. Sets, never adds:
 * safe to repeat.
 */
export function approve(
  clients: Clients,
  amount: bigint,
  spender: Principal | Ledger.Account = clients.treasury.canisterId,
): Promise<bigint> {
  return clients.ledger.icrc2_approve({
    from_subaccount: [],
    spender: 'owner' in spender ? spender : account(spender),
    amount,
    expected_allowance: [],
    expires_at: [],
    fee: [],
    memo: [],
    created_at_time: [],
  });
}
