import { LittleSubnet, refusalIn } from '../testing/little-subnet.js';
import { calling, WIDE_IMPORTS } from '../testing/system-api-table.js';
import { i32, i64, op, wasmModule, type WasmFunction, type WasmParts } from '../testing/wasm-writer.js';
import { bytesOf, canisterId, principalOf } from '../subnet/principals.js';
import type { Response } from '../subnet/subnet.js';

const ic0 = (name: string, args: readonly (number | bigint)[] = []): number[] => calling(name, args, WIDE_IMPORTS);
const PEER = canisterId(0x0200_0000n);
const COUNT = 8n;
const NAME = 64;
const LOAD = [0x29, 3, 0];
const STORE = [0x37, 3, 0];
const add = (amount: bigint): number[] => [...i64(COUNT), ...i64(COUNT), ...LOAD, ...i64(amount), 0x7c, ...STORE];
const tell = [...ic0('msg_reply_data_append', [COUNT, 8]), ...ic0('msg_reply')];
const grow = (pages: bigint): number[] => [...i64(pages), 0x40, 0];
const endless = [0x03, 0x40, ...add(1n), 0x0c, 0, 0x0b];
const ON_REPLY = 0;
const ON_REJECT = 1;
/** Adds what it is called with, of which the upper half counts too. */
const callback: WasmFunction = {
  signature: 'I:',
  code: [...i64(COUNT), ...op.localGet(0), ...i64(32n), 0x88, ...op.localGet(0), 0x7c, ...STORE, ...tell],
};
const ask = (method: number): number[] => [
  ...ic0('call_new', [16, 10, NAME, 3, ON_REPLY, 0x7_0000_0001n, method, 0x1_0000_0000n * 9n]),
  ...ic0('call_on_cleanup', [ON_REJECT, 5n]),
  ...ic0('call_perform'),
];

function wideModule(more: Partial<WasmParts> = {}): Uint8Array {
  const functions: WasmFunction[] = [
    callback,
    { signature: 'I:', code: add(1000n) },
    { exports: ['canister_update add', 'canister_query add_in_query'], code: [...add(1n), ...tell] },
    { exports: ['canister_query count'], code: tell },
    { exports: ['canister_update add_and_trap'], code: [...add(5n), ...grow(3n), op.drop, op.unreachable] },
    { exports: ['canister_update loop', 'canister_query loop_in_query'], code: endless },
    {
      exports: ['canister_update grow'],
      code: [...grow(16n), op.drop, ...i64(17n * 65_536n), ...i64(77n), ...STORE, ...tell],
    },
    { exports: ['canister_update grow_too_far'], code: [...i64(COUNT), ...grow(65_517n), ...STORE, ...tell] },
    { exports: ['canister_update ask'], code: ask(ON_REJECT) },
    { exports: ['canister_update yes'], code: ic0('msg_reply') },
    ...(more.functions ?? []),
  ];
  return wasmModule({
    imports: WIDE_IMPORTS,
    memory: 2,
    wide: true,
    table: [WIDE_IMPORTS.length, WIDE_IMPORTS.length + 1],
    data: [
      [16, bytesOf(PEER)],
      [NAME, Buffer.from('yes')],
    ],
    ...more,
    functions,
  });
}

describe('a module with addresses of 64 bits', () => {
  const network = new LittleSubnet({ update: 50_000_000n, query: 50_000_000n });
  afterAll(() => network.remove());
  const number = (response: Response): bigint => {
    if (response.kind === 'reject') throw new Error(response.rejection.message);
    return Buffer.from(response.data).readBigUInt64LE();
  };

  it('commits what updates wrote, drops what queries wrote, and undoes what a trap ends, growth too', () => {
    const { id, instance } = network.deploy(wideModule());
    expect(number(network.call(id, 'add'))).toBe(1n);
    expect(number(network.query(id, 'add_in_query'))).toBe(2n);
    expect(network.refusal(id, 'add_and_trap')).toMatchObject({
      errorCode: 'IC0502',
      message: expect.stringContaining('Canister trapped: unreachable'),
    });
    expect(number(network.query(id, 'count'))).toBe(1n);
    expect(instance!.heapBytes).toBe(2 * 65_536);
    expect(number(network.call(id, 'add'))).toBe(2n);
  });

  it('is called back through a table with indices of 64 bits, with a value of 64 bits', () => {
    network.install(network.create(undefined, PEER), wideModule());
    const { id } = network.deploy(wideModule());
    expect(number(network.call(id, 'ask'))).toBe(0x7_0000_0001n + 7n);
  });

  it('is cut off in an endless loop, in an update and in a query', () => {
    const { id } = network.deploy(wideModule());
    expect(network.refusal(id, 'loop').message).toContain(
      'Canister exceeded the limit of 50000000 instructions for single message execution.',
    );
    expect(refusalIn(network.query(id, 'loop_in_query'), 'loop').message).toContain(
      'Canister exceeded the limit of 50000000 instructions',
    );
    expect(number(network.query(id, 'count'))).toBe(0n);
  });

  it('pays twice for each instruction', () => {
    const { id, state } = network.deploy(wideModule());
    const spent = (): bigint => state.consumed!['instructions']!;
    const before = spent();
    network.refusal(id, 'loop');
    expect(spent() - before).toBeGreaterThanOrEqual(2n * 50_000_000n);
    expect(spent() - before).toBeLessThan(2n * 50_000_000n + 6_000_000n);
  });

  it('grows, within its limit and that of the host, and its status tells how far', () => {
    const canister = network.deploy(wideModule());
    network.call(canister.id, 'grow');
    expect(canister.instance!.heapBytes).toBe(18 * 65_536);
    canister.state.settings.wasmMemoryLimit = 19n * 65_536n;
    expect(network.refusal(canister.id, 'grow')).toMatchObject({ errorCode: 'IC0539' });
    canister.state.settings.wasmMemoryLimit = 0n;
    const other = network.deploy(wideModule(), 10n ** 16n);
    expect(number(network.call(other.id, 'grow_too_far'))).toBe(0xffff_ffff_ffff_ffffn);
    expect(other.instance!.heapBytes).toBe(2 * 65_536);
  });

  it('is in snapshots, and comes back from them', () => {
    const { id } = network.deploy(wideModule());
    const canister_id = principalOf(id);
    network.call(id, 'add');
    network.manage('take_canister_snapshot', {
      canister_id,
      replace_snapshot: [],
      uninstall_code: [],
      sender_canister_version: [],
    });
    network.call(id, 'add');
    const [snapshot] = network.subnet.canisters.get(id)!.snapshots.keys();
    network.manage('load_canister_snapshot', {
      canister_id,
      snapshot_id: bytesOf(snapshot!),
      sender_canister_version: [],
    });
    expect(number(network.query(id, 'count'))).toBe(1n);
  });

  it.each<[string, Partial<WasmParts>, RegExp]>([
    [
      'functions of the System API that are older than 64 bits',
      { imports: [['stable_size', ':i']], functions: [], table: undefined },
      /imports function 'stable_size' from 'ic0' that is not exported by the runtime/,
    ],
    [
      'an address of 32 bits',
      { imports: [['msg_reply_data_append', 'ii:']], functions: [], table: undefined },
      /Expected II: for 'msg_reply_data_append', got ii:/,
    ],
  ])('is refused with %s', (_, parts, why) => {
    const refusal = refusalIn(
      network.install(network.create(), wasmModule({ memory: 1, wide: true, functions: [], ...parts })),
      'install',
    );
    expect(refusal).toMatchObject({ errorCode: 'IC0505', message: expect.stringMatching(why) });
  });
});

it('finds the passive data that an earlier message has dropped', () => {
  const network = new LittleSubnet();
  const init = [...i32(0), ...i32(0), ...i32(4), 0xfc, 0x08, 0, 0];
  const wasm = wasmModule({
    imports: [['msg_reply', ':']],
    memory: 1,
    passive: [Buffer.from('data')],
    functions: [
      { exports: ['canister_update take', 'canister_query look'], code: [...init, 0xfc, 0x09, 0, ...op.call(0)] },
    ],
  });
  const { id } = network.deploy(wasm);
  for (const _ of [1, 2]) {
    expect(network.call(id, 'take').kind).toBe('reply');
    expect(network.query(id, 'look').kind).toBe('reply');
  }
  network.remove();
});
