import { evaluateQuery } from '../subnet/queries.js';
import { principalOf, type Id } from '../subnet/principals.js';
import { LittleSubnet, refusalIn, CALLER } from '../testing/little-subnet.js';
import { calling as ic0, IMPORTS, importIndex } from '../testing/system-api-table.js';
import { i32, i64, op, wasmModule, type WasmFunction, type WasmParts } from '../testing/wasm-writer.js';

const module = (parts: Partial<WasmParts> & { functions: WasmFunction[] }): Uint8Array =>
  wasmModule({ imports: IMPORTS, memory: 1, ...parts });
const text = (response: { kind: string; data?: Uint8Array }): string =>
  Buffer.from(response.data ?? []).toString('hex');

/** So many times, with the number of the turn in a global. */
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
/** Reads or writes the page of 64 KiB that has the number of the turn. */
const page = [0x23, 0, 0xad, ...i64(65_536n), 0x7e];
const read = [...i64(0n), ...page, ...i64(65_536n), ...op.call(importIndex('stable64_read'))];
const writeLittle = (offset: bigint): number[] => [
  ...i64(offset),
  ...i64(0n),
  ...i64(1n),
  ...op.call(importIndex('stable64_write')),
];
const GIB = 16_384;

describe('stable memory touched by one message', () => {
  const network = new LittleSubnet();
  afterAll(() => network.remove());
  const reply = ic0('msg_reply');
  const words =
    'Canister exceeded memory access limits: Exceeded the limit for the number of accessed pages in the ' +
    'stable memory in a single message execution: ' +
    'limit 2097152 KB for regular messages and 1048576 KB for queries.';
  const reading = (exported: string, pages: number, more: number[] = reply): WasmFunction => ({
    exports: [exported],
    code: [...times(pages, read), ...more],
  });
  const grown: WasmFunction = { exports: ['canister_init'], code: ic0('stable64_grow', [200_000n]) };

  it('is 2 GiB of an update, however often it touches them, and not 4 KiB more: IC0524', () => {
    const { id, stable } = network.deploy(
      module({
        globals: 1,
        functions: [
          grown,
          reading('canister_update fits', 2 * GIB, [...writeLittle(4096n), ...times(100, read), ...reply]),
          reading('canister_update reads', 2 * GIB, [
            ...ic0('stable64_read', [0, 2n * BigInt(GIB) * 65_536n, 1]),
            ...reply,
          ]),
          reading('canister_update writes', 2 * GIB, [...writeLittle(150_000n * 65_536n), ...reply]),
        ],
      }),
      10n ** 18n,
    );
    expect(network.call(id, 'fits').kind).toBe('reply');
    for (const method of ['reads', 'writes']) {
      expect(network.refusal(id, method)).toEqual({
        code: 5,
        errorCode: 'IC0524',
        message: `Error from Canister ${principalOf(id).toText()}: ${words}`,
      });
    }
    const byte = Uint8Array.of(9);
    stable.read(byte, 150_000 * 65_536);
    expect(byte[0]).toBe(0);
  });

  it('is 1 GiB of a query, replicated or not, of a composite one, and of an inspection', () => {
    const { id } = network.deploy(
      module({
        globals: 1,
        functions: [
          grown,
          reading('canister_query fits', GIB),
          reading('canister_query exceeds', GIB + 1),
          reading('canister_composite_query composite', GIB + 1),
        ],
      }),
      10n ** 18n,
    );
    expect(network.query(id, 'fits').kind).toBe('reply');
    expect(network.call(id, 'fits').kind).toBe('reply');
    for (const response of [
      network.query(id, 'exceeds'),
      network.call(id, 'exceeds'),
      network.query(id, 'composite'),
    ]) {
      expect(refusalIn(response, 'it')).toMatchObject({ errorCode: 'IC0524', message: expect.stringContaining(words) });
    }
  });

  it('is 8 GiB of an upgrade', () => {
    const canister = network.deploy(module({ globals: 1, functions: [grown] }), 10n ** 18n);
    expect(
      network.install(canister, module({ globals: 1, functions: [reading('canister_post_upgrade', 8 * GIB, [])] }), {
        upgrade: [],
      }).kind,
    ).toBe('reply');
    const more = module({ globals: 1, functions: [reading('canister_post_upgrade', 8 * GIB + 1, [])] });
    network.round({ time: network.subnet.state.time + 600_000_000_000n });
    expect(refusalIn(network.install(canister, more, { upgrade: [] }), 'upgrade')).toMatchObject({
      errorCode: 'IC0524',
    });
  });
});

describe('a composite query as a whole', () => {
  const network = new LittleSubnet();
  afterAll(() => network.remove());
  /** Calls the query `q` of the canister whose id lies at 0. */
  const call = [...ic0('call_new', [0, 10, 16, 1, 0, 0, 0, 0]), ...op.call(importIndex('call_perform')), op.drop];
  const table = [IMPORTS.length];
  const answered: WasmFunction = { signature: 'i:', code: ic0('msg_reply') };
  const data = (id: Id): [number, Uint8Array][] => [
    [0, Buffer.from(id, 'hex')],
    [16, Buffer.from('q')],
  ];
  const leaf = module({ functions: [{ exports: ['canister_query q'], code: ic0('msg_reply') }] });

  /** A query that makes so many calls, one after the other, and replies when all are answered. */
  const calling = (callee: Id, count: number): Uint8Array =>
    module({
      table,
      globals: 2,
      data: data(callee),
      functions: [
        {
          signature: 'i:',
          code: [
            0x23,
            1,
            ...i32(1),
            0x6a,
            0x24,
            1,
            0x23,
            1,
            ...i32(count),
            0x46,
            0x04,
            0x40,
            ...ic0('msg_reply'),
            0x0b,
          ],
        },
        { exports: ['canister_composite_query c'], code: times(count, call) },
      ],
    });

  it('has 5 B instructions, of which each call takes 50 M: 99 calls, and not 100: IC0526', () => {
    const { id } = network.deploy(leaf);
    expect(network.query(network.deploy(calling(id, 99)).id, 'c').kind).toBe('reply');
    expect(refusalIn(network.query(network.deploy(calling(id, 100)).id, 'c'), 'c')).toEqual({
      code: 5,
      errorCode: 'IC0526',
      message: 'Composite query calls exceeded the instruction limit.',
    });
  });

  it('shares its instructions with the queries that it calls', () => {
    const working = module({
      globals: 1,
      functions: [{ exports: ['canister_query q'], code: [...times(200_000_000, []), ...ic0('msg_reply')] }],
    });
    const small = new LittleSubnet({ query: 2_500_000_000n });
    const { id } = small.deploy(working);
    expect(small.query(small.deploy(calling(id, 1)).id, 'c').kind).toBe('reply');
    expect(refusalIn(small.query(small.deploy(calling(id, 2)).id, 'c'), 'c')).toMatchObject({ errorCode: 'IC0526' });
    small.remove();
  });

  it('may wait for another in six canisters, and not in seven: IC0525', () => {
    const last = network.deploy(leaf).id;
    const waiting = (next: Id): Id =>
      network.deploy(
        module({
          table,
          data: data(next),
          functions: [answered, { exports: ['canister_composite_query q'], code: call }],
        }),
      ).id;
    const six = [1, 2, 3, 4, 5, 6].reduce((next) => waiting(next), last);
    expect(network.query(six, 'q').kind).toBe('reply');
    expect(refusalIn(network.query(waiting(six), 'q'), 'q')).toEqual({
      code: 5,
      errorCode: 'IC0525',
      message: 'Composite query calls exceeded the maximum call depth.',
    });
  });

  it('ends when it takes too long: IC0528', () => {
    const { id } = network.deploy(calling(network.deploy(leaf).id, 3));
    let looks = 0;
    const context = {
      time: network.subnet.state.time,
      certificate: () => new Uint8Array(8),
      expired: () => (looks += 1) > 2,
    };
    const response = evaluateQuery(network.subnet, context, {
      caller: CALLER.toUint8Array(),
      to: id,
      method: 'c',
      arg: new Uint8Array(),
    });
    expect(refusalIn(response, 'c')).toEqual({
      code: 5,
      errorCode: 'IC0528',
      message: 'Composite query call exceeded the time limit.',
    });
  });

  it('is over with its answer: calls that are still to be made are not', () => {
    const { id } = network.deploy(leaf);
    const { id: hasty } = network.deploy(
      module({
        table,
        data: data(id),
        functions: [answered, { exports: ['canister_composite_query c'], code: [...call, ...ic0('msg_reply')] }],
      }),
    );
    const asked = network.subnet.canisters.get(id)!.state.stats.calls;
    expect(network.query(hasty, 'c').kind).toBe('reply');
    expect(network.subnet.canisters.get(id)!.state.stats.calls).toBe(asked);
  });
});

describe('the argument of a call', () => {
  const network = new LittleSubnet();
  afterAll(() => network.remove());
  const most = 10 << 20;

  it('has with the name of its method 10 MiB at most: all canisters are of one subnet', () => {
    const receiver = network.deploy(
      module({
        functions: [
          {
            exports: ['canister_update q'],
            code: [
              ...i32(0),
              ...op.call(importIndex('msg_arg_data_size')),
              0x36,
              2,
              0,
              ...ic0('msg_reply_data_append', [0, 4]),
              ...ic0('msg_reply'),
            ],
          },
        ],
      }),
    );
    const sending = (bytes: number): number[] => [
      ...ic0('call_new', [0, 10, 16, 1, 0, 0, 0, 0]),
      ...ic0('call_data_append', [0, bytes]),
      ...op.call(importIndex('call_perform')),
      op.drop,
    ];
    const forwards: WasmFunction = {
      signature: 'i:',
      code: [...ic0('msg_arg_data_copy', [32, 0, 4]), ...ic0('msg_reply_data_append', [32, 4]), ...ic0('msg_reply')],
    };
    const { id } = network.deploy(
      module({
        memory: 170,
        table: [IMPORTS.length],
        data: [
          [0, Buffer.from(receiver.id, 'hex')],
          [16, Buffer.from('q')],
        ],
        functions: [
          forwards,
          { exports: ['canister_update fits'], code: sending(most - 1) },
          { exports: ['canister_update exceeds'], code: sending(most) },
        ],
      }),
    );
    expect(text(network.call(id, 'fits'))).toBe(Buffer.from(Uint32Array.of(most - 1).buffer).toString('hex'));
    expect(network.refusal(id, 'exceeds')).toMatchObject({
      errorCode: 'IC0504',
      message: expect.stringContaining(
        `Request to ${principalOf(receiver.id).toText()}:q has a payload size of ${most + 1}, which exceeds ` +
          'the allowed limit of 10485760.',
      ),
    });
  });
});
