import { Principal } from '@dfinity/principal';
import { gzipSync } from 'node:zlib';
import { LittleSubnet, refusalIn } from '../testing/little-subnet.js';
import { calling as ic0, IMPORTS, importIndex } from '../testing/system-api-table.js';
import { i32, op, wasmModule, type WasmFunction, type WasmParts } from '../testing/wasm-writer.js';
import { inspectIngress } from '../subnet/queries.js';
import { MANAGEMENT, principalOf } from '../subnet/principals.js';
import { MAIN_NETWORK_LIMITS } from '../subnet/subnet.js';
import { unpacked } from '../wasm/module.js';

const loop = [0x03, 0x40, 0x0c, 0, 0x0b];
const grow = (pages: number): number[] => [...i32(pages), 0x40, 0, op.drop];
const module = (parts: Partial<WasmParts> & { functions: WasmFunction[] }): Uint8Array =>
  wasmModule({ imports: IMPORTS, memory: 1, ...parts });

describe('limits of the main network', () => {
  const network = new LittleSubnet({ update: 5_000_001n, query: 1_000_002n, install: 1_000_003n, inspect: 1_000_004n });
  afterAll(() => network.remove());
  const settings = (changes: object): object => ({
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
    ...changes,
  });
  const change = (id: string, changes: object) =>
    network.manage('update_settings', {
      canister_id: principalOf(id),
      settings: settings(changes),
      sender_canister_version: [],
    });

  it('are 40 B instructions for an update, 5 B for a query, 300 B for installation, 200 M for inspection', () => {
    expect(MAIN_NETWORK_LIMITS).toEqual({
      update: 40_000_000_000n,
      query: 5_000_000_000n,
      install: 300_000_000_000n,
      inspect: 200_000_000n,
      rates: 'seconds',
      storageThreshold: 750n * 2n ** 30n,
      storageCapacity: 2n * 2n ** 40n,
    });
  });

  it('of instructions end updates, queries, heartbeats, installation and inspection, each at its own', () => {
    const words = (limit: number): string =>
      `Canister exceeded the limit of ${limit} instructions for single message execution.`;
    const canister = network.deploy(
      module({
        functions: [
          {
            exports: [
              'canister_update u',
              'canister_query q',
              'canister_composite_query c',
              'canister_heartbeat',
              'canister_inspect_message',
              'canister_pre_upgrade',
            ],
            code: loop,
          },
        ],
      }),
    );
    const { id } = canister;
    expect(network.refusal(id, 'u')).toEqual({
      code: 5,
      errorCode: 'IC0522',
      message: `Error from Canister ${principalOf(id).toText()}: ${words(5_000_001)}`,
    });
    expect(network.refusal(id, 'q').message).toContain(words(1_000_002));
    expect(refusalIn(network.query(id, 'q'), 'q').message).toContain(words(1_000_002));
    expect(refusalIn(network.query(id, 'c'), 'c').message).toContain(words(1_000_002));
    expect(network.log.at(-1)).toContain(words(5_000_001));
    expect(
      refusalIn(network.install(canister, module({ functions: [] }), { upgrade: [] }), 'upgrade').message,
    ).toContain(words(1_000_003));
    const ingress = {
      requestId: '',
      sender: Uint8Array.of(4),
      to: id,
      effective: id,
      method: 'u',
      arg: new Uint8Array(),
      expiry: 0n,
    };
    expect(() => inspectIngress(network.subnet, 1n, ingress)).toThrow(words(1_000_004));
  });

  it('of the heap end an update with IC0539, and no query', () => {
    const { id } = network.deploy(
      module({
        functions: [{ exports: ['canister_update u', 'canister_query q'], code: [...grow(2), ...ic0('msg_reply')] }],
      }),
    );
    expect(change(id, { wasm_memory_limit: [131_072n] }).kind).toBe('reply');
    expect(network.refusal(id, 'u')).toMatchObject({
      code: 5,
      errorCode: 'IC0539',
      message: expect.stringContaining(
        'Canister exceeded its current Wasm memory limit of 131072 bytes. ' +
          'The peak Wasm memory usage was 196608 bytes.',
      ),
    });
    expect(network.call(id, 'q').kind).toBe('reply');
    expect(change(id, { wasm_memory_limit: [196_608n] }).kind).toBe('reply');
    expect(network.call(id, 'u').kind).toBe('reply');
  });

  it('let nobody grow memory that cannot be paid for: IC0532', () => {
    const { id } = network.deploy(
      module({
        functions: [
          { exports: ['canister_update u'], code: [...ic0('stable64_grow', [16_384n]), ...ic0('msg_reply')] },
        ],
      }),
      300_000_000_000n,
    );
    expect(network.refusal(id, 'u')).toMatchObject({
      code: 5,
      errorCode: 'IC0532',
      message: expect.stringContaining('Canister cannot grow memory by 1073741824 bytes due to insufficient cycles.'),
    });
    expect(network.subnet.canisters.get(id)!.stable.size).toBe(0);
  });

  it('of the stable memory are 500 GiB', () => {
    const { id, stable } = network.deploy(
      module({
        functions: [
          {
            exports: ['canister_update u'],
            code: [...ic0('stable64_grow', [8_192_000n]), ...ic0('stable64_grow', [1n]), ...ic0('msg_reply')],
          },
        ],
      }),
      10n ** 20n,
    );
    expect(network.call(id, 'u').kind).toBe('reply');
    expect(stable.size).toBe(8_192_000);
  });

  it('allow 500 open calls from one canister to another', () => {
    const call = [
      ...ic0('call_new', [0, 10, 0, 1, 0, 0, 0, 0]),
      ...i32(16),
      ...i32(16),
      0x28,
      2,
      0,
      ...op.call(importIndex('call_perform')),
      0x6a,
      0x36,
      2,
      0,
    ];
    const { id } = network.deploy(
      module({
        table: [IMPORTS.length],
        functions: [
          { signature: 'i:', code: [] },
          {
            exports: ['canister_update u'],
            code: [
              ...Array.from({ length: 501 }, () => call).flat(),
              ...ic0('msg_reply_data_append', [16, 4]),
              ...ic0('msg_reply'),
            ],
          },
        ],
        data: [[0, Buffer.from('00000000020000050101', 'hex')]],
      }),
    );
    const answer = network.call(id, 'u');
    // the 501st call_perform alone returns 2: SYS_TRANSIENT
    expect(answer).toEqual({ kind: 'reply', data: Uint8Array.of(2, 0, 0, 0) });
  });

  it('freeze a canister, and wake it when it is paid for', () => {
    const { id, state } = network.deploy(
      module({ functions: [{ exports: ['canister_update u', 'canister_query q'], code: ic0('msg_reply') }] }),
    );
    state.cycles = 1n;
    expect(network.refusal(id, 'u')).toMatchObject({
      code: 2,
      errorCode: 'IC0207',
      message: expect.stringContaining('is out of cycles'),
    });
    expect(refusalIn(network.query(id, 'q'), 'q')).toMatchObject({ code: 2, errorCode: 'IC0207' });
    network.round({ edits: [{ kind: 'addCycles', canister: id, amount: 10n ** 13n }] });
    expect(network.call(id, 'u').kind).toBe('reply');
  });

  it('uninstall a canister that has run dry, and only that one', () => {
    const wasm = module({
      functions: [
        {
          exports: ['canister_update u'],
          code: [...ic0('stable64_grow', [10n]), ...ic0('certified_data_set', [0, 4]), ...ic0('msg_reply')],
        },
      ],
    });
    const poor = network.deploy(wasm);
    const rich = network.deploy(wasm);
    for (const { id } of [poor, rich]) expect(network.call(id, 'u').kind).toBe('reply');
    expect(change(poor.id, { compute_allocation: [1n], freezing_threshold: [0n] }).kind).toBe('reply');
    const controllers = poor.state.settings.controllers;
    poor.state.cycles = 1_000_000_000n;
    network.round({ time: network.subnet.state.time + 120n * 1_000_000_000n });
    expect({
      code: poor.module,
      cycles: poor.state.cycles,
      pages: poor.stable.size,
      certified: poor.state.certified.length,
      allocation: poor.state.settings.computeAllocation,
      controllers: poor.state.settings.controllers,
    }).toEqual({ code: undefined, cycles: 0n, pages: 0, certified: 0, allocation: 0n, controllers });
    expect(rich.module).toBeDefined();
    expect(network.refusal(poor.id, 'u')).toMatchObject({ code: 5, errorCode: 'IC0537' });
  });

  it('charge for memory that is allocated, used or not, and for compute', () => {
    const { id, state } = network.deploy(module({ functions: [] }), 10n ** 15n);
    expect(change(id, { memory_allocation: [1n << 30n], compute_allocation: [10n] }).kind).toBe('reply');
    network.round();
    network.round({ time: network.subnet.state.time + 60n * 1_000_000_000n });
    const before = state.cycles;
    network.round({ time: network.subnet.state.time + 1000n * 1_000_000_000n });
    expect(before - state.cycles).toBe(1000n * (127_000n + 10n * 10_000_000n));
  });

  it.each<[string, object]>([
    [
      '11 controllers',
      { controllers: [Array.from({ length: 11 }, (_, index) => Principal.fromUint8Array(Uint8Array.of(index)))] },
    ],
    [
      '21 environment variables',
      { environment_variables: [Array.from({ length: 21 }, (_, index) => ({ name: `v${index}`, value: '' }))] },
    ],
    ['a variable of 129 bytes', { environment_variables: [[{ name: 'v', value: 'x'.repeat(129) }]] }],
    ['101 percent of compute', { compute_allocation: [101n] }],
    ['a heap limit above 2^48', { wasm_memory_limit: [(1n << 48n) + 1n] }],
    ['a freezing threshold above 2^64', { freezing_threshold: [1n << 64n] }],
  ])('refuse %s with IC0408', (_, changes) => {
    expect(refusalIn(change(network.create().id, changes), 'update_settings')).toMatchObject({
      code: 4,
      errorCode: 'IC0408',
    });
  });

  it('say of environment variables and snapshots what the replica says', () => {
    const said = (variables: { name: string; value: string }[]): string =>
      refusalIn(change(network.create().id, { environment_variables: [variables] }), 'it').message;
    expect(said(Array.from({ length: 21 }, (_, index) => ({ name: `v${index}`, value: '' })))).toBe(
      'Too many environment variables: 21 (max: 20)',
    );
    expect(said([{ name: 'n'.repeat(129), value: '' }])).toBe(
      `Environment variable name "${'n'.repeat(129)}" exceeds the maximum allowed length of 128.`,
    );
    const canister_id = principalOf(network.deploy(module({ functions: [] })).id);
    const take = () =>
      network.manage('take_canister_snapshot', {
        canister_id,
        replace_snapshot: [],
        uninstall_code: [],
        sender_canister_version: [],
      });
    for (let taken = 0; taken < 10; taken += 1) expect(take().kind).toBe('reply');
    expect(refusalIn(take(), 'the eleventh')).toEqual({
      code: 4,
      errorCode: 'IC0406',
      message: `Canister ${canister_id.toText()} has reached the maximum number of snapshots allowed: 10.`,
    });
  });

  const empty: WasmFunction = { code: [] };
  const named = (length: number, count: number): WasmFunction[] =>
    Array.from({ length: count }, (_, index) => ({
      exports: [`canister_update ${String(index).padStart(length, 'x')}`],
      code: [],
    }));
  const sections = (count: number, bytes: number): [string, Uint8Array][] =>
    Array.from({ length: count }, (_, index) => [`icp:public s${index}`, new Uint8Array(bytes)]);
  it.each<[string, WasmParts, WasmParts]>([
    [
      '50,000 functions',
      { functions: Array.from({ length: 50_000 }, () => empty) },
      { functions: Array.from({ length: 50_001 }, () => empty) },
    ],
    ['1,000 globals', { functions: [], globals: 1000 }, { functions: [], globals: 1001 }],
    ['1,000 methods', { functions: named(4, 1000) }, { functions: named(4, 1001) }],
    ['20,000 characters of method names', { functions: named(20_000, 1) }, { functions: named(20_001, 1) }],
    ['16 sections of metadata', { functions: [], custom: sections(16, 1) }, { functions: [], custom: sections(17, 1) }],
    [
      '1 MiB of metadata',
      { functions: [], custom: sections(2, 500_000) },
      { functions: [], custom: sections(3, 500_000) },
    ],
  ])('allow a module %s, and no more: IC0505', (_, fits, exceeds) => {
    expect(network.install(network.create(), wasmModule(fits)).kind).toBe('reply');
    expect(refusalIn(network.install(network.create(), wasmModule(exceeds)), 'install')).toMatchObject({
      code: 5,
      errorCode: 'IC0505',
    });
  });

  /**
   * A module whose code section has so many bytes beside the count of its functions: one after the other that does
   * nothing.
   */
  const withCode = (bytes: number): Uint8Array => {
    const functions = 12;
    const size = Math.floor(bytes / functions);
    const rest = bytes - size * (functions - 1);
    const body = (length: number): Buffer => {
      const prefix = lebOf(length - 4);
      return Buffer.concat([
        prefix,
        Buffer.from([0]),
        Buffer.alloc(length - prefix.length - 2, 0x01),
        Buffer.from([0x0b]),
      ]);
    };
    const code = Buffer.concat([
      lebOf(functions),
      ...Array.from({ length: functions - 1 }, () => body(size)),
      body(rest),
    ]);
    return new Uint8Array(
      Buffer.concat([
        Buffer.from('0061736d01000000', 'hex'),
        Buffer.from([1, 4, 1, 0x60, 0, 0, 3, functions + 1, functions, ...new Uint8Array(functions), 10]),
        lebOf(code.length),
        code,
      ]),
    );
  };
  /** In four bytes, which are enough for 256 MiB; a count that fits one is in one. */
  const lebOf = (value: number): Buffer =>
    value < 128
      ? Buffer.from([value])
      : Buffer.from([(value & 127) | 128, ((value >> 7) & 127) | 128, ((value >> 14) & 127) | 128, value >> 21]);

  it('allow 10 MiB of code, and no more: IC0505', () => {
    const packed = (bytes: number): Uint8Array => new Uint8Array(gzipSync(withCode(bytes), { level: 1 }));
    expect(network.install(network.create(), packed((10 << 20) - 1)).kind).toBe('reply');
    const exceeding = refusalIn(network.install(network.create(), packed(10 << 20)), 'install');
    expect(exceeding).toMatchObject({
      code: 5,
      errorCode: 'IC0505',
      message: expect.stringContaining(
        'Wasm module code section size of 10485761 exceeds the maximum allowed size of 10485760.',
      ),
    });
  });

  it('allow 100 MiB of an unpacked module, and no more: IC0505', () => {
    const padded = (bytes: number): Uint8Array => {
      const module = Buffer.alloc(bytes);
      module.write('0061736d01000000', 'hex');
      return new Uint8Array(gzipSync(module, { level: 1 }));
    };
    expect(unpacked(padded(100 << 20)).length).toBe(100 << 20);
    expect(refusalIn(network.install(network.create(), padded((100 << 20) + 1)), 'install')).toMatchObject({
      code: 5,
      errorCode: 'IC0505',
      message: expect.stringContaining('cannot be unpacked'),
    });
  });

  it('allow a heap of 4 GiB, and no more: IC0505', () => {
    expect(network.install(network.create(), wasmModule({ functions: [], memory: 65_537 }))).toMatchObject({
      kind: 'reject',
      rejection: { errorCode: 'IC0505' },
    });
  });

  it.each<[string, WasmParts]>([
    ['imports what is not of ic0', { imports: [['no_such_function', ':']], functions: [] }],
    ['exports an unknown hook', { functions: [{ exports: ['canister_nothing'], code: [] }] }],
    [
      'exports a method with parameters',
      { functions: [{ signature: 'i:', exports: ['canister_update x'], code: [] }] },
    ],
    [
      'exports a method twice',
      {
        functions: [
          { exports: ['canister_update x'], code: [] },
          { exports: ['canister_query x'], code: [] },
        ],
      },
    ],
    [
      'has a section of metadata twice',
      {
        functions: [],
        custom: [
          ['icp:public x', new Uint8Array()],
          ['icp:private x', new Uint8Array()],
        ],
      },
    ],
    ['adds what is not there', { functions: [{ code: [0x6a] }] }],
  ])('refuse a module that %s with IC0505', (_, parts) => {
    expect(refusalIn(network.install(network.create(), wasmModule(parts)), 'install')).toMatchObject({
      code: 5,
      errorCode: 'IC0505',
    });
  });

  it('refuse an import with another signature than its own', () => {
    expect(
      refusalIn(
        network.install(network.create(), wasmModule({ imports: [['time', 'i:i']], functions: [] })),
        'install',
      ),
    ).toMatchObject({ code: 5, errorCode: 'IC0505' });
  });

  it('take chunks of 1 MiB, and no larger ones', () => {
    const canister_id = principalOf(network.create().id);
    expect(network.manage('upload_chunk', { canister_id, chunk: new Uint8Array(1 << 20) }).kind).toBe('reply');
    expect(
      refusalIn(network.manage('upload_chunk', { canister_id, chunk: new Uint8Array((1 << 20) + 1) }), 'upload_chunk'),
    ).toMatchObject({ errorCode: 'IC0408' });
  });

  it('keep an answer for five minutes, and beyond its expiry, and never execute a request twice', () => {
    const canister = network.deploy(
      module({
        functions: [{ exports: ['canister_update u'], code: [...ic0('stable64_grow', [1n]), ...ic0('msg_reply')] }],
      }),
      10n ** 16n,
    );
    const ingress = {
      requestId: 'aa',
      sender: Uint8Array.of(4),
      to: canister.id,
      effective: canister.id,
      method: 'u',
      arg: new Uint8Array(),
      expiry: network.subnet.state.time + 200_000_000_000n,
    };
    for (let times = 0; times < 3; times += 1) network.round({ ingress: [ingress, ingress] });
    network.round({ time: ingress.expiry + 50_000_000_000n, ingress: [ingress] });
    expect(canister.stable.size).toBe(1);
    expect(network.subnet.state.ingress.has('aa')).toBe(true);
    network.round({ time: ingress.expiry + 500_000_000_000n, ingress: [ingress] });
    expect(canister.stable.size).toBe(1);
    expect(network.subnet.state.ingress.has('aa')).toBe(false);
  });

  it('refuse management methods that are not there: IC0536, and arguments that are none: IC0408', () => {
    expect(network.refusal(MANAGEMENT, 'no_such_method')).toMatchObject({ code: 5, errorCode: 'IC0536' });
    expect(network.refusal(MANAGEMENT, 'canister_status', Uint8Array.of(1, 2, 3))).toMatchObject({
      code: 4,
      errorCode: 'IC0408',
    });
  });
});
