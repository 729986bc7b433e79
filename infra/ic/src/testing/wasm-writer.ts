/** Writes small Wasm modules for tests: no compiler, and bytes that a test can read. */

/** Parameters and result, as in `iI:i`: i is i32, I is i64. */
export type Signature = string;

export interface WasmFunction {
  signature?: Signature;
  /** Names it is exported under. */
  exports?: string[];
  /** Instructions without the last `end`. */
  code: number[];
}

export interface WasmParts {
  /** Imports of `ic0`: they are the first functions. */
  imports?: [name: string, signature: Signature][];
  functions: WasmFunction[];
  /** Pages of 64 KiB. */
  memory?: number;
  /** Whether its addresses have 64 bits, and the indices of its table. */
  wide?: boolean;
  /** Indices of functions: the table holds them from 0. */
  table?: number[];
  /** Index of the function that runs first. */
  start?: number;
  /** Bytes at an address. */
  data?: [address: number, bytes: Uint8Array][];
  /** Data without a place; their indices follow those of `data`. */
  passive?: Uint8Array[];
  /** Mutable globals of type i32. */
  globals?: number;
  custom?: [name: string, content: Uint8Array][];
}

const KINDS: Record<string, number> = { i: 0x7f, I: 0x7e };
/** Of limits (WebAssembly: memory64). */
const WIDE = 4;

export function wasmModule({
  imports = [],
  functions,
  memory,
  wide = false,
  table,
  start,
  data = [],
  passive = [],
  globals = 0,
  custom = [],
}: WasmParts): Uint8Array {
  const signatures = [
    ...new Set([
      ':',
      ...imports.map(([, signature]) => signature),
      ...functions.map(({ signature = ':' }) => signature),
    ]),
  ];
  const typeOf = (signature: Signature): number[] => leb(signatures.indexOf(signature));
  const exports = functions.flatMap((one, index) =>
    (one.exports ?? []).map((name) => [...text(name), 0, ...leb(imports.length + index)]),
  );
  return Uint8Array.from([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(1, signatures.map(typeBytes)),
    ...section(
      2,
      imports.map(([name, signature]) => [...text('ic0'), ...text(name), 0, ...typeOf(signature)]),
    ),
    ...section(
      3,
      functions.map(({ signature = ':' }) => typeOf(signature)),
    ),
    ...section(4, table ? [[0x70, wide ? WIDE : 0, ...leb(table.length)]] : []),
    ...section(5, memory === undefined ? [] : [[wide ? WIDE : 0, ...leb(memory)]]),
    ...section(
      6,
      Array.from({ length: globals }, () => [0x7f, 1, 0x41, 0, 0x0b]),
    ),
    ...section(7, memory === undefined ? exports : [[...text('memory'), 2, 0], ...exports]),
    ...(start === undefined ? [] : [8, leb(start).length, ...leb(start)]),
    ...section(9, table ? [[0, ...address(0, wide), 0x0b, ...leb(table.length), ...table.flatMap(leb)]] : []),
    ...(passive.length > 0 ? [12, 1, data.length + passive.length] : []),
    ...section(
      10,
      functions.map(({ code }) => sized([0, ...code, 0x0b])),
    ),
    ...section(11, [
      ...data.map(([at, bytes]) => [0, ...address(at, wide), 0x0b, ...leb(bytes.length), ...bytes]),
      ...passive.map((bytes) => [1, ...leb(bytes.length), ...bytes]),
    ]),
    ...custom.flatMap(([name, content]) => [0, ...sized([...text(name), ...content])]),
  ]);
}

export const op = {
  drop: 0x1a,
  unreachable: 0x00,
  localGet: (index: number) => [0x20, index],
  call: (index: number) => [0x10, ...leb(index)],
};

export function i32(value: number): number[] {
  return [0x41, ...signed(BigInt(value))];
}

export function i64(value: bigint): number[] {
  return [0x42, ...signed(value)];
}

/** A constant address. */
export function address(value: number, wide: boolean): number[] {
  return wide ? i64(BigInt(value)) : i32(value);
}

/** Constants for the parameters of a call, the call, and its result dropped. */
export function callWith(index: number, signature: Signature, args: readonly (number | bigint)[]): number[] {
  const [params, result] = signature.split(':') as [string, string];
  return [
    ...[...params].flatMap((kind, at) => (kind === 'i' ? i32(Number(args[at] ?? 0)) : i64(BigInt(args[at] ?? 0)))),
    ...op.call(index),
    ...(result ? [op.drop] : []),
  ];
}

function typeBytes(signature: Signature): number[] {
  const [params, results] = signature.split(':').map((half) => [...half].map((kind) => KINDS[kind]!)) as [
    number[],
    number[],
  ];
  return [0x60, params.length, ...params, results.length, ...results];
}

function section(id: number, items: number[][]): number[] {
  return items.length === 0 ? [] : [id, ...sized([...leb(items.length), ...items.flat()])];
}

function sized(bytes: number[]): number[] {
  return [...leb(bytes.length), ...bytes];
}

export function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(Math.floor(value / 128))];
}

function signed(value: bigint): number[] {
  const low = Number(BigInt.asUintN(7, value));
  const rest = value >> 7n;
  const last = (rest === 0n && low < 64) || (rest === -1n && low >= 64);
  return last ? [low] : [low | 128, ...signed(rest)];
}

function text(value: string): number[] {
  return sized([...Buffer.from(value)]);
}
