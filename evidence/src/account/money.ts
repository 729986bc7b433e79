import { hex, concat, u64be } from '@livepod/protocol';
import { refuse } from '../errors.js';
import type { Entry } from '../format.js';
import type { DatasetAccount } from './datasets.js';
import { after, agree, inTheFile, mark, needed, notBefore, textOf, whole, type Facts, type Mark } from './facts.js';
import type { JobAccount } from './jobs.js';

export interface PaymentAccount {
  to: string;
  /** e8s, in digits. */
  amount: string;
  why: string;
  /** The ledger's block. */
  block: number;
  paid: Mark;
}

export interface EscrowAccount {
  escrow: number;
  job: number;
  payer: string;
  amount: string;
  ledgerFee: string;
  funded: Mark;
  /** The ledger's block that brought it in. */
  block: number;
  payments: PaymentAccount[];
  outcome: 'open' | 'completed' | 'refunded';
  closed: Mark | null;
}

interface Line {
  to: string;
  amount: bigint;
  why: string;
}

/**
 * Escrows of jobs: what came in, every payment out of it, each with its block in the ledger, and that they are what the
 * licences say.
 */
export function escrowsOf(facts: Facts, jobs: { account: JobAccount; datasets: DatasetAccount[] }[]): EscrowAccount[] {
  return jobs
    .flatMap(({ account, datasets }) => {
      const funded = facts.logs.treasury.only('escrow_funded', { job: account.job });
      if (!funded) {
        if (account.paid)
          needed(facts, 'treasury', undefined, `the escrow of job ${account.job}`, notBefore(account.requested));
        return [];
      }
      return [escrowOf(facts, funded, account, datasets)];
    })
    .sort((a, b) => a.escrow - b.escrow);
}

function escrowOf(facts: Facts, funded: Entry, job: JobAccount, datasets: DatasetAccount[]): EscrowAccount {
  const { treasury } = facts.logs;
  const path = treasury.place(funded);
  const escrow = Number(funded.event['escrow']);
  if (job.paid) {
    agree(path, 'the escrow that access was told of', escrow, job.paid.escrow);
    agree(path, 'the payer of the escrow', funded.caller, job.paid.payer ?? funded.caller);
  }
  const fee = whole(funded.event['ledgerFee'], path);
  const amount = whole(funded.event['amount'], path);
  const due = plan(job, datasets);
  const costs = costOf(due, fee);
  agree(path, `what job ${job.job} costs`, String(amount), String(costs));
  const account = accountOf(treasury.canister, escrow);
  const block = fundingBlock(facts, funded, account, amount);

  const paid = treasury.all('escrow_paid', { escrow });
  const refused = refusedLines(treasury.all('escrow_line_refused', { escrow }), paid);
  const closed = treasury.only('escrow_closed', { escrow });
  const outcome = closed ? textOf(closed.event['outcome'], treasury.place(closed)) : 'open';
  const back = paid.some(({ event }) => String(event['why']).startsWith('refund: '));
  const kept = [...paid, ...refused].some(({ event }) => String(event['why']).startsWith(LICENCE));
  const stays = kept ? earned(due, job) : [];
  const expected =
    back || outcome === 'refunded' ? [...stays, ...refundOf(funded, paid, amount - fee - costOf(stays, fee))] : due;
  const told = paid.length + refused.length;
  if ((closed ?? job.closed) && told !== expected.length) {
    refuse(
      'missing',
      closed ? treasury.place(closed) : 'canisters.treasury.log',
      `escrow ${escrow} of a closed job has ${told} payments recorded, and ${expected.length} are due`,
    );
  }
  if (closed && !job.closed)
    needed(
      facts,
      'access',
      undefined,
      `that job ${job.job} was closed, though its escrow is`,
      inTheFile(job.requested),
    );
  const payments = paymentsOf(facts, funded, paid, expected);
  nothingElseMoved(facts, funded, block, payments);
  if (job.closed)
    agree(path, `how job ${job.job} was closed`, job.closed.outcome, outcome === 'open' ? job.closed.outcome : outcome);
  if (outcome !== 'open' && outcome !== 'completed' && outcome !== 'refunded')
    return refuse('contradiction', treasury.place(closed!), `an escrow does not end as ${outcome}`);
  return {
    escrow,
    job: job.job,
    payer: funded.caller,
    amount: String(amount),
    ledgerFee: String(fee),
    funded: mark('treasury', funded),
    block,
    payments,
    outcome,
    closed: closed ? mark('treasury', closed) : null,
  };
}

/** Lines that the ledger refused and that nobody has collected since. */
function refusedLines(refused: Entry[], paid: Entry[]): Entry[] {
  const open = [...paid];
  const latest = new Map(refused.map((entry) => [JSON.stringify([entry.event['to'], entry.event['why']]), entry]));
  return [...latest.values()].filter((entry) => {
    const found = open.findIndex(
      ({ event }) => event['to'] === entry.event['to'] && event['why'] === entry.event['why'],
    );
    if (found >= 0) open.splice(found, 1);
    return found < 0;
  });
}

/**
 * Shares of the licences whose keys were released: they stay paid, whatever becomes of the job. Escrows of the time
 * before that gave everything back.
 */
function earned(due: Line[], job: JobAccount): Line[] {
  const released = new Set(job.keyReleases.filter(({ released }) => released).map(({ dataset }) => dataset));
  return due.filter(({ why }) => why.startsWith(LICENCE) && released.has(why.slice(LICENCE.length)));
}

const LICENCE = 'licence of ';

const costOf = (lines: Line[], fee: bigint): bigint => lines.reduce((sum, { amount }) => sum + amount + fee, 0n);

/** What came in and was not earned goes back, less the fee of the ledger; nothing where the fee is all of it. */
function refundOf(funded: Entry, paid: Entry[], amount: bigint): Line[] {
  if (amount <= 0n) return [];
  const said = paid.find(({ event }) => String(event['why']).startsWith('refund: '));
  return [{ to: funded.caller, amount, why: String(said?.event['why'] ?? 'refund: ') }];
}

/** Payments out of an escrow, each as it was due, and with its block in the ledger. */
function paymentsOf(facts: Facts, funded: Entry, paid: Entry[], expected: Line[]): PaymentAccount[] {
  const { treasury } = facts.logs;
  const escrow = Number(funded.event['escrow']);
  const account = accountOf(treasury.canister, escrow);
  // Each line stands alone: one may be made before another that is written above it.
  const open = [...expected];
  return paid.map((entry, line) => {
    const at = treasury.place(entry);
    const same = (want: Line): boolean => want.to === entry.event['to'] && want.why === entry.event['why'];
    const exact = open.findIndex((want) => same(want) && String(want.amount) === entry.event['amount']);
    const found = exact < 0 ? Math.max(open.findIndex(same), 0) : exact;
    const [want] = open.splice(found, 1);
    if (!want) return refuse('contradiction', at, `escrow ${escrow} owes no payment of line ${line + 1}`);
    agree(at, 'who is paid', entry.event['to'], want.to);
    agree(at, 'how much is paid', String(whole(entry.event['amount'], at)), String(want.amount));
    agree(at, 'what is paid for', entry.event['why'], want.why);
    after(at, 'a payment out of an escrow before it was funded', entry, funded);
    const number = Number(whole(entry.event['block'], at));
    transferred(facts, at, number, { from: account, to: want.to, amount: want.amount });
    return { to: want.to, amount: String(want.amount), why: want.why, block: number, paid: mark('treasury', entry) };
  });
}

/** Each payment has a block of its own, and the ledger shows none that was not recorded. */
function nothingElseMoved(facts: Facts, funded: Entry, block: number, payments: PaymentAccount[]): void {
  const { treasury, ledger } = facts.logs;
  const escrow = Number(funded.event['escrow']);
  if (new Set([block, ...payments.map((payment) => payment.block)]).size !== payments.length + 1)
    refuse('contradiction', treasury.place(funded), `two payments of escrow ${escrow} name one block`);
  const moved = ledger.all('transfer', { from: accountOf(treasury.canister, escrow) }).length;
  if (moved > payments.length)
    refuse(
      'missing',
      'canisters.treasury.log',
      `the ledger shows ${moved} transfers out of escrow ${escrow}, and ${payments.length} payments are recorded`,
    );
}

/**
 * Who gets what if the job succeeds: each licence's fee by its splits (rounded down, the rest to the first), then the
 * reward.
 */
function plan(job: JobAccount, datasets: DatasetAccount[]): Line[] {
  const lines: Line[] = [];
  for (const { dataset, licence } of datasets) {
    const fee = BigInt(licence.fee);
    const shares = licence.splits.map(({ account, basisPoints }) => ({
      to: account,
      amount: (fee * BigInt(basisPoints)) / 10_000n,
    }));
    shares[0]!.amount += fee - shares.reduce((sum, { amount }) => sum + amount, 0n);
    lines.push(
      ...shares.filter(({ amount }) => amount > 0n).map((share) => ({ ...share, why: `licence of ${dataset}` })),
    );
  }
  if (BigInt(job.reward) > 0n)
    lines.push({ to: job.provider, amount: BigInt(job.reward), why: `reward of job ${job.job}` });
  return lines;
}

/** An escrow's account as the ledger's log names it: the treasury's subaccount 1, zeros, the number (u64be). */
const accountOf = (treasury: string, escrow: number): string =>
  `${treasury}.${hex(concat(Uint8Array.of(1), new Uint8Array(23), u64be(BigInt(escrow))))}`;

function fundingBlock(facts: Facts, funded: Entry, account: string, amount: bigint): number {
  const path = facts.logs.treasury.place(funded);
  if (funded.event['block'] !== null) {
    const block = Number(whole(funded.event['block'], path));
    transferred(facts, path, block, { from: funded.caller, to: account, amount });
    return block;
  }
  const found = facts.logs.ledger.all('transfer', { from: funded.caller, to: account, amount: String(amount) });
  return found.length === 1
    ? found[0]!.index
    : refuse('missing', path, `the ledger shows ${found.length} transfers of ${amount} e8s into it`);
}

/** The ledger's log holds one entry a block. */
function transferred(
  { logs: { ledger } }: Facts,
  path: string,
  block: number,
  { from, to, amount }: { from: string; to: string; amount: bigint },
): void {
  if (block < ledger.first)
    return refuse('missing', path, `block ${block} was made before the ledger's log here starts`);
  const entry = ledger.entries[block - ledger.first];
  if (!entry) return refuse('missing', path, `the ledger's log has no block ${block}`);
  for (const [name, expected] of Object.entries({ type: 'transfer', from, to, amount: String(amount) }))
    agree(ledger.place(entry), `${name} of block ${block}`, entry.event[name], expected);
}

/** Bonds that were slashed for what came of the round. */
export interface SlashAccount {
  proposal: number;
  holder: string;
  purpose: string;
  amount: string;
  said: Mark;
}

export function slashesOf(
  { logs: { treasury } }: Facts,
  proposals: { proposal: number; method: string | null; effect: Mark | null }[],
): SlashAccount[] {
  return proposals
    .filter((proposal) => proposal.method === 'slash_bond' && proposal.effect)
    .map(({ proposal, effect }) => {
      const entry = treasury.entries[effect!.entry - treasury.first]!;
      const path = treasury.place(entry);
      return {
        proposal,
        holder: textOf(entry.event['holder'], path),
        purpose: textOf(entry.event['purpose'], path),
        amount: String(whole(entry.event['amount'], path)),
        said: mark('treasury', entry),
      };
    });
}
