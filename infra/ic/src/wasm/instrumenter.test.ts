import { address, i32, i64, wasmModule, type WasmFunction } from '../testing/wasm-writer.js';
import { Instrumenter } from './instrumenter.js';
import { readModule, unpacked } from './module.js';
import { gzipSync } from 'node:zlib';

/** A module from its sections: id and content, lengths below 128. */
function wasm(...sections: [number, number[]][]): Uint8Array {
  return Uint8Array.from([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...sections.flatMap(([id, content]) => [id, content.length, ...content]),
  ]);
}

const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
/** Type 0: () -> (). */
const TYPE: [number, number[]] = [1, [1, 0x60, 0, 0]];
const FUNCTION: [number, number[]] = [3, [1, 0]];
const exported = (name: string, kind = 0): [number, number[]] => [7, [1, ...text(name), kind, 0]];
const body = (...code: number[]): [number, number[]] => [10, [1, code.length + 2, 0, ...code, 0x0b]];

describe('instrumenter', () => {
  const instrumenter = new Instrumenter();
  const run = (module: Uint8Array): WebAssembly.Exports =>
    new WebAssembly.Instance(readModule(new Uint8Array(32), instrumenter.rewrite(module), 0).compiled).exports;

  it('charges what runs, and nothing else', () => {
    const exports = run(wasm(TYPE, FUNCTION, exported('canister_update go'), body(0x41, 1, 0x1a)));
    const counter = exports['ic instructions'] as WebAssembly.Global;
    counter.value = 100n;
    (exports['canister_update go'] as () => void)();
    expect(counter.value).toBe(98n);
  });

  it('ends a loop that does nothing at all', () => {
    const exports = run(wasm(TYPE, FUNCTION, exported('canister_update go'), body(0x03, 0x40, 0x0c, 0, 0x0b)));
    const counter = exports['ic instructions'] as WebAssembly.Global;
    counter.value = 1_000_000n;
    expect(exports['canister_update go'] as () => void).toThrow(WebAssembly.RuntimeError);
    expect(counter.value < 0n).toBe(true);
  });

  it('ends an endless recursion', () => {
    const exports = run(wasm(TYPE, FUNCTION, exported('canister_update go'), body(0x10, 0)));
    (exports['ic instructions'] as WebAssembly.Global).value = 1000n;
    expect(exports['canister_update go'] as () => void).toThrow(WebAssembly.RuntimeError);
  });

  it('charges filling memory by the byte', () => {
    const exports = run(
      wasm(
        TYPE,
        FUNCTION,
        [5, [1, 0, 1]],
        exported('canister_update go'),
        body(0x41, 0, 0x41, 0, 0x41, 0xe8, 0x07, 0xfc, 0x0b, 0),
      ),
    );
    const counter = exports['ic instructions'] as WebAssembly.Global;
    counter.value = 10_000n;
    (exports['canister_update go'] as () => void)();
    expect(counter.value).toBe(10_000n - 3n - 100n - 1000n);
  });

  it('turns start into an export and exports memory and mutable globals', () => {
    const exports = run(
      wasm(TYPE, FUNCTION, [5, [1, 0, 1]], [6, [1, 0x7f, 1, 0x41, 5, 0x0b]], [8, [0]], body(0x41, 7, 0x24, 0)),
    );
    const global = exports['ic global 0'] as WebAssembly.Global;
    expect(global.value).toBe(5);
    (exports['ic instructions'] as WebAssembly.Global).value = 100n;
    (exports['canister_start'] as () => void)();
    expect(global.value).toBe(7);
    expect(exports['ic memory']).toBeInstanceOf(WebAssembly.Memory);
  });

  it.each([
    [
      'an import from elsewhere',
      wasm(TYPE, [2, [1, ...text('env'), ...text('f'), 0, 0]]),
      /may import only functions of ic0/,
    ],
    ['a hook that does not exist', wasm(TYPE, FUNCTION, exported('canister_surprise'), body()), /not a method or hook/],
    [
      'a method with parameters',
      wasm([1, [1, 0x60, 1, 0x7f, 0]], FUNCTION, exported('canister_update go'), body()),
      /no parameters/,
    ],
    ['code that does not validate', wasm(TYPE, FUNCTION, body(0x1a)), /not valid/],
    ['cut off in the middle', wasm(TYPE, FUNCTION, body()).slice(0, -2), /not valid/],
    [
      'the same method as update and query',
      wasm(TYPE, FUNCTION, [7, [2, ...text('canister_update go'), 0, 0, ...text('canister_query go'), 0, 0]], body()),
      /twice/,
    ],
  ])('refuses %s', (_, module, why) => {
    expect(() => instrumenter.rewrite(module)).toThrow(why);
  });

  it.each<[string, number[]]>([
    ['table.set', [0x41, 0, 0xd2, 0, 0x26, 0]],
    ['table.grow', [0xd2, 0, 0x41, 1, 0xfc, 15, 0, 0x1a]],
    ['table.fill', [0x41, 0, 0xd2, 0, 0x41, 1, 0xfc, 17, 0]],
    ['table.copy', [0x41, 0, 0x41, 0, 0x41, 1, 0xfc, 14, 0, 0]],
    ['table.init', [0x41, 0, 0x41, 0, 0x41, 1, 0xfc, 12, 0, 0]],
  ])('refuses %s in the words of the replica', (name, code) => {
    const module = wasmModule({ functions: [{ code: [] }, { code }], table: [0] });
    expect(() => instrumenter.rewrite(module)).toThrow(
      "Canister's Wasm module is not valid: Wasm module contains a function at index 1 with unsupported " +
        `instruction ${name}.`,
    );
  });

  it('lets elements be dropped, which nothing can find missing', () => {
    const exports = run(
      wasmModule({ functions: [{ exports: ['canister_update go'], code: [0xfc, 13, 0] }], table: [0] }),
    );
    (exports['ic instructions'] as WebAssembly.Global).value = 1000n;
    (exports['canister_update go'] as () => void)();
    (exports['canister_update go'] as () => void)();
  });

  it('reads and calls through a table with indices of 64 bits, and no index wraps around', () => {
    const named = (name: string, code: number[]): WasmFunction => ({ signature: 'I:I', exports: [name], code });
    const functions = [
      { signature: ':I', code: i64(7n) },
      named('call', [0x20, 0, 0x11, 1, 0]),
      named('is null', [0x20, 0, 0x25, 0, 0xd1, 0xad]),
      named('size', [0xfc, 16, 0]),
    ];
    const exports = run(wasmModule({ functions, memory: 1, wide: true, table: [0, 0] }));
    (exports['ic instructions'] as WebAssembly.Global).value = 100_000n;
    const go = (name: string, index: bigint): unknown => (exports[name] as (index: bigint) => bigint)(index);
    expect(go('call', 1n)).toBe(7n);
    expect(go('is null', 1n)).toBe(0n);
    expect(go('size', 0n)).toBe(2n);
    for (const beyond of [2n, 1n << 32n, (1n << 32n) + 1n, 1n << 63n, -1n]) {
      expect(() => go('call', beyond)).toThrow(/table index is out of bounds/);
      expect(() => go('is null', beyond)).toThrow(/table (index|access) (is )?out of bounds/);
    }
  });

  it('charges twice for loads and stores at addresses of 64 bits, and bulk operations by their length', () => {
    const spent = (wide: boolean, code: number[]): bigint => {
      const exports = run(
        wasmModule({ functions: [{ exports: ['go'], code }], memory: 1, wide, passive: [new Uint8Array(64)] }),
      );
      const counter = exports['ic instructions'] as WebAssembly.Global;
      counter.value = 100_000n;
      (exports.go as () => void)();
      return 100_000n - (counter.value as bigint);
    };
    for (const wide of [false, true]) {
      const at = (value: number): number[] => address(value, wide);
      expect(spent(wide, [...at(0), ...at(0), 0x28, 2, 0, 0x36, 2, 0])).toBe(wide ? 6n : 4n);
      expect(spent(wide, [...at(0), ...i32(1), ...at(1000), 0xfc, 11, 0])).toBe(1103n);
      expect(spent(wide, [...at(0), ...at(8), ...at(1000), 0xfc, 10, 0, 0])).toBe(1103n);
      expect(spent(wide, [...at(0), ...i32(0), ...i32(64), 0xfc, 8, 0, 0])).toBe(167n);
    }
  });

  it('does not take a length beyond all memories for instructions that are given back', () => {
    const exports = run(
      wasmModule({
        functions: [{ exports: ['go'], code: [...i64(0n), ...i32(1), ...i64(-1000n), 0xfc, 11, 0] }],
        memory: 1,
        wide: true,
      }),
    );
    const counter = exports['ic instructions'] as WebAssembly.Global;
    counter.value = 1000n;
    expect(exports.go as () => void).toThrow(/memory access out of bounds/);
    expect(counter.value).toBe(897n);
  });

  it('keeps names of the host’s own to itself', () => {
    const exports = run(
      wasmModule({
        functions: [{ exports: ['ic memory', 'ic instructions', 'ic global 0'], code: [] }],
        memory: 1,
        globals: 1,
        custom: [['ic drops data', new Uint8Array()]],
      }),
    );
    expect(exports['ic memory']).toEqual(expect.any(WebAssembly.Memory));
    expect(exports['ic instructions']).toEqual(expect.any(WebAssembly.Global));
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'a memory of 64 bits that may grow beyond 6 GiB',
      wasm([5, [1, 5, 1, 0x81, 0x80, 6]]),
      /may grow to 98305 pages which exceeds the maximum number allowed 98304/,
    ],
    ['two tables', wasm([4, [2, 0x70, 0, 0, 0x70, 0, 0]]), /more than one table/],
    ['a table of more than a million', wasm([4, [1, 0x70, 0, 0xc1, 0x84, 0x3d]]), /1000001 elements/],
    [
      'a table with wide indices beside a narrow memory',
      wasm([4, [1, 0x70, 4, 1]], [5, [1, 0, 1]]),
      /beside a memory with addresses of 32/,
    ],
  ])('refuses %s', (_, module, why) => expect(() => instrumenter.rewrite(module)).toThrow(why));

  it('takes a memory that may grow to 6 GiB', () => {
    expect(run(wasm([5, [1, 5, 1, 0x80, 0x80, 6]]))['ic memory']).toBeInstanceOf(WebAssembly.Memory);
  });

  it('unpacks gzip, and refuses what is neither', () => {
    const module = wasm(TYPE);
    expect(Buffer.from(unpacked(gzipSync(module)))).toEqual(Buffer.from(module));
    expect(() => unpacked(Uint8Array.of(1, 2, 3, 4))).toThrow(/neither with the magic bytes/);
    expect(() => unpacked(gzipSync(module).subarray(0, 12))).toThrow(/cannot be unpacked/);
  });

  it('says what to do when it has not been built', () => {
    expect(() => new Instrumenter('/nowhere/instrument.wasm')).toThrow(/build it with infra\/ic\/instrument\/build.sh/);
  });
});
