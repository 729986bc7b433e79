import { IMPORTS, importIndex, SYSTEM_API } from './system-api-table.js';
import { i32, i64, op, wasmModule, type WasmFunction, type WasmParts } from './wasm-writer.js';

/** Canisters written as lists of steps, which become Wasm: each test says in one place what its canister does. */

interface Workshop {
  /** Where these bytes lie. */ constant(bytes: Uint8Array): number;
  /** Room that nobody else uses. */ room(bytes: number): number;
  /** Index in the table. */ callback(steps: Step[]): number;
}
type Code = (shop: Workshop) => number[];

/** Does something and leaves nothing. */
export interface Step {
  step: Code;
}
/** Leaves an address and a length. */
export interface Bytes {
  bytes: Code;
}
/** Leaves an i32 or an i64. */
export interface Int {
  int: Code;
  wide: boolean;
}

const HEAP_END = 65_536;
const GLOBAL = 1024;
const CONSTANTS = 8192;
const ROOM = 32_768;
const I32_LOAD = [0x28, 2, 0];
const FIRST_HELPER = IMPORTS.length;
const SET_GLOBAL = FIRST_HELPER;
/** (address, length): keeps these bytes. */
const setGlobalHelper: WasmFunction = {
  signature: 'ii:',
  code: [
    ...i32(GLOBAL - 4),
    ...op.localGet(1),
    0x36,
    2,
    0,
    ...i32(GLOBAL),
    ...op.localGet(0),
    ...op.localGet(1),
    0xfc,
    10,
    0,
    0,
  ],
};

const step = (code: Code): Step => ({ step: code });
const joined =
  (steps: Step[]): Code =>
  (shop) =>
    steps.flatMap((one) => one.step(shop));
const pushed = (value: number | bigint | Int | Bytes, kind: string): Code => {
  if (typeof value === 'object') return 'bytes' in value ? value.bytes : value.int;
  return () => (kind === 'I' ? i64(BigInt(value)) : i32(Number(value)));
};

/** A call of the System API; bytes stand for an address and a length. */
function called(name: string, args: (number | bigint | Int | Bytes)[]): Code {
  const kinds = [...SYSTEM_API[name]![0].split(':')[0]!];
  let at = 0;
  const codes = args.map((value) => {
    const code = pushed(value, kinds[at]!);
    at += typeof value === 'object' && 'bytes' in value ? 2 : 1;
    return code;
  });
  return (shop) => [...codes.flatMap((code) => code(shop)), ...op.call(importIndex(name))];
}

/** Calls a function of the System API and drops its result. */
export function api(name: string, ...args: (number | bigint | Int | Bytes)[]): Step {
  const drop = SYSTEM_API[name]![0].endsWith(':') ? [] : [op.drop];
  return step((shop) => [...called(name, args)(shop), ...drop]);
}

/** What a function of the System API returns. */
export function result(name: string, ...args: (number | bigint | Int | Bytes)[]): Int {
  return { int: called(name, args), wide: SYSTEM_API[name]![0].endsWith(':I') };
}

export function text(value: string | Uint8Array): Bytes {
  const bytes = Buffer.from(value as string);
  return { bytes: (shop) => [...i32(shop.constant(bytes)), ...i32(bytes.length)] };
}

/** What `<name>_size` and `<name>_copy` give: up to 1 KiB, or as much as the heap has behind an address. */
export function copied(name: string, to?: number): Bytes {
  return {
    bytes: (shop) => {
      const at = to ?? shop.room(1024);
      const size = op.call(importIndex(`${name}_size`));
      return [...i32(at), ...i32(0), ...size, ...op.call(importIndex(`${name}_copy`)), ...i32(at), ...size];
    },
  };
}

/** The 16 bytes that a function with a destination as its last parameter writes. */
export function wide(name: string, ...args: (bigint | Int)[]): Bytes {
  return {
    bytes: (shop) => {
      const at = shop.room(16);
      return [
        ...args.flatMap((value) => pushed(value, 'I')(shop)),
        ...i32(at),
        ...op.call(importIndex(name)),
        ...i32(at),
        ...i32(16),
      ];
    },
  };
}

/** A number's bytes, little-endian. */
export function bytes({ int, wide: long }: Int): Bytes {
  return {
    bytes: (shop) => {
      const at = shop.room(8);
      return [...i32(at), ...int(shop), long ? 0x37 : 0x36, long ? 3 : 2, 0, ...i32(at), ...i32(long ? 8 : 4)];
    },
  };
}

export function stableRead(from: number, length: number): Bytes {
  return {
    bytes: (shop) => {
      const at = shop.room(length);
      return [
        ...i32(at),
        ...i32(from),
        ...i32(length),
        ...op.call(importIndex('stable_read')),
        ...i32(at),
        ...i32(length),
      ];
    },
  };
}

export const argument = copied('msg_arg_data');
export const caller = copied('msg_caller');
export const self = copied('canister_self');
export const methodName = copied('msg_method_name');
export const certificate = copied('data_certificate');
/** What `keep` kept; empty after an installation and an upgrade. */
export const kept: Bytes = { bytes: () => [...i32(GLOBAL), ...i32(GLOBAL - 4), ...I32_LOAD] };

export const keep = (value: Bytes): Step => step((shop) => [...value.bytes(shop), ...op.call(SET_GLOBAL)]);
export const append = (value: Bytes): Step => api('msg_reply_data_append', value);
/** Appends these, and replies. */
export const reply = (...values: Bytes[]): Step => step(joined([...values.map(append), api('msg_reply')]));
export const reject = (why: string): Step => api('msg_reject', text(why));
export const trap = (why: string): Step => api('trap', text(why));
export const stableWrite = (to: number, value: Bytes): Step => api('stable_write', to, value);

/** Steps for when the first of these bytes is this one. */
export function whenFirst(value: Bytes, byte: number, steps: Step[]): Step {
  return step((shop) => [
    ...value.bytes(shop),
    op.drop,
    0x2d,
    0,
    0,
    ...i32(byte),
    0x46,
    0x04,
    0x40,
    ...joined(steps)(shop),
    0x0b,
  ]);
}

export interface CallParts {
  arg?: Bytes;
  onReply?: Step[];
  onReject?: Step[];
  onCleanup?: Step[];
  cycles?: bigint;
}

/** Calls a canister; unless told otherwise it passes on the answer, and a reject as its code and message. */
export function call(
  to: Bytes,
  method: string,
  {
    arg,
    onReply = [reply(argument)],
    onReject = [reply(bytes(result('msg_reject_code')), copied('msg_reject_msg'))],
    onCleanup,
    cycles,
  }: CallParts = {},
): Step {
  return step((shop) => [
    ...to.bytes(shop),
    ...text(method).bytes(shop),
    ...i32(shop.callback(onReply)),
    ...i32(0),
    ...i32(shop.callback(onReject)),
    ...i32(0),
    ...op.call(importIndex('call_new')),
    ...(arg ? called('call_data_append', [arg])(shop) : []),
    ...(onCleanup ? [...i32(shop.callback(onCleanup)), ...i32(0), ...op.call(importIndex('call_on_cleanup'))] : []),
    ...(cycles === undefined ? [] : called('call_cycles_add', [cycles])(shop)),
    ...op.call(importIndex('call_perform')),
    op.drop,
  ]);
}

/**
 * The module of a canister that does these steps.
 *
 * @param methods  by what is exported, without `canister_`: `update go`, `init`, `heartbeat` …
 */
export function scripted(methods: Record<string, Step[]>, parts: Partial<WasmParts> = {}): Uint8Array {
  const data: [number, Uint8Array][] = [];
  const callbacks: Step[][] = [];
  let nextConstant = CONSTANTS;
  let nextRoom = ROOM;
  const shop: Workshop = {
    constant: (content) => {
      data.push([nextConstant, content]);
      nextConstant += content.length;
      return nextConstant - content.length;
    },
    room: (size) => (nextRoom += size) - size,
    callback: (steps) => callbacks.push(steps) - 1,
  };
  const functions: WasmFunction[] = [
    setGlobalHelper,
    ...Object.entries(methods).map(([name, steps]) => ({ exports: [`canister_${name}`], code: joined(steps)(shop) })),
  ];
  const first = FIRST_HELPER + functions.length;
  for (let index = 0; index < callbacks.length; index += 1)
    functions.push({ signature: 'i:', code: joined(callbacks[index]!)(shop) });
  if (nextConstant > ROOM || nextRoom > HEAP_END) throw new Error('This script does not fit in one page.');
  return wasmModule({
    imports: IMPORTS,
    functions,
    memory: 1,
    table: callbacks.map((_, index) => first + index),
    data,
    ...parts,
  });
}
