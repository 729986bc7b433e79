import { Principal } from '@dfinity/principal';
import { approve, CanisterError, isTransient, type Clients, type Treasury } from '@livepod/client';
import { ActivityError } from '../errors.js';
import { inFlight } from '../inFlight.js';
import type { BondView, EscrowView, TreasuryPort } from './port.js';

/** Pays from the caller's own account. */
export function canisterTreasury(clients: Clients): TreasuryPort {
  // An approval replaces the one before it (ICRC-2), so that of another round would be spent by this one.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(payment: () => Promise<T>): Promise<T> => {
    const mine = last.then(payment, payment);
    last = mine.catch(() => {});
    return mine;
  };
  const escrowOf = (job: number) => clients.treasury.escrow_of_job(BigInt(job));
  return {
    async openEscrow({ job, clientRef }) {
      const known = await escrowOf(job);
      if (known && !('funding' in known.state)) return viewOf(known);
      const quote = await clients.treasury.quote_escrow({ job: BigInt(job) });
      return viewOf(await inTurn(() => paidIn(() => approve(clients, quote.approve), () => clients.treasury.open_escrow({ job: BigInt(job), client_ref: clientRef }))));
    },
    async settle({ job }) {
      const escrow = await escrowOf(job);
      if (!escrow) throw new ActivityError('notFound', { job }, `Job ${job} has no escrow; nothing was paid in for it.`);
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
        const bond = await clients.treasury.get_bond({ holder: Principal.fromText(holder), purpose: purpose === 'provider' ? { provider: null } : { contributor: null } });
        return { holder, purpose, amount: (bond?.amount ?? 0n).toString() };
      }),
    async sweep() {
      const settled: number[] = [];
      const refunded: number[] = [];
      let after: [] | [bigint] = [];
      for (;;) {
        const page = await clients.treasury.list_open_escrows({ after, limit: 100 });
        for (const { id } of page) {
          if (await tried(() => clients.treasury.settle(id))) settled.push(Number(id));
          else if (await tried(() => clients.treasury.refund(id))) refunded.push(Number(id));
        }
        if (page.length < 100) return { settled, refunded };
        after = [page.at(-1)!.id];
      }
    },
  };
}

const APPROVALS = 5;

/** Approves, then has it pulled; again when another process of the same payer replaced or spent the approval in between. */
async function paidIn<T>(approval: () => Promise<unknown>, pull: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    await approval();
    try {
      return await pull();
    } catch (error) {
      if (attempt === APPROVALS || !(error instanceof CanisterError) || error.code !== 'insufficientAllowance') throw error;
    }
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

const viewOf = ({ id, job, amount, state }: Treasury.Escrow): EscrowView => ({ escrow: Number(id), job: Number(job), amount: amount.toString(), state: Object.keys(state)[0] as EscrowView['state'] });
