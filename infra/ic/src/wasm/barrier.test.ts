import { BASE, GRAIN } from '../execution/instance.js';
import { campaign, pick, type Random } from '../testing/fuzz.js';
import { address as addressIn, i32, i64, leb, op, wasmModule, type Signature } from '../testing/wasm-writer.js';
import { Instrumenter } from './instrumenter.js';
import { readModule } from './module.js';

const PAGE = 65_536;
const PAGES = 3;
const END = PAGES * PAGE;
/** What is stored, as an i64 constant, and made into what the instruction takes. */
const STORES: [name: string, code: number, from: number[]][] = [
  ['i32.store', 0x36, [0xa7]],
  ['i64.store', 0x37, []],
  ['f32.store', 0x38, [0xa7, 0xbe]],
  ['f64.store', 0x39, [0xbf]],
  ['i32.store8', 0x3a, [0xa7]],
  ['i32.store16', 0x3b, [0xa7]],
  ['i64.store8', 0x3c, []],
  ['i64.store16', 0x3d, []],
  ['i64.store32', 0x3e, []],
];
const V128_STORE = [0xfd, 0x0b];
const I64X2_SPLAT = [0xfd, 0x12];
const lane = (bytes: number): number[] => [0xfd, { 1: 0x58, 2: 0x59, 4: 0x5a, 8: 0x5b }[bytes]!];
/** Also such whose notes would lie within the memory. */
const BEYOND_4_GIB = [2 ** 32, 2 ** 32 + BASE, 2 ** 33 + 5 * PAGE, 2 ** 40, 2 ** 52];
const FILL = [0xfc, 0x0b, 0];
const COPY = [0xfc, 0x0a, 0, 0];
const INIT = [0xfc, 0x08, 1, 0];

interface Step {
  code: number[];
  signature?: Signature;
  /** What it is called with. */
  args?: (number | bigint)[];
}

const instrumenter = new Instrumenter();
const plain = (wasm: Uint8Array): WebAssembly.Module => new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>);
const heapOf = (memory: WebAssembly.Memory): Buffer => Buffer.from(memory.buffer, BASE);
const ready = (wasm: Uint8Array): WebAssembly.Module =>
  readModule(new Uint8Array(32), instrumenter.rewrite(wasm), 0).compiled;

function exportsOf(
  module: WebAssembly.Module,
  memory: string,
): { exports: WebAssembly.Exports; memory: WebAssembly.Memory } {
  const { exports } = new WebAssembly.Instance(module);
  return { exports, memory: exports[memory] as WebAssembly.Memory };
}

function outcome(exports: WebAssembly.Exports, index: number, args: (number | bigint)[] = []): unknown {
  try {
    return (exports[`step ${index}`] as (...args: (number | bigint)[]) => unknown)(...args);
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

describe.each([
  ['32', false],
  ['64', true],
])('the store barrier with addresses of %s bits', (_bits, wide) => {
  const address = (value: number): number[] => addressIn(value, wide);
  const argument = (value: number): number | bigint => (wide ? BigInt(value) : value);
  const wideKind = wide ? 'I' : 'i';

  /** A module of one function for each step, which has data at an address and passive data of 64 bytes. */
  function moduleOf(
    steps: Step[],
    data: [number, Uint8Array][] = [[100, Buffer.from('active data')]],
    memory = PAGES,
  ): Uint8Array {
    const functions = steps.map(({ code, signature }, index) => ({ signature, exports: [`step ${index}`], code }));
    return wasmModule({ functions, memory, wide, data, passive: [Uint8Array.from({ length: 64 }, (_, at) => at + 1)] });
  }

  /**
   * Runs the steps in a module as it is and as the instrumenter makes it, and compares results, traps, and memory.
   * @returns the grains that are noted as written
   */
  function both(steps: Step[], data?: [number, Uint8Array][]): { notes: Set<number>; differ: Set<number> } {
    const wasm = moduleOf(steps, data);
    const made = exportsOf(ready(wasm), 'ic memory');
    const original = exportsOf(plain(wasm), 'memory');
    const before = Buffer.from(heapOf(made.memory));
    (made.exports['ic instructions'] as WebAssembly.Global).value = 1n << 40n;
    for (const [index, { args }] of steps.entries())
      expect(outcome(made.exports, index, args)).toEqual(outcome(original.exports, index, args));
    const heap = heapOf(made.memory);
    expect(Buffer.compare(heap, Buffer.from(original.memory.buffer))).toBe(0);
    const noted = Buffer.from(made.memory.buffer, 0, heap.length / GRAIN);
    const differ = [...noted.keys()].filter(
      (grain) =>
        Buffer.compare(
          heap.subarray(grain * GRAIN, (grain + 1) * GRAIN),
          before.subarray(grain * GRAIN, (grain + 1) * GRAIN),
        ) !== 0,
    );
    return {
      notes: new Set([...noted.keys()].filter((grain) => noted[grain] === 1)),
      differ: new Set(differ.filter((grain) => grain * GRAIN < before.length)),
    };
  }

  /** What a store writes and where, after its address. */
  const storing = (
    code: number | number[],
    offset: number,
    value: bigint,
    from: number[] = [],
    after: number[] = [],
  ): number[] => [...i64(value), ...from, ...[code].flat(), 0, ...leb(offset), ...after];
  const store = (
    code: number | number[],
    at: number,
    offset: number,
    value: bigint,
    from: number[] = [],
    after: number[] = [],
  ): Step => ({ code: [...address(at), ...storing(code, offset, value, from, after)] });
  const fill = (target: number, value: number, length: number): Step => ({
    code: [...address(target), ...i32(value), ...address(length), ...FILL],
  });
  const copy = (target: number, source: number, length: number): Step => ({
    code: [...address(target), ...address(source), ...address(length), ...COPY],
  });
  const init = (target: number, source: number, length: number): Step => ({
    code: [...address(target), ...i32(source), ...i32(length), ...INIT],
  });
  const load = (at: number, offset: number): Step => ({
    code: [...address(at), 0x28, 0, ...leb(offset)],
    signature: ':i',
  });

  it.each(STORES)('notes what %s writes, where it begins and where it reaches to', (_, code, from) => {
    const at = 5 * GRAIN - 1;
    const { notes, differ } = both([store(code, at - 16, 16, -1n, from)]);
    expect([...notes]).toEqual([4, 5]);
    expect([4, 5]).toEqual(expect.arrayContaining([...differ]));
    expect(differ.has(4)).toBe(true);
  });

  it('notes vectors and their lanes', () => {
    expect(both([store(V128_STORE, 3 * GRAIN - 8, 0, -1n, I64X2_SPLAT)]).differ).toEqual(new Set([2, 3]));
    for (const bytes of [1, 2, 4, 8])
      expect(both([store(lane(bytes), 7 * GRAIN, 1, -1n, I64X2_SPLAT, [0])])).toEqual({
        notes: new Set([7, 8]),
        differ: new Set([7]),
      });
  });

  it('notes all that bulk operations write, and nothing for a length of 0', () => {
    expect(both([fill(GRAIN + 1, 9, 3 * GRAIN)])).toEqual({
      notes: new Set([1, 2, 3, 4]),
      differ: new Set([1, 2, 3, 4]),
    });
    expect(both([copy(6 * GRAIN - 1, 100, 2)])).toEqual({ notes: new Set([5, 6]), differ: new Set([5, 6]) });
    expect(both([init(9 * GRAIN - 1, 3, 2)])).toEqual({ notes: new Set([8, 9]), differ: new Set([8, 9]) });
    for (const act of [fill, copy, init]) expect(both([act(END, 0, 0)]).notes).toEqual(new Set());
  });

  it.each([
    ['a store', store(0x36, END - 3, 0, 1n, [0xa7])],
    ['a store by its offset', store(0x36, 0, END - 3, 1n, [0xa7])],
    ['a store at the last address', store(0x3a, -1, 0, 1n, [0xa7])],
    ['a store with the greatest offset', store(0x3a, 0, 0xffff_ffff, 1n, [0xa7])],
    ['a store that would wrap around', store(0x3a, -BASE, BASE, 1n, [0xa7])],
    ['a load', load(END - 3, 0)],
    ['a load with the greatest offset', load(4, 0xffff_ffff)],
    ['a load from just below the end', load(-BASE, 0)],
    ['fill', fill(END - 1, 1, 2)],
    ['fill of everything', fill(1, 1, -1)],
    ['fill from just below the end', fill(-BASE, 1, 1)],
    ['fill of nothing beyond the end', fill(END + 1, 1, 0)],
    ['copy to beyond', copy(END - 1, 0, 2)],
    ['copy from beyond', copy(0, END - 1, 2)],
    ['copy from just below the end', copy(0, -BASE, 8)],
    ['copy from the last address', copy(0, -1, 1)],
    ['init beyond', init(END - 1, 0, 2)],
    ['init from beyond', init(0, 63, 2)],
    ...(wide
      ? BEYOND_4_GIB.flatMap((far): [string, Step][] => [
          [`a store at ${far}`, store(0x37, far, 0, 1n)],
          [`a store with the offset ${far}`, store(0x37, 0, far, 1n)],
          [`a load from ${far}`, load(far, 0)],
          [`a load with the offset ${far}`, load(0, far)],
          [`fill at ${far}`, fill(far, 1, 1)],
          [`fill of ${far}`, fill(0, 1, far)],
          [`copy to ${far}`, copy(far, 0, 1)],
          [`copy from ${far}`, copy(0, far, 1)],
          [`copy of ${far}`, copy(0, 1, far)],
          [`init at ${far}`, init(far, 0, 1)],
        ])
      : []),
  ])('traps as without it, and changes nothing: %s', (_, step) => {
    expect(both([step, load(0, 0)]).differ).toEqual(new Set());
    const { exports } = exportsOf(plain(moduleOf([step])), 'memory');
    expect(outcome(exports, 0)).toBe('memory access out of bounds');
  });

  it('hides its notes: size, growth and their failure are those of the module’s own memory', () => {
    const size: Step = { code: [0x3f, 0], signature: `:${wideKind}` };
    const grow = (pages: number): Step => ({ code: [...address(pages), 0x40, 0], signature: `:${wideKind}` });
    both([size, grow(2), size, store(0x36, 4 * PAGE, 0, 7n, [0xa7]), grow(0), grow(-1), size, load(4 * PAGE, 0)]);
  });

  it(
    'refuses a memory for which there is no room left with the notes, and data that lies beyond it does not ' +
      'come to lie in them',
    () => {
      expect(() => instrumenter.rewrite(moduleOf([], [], 65_519))).toThrow('this host has room for 65518');
      const beyond = ready(moduleOf([], [[-1, Uint8Array.of(1)]]));
      expect(() => new WebAssembly.Instance(beyond)).toThrow(/out of bounds/);
    },
  );

  it(
    'notes once what stores from one local write, however they are ordered, and again what is written from ' +
      'another value of it',
    () => {
      const at = (local: number, offset: number): number[] => [...op.localGet(local), ...storing(0x37, offset, -1n)];
      const run = (code: number[], ...args: number[]): Step => ({
        code,
        signature: `${wideKind}${wideKind}:`,
        args: args.map(argument),
      });
      expect(both([run([...at(0, 8), ...at(0, 0), ...at(0, GRAIN - 8)], 2 * GRAIN - 4, 0)]).notes).toEqual(
        new Set([1, 2]),
      );
      expect(both([run([...at(0, 0), ...at(0, GRAIN)], 2 * GRAIN - 4, 0)]).notes).toEqual(new Set([1, 2, 3]));
      expect(both([run([...at(0, 0), ...op.localGet(1), 0x21, 0, ...at(0, 0)], 0, 6 * GRAIN)]).notes).toEqual(
        new Set([0, 1, 6, 7]),
      );
      expect(
        both([run([...at(0, 0), ...op.localGet(1), 0x22, 0, ...storing(0x37, 8, -1n)], 0, 6 * GRAIN)]).notes,
      ).toEqual(new Set([0, 1, 6, 7]));
    },
  );

  it('misses nothing that random steps write', async () => {
    const tried = await campaign(`store barrier, ${_bits} bits`, (random) => {
      const { notes, differ } = both(
        Array.from({ length: 1 + random(12) }, () => (random(3) === 0 ? randomRun(random) : randomStep(random))),
      );
      expect([...differ].filter((grain) => !notes.has(grain))).toEqual([]);
    });
    expect(tried).toBeGreaterThan(50);
  });

  function randomStep(random: Random): Step {
    const edge =
      pick(random, [0, GRAIN, 2 * GRAIN, PAGE, END, -1, -BASE, END - BASE, ...(wide ? BEYOND_4_GIB : [])]) +
      random(40) -
      20;
    const at = wide ? edge : edge | 0;
    const offset = pick(random, [0, 0, 1, 7, GRAIN, PAGE, BASE, 0xffff_ffff, ...(wide ? BEYOND_4_GIB : [])]);
    const value = BigInt(random(2 ** 32)) * 0x1_0001n + 1n;
    const length = pick(random, [0, 1, 13, GRAIN, 2 * GRAIN + 1, PAGE, -1]);
    switch (random(7)) {
      case 0:
        return load(at, offset);
      case 1:
        return fill(at, random(256), length);
      case 2:
        return copy(at, wide ? at + random(2 * GRAIN) : (at + random(2 * GRAIN)) | 0, length);
      case 3:
        return init(at, random(70), random(70));
      case 4:
        return store(V128_STORE, at, offset, value, I64X2_SPLAT);
      case 5:
        return { code: [...address(random(3)), 0x40, 0, op.drop] };
      default: {
        const [, code, from] = pick(random, STORES);
        return store(code, at, offset, value, from);
      }
    }
  }

  /** Stores from locals that change, on ways that are taken or not: locals 0 and 1 are addresses, 2 says which way. */
  function randomRun(random: Random): Step {
    const stores = (count: number): number[] => Array.from({ length: count }, () => randomUse(random)).flat();
    const part = (): number[] => {
      const way = op.localGet(2);
      switch (random(6)) {
        case 0:
          return [0x02, 0x40, ...stores(2), ...way, 0x0d, 0, ...stores(2), 0x0b]; // block, br_if
        case 1:
          return [...way, 0x04, 0x40, ...stores(2), 0x05, ...stores(2), 0x0b]; // if, else
        case 2:
          // loop, once more if way
          return [0x03, 0x40, ...stores(2), ...way, 0x04, 0x40, ...i32(0), 0x21, 2, 0x0c, 1, 0x0b, ...stores(1), 0x0b];
        default:
          return stores(1 + random(4));
      }
    };
    const near = (): number => pick(random, [0, GRAIN, 2 * GRAIN, PAGE, END - 2 * GRAIN]) + random(40);
    return {
      signature: `${wideKind}${wideKind}i:`,
      args: [argument(near()), argument(near()), random(2)],
      code: Array.from({ length: 1 + random(4) }, part).flat(),
    };
  }

  function randomUse(random: Random): number[] {
    const [, code, from] = pick(random, STORES);
    const local = random(2);
    const offset = pick(random, [0, 4, 8, 16, GRAIN - 8, GRAIN - 4, GRAIN, 2 * GRAIN, 3 * GRAIN]);
    const value = storing(code, offset, BigInt(random(2 ** 32)) * 0x1_0001n + 1n, from);
    const moved = [...op.localGet(local), ...address(random(3) * GRAIN), wide ? 0x7c : 0x6a];
    switch (random(6)) {
      case 0:
        return [...moved, 0x21, 1 - local];
      case 1:
        return [...moved, 0x22, local, ...value];
      case 2:
        return [...moved, ...value];
      default:
        return [...op.localGet(local), ...value];
    }
  }
});
