import { Actor, type ActorSubclass } from '@dfinity/agent';
import { IDL } from '@dfinity/candid';
import type { Principal } from '@dfinity/principal';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestNetwork } from './network.js';

/** A canister that fills stable memory fast: each page of 64 KiB begins with its number plus one. */
export type Filler = ActorSubclass<{
  fill(first: bigint, count: bigint): Promise<void>;
  /** Fills, and traps. */
  fill_and_trap(first: bigint, count: bigint): Promise<void>;
  /** The number at the beginning of a page. */
  at(page: bigint): Promise<bigint>;
}>;

const N = IDL.Nat64;

/** Deploys it, with cycles for 500 GiB. */
export async function deployFiller(network: TestNetwork): Promise<Principal> {
  const { canister_id } = await network.management.provisional_create_canister_with_cycles({
    amount: [10n ** 17n],
    settings: [],
    specified_id: [],
    sender_canister_version: [],
  });
  await network.install(canister_id, { install: null }, fillerWasm());
  return canister_id;
}

export function fillerAt(network: TestNetwork, canisterId: Principal): Filler {
  const service = IDL.Service({
    fill: IDL.Func([N, N], []),
    fill_and_trap: IDL.Func([N, N], []),
    at: IDL.Func([N], [N], ['query']),
  });
  return Actor.createActor(() => service, { agent: network.agent, canisterId });
}

/** Resident memory of the host's process, in MiB; on Linux. */
export function residentOf(network: TestNetwork): number {
  const [pid] = readFileSync(join(network.folder, 'lock'), 'utf8').split(' ');
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

const section = (id: number, ...content: number[]): number[] => [id, ...length(content.length), ...content];
const length = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, value >> 7]);
const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
const imported = (name: string, type: number): number[] => [...text('ic0'), ...text(name), 0, type];
const exported = (name: string, index: number): number[] => [...text(`canister_${name}`), 0, index];
const i32 = (value: number): number[] => [0x41, ...(value === 65536 ? [0x80, 0x80, 4] : [value])];
// two locals: page, end
const body = (...code: number[]): number[] => [...length(code.length + 4), 1, 2, 0x7e, ...code, 0x0b];

const [COPY, APPEND, REPLY, GROW, WRITE, READ, SIZE, TRAP, FILL, FILL_AND_TRAP, AT] = Array.from(
  { length: 11 },
  (_, index) => index,
) as [number, number, number, number, number, number, number, number, number, number, number];
const I64_LOAD = [0x29, 3, 0];
const I64_STORE = [0x37, 3, 0];
const PAGE = [0x20, 0];
const END = [0x20, 1];
/** Copies the argument's numbers, behind Candid's header, to 32 and 40. */
const arguments_ = (header: number, bytes: number): number[] => [
  ...i32(32),
  ...i32(header),
  ...i32(bytes),
  0x10,
  COPY,
  ...i32(32),
  ...I64_LOAD,
  0x21,
  0,
];

function fillerWasm(): Uint8Array {
  const fill = [
    ...arguments_(8, 16),
    ...PAGE,
    ...i32(40),
    ...I64_LOAD,
    0x7c,
    0x21,
    1,
    ...END,
    0x10,
    SIZE,
    0x56,
    0x04,
    0x40,
    ...END,
    0x10,
    SIZE,
    0x7d,
    0x10,
    GROW,
    0x1a,
    0x0b, // if end > size: grow
    0x02,
    0x40,
    0x03,
    0x40,
    ...PAGE,
    ...END,
    0x5a,
    0x0d,
    1, // until page >= end
    ...i32(65536),
    ...PAGE,
    0x42,
    1,
    0x7c,
    ...I64_STORE,
    ...PAGE,
    0x42,
    16,
    0x86,
    0x42,
    0x80,
    0x80,
    4,
    0x42,
    0x80,
    0x80,
    4,
    0x10,
    WRITE, // write(page << 16, 65536, 65536)
    ...PAGE,
    0x42,
    1,
    0x7c,
    0x21,
    0,
    0x0c,
    0,
    0x0b,
    0x0b,
    ...i32(0),
    ...i32(6),
    0x10,
    APPEND,
    0x10,
    REPLY,
  ];
  const at = [
    ...arguments_(7, 8),
    0x42,
    15,
    ...PAGE,
    0x42,
    16,
    0x86,
    0x42,
    8,
    0x10,
    READ,
    ...i32(8),
    ...i32(15),
    0x10,
    APPEND,
    0x10,
    REPLY,
  ];
  return Uint8Array.from([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(
      1,
      6,
      0x60,
      0,
      0,
      0x60,
      3,
      0x7f,
      0x7f,
      0x7f,
      0,
      0x60,
      2,
      0x7f,
      0x7f,
      0,
      0x60,
      1,
      0x7e,
      1,
      0x7e,
      0x60,
      3,
      0x7e,
      0x7e,
      0x7e,
      0,
      0x60,
      0,
      1,
      0x7e,
    ),
    ...section(
      2,
      8,
      ...imported('msg_arg_data_copy', 1),
      ...imported('msg_reply_data_append', 2),
      ...imported('msg_reply', 0),
      ...imported('stable64_grow', 3),
      ...imported('stable64_write', 4),
      ...imported('stable64_read', 4),
      ...imported('stable64_size', 5),
      ...imported('trap', 2),
    ),
    ...section(3, 3, 0, 0, 0),
    ...section(5, 1, 0, 3),
    ...section(
      7,
      3,
      ...exported('update fill', FILL),
      ...exported('update fill_and_trap', FILL_AND_TRAP),
      ...exported('query at', AT),
    ),
    ...section(10, 3, ...body(...fill), ...body(0x10, FILL, ...i32(0), ...i32(4), 0x10, TRAP), ...body(...at)),
    ...section(
      11,
      2,
      0,
      ...i32(0),
      0x0b,
      6,
      ...Buffer.from('DIDL\0\0'),
      0,
      ...i32(8),
      0x0b,
      7,
      ...Buffer.from('DIDL\0\x01\x78'),
    ),
  ]);
}
