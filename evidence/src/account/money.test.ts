import type { Licence } from '@livepod/protocol';
import { refusal, World } from '../../test/world.js';
import { escrowsOf, slashesOf, type EscrowAccount } from './money.js';

const ESCROW = { escrow: 2 };
const PAID = 'escrow_paid';
const nanoseconds = (at: string, more: bigint): string => String(BigInt(at) + more);

/** The escrows of the sample's job, from its logs. */
function drawn(world: World): EscrowAccount[] {
  const { jobs, datasets } = world.file;
  return escrowsOf(
    world.facts,
    jobs.map((account) => ({
      account,
      datasets: account.datasets.map((id) => datasets.find(({ dataset }) => dataset === id)!),
    })),
  );
}
const job = (world: World) => world.file.jobs[0]!;
const funded = (world: World) => world.one('treasury', 'escrow_funded', ESCROW);
const closed = (world: World) => world.one('treasury', 'escrow_closed', ESCROW);
const payment = (world: World, line = 0) => world.all('treasury', PAID, ESCROW)[line]!;
const block = (world: World, line = 0) => world.file.canisters.ledger.log[Number(payment(world, line).event['block'])]!;
/** Everything but one payment is taken out, and that is a refund of so much. */
function refunded(world: World, amount: bigint): void {
  const { log } = world.file.canisters.treasury;
  const [first, ...more] = world.all('treasury', PAID, ESCROW);
  const ledger = world.file.canisters.ledger.log;
  for (const { event } of more) ledger[Number(event['block'])]!.event = { type: 'gone' };
  Object.assign(first!.event, { to: funded(world).caller, amount: String(amount), why: 'refund: it failed' });
  Object.assign(ledger[Number(first!.event['block'])]!.event, { to: funded(world).caller, amount: String(amount) });
  world.file.canisters.treasury.log = log
    .filter((entry) => !more.includes(entry))
    .map((entry, index) => ({ ...entry, index }));
  closed(world).event['outcome'] = 'refunded';
  job(world).closed!.outcome = 'refunded';
}
const amount = (world: World): bigint => BigInt(funded(world).event['amount'] as string);

describe('the money of a job', () => {
  it('is what the logs of treasury and ledger say, to the last block', () => {
    const world = new World();
    expect(drawn(world)).toEqual(world.file.escrows);
  });

  it('need not be there before the job was paid', () => {
    const world = new World();
    world.drop('treasury', 'escrow_funded', ESCROW);
    job(world).paid = null;
    expect(drawn(world)).toEqual([]);
  });

  it('may be paid by somebody whom access did not name', () => {
    const world = new World();
    job(world).paid!.payer = null;
    expect(drawn(world)).toHaveLength(1);
    job(world).paid = null;
    expect(drawn(world)).toHaveLength(1);
  });

  it('is found in the ledger where the treasury’s log names no block', async () => {
    const world = new World();
    const at = Number(funded(world).event['block']);
    funded(world).event['block'] = null;
    expect(drawn(world)[0]!.block).toBe(at);
    const { log } = world.file.canisters.ledger;
    world.add('ledger', { ...log[at]!.event });
    expect(await refusal(() => drawn(world))).toMatch(/^missing: .*the ledger shows 2 transfers/);
    log[at]!.event = log.at(-1)!.event = { type: 'mint' };
    expect(await refusal(() => drawn(world))).toMatch(/^missing: .*the ledger shows 0 transfers/);
  });

  it.each<[string, (world: World) => void, string]>([
    [
      'an escrow that is not recorded',
      (w) => w.drop('treasury', 'escrow_funded', ESCROW),
      'missing: .*the escrow of job 2',
    ],
    [
      'an escrow that is recorded twice',
      (w) => w.add('treasury', { ...funded(w).event }),
      'contradiction: .*a second time',
    ],
    [
      'another escrow than access was told of',
      (w) => void (job(w).paid!.escrow = 9),
      'contradiction: .*that access was told of',
    ],
    [
      'another payer than access was told of',
      (w) => void (job(w).paid!.payer = 'aaaaa-aa'),
      'contradiction: .*the payer',
    ],
    [
      'an e8s less than it costs',
      (w) => void (funded(w).event['amount'] = String(amount(w) - 1n)),
      'contradiction: .*what job 2 costs',
    ],
    [
      'another fee of the ledger',
      (w) => void (funded(w).event['ledgerFee'] = '10001'),
      'contradiction: .*what job 2 costs',
    ],
    ['an amount that is no number', (w) => void (funded(w).event['amount'] = '1e9'), 'contradiction: .*a whole number'],
    ['a payment to somebody else', (w) => void (payment(w).event['to'] = 'aaaaa-aa'), 'contradiction: .*who is paid'],
    [
      'a payment of an e8s more',
      (w) => void (payment(w, 3).event['amount'] = '100000001'),
      'contradiction: .*how much is paid',
    ],
    [
      'a payment for something else',
      (w) => void (payment(w).event['why'] = 'a favour'),
      'contradiction: .*what is paid for',
    ],
    [
      'a payment before the escrow was funded',
      (w) => void (payment(w).at = nanoseconds(funded(w).at, -1n)),
      'contradiction: .*before it was funded',
    ],
    ['a payment without a block', (w) => void (payment(w).event['block'] = '999'), 'missing: .*no block 999'],
    [
      'a payment whose block is another’s',
      (w) => void (block(w).event['to'] = 'aaaaa-aa'),
      'contradiction: .*to of block 77',
    ],
    ['a block of another amount', (w) => void (block(w).event['amount'] = '1'), 'contradiction: .*amount of block 77'],
    ['a block that is no transfer', (w) => void (block(w).event['type'] = 'mint'), 'contradiction: .*type of block 77'],
    [
      'a block from another escrow',
      (w) => void (block(w).event['from'] = 'aaaaa-aa'),
      'contradiction: .*from of block 77',
    ],
    ['funding whose block is another’s', (w) => void (funded(w).event['block'] = '65'), 'contradiction: .*of block 65'],
    [
      'a payment too few',
      (w) => w.drop('treasury', PAID, { block: '78' }),
      'missing: .*14 payments recorded, and 15 are due',
    ],
    [
      'a payment too few of a closed job whose escrow is not closed',
      (w) => {
        w.drop('treasury', PAID, { block: '78' });
        w.drop('treasury', 'escrow_closed', ESCROW);
      },
      'missing: canisters.treasury.log: .*14 payments recorded',
    ],
    [
      'a payment too many',
      (w) => {
        w.add('treasury', { ...payment(w, 14).event, block: '66' });
      },
      'missing: .*16 payments recorded',
    ],
    [
      'a payment too many of an open job',
      (w) => {
        w.add('treasury', { ...payment(w, 14).event, block: '66' });
        w.drop('treasury', 'escrow_closed', ESCROW);
        job(w).closed = null;
      },
      'contradiction: .*owes no payment of line 16',
    ],
    [
      'two transfers where one is recorded',
      (w) => w.add('ledger', { ...block(w).event }),
      'missing: canisters.treasury.log: the ledger shows 16 transfers',
    ],
    ['a closed escrow of a job that is open', (w) => void (job(w).closed = null), 'missing: .*that job 2 was closed'],
    [
      'another end than access was told of',
      (w) => void (job(w).closed!.outcome = 'refunded'),
      'contradiction: .*how job 2 was closed',
    ],
    [
      'an end that there is not',
      (w) => {
        closed(w).event['outcome'] = 'lost';
        job(w).closed!.outcome = 'lost';
      },
      'contradiction: .*does not end as lost',
    ],
  ])('is refused with %s', async (_, change, why) => {
    const world = new World();
    change(world);
    expect(await refusal(() => drawn(world))).toMatch(new RegExp(`^${why}`));
  });

  it('that two payments name one block for is refused', async () => {
    const world = new World();
    const [first, second] = [payment(world), payment(world, 1)];
    const { dataset, licence } = world.file.datasets.find(
      ({ dataset: id }) => second.event['why'] === `licence of ${id}`,
    )!;
    expect(dataset).toBeDefined();
    licence.splits[0]!.account = first.event['to'] as string;
    Object.assign(second.event, { to: first.event['to'], block: first.event['block'] });
    expect(await refusal(() => drawn(world))).toMatch(/^contradiction: .*name one block/);
  });

  it('of several jobs is told in order of the escrows', () => {
    const world = new World();
    const { event } = world.one('access', 'accessRequested', { job: 1 });
    const known = (ids: string[]) => ids.map((id) => world.file.datasets.find(({ dataset }) => dataset === id)!);
    const first = { ...job(world), job: 1, paid: null, closed: { ...job(world).closed!, outcome: 'completed' } };
    const jobs = [
      { account: job(world), datasets: known(job(world).datasets) },
      { account: first, datasets: known(event['datasets'] as string[]) },
    ];
    expect(escrowsOf(world.facts, jobs).map(({ escrow }) => escrow)).toEqual([1, 2]);
  });

  it('may be paid out before the treasury’s log says that the escrow is closed', () => {
    const world = new World();
    world.drop('treasury', 'escrow_closed', ESCROW);
    expect(drawn(world)).toMatchObject([{ outcome: 'open', closed: null }]);
  });

  it('that came before the ledger’s log here starts is not proven', async () => {
    const world = new World();
    const { ledger } = world.file.canisters;
    ledger.start = { ...ledger.tip, length: 77, hash: ledger.log[76]!.hash };
    ledger.log.splice(0, 77);
    expect(await refusal(() => drawn(world))).toMatch(/^missing: .*block 76 was made before/);
    const earlier = new World();
    earlier.file.canisters.ledger.start = { ...ledger.tip, length: 76, hash: ledger.start.hash };
    earlier.file.canisters.ledger.log.splice(0, 76);
    expect(drawn(earlier)).toEqual(earlier.file.escrows);
  });

  it('may still be on its way: an open escrow has paid some of its lines', () => {
    const world = new World();
    world.drop('treasury', 'escrow_closed', ESCROW);
    job(world).closed = null;
    block(world, 14).event['from'] = 'x';
    world.drop('treasury', PAID, { block: payment(world, 14).event['block']! });
    const [escrow] = drawn(world);
    expect([escrow!.outcome, escrow!.closed, escrow!.payments.length]).toEqual(['open', null, 14]);
  });
});

describe('a job that failed', () => {
  it('gives back all that came in, less the ledger’s fee', async () => {
    const world = new World();
    refunded(world, amount(world) - 10_000n);
    expect(drawn(world)).toMatchObject([
      { outcome: 'refunded', payments: [{ amount: '1900140000', why: 'refund: it failed' }] },
    ]);
    closed(world).event['outcome'] = 'completed';
    job(world).closed!.outcome = 'completed';
    expect(drawn(world)).toMatchObject([{ payments: [{ amount: '1900140000' }] }]); // what is paid says what it is
    const less = new World();
    refunded(less, amount(less) - 10_001n);
    expect(await refusal(() => drawn(less))).toMatch(/^contradiction: .*how much is paid/);
  });

  it('does not pay others beside the refund', async () => {
    const world = new World();
    payment(world).event['why'] = 'refund: it failed';
    expect(await refusal(() => drawn(world))).toMatch(/^contradiction: .*what is paid for is "refund: it failed"/);
  });

  it('gives nothing back where nothing came in', () => {
    const world = new World();
    world.drop('treasury', PAID, ESCROW);
    for (const { event } of world.all('ledger', 'transfer')) event['from'] = 'x';
    const at = Number(funded(world).event['block']);
    Object.assign(world.file.canisters.ledger.log[at]!.event, { from: funded(world).caller, amount: '0' });
    funded(world).event['amount'] = '0';
    closed(world).event['outcome'] = 'refunded';
    const account = { ...job(world), reward: '0', closed: { ...job(world).closed!, outcome: 'refunded' } };
    expect(escrowsOf(world.facts, [{ account, datasets: [] }])).toMatchObject([{ outcome: 'refunded', payments: [] }]);
  });

  it('and is told to be refunded has to have been', async () => {
    const world = new World();
    refunded(world, amount(world) - 10_000n);
    world.drop('treasury', PAID, ESCROW);
    expect(await refusal(() => drawn(world))).toMatch(/^missing: .*0 payments recorded, and 1 are due/);
  });
});

describe('a licence’s fee', () => {
  const split = (...points: number[]) => points.map((basisPoints, at) => ({ account: `a${at}`, basisPoints }));
  /** What a job on one dataset with this licence costs, e8s, as the refusal of another amount says. */
  async function costs(fee: string, splits: Licence['splits'], reward: string): Promise<string> {
    const world = new World();
    const [dataset] = world.file.datasets;
    Object.assign(dataset!.licence, { fee, splits });
    const account = { ...job(world), reward };
    const said = await refusal(() => escrowsOf(world.facts, [{ account, datasets: [dataset!] }]));
    return /must be "(\d+)"/.exec(said)![1]!;
  }

  it('is split with the rest for the first, and costs a ledger’s fee for each who gets something', async () => {
    expect(await costs('10', split(10_000), '0')).toBe('10010');
    expect(await costs('10', split(5_000, 5_000), '0')).toBe('20010');
    expect(await costs('10', split(9_999, 1), '0')).toBe('10010');
    expect(await costs('0', split(10_000), '0')).toBe('0');
    expect(await costs('0', split(10_000), '1')).toBe('10001');
    expect(await costs('3', split(5_000, 5_000), '5')).toBe('30008');
  });

  it('that does not divide goes to the first in its rest, and not a part of it to others', async () => {
    const world = new World();
    const { dataset, licence } = world.file.datasets.find(
      ({ dataset: id }) => payment(world).event['why'] === `licence of ${id}`,
    )!;
    expect(dataset).toBeDefined();
    const [{ account }] = licence.splits as [Licence['splits'][number]];
    // 100,000,000 in 3,333 and 6,667 parts of 10,000, and one more: 33,330,000.33 and 66,670,000.66
    Object.assign(licence, {
      fee: '100000001',
      splits: [
        { account, basisPoints: 3_333 },
        { account: 'x', basisPoints: 6_667 },
      ],
    });
    funded(world).event['amount'] = String(amount(world) + 10_001n);
    world.file.canisters.ledger.log[Number(funded(world).event['block'])]!.event['amount'] =
      funded(world).event['amount']!;
    payment(world).event['amount'] = '33330000';
    expect(await refusal(() => drawn(world))).toMatch(/16 are due/);
    world.add('treasury', { ...payment(world).event }, { after: payment(world) });
    expect(await refusal(() => drawn(world))).toMatch(/how much is paid is "33330000", and it must be "33330001"/);
  });
});

describe('a slashed bond', () => {
  const effect = (world: World) => {
    const { index, at, caller } = world.one('treasury', 'bond_slashed');
    return { by: caller, at, log: 'treasury', entry: index };
  };

  it('is told with what it lost; of a vote that had no effect, nothing is', () => {
    const world = new World();
    const proposals = [
      { proposal: 1, method: 'slash_bond', effect: effect(world) },
      { proposal: 2, method: 'slash_bond', effect: null },
      { proposal: 3, method: 'accept_dataset', effect: effect(world) },
      { proposal: 4, method: null, effect: null },
    ];
    expect(slashesOf(world.facts, proposals)).toEqual([
      expect.objectContaining({ proposal: 1, purpose: 'contributor', amount: '2000000000', said: effect(world) }),
    ]);
  });

  it('is found in a log that starts later', () => {
    const world = new World();
    const said = effect(world);
    const { treasury } = world.file.canisters;
    treasury.start = { ...treasury.tip, length: 10, hash: treasury.log[9]!.hash };
    treasury.log.splice(0, 10);
    expect(slashesOf(world.facts, [{ proposal: 1, method: 'slash_bond', effect: said }])).toMatchObject([{ said }]);
  });
});
