/** An account's statement, from the logs of the recorded round. */
import { linesOf } from '../src/index.js';
import { read } from './sample.js';

const { log } = read().canisters.treasury;
const funded = log.find(({ event }) => event['type'] === 'escrow_funded')!;
const paid = log.filter(({ event }) => event['type'] === 'escrow_paid');

describe('an account’s statement', () => {
  it('shows a payer what it paid in, with the ledger’s block', () => {
    const lines = linesOf(log, funded.caller).filter(({ kind }) => kind === 'paid in');
    expect(lines).toContainEqual({
      kind: 'paid in',
      amount: -BigInt(String(funded.event['amount'])),
      why: `escrow of job ${String(funded.event['job'])}`,
      block: String(funded.event['block']),
      at: funded.at,
      entry: funded.index,
    });
  });

  it('shows each payee every payment, and nobody else’s', () => {
    for (const payee of new Set(paid.map(({ event }) => String(event['to'])))) {
      const lines = linesOf(log, payee).filter(({ kind }) => ['licence', 'reward', 'refund'].includes(kind));
      const own = paid.filter(({ event }) => event['to'] === payee);
      expect(lines.map(({ entry }) => entry)).toEqual(own.map(({ index }) => index));
      expect(lines.reduce((sum, { amount }) => sum + amount, 0n)).toBe(
        own.reduce((sum, { event }) => sum + BigInt(String(event['amount'])), 0n),
      );
    }
    expect(paid.length).toBeGreaterThan(1);
  });

  it('begins where it is asked to', () => {
    const since = BigInt(paid.at(-1)!.at);
    const payee = String(paid.at(-1)!.event['to']);
    expect(linesOf(log, payee, since).every(({ at }) => BigInt(at) >= since)).toBe(true);
    expect(linesOf(log, payee, since << 10n)).toEqual([]);
  });

  it('tells of bonds, what was taken from them, and what came back', () => {
    const entry = (index: number, event: object) => ({ ...log[0]!, index, caller: 'aaaaa-aa', event: event as never });
    const lines = linesOf(
      [
        entry(1, { type: 'bond_posted', purpose: 'provider', amount: '30' }),
        entry(2, { type: 'bond_slashed', purpose: 'provider', holder: 'aaaaa-aa', amount: '10', reason: 'harm' }),
        entry(3, { type: 'slash_lifted', holder: 'aaaaa-aa', amount: '10', reason: 'a full disk', case: 1 }),
        entry(4, { type: 'bond_leaving', purpose: 'provider', amount: '30', due: '5' }),
        entry(5, { type: 'bond_returned', purpose: 'provider', amount: '30' }),
        entry(6, { type: 'slash_paid', to: 'aaaaa-aa', amount: '7', block: '9', case: 2 }),
        entry(7, { type: 'escrow_line_refused', to: 'aaaaa-aa', amount: '1', why: 'licence of x', reason: 'BadBurn' }),
      ],
      'aaaaa-aa',
    );
    expect(lines.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['bond posted', -30n],
      ['bond slashed', 0n],
      ['slashing lifted', 0n],
      ['bond leaving', 0n],
      ['bond returned', 30n],
      ['compensation', 7n],
      ['refused', 0n],
    ]);
  });
});
