import { idleFee } from '../subnet/cycles.js';
import type { Canister } from '../subnet/canister.js';
import { allocated, inThousands, reservation } from '../subnet/reservation.js';
import { principalOf } from '../subnet/principals.js';
import { LittleSubnet, refusalIn } from '../testing/little-subnet.js';
import { IMPORTS, importIndex, SYSTEM_API } from '../testing/system-api-table.js';
import { callWith, i32, op, wasmModule } from '../testing/wasm-writer.js';

const ic0 = (name: string, args: readonly (number | bigint)[] = []): number[] =>
  callWith(importIndex(name), SYSTEM_API[name]![0], args);
const MIB = 2n ** 20n;
const GIB = 2n ** 30n;
const T = 10n ** 12n;
const YEARS = 300_000_000n;
const stableGrow = (mebibytes: bigint): number[] => ic0('stable64_grow', [16n * mebibytes]);
const wasm = wasmModule({
  imports: IMPORTS,
  memory: 1,
  functions: [
    { exports: ['canister_update stable32'], code: [...stableGrow(32n), ...ic0('msg_reply')] },
    { exports: ['canister_update heap16'], code: [...i32(256), 0x40, 0, op.drop, ...ic0('msg_reply')] },
    { exports: ['canister_update nothing'], code: ic0('msg_reply') },
  ],
});
const tooFewCyclesFor = (what: string): RegExp =>
  expect.stringMatching(
    new RegExp(
      `^Cannot increase ${what} due to insufficient cycles\\. At least [\\d_]+ additional cycles are required\\.$`,
    ),
  );
const noChanges = {
  controllers: [],
  compute_allocation: [],
  memory_allocation: [],
  freezing_threshold: [],
  reserved_cycles_limit: [],
  wasm_memory_limit: [],
  wasm_memory_threshold: [],
  minimum_incoming_canister_call_cycles: [],
  log_memory_limit: [],
  environment_variables: [],
  log_visibility: [],
  snapshot_visibility: [],
  status_visibility: [],
};

describe('storage on a subnet that fills up', () => {
  let network: LittleSubnet;
  let canister: Canister;
  /** Takes all that is free below the threshold. */
  let filler: Canister;
  beforeEach(() => {
    network = new LittleSubnet({ storageThreshold: GIB, storageCapacity: 2n * GIB });
    canister = network.deploy(wasm, 100n * T);
    filler = network.create(100n * T);
    filler.state.settings = { ...filler.state.settings, memoryAllocation: GIB - canister.memoryBytes() };
  });
  afterEach(() => network.remove());
  const change = (changes: object, of = canister) =>
    network.manage('update_settings', {
      canister_id: principalOf(of.id),
      settings: { ...noChanges, ...changes },
      sender_canister_version: [],
    });

  it('is paid for ahead above the threshold, as the replica reckons it', () => {
    const { subnet } = network;
    subnet.state.limits = { ...subnet.state.limits, storageThreshold: 100n * GIB, storageCapacity: 200n * GIB };
    filler.state.settings.memoryAllocation = 0n;
    const small = canister.memoryBytes();
    const of = (others: bigint, bytes: bigint): bigint => {
      canister.state.settings.memoryAllocation = others > small ? others : 0n;
      return reservation(subnet, filler, 0n, bytes);
    };
    expect(of(0n, 100n * GIB - small)).toBe(0n);
    expect(of(100n * GIB, 1n * GIB)).toBe(idleFee(GIB, 0n, YEARS / 100n / 2n));
    expect(of(90n * GIB, 40n * GIB)).toBe(idleFee(30n * GIB, 0n, (YEARS * 30n) / 100n / 2n));
    expect(of(150n * GIB, 50n * GIB)).toBe(
      idleFee(100n * GIB, 0n, YEARS / 2n) - idleFee(50n * GIB, 0n, YEARS / 2n / 2n),
    );
    expect(of(200n * GIB, 50n * GIB)).toBe(0n); // there is no more than the whole
    expect(of(150n * GIB, 0n)).toBe(0n);
  });

  it('costs a canister nothing below it', () => {
    filler.state.settings.memoryAllocation -= 100n * MIB;
    expect(network.call(canister.id, 'stable32').kind).toBe('reply');
    expect(canister.state.reserved).toBeUndefined();
  });

  it('moves cycles from the balance to those reserved, which pay for it then, and count against freezing', () => {
    const expected = reservation(network.subnet, canister, canister.memoryBytes(), canister.memoryBytes() + 32n * MIB);
    expect(expected).toBeGreaterThan(0n);
    const before = canister.state.cycles;
    const thresholdBefore = canister.idleCost(canister.state.settings.freezingThreshold);
    expect(network.call(canister.id, 'stable32').kind).toBe('reply');
    expect(canister.state.reserved).toBe(expected);
    expect(before - canister.state.cycles).toBeGreaterThan(expected);
    expect(canister.freezingThreshold()).toBeLessThan(thresholdBefore + 10n * T);
    expect(network.manage('canister_status', { canister_id: principalOf(canister.id) }).kind).toBe('reply');
    const more = reservation(network.subnet, canister, canister.memoryBytes(), canister.memoryBytes() + 16n * MIB);
    expect(network.call(canister.id, 'heap16').kind).toBe('reply');
    expect(canister.state.reserved).toBe(expected + more);

    network.round({ time: network.subnet.state.time + 60n * 10n ** 9n });
    const balance = canister.state.cycles;
    const aside = canister.state.reserved!;
    network.round({ time: network.subnet.state.time + 1000n * 10n ** 9n });
    expect(balance - canister.state.cycles).toBe(0n);
    expect(aside - canister.state.reserved!).toEqual(canister.idleCost(1000n));
  });

  it('is refused beyond the limit of reserved cycles: IC0534, and nothing has happened', () => {
    expect(change({ reserved_cycles_limit: [1_000_000n] }).kind).toBe('reply');
    const asked = reservation(network.subnet, canister, canister.memoryBytes(), canister.memoryBytes() + 32n * MIB);
    expect(network.refusal(canister.id, 'stable32')).toEqual({
      code: 5,
      errorCode: 'IC0534',
      message:
        `Error from Canister ${principalOf(canister.id).toText()}: Canister cannot grow memory by 33554432 ` +
        'bytes due to its reserved cycles limit. ' +
        `The current limit (1_000_000) would be exceeded by ${inThousands(asked - 1_000_000n)}.`,
    });
    expect(canister.stable.size).toBe(0);
    expect(canister.state.reserved).toBeUndefined();
    expect(network.call(canister.id, 'nothing').kind).toBe('reply');
  });

  it('is refused to who cannot pay for it ahead: IC0532', () => {
    canister.state.cycles = 10n * 10n ** 9n;
    expect(network.refusal(canister.id, 'stable32')).toMatchObject({
      errorCode: 'IC0532',
      message: expect.stringContaining('Canister cannot grow memory by 33554432 bytes due to insufficient cycles.'),
    });
    expect(canister.state.reserved).toBeUndefined();
  });

  it('is reserved by an allocation too: IC0533 beyond the limit, IC0540 for a limit below what is reserved', () => {
    const before = allocated(canister, canister.memoryBytes());
    const expected = reservation(network.subnet, canister, before, 64n * MIB);
    expect(refusalIn(change({ memory_allocation: [64n * MIB], reserved_cycles_limit: [5n] }), 'it')).toEqual({
      code: 5,
      errorCode: 'IC0533',
      message:
        'Cannot increase memory allocation to 67108864 due to its reserved cycles limit. The current limit (5) ' +
        `would be exceeded by ${inThousands(expected - 5n)}.`,
    });
    expect(canister.state.settings.memoryAllocation).toBe(0n);
    expect(canister.state.settings.reservedCyclesLimit).toEqual(5n * T);
    expect(change({ memory_allocation: [64n * MIB] }).kind).toBe('reply');
    expect(canister.state.reserved).toBe(expected);
    expect(network.call(canister.id, 'stable32').kind).toBe('reply');
    expect(canister.state.reserved).toBe(expected); // was allocated
    expect(refusalIn(change({ reserved_cycles_limit: [7n] }), 'it')).toEqual({
      code: 5,
      errorCode: 'IC0540',
      message:
        'Cannot set the reserved cycles limit 7 below the reserved cycles balance of the canister ' +
        `${inThousands(expected)}.`,
    });
  });

  it('of code, chunks and snapshots is reserved and refused alike', () => {
    const canister_id = principalOf(canister.id);
    expect(network.manage('upload_chunk', { canister_id, chunk: new Uint8Array(1 << 20) }).kind).toBe('reply');
    const forChunk = canister.state.reserved!;
    expect(forChunk).toBeGreaterThan(0n);
    expect(
      network.manage('take_canister_snapshot', {
        canister_id,
        replace_snapshot: [],
        uninstall_code: [],
        sender_canister_version: [],
      }).kind,
    ).toBe('reply');
    const forSnapshot = canister.state.reserved! - forChunk;
    expect(forSnapshot).toBeGreaterThan(0n);
    const large = wasmModule({
      imports: IMPORTS,
      memory: 160,
      functions: [{ exports: ['canister_init'], code: stableGrow(1n) }],
    });
    expect(network.install(canister, large, { reinstall: null }).kind).toBe('reply');
    const aside = canister.state.reserved!;
    expect(aside - forChunk - forSnapshot).toBeGreaterThan(0n);

    expect(change({ reserved_cycles_limit: [aside] }).kind).toBe('reply');
    const larger = wasmModule({
      imports: IMPORTS,
      memory: 320,
      functions: [{ exports: ['canister_init'], code: stableGrow(1n) }],
    });
    const before = canister.state.cycles;
    for (const refused of [
      network.install(canister, larger, { reinstall: null }),
      network.install(canister, larger, { upgrade: [] }),
      network.manage('upload_chunk', { canister_id, chunk: new Uint8Array(1 << 20).fill(1) }),
      network.manage('take_canister_snapshot', {
        canister_id,
        replace_snapshot: [],
        uninstall_code: [],
        sender_canister_version: [],
      }),
    ])
      expect(refusalIn(refused, 'it')).toMatchObject({
        code: 5,
        errorCode: 'IC0534',
        message: expect.stringMatching(/^Canister cannot grow memory by \d+ bytes due to its reserved cycles limit\./),
      });
    expect(canister.instance!.heapBytes).toEqual(160 * 65_536);
    expect(canister.stable.size).toBe(16);
    expect(canister.state.chunks.size).toBe(1);
    expect(canister.snapshots.size).toBe(1);
    expect(canister.state.reserved).toEqual(aside);
    expect(canister.state.cycles).toBeLessThan(before); // what was executed is paid for
  });

  it('goes with what was reserved for it when a canister runs dry', () => {
    expect(network.call(canister.id, 'stable32').kind).toBe('reply');
    expect(change({ compute_allocation: [100n], freezing_threshold: [0n] }).kind).toBe('reply');
    canister.state.cycles = 5n;
    canister.state.reserved = 1000n;
    network.round({ time: network.subnet.state.time + 1000n * 10n ** 9n });
    expect(canister.module).toBeUndefined();
    expect(canister.state.cycles).toBe(0n);
    expect(canister.state.reserved).toBeUndefined();
  });
});

describe('allocations', () => {
  const network = new LittleSubnet();
  afterAll(() => network.remove());

  it('that would freeze a canister are refused: IC0530 of compute, IC0531 of memory', () => {
    const { id, state } = network.deploy(wasm, T);
    const change = (changes: object) =>
      refusalIn(
        network.manage('update_settings', {
          canister_id: principalOf(id),
          settings: { ...noChanges, ...changes },
          sender_canister_version: [],
        }),
        'it',
      );
    expect(change({ compute_allocation: [50n] })).toMatchObject({
      code: 5,
      errorCode: 'IC0530',
      message: tooFewCyclesFor('compute allocation to 50'),
    });
    expect(change({ memory_allocation: [100n * GIB] })).toMatchObject({
      code: 5,
      errorCode: 'IC0531',
      message: tooFewCyclesFor('memory allocation to 107374182400'),
    });
    expect(state.settings.computeAllocation).toBe(0n);
    expect(state.settings.memoryAllocation).toBe(0n);
    expect(
      network.manage('update_settings', {
        canister_id: principalOf(id),
        settings: { ...noChanges, freezing_threshold: [10n ** 15n] },
        sender_canister_version: [],
      }).kind,
    ).toBe('reply'); // whoever wants to may freeze
  });

  it('cannot be had by creating a canister either, and then there is none', () => {
    const before = network.subnet.canisters.size;
    const settings = { ...noChanges, memory_allocation: [100n * GIB] };
    const refused = refusalIn(
      network.manage('provisional_create_canister_with_cycles', {
        amount: [T],
        settings: [settings],
        specified_id: [],
        sender_canister_version: [],
      }),
      'creation',
    );
    expect(refused.errorCode).toBe('IC0531');
    expect(network.subnet.canisters.size).toEqual(before);
  });
});
