import { Instrumenter } from './instrumenter.js';
import { readModule, unpacked } from './module.js';
import { gzipSync } from 'node:zlib';

/** A module from its sections: id and content, lengths below 128. */
function wasm(...sections: [number, number[]][]): Uint8Array {
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flatMap(([id, content]) => [id, content.length, ...content])]);
}

const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
/** Type 0: () -> (). */
const TYPE: [number, number[]] = [1, [1, 0x60, 0, 0]];
const FUNCTION: [number, number[]] = [3, [1, 0]];
const exported = (name: string, kind = 0): [number, number[]] => [7, [1, ...text(name), kind, 0]];
const body = (...code: number[]): [number, number[]] => [10, [1, code.length + 2, 0, ...code, 0x0b]];

describe('instrumenter', () => {
  const instrumenter = new Instrumenter();
  const run = (module: Uint8Array): WebAssembly.Exports => new WebAssembly.Instance(readModule(new Uint8Array(32), instrumenter.rewrite(module), 0).compiled).exports;

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
    const exports = run(wasm(TYPE, FUNCTION, [5, [1, 0, 1]], exported('canister_update go'), body(0x41, 0, 0x41, 0, 0x41, 0xe8, 0x07, 0xfc, 0x0b, 0)));
    const counter = exports['ic instructions'] as WebAssembly.Global;
    counter.value = 10_000n;
    (exports['canister_update go'] as () => void)();
    expect(counter.value).toBe(10_000n - 3n - 100n - 1000n);
  });

  it('turns start into an export and exports memory and mutable globals', () => {
    const exports = run(wasm(TYPE, FUNCTION, [5, [1, 0, 1]], [6, [1, 0x7f, 1, 0x41, 5, 0x0b]], [8, [0]], body(0x41, 7, 0x24, 0)));
    const global = exports['ic global 0'] as WebAssembly.Global;
    expect(global.value).toBe(5);
    (exports['ic instructions'] as WebAssembly.Global).value = 100n;
    (exports['canister_start'] as () => void)();
    expect(global.value).toBe(7);
    expect(exports['ic memory']).toBeInstanceOf(WebAssembly.Memory);
  });

  it.each([
    ['an import from elsewhere', wasm(TYPE, [2, [1, ...text('env'), ...text('f'), 0, 0]]), /may import only functions of ic0/],
    ['a hook that does not exist', wasm(TYPE, FUNCTION, exported('canister_surprise'), body()), /not a method or hook/],
    ['a method with parameters', wasm([1, [1, 0x60, 1, 0x7f, 0]], FUNCTION, exported('canister_update go'), body()), /no parameters/],
    ['code that does not validate', wasm(TYPE, FUNCTION, body(0x1a)), /not valid/],
    ['cut off in the middle', wasm(TYPE, FUNCTION, body()).slice(0, -2), /not valid/],
    ['the same method as update and query', wasm(TYPE, FUNCTION, [7, [2, ...text('canister_update go'), 0, 0, ...text('canister_query go'), 0, 0]], body()), /twice/],
  ])('refuses %s', (_, module, why) => {
    expect(() => instrumenter.rewrite(module)).toThrow(why);
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
