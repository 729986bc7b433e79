import { Settings } from '../management/candid.js';
import { bytesOf, idOf, principalOf } from '../subnet/principals.js';
import { argumentsOf, CALLER, LittleSubnet, refusalIn, shown } from '../testing/little-subnet.js';
import {
  api,
  append,
  argument,
  bytes,
  call,
  reject,
  reply,
  result,
  scripted,
  self,
  text,
  trap,
  wide,
  type Step,
} from '../testing/script.js';

const network = new LittleSubnet();
afterAll(() => network.remove());

const T = 1_000_000_000_000n;
const START = 80n * T;
/** More than any test pays for execution. */
const ROUGHLY = T / 10n;
const HALF = START / 2n;
const QUARTER = START / 4n;

const available = bytes(result('msg_cycles_available'));
const refunded = bytes(result('msg_cycles_refunded'));
const balance = bytes(result('canister_cycle_balance'));
const acceptAll = api('msg_cycles_accept', result('msg_cycles_available'));
const deploy = (methods: Record<string, Step[]> = {}): string =>
  network.deploy(scripted({ 'update take': [acceptAll, reply()], ...methods }), START).id;
const numbers = (said: string): bigint[] => {
  const data = Buffer.from(said, 'latin1');
  return Array.from({ length: Math.floor(data.length / 8) }, (_, index) => data.readBigUInt64LE(index * 8));
};
const answer = (id: string, method = 'go', arg?: Uint8Array): string => shown(network.call(id, method, arg));
const has = (id: string, cycles: bigint): void => {
  const { cycles: now } = network.subnet.canisters.get(id)!.state;
  const apart = now > cycles ? now - cycles : cycles - now;
  expect(apart < ROUGHLY ? 'as expected' : `${now / 1_000_000_000n} G instead of ${cycles / 1_000_000_000n} G`).toBe(
    'as expected',
  );
};
const to = (id: string): ReturnType<typeof text> => text(bytesOf(id));
const settings = (changes: object): object => ({
  ...Object.fromEntries(Settings._fields.map(([name]) => [name, []])),
  ...changes,
});
const NOW = (changes: object): object => ({ sender_canister_version: [], settings: [settings(changes)] });

describe('cycles with a call', () => {
  it('arrive when they are accepted', () => {
    const taker = deploy({ 'update get': [append(available), acceptAll, reply()] });
    const giver = deploy({ 'update go': [call(to(taker), 'get', { cycles: QUARTER })] });
    expect(numbers(answer(giver))).toEqual([QUARTER]);
    has(giver, START - QUARTER);
    has(taker, START + QUARTER);
  });

  it('come back as far as they are not accepted', () => {
    const taker = deploy({ 'update get': [api('msg_cycles_accept', QUARTER), reply()] });
    const giver = deploy({ 'update go': [call(to(taker), 'get', { cycles: HALF, onReply: [reply(refunded)] })] });
    expect(numbers(answer(giver))).toEqual([QUARTER]);
    has(giver, START - QUARTER);
    has(taker, START + QUARTER);
  });

  it('come back when the callee traps after accepting, and from a reject they stay accepted', () => {
    const taker = deploy({ 'update trap': [acceptAll, trap('no')], 'update refuse': [acceptAll, reject('no')] });
    const giving = (method: string): string =>
      deploy({ 'update go': [call(to(taker), method, { cycles: QUARTER, onReject: [reply(refunded)] })] });
    expect(numbers(answer(giving('trap')))).toEqual([QUARTER]);
    expect(numbers(answer(giving('refuse')))).toEqual([0n]);
  });

  it('are not in the balance while they are under way', () => {
    const id = deploy({ 'update go': [call(self, 'look', { cycles: QUARTER })], 'update look': [reply(balance)] });
    const [seen] = numbers(answer(id));
    expect(seen! < START - QUARTER && seen! > START - QUARTER - ROUGHLY).toBe(true);
    has(id, START);
  });

  it('come back step by step', () => {
    const id = deploy({
      'update go': [call(self, 'middle', { cycles: 10n, onReply: [append(argument), reply(refunded)] })],
      'update middle': [call(self, 'end', { cycles: 5n, onReply: [reply(refunded)] })],
      'update end': [reply()],
    });
    expect(numbers(answer(id))).toEqual([5n, 10n]);
    has(id, START);
  });

  it('may be passed on when they were accepted before, and not otherwise', () => {
    const last = deploy();
    const passing = (before: Step[]): string =>
      deploy({
        'update pass': [
          ...before,
          call(to(last), 'take', { cycles: START + QUARTER, onReply: [reply(text('passed'))] }),
        ],
      });
    const giving = (id: string): Step[] => [call(to(id), 'pass', { cycles: HALF, onReject: [reply(refunded)] })];
    const refused = deploy({ 'update go': giving(passing([])) });
    expect(numbers(answer(refused))).toEqual([HALF]);
    has(refused, START);
    const passed = deploy({ 'update go': giving(passing([acceptAll])) });
    expect(answer(passed)).toBe('passed');
    has(passed, HALF);
    has(last, 2n * START + QUARTER);
  });

  it('cannot be more than the balance', () => {
    expect(answer(deploy({ 'update go': [call(self, 'take', { cycles: START + 1n })] }))).toBe('reject 5');
  });

  it.each<[string, Step, string]>([
    ['none of none', reply(bytes(result('msg_cycles_accept', 0n))), '\0'.repeat(8)],
    ['one of none', reply(bytes(result('msg_cycles_accept', 1n))), '\0'.repeat(8)],
    [
      'an absurd number',
      reply(wide('msg_cycles_accept128', 0x7fff_ffff_ffff_ffffn, 0x7fff_ffff_ffff_ffffn)),
      '\0'.repeat(16),
    ],
  ])('may be asked for: %s', (_, step, expected) => expect(answer(deploy({ 'update go': [step] }))).toBe(expected));
});

describe('the management canister', () => {
  /** A canister that calls it, with cycles or none, and passes the answer and the refund on. */
  const owner = (cycles?: bigint): string =>
    deploy(
      Object.fromEntries(
        [
          'create_canister',
          'deposit_cycles',
          'delete_canister',
          'stop_canister',
          'provisional_top_up_canister',
          'update_settings',
          'canister_status',
        ].map((method) => [
          `update ${method}`,
          [call(text(''), method, { arg: argument, cycles, onReply: [append(refunded), reply(argument)] })],
        ]),
      ),
    );
  const created = (id: string, changes: object = {}): string => {
    const said = Buffer.from(
      answer(id, 'create_canister', argumentsOf('create_canister', NOW(changes))),
      'latin1',
    ).subarray(8);
    return said.subarray(-10).toString('hex');
  };
  const about = (id: string): Uint8Array => argumentsOf('deposit_cycles', { canister_id: principalOf(id) });

  it('creates a canister with the cycles of the call, and gives back what its deletion is called with', () => {
    const id = owner(QUARTER);
    const child = created(id);
    has(id, START - QUARTER);
    has(child, QUARTER - T / 2n); // 500 G is the fee
    network.call(id, 'stop_canister', about(child));
    expect(numbers(answer(id, 'delete_canister', about(child)))[0]).toBe(QUARTER);
    expect(network.subnet.canisters.has(child)).toBe(false);
  });

  it('creates none without the fee', () => {
    expect(answer(owner(T / 10n), 'create_canister', argumentsOf('create_canister', NOW({}))).charCodeAt(0)).toBe(4);
  });

  it('deposits from anybody, and to nobody who is not there', () => {
    const giver = owner(QUARTER);
    const taker = deploy();
    expect(numbers(answer(giver, 'deposit_cycles', about(taker)))[0]).toBe(0n);
    has(giver, START - QUARTER);
    has(taker, START + QUARTER);
    expect(answer(giver, 'deposit_cycles', about('00000000000000ff0101')).charCodeAt(0)).toBe(3);
    has(giver, START - QUARTER);
  });

  it('tops up from nothing, for anybody, to any height, and nobody who is not there', () => {
    const id = deploy();
    const other = owner();
    const topUp = (who: string, amount: bigint): Uint8Array =>
      argumentsOf('provisional_top_up_canister', { canister_id: principalOf(who), amount });
    expect(network.manage('provisional_top_up_canister', { canister_id: principalOf(id), amount: START }).kind).toBe(
      'reply',
    );
    has(id, 2n * START);
    expect(answer(other, 'provisional_top_up_canister', topUp(id, START)).slice(8, 12)).toBe('DIDL');
    expect(answer(other, 'provisional_top_up_canister', topUp(other, START)).slice(8, 12)).toBe('DIDL');
    has(id, 3n * START);
    expect(
      network.manage('provisional_top_up_canister', { canister_id: principalOf(id), amount: 10n << 128n }).kind,
    ).toBe('reply');
    expect(
      refusalIn(
        network.manage('provisional_top_up_canister', { canister_id: principalOf('00000000000000ff0101'), amount: 1n }),
        'top up',
      ).code,
    ).toBe(3);
  });

  it('creates with absurd amounts, as far as there are that many cycles', () => {
    const { kind } = network.manage('provisional_create_canister_with_cycles', {
      ...NOW({}),
      amount: [10n << 128n],
      specified_id: [],
    });
    expect(kind).toBe('reply');
  });

  describe('as to settings', () => {
    const INVALID: [string, object][] = [
      ['a compute allocation of 101 percent', { compute_allocation: [101n] }],
      ['a memory allocation beyond 2^48', { memory_allocation: [(1n << 48n) + 1n] }],
      ['a freezing threshold of 2^64', { freezing_threshold: [1n << 64n] }],
      [
        'eleven controllers',
        {
          controllers: [
            Array.from({ length: 11 }, (_, index) => principalOf(`${index.toString(16).padStart(2, '0')}01`)),
          ],
        },
      ],
    ];

    it.each(INVALID)('refuses %s, to users and canisters alike', (_, changes) => {
      const id = owner(HALF);
      expect(
        network.manage('provisional_create_canister_with_cycles', { ...NOW(changes), amount: [], specified_id: [] })
          .kind,
      ).toBe('reject');
      expect([4, 5]).toContain(
        answer(id, 'create_canister', argumentsOf('create_canister', NOW(changes))).charCodeAt(0),
      );
      expect(
        network.manage('update_settings', {
          canister_id: principalOf(id),
          sender_canister_version: [],
          settings: settings(changes),
        }).kind,
      ).toBe('reject');
      has(id, START);
    });

    it('takes valid ones', () => {
      const child = created(owner(HALF), {
        compute_allocation: [1n],
        memory_allocation: [1n << 20n],
        freezing_threshold: [1_000_000n],
      });
      expect(network.subnet.canisters.get(child)!.state.settings).toMatchObject({
        computeAllocation: 1n,
        memoryAllocation: 1n << 20n,
        freezingThreshold: 1_000_000n,
      });
    });

    it('knows several controllers, one named twice, and none', () => {
      const controllersOf = (list: string[]): string[] =>
        network.subnet.canisters.get(created(owner(HALF), { controllers: [list.map(principalOf)] }))!.state.settings
          .controllers;
      expect(controllersOf(['aa01', 'bb01'])).toEqual(['aa01', 'bb01']);
      expect(controllersOf(['bb01', 'bb01', 'aa01'])).toEqual(['aa01', 'bb01']);
      expect(controllersOf([])).toEqual([]);
    });

    it('tells a canister its own status, controller or not', () => {
      const id = owner();
      expect(answer(id, 'canister_status', about(id)).slice(8, 12)).toBe('DIDL');
      const other = owner();
      expect(answer(other, 'canister_status', about(id)).charCodeAt(0)).toBe(5);
      network.manage('update_settings', {
        canister_id: principalOf(id),
        sender_canister_version: [],
        settings: settings({ controllers: [[principalOf(id)]] }),
      });
      expect(answer(id, 'canister_status', about(id)).slice(8, 12)).toBe('DIDL');
      expect(network.manage('canister_status', { canister_id: principalOf(id) }).kind).toBe('reject');
    });
  });

  describe('as to ids asked for', () => {
    const create = (id: string): ReturnType<typeof network.manage> =>
      network.manage('provisional_create_canister_with_cycles', {
        ...NOW({}),
        amount: [],
        specified_id: [principalOf(id)],
      });

    it('creates what is free, refuses what is taken, and what no subnet has', () => {
      expect(create('00000000000fffff0101').kind).toBe('reply');
      expect(refusalIn(create('00000000000fffff0101'), 'taken').errorCode).toMatch(/^IC0/);
      expect(create(idOf(CALLER.toUint8Array())).kind).toBe('reject');
    });

    it("is not called by its subnet's id, as on subnets without the NNS", () => {
      const subnetId = text(new Uint8Array(29).fill(1));
      expect(
        answer(deploy({ 'update go': [call(subnetId, 'raw_rand', { arg: text('DIDL\0\0') })] })).charCodeAt(0),
      ).toBe(3);
    });
  });
});
