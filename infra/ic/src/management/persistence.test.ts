import { LittleSubnet, refusalIn } from '../testing/little-subnet.js';
import { calling as ic0, IMPORTS } from '../testing/system-api-table.js';
import { i32, wasmModule } from '../testing/wasm-writer.js';
import type { Canister } from '../subnet/canister.js';

const PAGE = 65_536;
const ORTHOGONAL: [string, Uint8Array] = [
  'icp:private enhanced-orthogonal-persistence',
  Buffer.from('64-bit, layout 1'),
];
const COUNT = 0;
const BEFORE_UPGRADE = 4;
const STARTS = 8;
const GLOBAL = 12;
const load = (at: number): number[] => [...i32(at), 0x28, 2, 0];
const store = (at: number, value: number[]): number[] => [...i32(at), ...value, 0x36, 2, 0];
const increase = (at: number, by: number): number[] => store(at, [...load(at), ...i32(by), 0x6a]);
const global = { get: [0x23, 0], set: (value: number[]): number[] => [...value, 0x24, 0] };

interface Version {
  step?: number;
  memory?: number;
  orthogonal?: boolean;
  postUpgrade?: number[];
  data?: [number, Uint8Array][];
}

/** Counts in its heap and in a global; its heap tells of pre_upgrade and of (start) too. */
function version({ step = 1, memory = 1, orthogonal = true, postUpgrade = [], data = [] }: Version = {}): Uint8Array {
  return wasmModule({
    imports: IMPORTS,
    memory,
    globals: 1,
    start: IMPORTS.length + 4,
    data,
    custom: orthogonal ? [ORTHOGONAL] : [],
    functions: [
      {
        exports: ['canister_update add'],
        code: [...increase(COUNT, step), ...global.set([...global.get, ...i32(step), 0x6a]), ...ic0('msg_reply')],
      },
      {
        exports: ['canister_query all'],
        code: [...store(GLOBAL, global.get), ...ic0('msg_reply_data_append', [0, 64]), ...ic0('msg_reply')],
      },
      { exports: ['canister_pre_upgrade'], code: increase(BEFORE_UPGRADE, 1) },
      { exports: ['canister_post_upgrade'], code: postUpgrade },
      { code: increase(STARTS, 1) },
    ],
  });
}

describe('an upgrade of a module with enhanced orthogonal persistence', () => {
  const network = new LittleSubnet();
  let canister: Canister;
  afterAll(() => network.remove());
  beforeEach(() => {
    canister = network.deploy(version());
    for (const _ of [1, 2]) network.call(canister.id, 'add');
  });

  const upgrade = (
    to: Uint8Array,
    persistence: [object?] = [{ keep: null }],
    skip: [boolean?] = [],
  ): ReturnType<typeof network.install> =>
    network.install(canister, to, { upgrade: [{ skip_pre_upgrade: skip, wasm_memory_persistence: persistence }] });
  const words = (): Record<string, number> => {
    const answer = network.query(canister.id, 'all');
    if (answer.kind === 'reject') throw new Error(answer.rejection.message);
    const read = (at: number): number => Buffer.from(answer.data).readUInt32LE(at);
    return {
      count: read(COUNT),
      beforeUpgrade: read(BEFORE_UPGRADE),
      starts: read(STARTS),
      global: read(GLOBAL),
      data: read(32),
    };
  };

  it('keeps the heap as pre_upgrade left it, starts the new code, and begins with its globals', () => {
    expect(words()).toEqual({ count: 2, beforeUpgrade: 0, starts: 1, global: 2, data: 0 });
    expect(upgrade(version({ step: 10 })).kind).toBe('reply');
    expect(words()).toEqual({ count: 2, beforeUpgrade: 1, starts: 2, global: 0, data: 0 });
    network.call(canister.id, 'add');
    expect(words()).toEqual({ count: 12, beforeUpgrade: 1, starts: 2, global: 10, data: 0 });
  });

  it('keeps it without pre_upgrade too, and nothing of what the new code brings lies in it', () => {
    expect(
      upgrade(
        version({
          memory: 2,
          data: [
            [32, Uint8Array.of(9)],
            [PAGE + 32, Uint8Array.of(9)],
          ],
        }),
        [{ keep: null }],
        [true],
      ).kind,
    ).toBe('reply');
    expect(words()).toEqual({ count: 2, beforeUpgrade: 0, starts: 2, global: 0, data: 0 });
    expect(canister.instance!.heapBytes).toEqual(2 * PAGE);
    expect(canister.instance!.copyHeap()[PAGE + 32]).toBe(0);
  });

  it('changes nothing when the new code traps', () => {
    expect(
      refusalIn(upgrade(version({ step: 10, postUpgrade: [...increase(COUNT, 500), 0x00] })), 'upgrade').errorCode,
    ).toBe('IC0502');
    expect(words()).toEqual({ count: 2, beforeUpgrade: 0, starts: 1, global: 2, data: 0 });
    network.call(canister.id, 'add');
    expect(words().count).toBe(3);
  });

  it.each<[string, Uint8Array, [object?], string]>([
    [
      'without saying what becomes of the heap',
      version(),
      [],
      'Missing upgrade option: Enhanced orthogonal persistence requires the `wasm_memory_persistence` upgrade option.',
    ],
    [
      'that keeps the heap for a module that cannot use it',
      version({ orthogonal: false }),
      [{ keep: null }],
      'Invalid upgrade option: The `wasm_memory_persistence: opt Keep` upgrade option requires that the new ' +
        'canister module supports enhanced orthogonal persistence.',
    ],
  ])('is refused %s, and nothing has happened', (_, to, persistence, message) => {
    expect(refusalIn(upgrade(to, persistence), 'upgrade')).toMatchObject({ code: 5, errorCode: 'IC0504', message });
    expect(words()).toEqual({ count: 2, beforeUpgrade: 0, starts: 1, global: 2, data: 0 });
  });

  it('begins with a new heap when told to', () => {
    expect(upgrade(version({ data: [[32, Uint8Array.of(9)]] }), [{ replace: null }]).kind).toBe('reply');
    expect(words()).toEqual({ count: 0, beforeUpgrade: 0, starts: 1, global: 0, data: 9 });
  });

  it('may go to such a module from another one without a word', () => {
    network.install(canister, version({ orthogonal: false }), { reinstall: null });
    expect(network.install(canister, version(), { upgrade: [] }).kind).toBe('reply');
  });
});
