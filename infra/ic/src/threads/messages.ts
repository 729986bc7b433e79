import type { ClockSetting } from '../control/clock.js';
import type { HeapChanges } from '../execution/instance.js';
import type { StableView } from '../execution/stable-memory.js';
import type { CanisterState, QueryStats } from '../subnet/canister.js';
import type { Id } from '../subnet/principals.js';
import type { Limits } from '../subnet/subnet.js';
import type { CanisterModule } from '../wasm/module.js';

/** What a query may learn of a canister beside its memory. */
export type ShownState = Pick<
  CanisterState,
  'settings' | 'status' | 'cycles' | 'version' | 'certified' | 'timer' | 'createdAt' | 'reserved'
>;

/**
 * A canister as the last round left it, or what changed of it. Compiled modules and pages of memory are shared between
 * threads, not copied.
 */
export interface CanisterUpdate {
  id: Id;
  state: ShownState;
  /** Bytes that are paid for, on which freezing depends. */
  memoryBytes: bigint;
  /** Present when the code is another: then `heap` is the whole heap. */
  module?: CanisterModule;
  heap?: HeapChanges;
  stable: StableView;
  certificate?: Certificate;
}

/** Of its certified data, or of what the network says of itself; nanoseconds since the epoch. */
export interface Certificate {
  bytes: Uint8Array;
  time: bigint;
}

/** What a round changed, in one piece: queries see all of it or nothing. */
export interface RoundUpdate {
  kind: 'round';
  time: bigint;
  canisters: CanisterUpdate[];
  gone: Id[];
  /** Of `/api/v2/status`. */ status: Uint8Array;
  /** Of the paths `subnet` and `canister_ranges`. */ network?: Certificate;
}

/** `folder` has the page files. */
export interface ThreadData {
  folder: string;
  seed: Uint8Array;
  limits: Limits;
  clock: ClockSetting;
}
export interface FrontData extends ThreadData {
  port: number;
  queryThread: string;
  threads: number;
  plain: boolean;
}

export type ClockUpdate = { kind: 'clock'; setting: ClockSetting };

/** To the front, from the thread that executes. */
export type ToFront =
  | RoundUpdate
  | ClockUpdate
  /** Whether there are no faults to be injected, so that the front may answer by itself. */
  | { kind: 'plain'; plain: boolean }
  | { kind: 'head'; id: number; status: number; headers: Record<string, string | number | string[]> }
  | { kind: 'data'; id: number; part: Uint8Array }
  | { kind: 'end'; id: number; part?: Uint8Array }
  | { kind: 'cut'; id: number }
  | { kind: 'close' };

export interface Counted {
  canister: Id;
  stats: QueryStats;
}

export interface ForwardedRequest {
  kind: 'request';
  id: number;
  method: string;
  url: string;
  headers: NodeJS.Dict<string | string[]>;
  body: Uint8Array;
}

/** From the front. */
export type FromFront =
  | { kind: 'listening'; port: number }
  | { kind: 'failed'; message: string }
  | ForwardedRequest
  | { kind: 'counted'; counted: Counted[] }
  | { kind: 'printed'; canister: Id; line: string };

export interface AskedQuery {
  id: number;
  what: 'query' | 'read_state';
  effective: string;
  body: Uint8Array;
}

/**
 * To a thread that answers queries. It is given several at a time, since waking a thread costs as much as a tenth of a
 * query.
 */
export type ToQueryThread = RoundUpdate | ClockUpdate | { kind: 'asked'; queries: AskedQuery[] };

/**
 * `elsewhere`: only the executing thread can answer this one; `meanwhile` is an answer with a certificate of some
 * seconds ago, for when that thread is busy.
 */
export interface ThreadAnswer {
  id: number;
  answer: Uint8Array | { status: number; text: string } | 'elsewhere';
  meanwhile?: Uint8Array;
  counted: Counted[];
}

/** From it. */
export type FromQueryThread =
  { kind: 'ready' } | { kind: 'answers'; answers: ThreadAnswer[] } | { kind: 'printed'; canister: Id; line: string };
