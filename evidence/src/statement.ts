import type { ProvenLog } from './entries.js';
import type { Entry } from './format.js';

/** One line of an account's statement: an entry of the treasury's certified log. Amounts in e8s. */
export interface StatementLine {
  kind:
    | 'paid in'
    | 'licence'
    | 'reward'
    | 'refund'
    | 'refused'
    | 'bond posted'
    | 'bond leaving'
    | 'bond returned'
    | 'bond slashed'
    | 'slashing lifted'
    | 'compensation';
  /** What came to the account; what left it is negative, and what stays where it is counts nothing. */
  amount: bigint;
  /** What it was for, in the log's words. */
  why: string;
  /** The ledger's block, where one moved tokens. */
  block: string | null;
  /** When, in nanoseconds since 1970, and which entry says so. */
  at: string;
  entry: number;
}

export interface Statement {
  lines: StatementLine[];
  log: ProvenLog;
}

/** The lines of a log that are about an account. */
export function linesOf(log: Entry[], account: string, since = 0n): StatementLine[] {
  return log
    .filter(({ at }) => BigInt(at) >= since)
    .flatMap((entry) => {
      const line = lineOf(entry, account);
      return line === undefined ? [] : [{ ...line, at: entry.at, entry: entry.index }];
    });
}

type Line = Omit<StatementLine, 'at' | 'entry'>;

function lineOf({ event, caller }: Entry, account: string): Line | undefined {
  const text = (name: string): string => String(event[name] ?? '');
  const amount = BigInt(/^[0-9]+$/.test(text('amount')) ? text('amount') : '0');
  const block = event['block'] === undefined || event['block'] === null ? null : text('block');
  const [is, to, holder] = [caller === account, text('to') === account, text('holder') === account];
  const bond = `${text('purpose')} bond`;
  switch (event['type']) {
    case 'escrow_funded':
      return is ? { kind: 'paid in', amount: -amount, why: `escrow of job ${text('job')}`, block } : undefined;
    case 'escrow_paid':
      return to ? { kind: kindOf(text('why')), amount, why: text('why'), block } : undefined;
    case 'escrow_line_refused':
      return to ? { kind: 'refused', amount: 0n, why: `${text('why')}: ${text('reason')}`, block } : undefined;
    case 'bond_posted':
      return is ? { kind: 'bond posted', amount: -amount, why: bond, block } : undefined;
    case 'bond_leaving':
      return is ? { kind: 'bond leaving', amount: 0n, why: bond, block } : undefined;
    case 'bond_returned':
      return is ? { kind: 'bond returned', amount, why: bond, block } : undefined;
    case 'bond_slashed':
      return holder ? { kind: 'bond slashed', amount: 0n, why: `${bond}: ${text('reason')}`, block } : undefined;
    case 'slash_lifted':
      return holder ? { kind: 'slashing lifted', amount: 0n, why: text('reason'), block } : undefined;
    case 'slash_paid':
      return to && block !== null ? { kind: 'compensation', amount, why: `case ${text('case')}`, block } : undefined;
    default:
      return undefined;
  }
}

const kindOf = (why: string): StatementLine['kind'] =>
  why.startsWith('refund') ? 'refund' : why.startsWith('reward') ? 'reward' : 'licence';
