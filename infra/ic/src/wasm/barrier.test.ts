import { BASE, GRAIN } from '../execution/instance.js';
import { campaign, pick, type Random } from '../testing/fuzz.js';
import { i32, i64, leb, op, wasmModule, type Signature } from '../testing/wasm-writer.js';
import { Instrumenter } from './instrumenter.js';
import { readModule } from './module.js';

const PAGE = 65_536;
const PAGES = 3;
const END = PAGES * PAGE;
/** What is stored, as an i64 constant, and made into what the instruction takes. */
const STORES: [name: string, code: number, from: number[]][] = [
  ['i32.store', 0x36, [0xa7]], ['i64.store', 0x37, []], ['f32.store', 0x38, [0xa7, 0xbe]], ['f64.store', 0x39, [0xbf]], ['i32.store8', 0x3a, [0xa7]],
  ['i32.store16', 0x3b, [0xa7]], ['i64.store8', 0x3c, []], ['i64.store16', 0x3d, []], ['i64.store32', 0x3e, []],
];
const V128_STORE = [0xfd, 0x0b];
const I64X2_SPLAT = [0xfd, 0x12];
const lane = (bytes: number): number[] => [0xfd, { 1: 0x58, 2: 0x59, 4: 0x5a, 8: 0x5b }[bytes]!];
const [FILL, COPY, INIT] = [[0xfc, 0x0b, 0], [0xfc, 0x0a, 0, 0], [0xfc, 0x08, 1, 0]];

interface Step { code: number[]; /** Leaves a number on the stack, which is the function's result. */ result?: Signature }

/** A module of one function for each step, which has data at an address and passive data of 64 bytes. */
function moduleOf(steps: Step[], data: [number, Uint8Array][] = [[100, Buffer.from('active data')]], memory = PAGES): Uint8Array {
  const functions = steps.map(({ code, result = '' }, index) => ({ signature: `:${result}`, exports: [`step ${index}`], code }));
  return wasmModule({ functions, memory, data, passive: [Uint8Array.from({ length: 64 }, (_, at) => at + 1)] });
}

const instrumenter = new Instrumenter();
const plain = (wasm: Uint8Array): WebAssembly.Module => new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>);

/** Runs the steps in a module as it is and as the instrumenter makes it, and compares results, traps, and memory. @returns the grains that are noted as written */
function both(steps: Step[], data?: [number, Uint8Array][]): { notes: Set<number>; differ: Set<number> } {
  const wasm = moduleOf(steps, data);
  const original = exportsOf(plain(wasm), 'memory');
  const made = exportsOf(readModule(new Uint8Array(32), instrumenter.rewrite(wasm), 0).compiled, 'ic memory');
  const before = Buffer.from(heapOf(made.memory));
  (made.exports['ic instructions'] as WebAssembly.Global).value = 1n << 40n;
  for (const index of steps.keys()) expect(outcome(made.exports, index)).toEqual(outcome(original.exports, index));
  const heap = heapOf(made.memory);
  expect(Buffer.compare(heap, Buffer.from(original.memory.buffer))).toBe(0);
  const noted = Buffer.from(made.memory.buffer, 0, heap.length / GRAIN);
  const differ = [...noted.keys()].filter((grain) => Buffer.compare(heap.subarray(grain * GRAIN, (grain + 1) * GRAIN), before.subarray(grain * GRAIN, (grain + 1) * GRAIN)) !== 0);
  return { notes: new Set([...noted.keys()].filter((grain) => noted[grain] === 1)), differ: new Set(differ.filter((grain) => grain * GRAIN < before.length)) };
}

const heapOf = (memory: WebAssembly.Memory): Buffer => Buffer.from(memory.buffer, BASE);

function exportsOf(module: WebAssembly.Module, memory: string): { exports: WebAssembly.Exports; memory: WebAssembly.Memory } {
  const { exports } = new WebAssembly.Instance(module);
  return { exports, memory: exports[memory] as WebAssembly.Memory };
}

function outcome(exports: WebAssembly.Exports, index: number): unknown {
  try {
    return (exports[`step ${index}`] as () => unknown)();
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

const store = (code: number | number[], address: number, offset: number, value: bigint, from: number[] = [], after: number[] = []): Step => ({
  code: [...i32(address), ...i64(value), ...from, ...[code].flat(), 0, ...leb(offset), ...after],
});
const bulk = (code: number[], target: number, middle: number, length: number): Step => ({ code: [...i32(target), ...i32(middle), ...i32(length), ...code] });
const load = (address: number, offset: number): Step => ({ code: [...i32(address), 0x28, 0, ...leb(offset)], result: 'i' });

describe('the store barrier', () => {
  it.each(STORES)('notes what %s writes, where it begins and where it reaches to', (_, code, from) => {
    const at = 5 * GRAIN - 1;
    const { notes, differ } = both([store(code, at - 16, 16, -1n, from)]);
    expect([...notes]).toEqual([4, 5]);
    expect([4, 5]).toEqual(expect.arrayContaining([...differ]));
    expect(differ.has(4)).toBe(true);
  });

  it('notes vectors and their lanes', () => {
    expect(both([store(V128_STORE, 3 * GRAIN - 8, 0, -1n, I64X2_SPLAT)]).differ).toEqual(new Set([2, 3]));
    for (const bytes of [1, 2, 4, 8]) expect(both([store(lane(bytes), 7 * GRAIN, 1, -1n, I64X2_SPLAT, [0])])).toEqual({ notes: new Set([7, 8]), differ: new Set([7]) });
  });

  it('notes all that bulk operations write, and nothing for a length of 0', () => {
    expect(both([bulk(FILL, GRAIN + 1, 9, 3 * GRAIN)])).toEqual({ notes: new Set([1, 2, 3, 4]), differ: new Set([1, 2, 3, 4]) });
    expect(both([bulk(COPY, 6 * GRAIN - 1, 100, 2)])).toEqual({ notes: new Set([5, 6]), differ: new Set([5, 6]) });
    expect(both([bulk(INIT, 9 * GRAIN - 1, 3, 2)])).toEqual({ notes: new Set([8, 9]), differ: new Set([8, 9]) });
    for (const code of [FILL, COPY, INIT]) expect(both([bulk(code, END, 0, 0)]).notes).toEqual(new Set());
  });

  it.each([
    ['a store', store(0x36, END - 3, 0, 1n, [0xa7])], ['a store by its offset', store(0x36, 0, END - 3, 1n, [0xa7])], ['a store at the last address', store(0x3a, -1, 0, 1n, [0xa7])],
    ['a store with the greatest offset', store(0x3a, 0, 0xffff_ffff, 1n, [0xa7])], ['a store that would wrap around', store(0x3a, -BASE, BASE, 1n, [0xa7])],
    ['a load', load(END - 3, 0)], ['a load with the greatest offset', load(4, 0xffff_ffff)], ['a load from just below 4 GiB', load(-BASE, 0)],
    ['fill', bulk(FILL, END - 1, 1, 2)], ['fill of 4 GiB', bulk(FILL, 1, 1, -1)], ['fill from just below 4 GiB', bulk(FILL, -BASE, 1, 1)], ['fill of nothing beyond the end', bulk(FILL, END + 1, 1, 0)],
    ['copy to beyond', bulk(COPY, END - 1, 0, 2)], ['copy from beyond', bulk(COPY, 0, END - 1, 2)], ['copy from just below 4 GiB', bulk(COPY, 0, -BASE, 8)], ['copy from the last address', bulk(COPY, 0, -1, 1)],
    ['init beyond', bulk(INIT, END - 1, 0, 2)], ['init from beyond', bulk(INIT, 0, 63, 2)],
  ])('traps as without it, and changes nothing: %s', (_, step) => {
    expect(both([step, load(0, 0)]).differ).toEqual(new Set());
    const { exports } = exportsOf(plain(moduleOf([step])), 'memory');
    expect(outcome(exports, 0)).toBe('memory access out of bounds');
  });

  it('hides its notes: size, growth and their failure are those of the module’s own memory', () => {
    const size: Step = { code: [0x3f, 0], result: 'i' };
    const grow = (pages: number): Step => ({ code: [...i32(pages), 0x40, 0], result: 'i' });
    both([size, grow(2), size, store(0x36, 4 * PAGE, 0, 7n, [0xa7]), grow(0), grow(-1), size, load(4 * PAGE, 0)]);
  });

  it('refuses a memory for which there is no room left with the notes, and data that lies beyond it does not come to lie in them', () => {
    expect(() => instrumenter.rewrite(moduleOf([], [], 65_519))).toThrow('this host has room for 65518');
    const beyond = readModule(new Uint8Array(32), instrumenter.rewrite(moduleOf([], [[-1, Uint8Array.of(1)]])), 0).compiled;
    expect(() => new WebAssembly.Instance(beyond)).toThrow(/out of bounds/);
  });

  it('misses nothing that random steps write', async () => {
    const tried = await campaign('store barrier', (random) => {
      const { notes, differ } = both(Array.from({ length: 1 + random(12) }, () => randomStep(random)));
      expect([...differ].filter((grain) => !notes.has(grain))).toEqual([]);
    });
    expect(tried).toBeGreaterThan(50);
  });
});

function randomStep(random: Random): Step {
  const edge = pick(random, [0, GRAIN, 2 * GRAIN, PAGE, END, -1, -BASE, END - BASE]) + random(40) - 20;
  const address = edge | 0;
  const offset = pick(random, [0, 0, 1, 7, GRAIN, PAGE, BASE, 0xffff_ffff]);
  const value = BigInt(random(2 ** 32)) * 0x1_0001n + 1n;
  const length = pick(random, [0, 1, 13, GRAIN, 2 * GRAIN + 1, PAGE, -1]);
  switch (random(7)) {
    case 0: return load(address, offset);
    case 1: return bulk(FILL, address, random(256), length);
    case 2: return bulk(COPY, address, (address + random(2 * GRAIN)) | 0, length);
    case 3: return bulk(INIT, address, random(70), random(70));
    case 4: return store(V128_STORE, address, offset, value, I64X2_SPLAT);
    case 5: return { code: [...i32(random(3)), 0x40, 0, op.drop] };
    default: {
      const [, code, from] = pick(random, STORES);
      return store(code, address, offset, value, from);
    }
  }
}
