import type { IDL } from '@dfinity/candid';
import type { Principal } from '@dfinity/principal';

/** Candid of `infra/ic/test-canister`. */
export const testCanister: IDL.InterfaceFactory = ({ IDL }) => {
  const { Nat64, Nat32, Nat, Text, Principal, Vec, Nat8, Opt } = IDL;
  const Blob = Vec(Nat8);
  const query = ['query'];
  const Result = (ok: IDL.Type, error: IDL.Type): IDL.Type => IDL.Variant({ Ok: ok, Err: error });
  const Token = IDL.Record({ part: Nat32, path: Text });
  const Strategy = IDL.Variant({
    Callback: IDL.Record({
      callback: IDL.Func([Token], [IDL.Record({ body: Blob, token: Opt(Token) })], ['query']),
      token: Token,
    }),
  });
  const Page = IDL.Record({
    status_code: IDL.Nat16,
    headers: Vec(IDL.Tuple(Text, Text)),
    body: Blob,
    upgrade: Opt(IDL.Bool),
    streaming_strategy: Opt(Strategy),
  });
  return IDL.Service({
    serve: IDL.Func([Text, Page], [], []),
    refused_at_the_door: IDL.Func([], [], []),
    started: IDL.Func([], [Text], query),
    increment: IDL.Func([], [Nat64], []),
    counter: IDL.Func([], [Nat64], query),
    increment_in_a_query: IDL.Func([], [Nat64], query),
    increment_and_trap: IDL.Func([], [Nat64], []),
    wasm_trap: IDL.Func([], [], []),
    loop_in_update: IDL.Func([], [Nat64], []),
    loop_in_query: IDL.Func([], [Nat64], query),
    reply_never: IDL.Func([], [], []),
    reject_with: IDL.Func([Text], [], []),
    whoami: IDL.Func([], [Principal], query),
    instructions_of: IDL.Func([Nat64], [Nat64], query),
    write_stable: IDL.Func([Nat64, Blob], [], []),
    read_stable: IDL.Func([Nat64, Nat64], [Blob], query),
    stable_pages: IDL.Func([], [Nat64], query),
    certify: IDL.Func([Blob], [], []),
    certificate: IDL.Func([], [Opt(Blob)], query),
    start_timer: IDL.Func([Nat64], [], []),
    start_interval: IDL.Func([Nat64], [], []),
    ticks: IDL.Func([], [Nat64], query),
    increment_at: IDL.Func([Principal], [Nat64], []),
    increment_at_bounded: IDL.Func([Principal], [Nat64], []),
    rejection_of: IDL.Func([Principal, Text], [Nat32, Text], []),
    bounded_call_that_expires: IDL.Func([Principal], [Nat32, Text], []),
    trap_after_call: IDL.Func([Principal], [], []),
    log: IDL.Func([], [Vec(Text)], query),
    counter_of: IDL.Func([Principal], [Nat64], ['composite_query']),
    balance: IDL.Func([], [Nat], query),
    send_cycles: IDL.Func([Principal, Nat, Nat], [Nat, Nat], []),
    random: IDL.Func([], [Blob], []),
    create_child: IDL.Func([Nat, Blob], [Principal], []),
    status_of: IDL.Func([Principal], [Text], []),
    vetkd_public_key: IDL.Func([Blob], [Blob], []),
    vetkd_derive_key: IDL.Func([Blob, Blob, Blob], [Blob], []),
    schnorr_public_key: IDL.Func([], [Blob], []),
    schnorr_sign: IDL.Func([Blob], [Blob], []),
    low_memory_calls: IDL.Func([], [Nat64], query),
    grow_heap: IDL.Func([Nat64], [], []),
    print: IDL.Func([Text], [], []),
    print_and_trap: IDL.Func([Text], [], []),
    ecdsa_public_key: IDL.Func([], [Blob], []),
    ecdsa_sign: IDL.Func([Blob], [Result(Blob, Text)], []),
    bip340_public_key: IDL.Func([], [Blob], []),
    bip340_sign: IDL.Func([Blob, Opt(Blob)], [Result(Blob, Text)], []),
    history_of: IDL.Func([Principal], [Vec(Text)], []),
    fetch: IDL.Func(
      [Text, Opt(Nat64), Opt(Text)],
      [Result(IDL.Tuple(Nat64, Vec(Text), Blob), IDL.Tuple(Nat32, Text))],
      [],
    ),
  });
};

type Bytes = Uint8Array | number[];
type Result<T, E> = { Ok: T } | { Err: E };

/** What `http_request` answers. */
export interface ServedPage {
  status_code: number;
  headers: [string, string][];
  body: Bytes;
  upgrade: [boolean] | [];
  streaming_strategy: [{ Callback: { callback: [Principal, string]; token: { part: number; path: string } } }] | [];
}

export interface TestCanister {
  id: Principal;
  /** @param request  method and path, and ` ` and the range if it asks for one */
  serve(request: string, page: ServedPage): Promise<void>;
  refused_at_the_door(): Promise<void>;
  started(): Promise<string>;
  increment(): Promise<bigint>;
  counter(): Promise<bigint>;
  increment_in_a_query(): Promise<bigint>;
  increment_and_trap(): Promise<bigint>;
  wasm_trap(): Promise<void>;
  loop_in_update(): Promise<bigint>;
  loop_in_query(): Promise<bigint>;
  reply_never(): Promise<void>;
  reject_with(text: string): Promise<void>;
  whoami(): Promise<Principal>;
  instructions_of(rounds: bigint): Promise<bigint>;
  write_stable(offset: bigint, bytes: Bytes): Promise<void>;
  read_stable(offset: bigint, length: bigint): Promise<Uint8Array>;
  stable_pages(): Promise<bigint>;
  certify(data: Bytes): Promise<void>;
  certificate(): Promise<[Uint8Array] | []>;
  start_timer(milliseconds: bigint): Promise<void>;
  start_interval(milliseconds: bigint): Promise<void>;
  ticks(): Promise<bigint>;
  increment_at(canister: Principal): Promise<bigint>;
  increment_at_bounded(canister: Principal): Promise<bigint>;
  rejection_of(canister: Principal, method: string): Promise<[number, string]>;
  bounded_call_that_expires(canister: Principal): Promise<[number, string]>;
  trap_after_call(canister: Principal): Promise<void>;
  log(): Promise<string[]>;
  counter_of(canister: Principal): Promise<bigint>;
  balance(): Promise<bigint>;
  send_cycles(canister: Principal, amount: bigint, atMost: bigint): Promise<[bigint, bigint]>;
  random(): Promise<Uint8Array>;
  create_child(cycles: bigint, wasm: Bytes): Promise<Principal>;
  status_of(canister: Principal): Promise<string>;
  vetkd_public_key(context: Bytes): Promise<Uint8Array>;
  vetkd_derive_key(context: Bytes, input: Bytes, transportPublicKey: Bytes): Promise<Uint8Array>;
  schnorr_public_key(): Promise<Uint8Array>;
  schnorr_sign(message: Bytes): Promise<Uint8Array>;
  low_memory_calls(): Promise<bigint>;
  grow_heap(bytes: bigint): Promise<void>;
  print(text: string): Promise<void>;
  print_and_trap(text: string): Promise<void>;
  ecdsa_public_key(): Promise<Uint8Array>;
  ecdsa_sign(messageHash: Bytes): Promise<Result<Uint8Array, string>>;
  bip340_public_key(): Promise<Uint8Array>;
  bip340_sign(message: Bytes, merkleRoot: [Bytes] | []): Promise<Result<Uint8Array, string>>;
  history_of(canister: Principal): Promise<string[]>;
  fetch(
    url: string,
    maxResponseBytes: [bigint] | [],
    transform: [string] | [],
  ): Promise<Result<[bigint, string[], Uint8Array], [number, string]>>;
}
