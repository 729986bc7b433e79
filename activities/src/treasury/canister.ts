import { Principal } from '@dfinity/principal';
import { CanisterError, isTransient, type Clients, type Treasury } from '@livepod/client';
import { PAGE_LIMIT } from '@livepod/protocol';
import { inFlight } from '@livepod/transfer';
import { readJob } from '../access/canister.js';
import { ActivityError } from '../errors.js';
import type { BondView, EscrowView, TreasuryPort } from './port.js';

/** Pays from the caller's own account, and by what the whole subnet says, not one node. */
export function canisterTreasury(clients: Clients): TreasuryPort {
  const escrowOf = (job: number) => clients.certified.treasury.escrow_of_job(BigInt(job));

  return {
    payer: async () => ({ principal: clients.principal.toText() }),
    async openEscrow({ job, clientRef, approval }) {
      const known = await escrowOf(job);
      if (known && !('funding' in known.state)) return viewOf(known);
      const quote = await clients.treasury.quote_escrow({ job: BigInt(job) });
      await approve(clients, quote, job);
      return viewOf(
        await clients.treasury.open_escrow({
          job: BigInt(job),
          client_ref: clientRef,
          approval: approval === undefined ? [] : [approval],
          at_most: [quote.amount],
        }),
      );
    },
    async settle({ job }) {
      const escrow = await escrowOf(job);
      if (!escrow)
        throw new ActivityError('notFound', { job }, `Job ${job} has no escrow; nothing was paid in for it.`);
      return viewOf(await clients.treasury.settle(escrow.id));
    },
    async refund({ job }) {
      const escrow = await escrowOf(job);
      if (!escrow) return null;
      if ('refunded' in escrow.state || 'settled' in escrow.state) return viewOf(escrow);
      // Before its outcome is known the escrow stays as it is; treasuryWatch comes back to it.
      await possible(() => clients.treasury.refund(escrow.id));
      return viewOf((await escrowOf(job))!);
    },
    bonds: ({ holders }) =>
      inFlight(holders, 8, async ({ holder, purpose }): Promise<BondView> => {
        const bond = await clients.treasury.get_bond({
          holder: Principal.fromText(holder),
          purpose: purpose === 'provider' ? { provider: null } : { contributor: null },
        });
        return { holder, purpose, amount: (bond?.amount ?? 0n).toString() };
      }),
    sweep: () => sweep(clients),
  };
}

/**
 * Approves what a job costs, for this job alone, and once: what is approved is not approved again, and two attempts
 * at the same time make the same transaction, which the ledger takes once (ICRC-1: Transaction deduplication).
 */
async function approve(
  clients: Clients,
  { approve: amount, subaccount }: { approve: bigint; subaccount: Uint8Array },
  job: number,
): Promise<void> {
  const spender = { owner: clients.treasury.canisterId, subaccount: [subaccount] as [Uint8Array] };
  const { allowance } = await clients.certified.ledger.icrc2_allowance({
    account: { owner: clients.principal, subaccount: [] },
    spender,
  });
  if (allowance >= amount) return;
  const { created_at: createdAt } = await readJob(clients, job);
  const approval = {
    from_subaccount: [] as [],
    spender,
    amount,
    expected_allowance: [] as [],
    expires_at: [] as [],
    fee: [] as [],
    memo: [] as [],
  };
  try {
    await clients.ledger.icrc2_approve({ ...approval, created_at_time: [createdAt] });
  } catch (error) {
    if (!(error instanceof CanisterError) || !['duplicate', 'tooOld'].includes(error.code)) throw error;
    // A job asked for more than a day ago: too old for the ledger to know a repeat by.
    if (error.code === 'tooOld') await clients.ledger.icrc2_approve({ ...approval, created_at_time: [] });
  }
}

/** Pays what is earned of every escrow, and settles or refunds those whose outcome is known. */
async function sweep(clients: Clients): Promise<{ settled: number[]; refunded: number[] }> {
  const settled: number[] = [];
  const refunded: number[] = [];
  let after: [] | [bigint] = [];
  for (;;) {
    const page = await clients.treasury.list_open_escrows({ after, limit: PAGE_LIMIT });
    for (const { id, job } of page) {
      await tried(() => clients.treasury.pay_licences({ job }));
      if (await tried(() => clients.treasury.settle(id))) settled.push(Number(id));
      else if (await tried(() => clients.treasury.refund(id))) refunded.push(Number(id));
    }
    if (page.length < PAGE_LIMIT) return { settled, refunded };
    after = [page.at(-1)!.id];
  }
}

/** Whether the canister did it; "not yet" and the like are no. */
async function possible(change: () => Promise<unknown>): Promise<boolean> {
  try {
    await change();
    return true;
  } catch (error) {
    if (error instanceof CanisterError && ['notYet', 'closed'].includes(error.code)) return false;
    throw error;
  }
}

/** The same for one of many: what one escrow is refused for does not keep the others. */
async function tried(change: () => Promise<unknown>): Promise<boolean> {
  try {
    return await possible(change);
  } catch (error) {
    if (error instanceof CanisterError && !isTransient(error)) return false;
    throw error;
  }
}

const viewOf = ({ id, job, amount, state }: Treasury.Escrow): EscrowView => ({
  escrow: Number(id),
  job: Number(job),
  amount: amount.toString(),
  state: Object.keys(state)[0] as EscrowView['state'],
});
