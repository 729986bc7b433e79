import { deserialize, serialize } from 'node:v8';
import type { Canister } from '../subnet/canister.js';
import { principalOf, type Id } from '../subnet/principals.js';
import { nextDue, type RoundInput } from '../subnet/rounds.js';
import type { Ingress, SubnetState } from '../subnet/subnet.js';
import { CALLER, LittleSubnet, refusalIn } from '../testing/little-subnet.js';
import { calling as ic0, IMPORTS, importIndex } from '../testing/system-api-table.js';
import { i32, i64, op, wasmModule, type WasmFunction } from '../testing/wasm-writer.js';

const module = (functions: WasmFunction[]): Uint8Array =>
  wasmModule({ imports: IMPORTS, memory: 1, globals: 1, functions });
const MIB = 1 << 20;
const MILLISECOND = 1_000_000n;
const SECOND = 1000n * MILLISECOND;

/** Code so many times, the number of the turn in a global. */
const times = (turns: number, code: number[]): number[] => [
  ...i32(0),
  0x24,
  0,
  0x03,
  0x40,
  ...code,
  0x23,
  0,
  ...i32(1),
  0x6a,
  0x24,
  0,
  0x23,
  0,
  ...i32(turns),
  0x49,
  0x0d,
  0,
  0x0b,
];
const page = [0x23, 0, 0xad, ...i64(65_536n), 0x7e];
const writing = (mebibytes: number): number[] => [
  ...times(16 * mebibytes, [...page, ...i64(0n), ...i64(65_536n), ...op.call(importIndex('stable64_write'))]),
  ...ic0('msg_reply'),
];
/** Reading a page of 64 KiB is charged 65,536 instructions and some more. */
const working = (millions: number): number[] =>
  times(15 * millions, [...i64(0n), ...i64(0n), ...i64(65_536n), ...op.call(importIndex('stable64_read'))]);
const grown: WasmFunction = { exports: ['canister_init'], code: ic0('stable64_grow', [5000n]) };
const writer = module([
  grown,
  ...[50, 70, 200].map((mebibytes) => ({ exports: [`canister_update w${mebibytes}`], code: writing(mebibytes) })),
  { exports: ['canister_update u', 'canister_query q'], code: ic0('msg_reply') },
  { exports: ['canister_update arm'], code: [...ic0('global_timer_set', [1n]), ...ic0('msg_reply')] },
  { exports: ['canister_global_timer'], code: ic0('certified_data_set', [0, 1]) },
]);

/** A subnet whose rounds and calls are made by hand. */
class ByHand extends LittleSubnet {
  #calls = 0;
  readonly inputs: RoundInput[] = [];
  /** From one round to the next, unless told otherwise. */
  step = SECOND;

  override round(input: Partial<RoundInput> = {}): void {
    const { round, time } = this.subnet.state;
    const whole = { round: round + 1, time: time + this.step, seed: new Uint8Array(32), ingress: [], ...input };
    this.inputs.push(whole);
    super.round(whole);
  }

  /** A round with calls, so many nanoseconds after the last one. @returns their request ids */
  send(after: bigint, ...calls: [to: Id, method: string][]): string[] {
    const time = this.subnet.state.time + after;
    const ingress = calls.map(([to, method]): Ingress => ({
      requestId: `f${(this.#calls += 1)}`,
      sender: CALLER.toUint8Array(),
      to,
      effective: to,
      method,
      arg: new Uint8Array(),
      expiry: time + 300n * SECOND,
    }));
    this.round({ time, ingress });
    return ingress.map(({ requestId }) => requestId);
  }

  statusOf(requestIds: string[]): string[] {
    return requestIds.map((requestId) => this.subnet.state.ingress.get(requestId)!.state.status);
  }

  /** When the next round is due, in milliseconds after the last one. */
  get dueIn(): number {
    return Number((nextDue(this.subnet)! - this.subnet.state.time) / MILLISECOND);
  }
}

describe('the rate at which canisters write', () => {
  let network: ByHand;
  let canister: Canister;
  let id: Id;
  beforeEach(() => {
    network = new ByHand();
    canister = network.deploy(writer, 10n ** 17n);
    ({ id } = canister);
  });
  afterEach(() => network.remove());

  it(
    'lets a canister that wrote 200 MiB wait until all but 75 MiB are paid off, a round of 75 MiB per second; ' +
      'others and queries go on',
    () => {
      const other = network.deploy(writer, 10n ** 17n);
      const calls = network.send(SECOND, [id, 'w200'], [id, 'u'], [other.id, 'u'], [id, 'w50']);
      expect(network.statusOf(calls)).toEqual(['replied', 'received', 'replied', 'received']);
      expect(network.query(id, 'q').kind).toBe('reply');
      expect(canister.state.debits).toEqual({ heapDelta: (200 - 75) * MIB, install: 0n });
      expect(network.dueIn).toBe(666); // 50 of 75 MiB
      network.send(666n * MILLISECOND, [other.id, 'u']);
      expect(network.statusOf(calls)).toEqual(['replied', 'received', 'replied', 'received']);
      network.send(MILLISECOND);
      expect(network.statusOf(calls)).toEqual(['replied', 'replied', 'replied', 'replied']); // in their order
    },
  );

  it('is that of a round: a canister that stays below it never waits, however soon the next round comes', () => {
    for (let round = 0; round < 10; round += 1)
      expect(network.statusOf(network.send(MILLISECOND, [id, 'w70'], [id, 'u']))).toEqual(['replied', 'replied']);
    expect(canister.state.debits).toBeUndefined();
  });

  it("ends a canister's part in a round, and the next round goes on", () => {
    const calls = network.send(SECOND, [id, 'w50'], [id, 'w50'], [id, 'u']);
    expect(network.statusOf(calls)).toEqual(['replied', 'replied', 'received']);
    expect(canister.state.debits?.heapDelta).toEqual(25 * MIB);
    expect(nextDue(network.subnet)).toBe(0n);
    network.send(MILLISECOND);
    expect(network.statusOf(calls)).toEqual(['replied', 'replied', 'replied']);
  });

  it('counts the heap too, and nothing that was undone or asked by a query', () => {
    const heap = network.deploy(
      wasmModule({
        imports: IMPORTS,
        memory: 3200,
        functions: [
          {
            exports: ['canister_update fill', 'canister_query ask'],
            code: [...i32(0), ...i32(7), ...i32(200 * MIB), 0xfc, 0x0b, 0, ...ic0('msg_reply')],
          },
          {
            exports: ['canister_update trap'],
            code: [...i32(0), ...i32(7), ...i32(200 * MIB), 0xfc, 0x0b, 0, op.unreachable],
          },
        ],
      }),
      10n ** 17n,
    );
    expect(network.statusOf(network.send(SECOND, [heap.id, 'trap'], [heap.id, 'ask']))).toEqual([
      'rejected',
      'replied',
    ]);
    expect(heap.state.debits).toBeUndefined();
    network.send(SECOND, [heap.id, 'fill']);
    expect(heap.state.debits).toEqual({ heapDelta: 125 * MIB, install: 0n });
  });

  it('holds timers back without losing them', () => {
    network.send(SECOND, [id, 'arm'], [id, 'w200']);
    network.send(MILLISECOND);
    expect(canister.state.timer).toBe(1n);
    expect(canister.state.certified.length).toBe(0);
    expect(network.dueIn).toBe(665);
    network.send(666n * MILLISECOND);
    expect(canister.state.timer).toBe(0n);
    expect(canister.state.certified.length).toBe(1);
  });

  it('refuses chunks and snapshots meanwhile, in words of their own', () => {
    const canister_id = principalOf(id);
    network.send(SECOND, [id, 'w200']);
    network.step = 1n;
    expect(refusalIn(network.manage('upload_chunk', { canister_id, chunk: Uint8Array.of(1) }), 'upload_chunk')).toEqual(
      {
        code: 5,
        errorCode: 'IC0504',
        message:
          `Error from Wasm chunk store: Canister is heap delta rate limited. Current delta debit: ${125 * MIB}, ` +
          `limit: ${75 * MIB}.`,
      },
    );
    expect(
      refusalIn(
        network.manage('take_canister_snapshot', {
          canister_id,
          replace_snapshot: [],
          uninstall_code: [],
          sender_canister_version: [],
        }),
        'snapshot',
      ),
    ).toEqual({
      code: 2,
      errorCode: 'IC0210',
      message:
        `Canister ${canister_id.toText()} is heap delta rate limited: current delta debit is ${125 * MIB}, but ` +
        `limit is ${75 * MIB}.`,
    });
    network.step = SECOND;
    expect(network.manage('upload_chunk', { canister_id, chunk: Uint8Array.of(1) }).kind).toBe('reply');
  });

  it('is by rounds alone where time stands still, and not there with --no-rate-limits', () => {
    network.subnet.state.limits = { ...network.subnet.state.limits, rates: 'rounds' };
    const calls = network.send(1n, [id, 'w200'], [id, 'u']);
    expect(canister.state.debits?.heapDelta).toEqual(125 * MIB);
    expect(nextDue(network.subnet)).toBe(0n);
    network.send(100n * SECOND);
    expect(network.statusOf(calls)).toEqual(['replied', 'received']);
    network.send(1n);
    expect(network.statusOf(calls)).toEqual(['replied', 'replied']);
    network.subnet.state.limits = { ...network.subnet.state.limits, rates: 'off' };
    expect(network.statusOf(network.send(1n, [id, 'w200'], [id, 'w200'], [id, 'u']))).toEqual([
      'replied',
      'replied',
      'replied',
    ]);
  });

  it(
    'lets all canisters wait that together wrote more than 32 GiB soon after a checkpoint of the main network, ' +
      'or 140 GiB before the next',
    () => {
      const start = 1_800_000_500n; // begins an interval of 500 rounds
      network.round({ time: start * SECOND });
      network.subnet.state.heapDelta = { interval: Number(start) / 500, bytes: 33 * 2 ** 30 };
      const calls = network.send(MILLISECOND, [id, 'u']);
      expect(network.statusOf(calls)).toEqual(['received']);
      expect(Math.ceil(network.dueIn / 1000)).toBe(5); // 108 GiB in 500 s: 1 GiB takes 4.6
      network.send(4n * SECOND);
      expect(network.statusOf(calls)).toEqual(['received']);
      network.send(SECOND);
      expect(network.statusOf(calls)).toEqual(['replied']);
      network.subnet.state.heapDelta = { interval: Number(start) / 500, bytes: 140 * 2 ** 30 };
      expect(network.statusOf(network.send(490n * SECOND, [id, 'u']))).toEqual(['received']);
      const [last] = network.send(5n * SECOND, [id, 'u']);
      expect(network.statusOf([last!])).toEqual(['replied']);
    },
  );

  it('comes out alike when the rounds are executed again, from the beginning and from a checkpoint', () => {
    network.send(SECOND, [id, 'w200'], [id, 'u'], [id, 'w50']);
    network.send(300n * MILLISECOND, [id, 'w70']);
    const middle = deserialize(serialize({ subnet: network.subnet.state, canister: canister.state })) as {
      subnet: SubnetState;
      canister: Canister['state'];
    };
    const from = network.inputs.length;
    network.send(500n * MILLISECOND, [id, 'w70'], [id, 'u']);
    network.send(500n * MILLISECOND);
    const whole = new ByHand();
    whole.create(10n ** 17n);
    for (const input of network.inputs) whole.round(input);
    expect(whole.subnet.state).toEqual(network.subnet.state);
    expect(whole.subnet.canisters.get(id)!.state).toEqual(canister.state);
    whole.subnet.state = middle.subnet;
    whole.subnet.canisters.get(id)!.state = middle.canister;
    for (const input of network.inputs.slice(from)) whole.round(input);
    expect(whole.subnet.state).toEqual(network.subnet.state);
    expect(whole.subnet.canisters.get(id)!.state.debits).toEqual(canister.state.debits);
    whole.remove();
  });
});

describe('the rate at which code is installed', () => {
  const network = new LittleSubnet();
  afterAll(() => network.remove());
  const heavy = module([
    { exports: ['canister_init', 'canister_post_upgrade'], code: [...ic0('stable64_grow', [1n]), ...working(5000)] },
  ]);
  const light = module([grown]);

  it('is 2 B instructions a second: who took 5 B waits a second and a half, IC0209, and others do not', () => {
    const canister = network.deploy(heavy, 10n ** 15n);
    expect(canister.state.debits!.install).toBeGreaterThan(2_900_000_000n);
    expect(refusalIn(network.install(canister, light, { reinstall: null }), 'reinstall')).toEqual({
      code: 2,
      errorCode: 'IC0209',
      message:
        `Canister ${principalOf(canister.id).toText()} is rate limited because it executed too many ` +
        'instructions in the previous install_code messages. ' +
        'Please retry installation after several minutes.',
    });
    expect(network.deploy(light).module).toBeDefined();
    expect(network.install(canister, light, { reinstall: null }).kind).toBe('reply');
  });

  it('counts installation that failed, and lets small modules be installed as often as one likes', () => {
    const canister = network.deploy(light, 10n ** 15n);
    for (let again = 0; again < 5; again += 1)
      expect(network.install(canister, light, { reinstall: null }).kind).toBe('reply');
    const failing = module([
      { exports: ['canister_init'], code: [...ic0('stable64_grow', [1n]), ...working(5000), op.unreachable] },
    ]);
    expect(refusalIn(network.install(canister, failing, { reinstall: null }), 'reinstall').errorCode).toBe('IC0502');
    expect(refusalIn(network.install(canister, light, { reinstall: null }), 'reinstall').errorCode).toBe('IC0209');
  });
});
