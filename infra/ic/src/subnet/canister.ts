import { Instance } from '../execution/instance.js';
import type { Closure } from '../execution/message.js';
import { PAGE, StableMemory, type Pages } from '../execution/stable-memory.js';
import type { Surroundings } from '../execution/access.js';
import { systemApi } from '../execution/system-api.js';
import type { CanisterModule } from '../wasm/module.js';
import { idleFee } from './cycles.js';
import { bytesOf, idOf, type Id } from './principals.js';
import type { Debits } from './rates.js';
import { chunkBytes, snapshotBytes, type HookStatus, type Snapshot } from './snapshot.js';

/** Who waits for an answer. */
export type Origin =
  { kind: 'ingress'; requestId: string } | { kind: 'call'; canister: Id; callback: number } | { kind: 'task' };

/** A call that a canister has begun to work on and not finished. */
export interface CallContext {
  id: number;
  origin: Origin;
  caller: Uint8Array;
  callerInfo?: { info: Uint8Array; signer: Uint8Array };
  method: string;
  deadline: bigint;
  /** Cycles sent along and not yet accepted. */
  available: bigint;
  answered: boolean;
  /** Its canister was uninstalled: answers to its calls are not delivered, but a stop waits for them. */
  deleted?: boolean;
  /** Its own calls that are not answered yet. */
  outstanding: number;
  instructions: bigint;
}

export interface Callback {
  context: number;
  callee: Id;
  onReply: Closure;
  onReject: Closure;
  onCleanup?: Closure;
  cycles: bigint;
  /** Nanoseconds since the epoch; 0 waits for ever. */
  deadline: bigint;
}

export type Visibility = 'controllers' | 'public' | { allowed_viewers: Id[] };

export interface Settings {
  controllers: Id[];
  computeAllocation: bigint;
  memoryAllocation: bigint;
  /** Seconds. */
  freezingThreshold: bigint;
  reservedCyclesLimit: bigint;
  wasmMemoryLimit: bigint;
  wasmMemoryThreshold: bigint;
  minimumIncomingCallCycles: bigint;
  logMemoryLimit: bigint;
  environment: { name: string; value: string }[];
  logVisibility: Visibility;
  snapshotVisibility: Visibility;
  statusVisibility: Visibility;
}

export type Status = 'running' | 'stopping' | 'stopped';
export type Change =
  | { creation: { controllers: Id[]; environmentHash?: Uint8Array } }
  | 'code_uninstall'
  | { code_deployment: { mode: string; moduleHash: Uint8Array } }
  | { controllers_change: Id[] }
  | { load_snapshot: { from?: Id; id: Id; version: bigint; takenAt: bigint; uploaded: boolean } };
/** Who changed it: a canister may have said at which of its versions. */
export interface Author {
  id: Id;
  isCanister: boolean;
  version?: bigint;
}
export interface Recorded {
  timestamp: bigint;
  version: bigint;
  by: Author;
  what: Change;
}
export interface LogLine {
  index: bigint;
  timestamp: bigint;
  content: Uint8Array;
}
/** What cycles were spent on (IC spec: `canister_metrics`). */
export type UseCase =
  | 'memory'
  | 'ingress_induction'
  | 'instructions'
  | 'request_and_response_transmission'
  | 'canister_creation'
  | 'http_outcalls'
  | 'burned_cycles';
export interface QueryStats {
  calls: bigint;
  instructions: bigint;
  requestBytes: bigint;
  responseBytes: bigint;
}

/** A canister's state, apart from heap and stable memory: what a checkpoint stores as it is. */
export interface CanisterState {
  settings: Settings;
  status: Status;
  /** Callers of `stop_canister` to be answered when it has stopped. */
  stopWaiters: { origin: Origin; refund: bigint }[];
  cycles: bigint;
  version: bigint;
  createdAt: bigint;
  installedAt: bigint;
  certified: Uint8Array;
  /** Nanoseconds since the epoch; 0 is off. */
  timer: bigint;
  contexts: Map<number, CallContext>;
  callbacks: Map<number, Callback>;
  nextNumber: number;
  chunks: Map<string, Uint8Array>;
  history: Recorded[];
  changes: bigint;
  log: LogLine[];
  logged: bigint;
  /** Whether the heap has come near its limit; nothing is as if the condition were not satisfied. */
  lowMemory?: HookStatus;
  snapshotsMade?: number;
  consumed?: Partial<Record<UseCase, bigint>>;
  /** Nothing when it owes nothing. */
  debits?: Debits;
  /** Cycles set aside for storage, beside `cycles`; nothing is none. */
  reserved?: bigint;
  stats: QueryStats;
}

const MAX_CALLS_PER_CALLEE = 500;
const HISTORY = 20;
const MAX_HEAP = 4n << 30n;
const MAX_LOG = 2n << 20n;

export interface Network {
  subnetId: Uint8Array;
  nodeId: Uint8Array;
  rootKey: Uint8Array;
}

export class Canister {
  readonly id: Id;
  readonly idBytes: Uint8Array;
  state: CanisterState;
  instance?: Instance;
  stable: StableMemory;
  readonly snapshots = new Map<Id, Snapshot>();
  /** Where its memories keep their pages. */
  readonly pages: Pages;
  readonly #network: Network;

  constructor(id: Id, state: CanisterState, network: Network, pages: Pages) {
    this.id = id;
    this.idBytes = bytesOf(id);
    this.state = state;
    this.#network = network;
    this.pages = pages;
    this.stable = new StableMemory(pages);
  }

  get module(): CanisterModule | undefined {
    return this.instance?.module;
  }

  /** An instance of a module for this canister; with what was committed, all or the heap only, or fresh. */
  instantiate(module: CanisterModule, committed?: { heap: Uint8Array; globals?: unknown[] }): Instance {
    return new Instance(module, (instance) => systemApi(instance, this.#surroundings()), committed);
  }

  /** Bytes that are paid for. */
  memoryBytes(): bigint {
    return this.bytesWith(this.instance?.heapBytes ?? 0, this.module?.size ?? 0);
  }

  /** The same with a heap and a module of so many bytes in place of its own. */
  bytesWith(heap: number, module: number): bigint {
    return BigInt(heap + this.stable.size * PAGE + module + chunkBytes(this.state.chunks) + this.snapshotBytes());
  }

  snapshotBytes(): number {
    let bytes = 0;
    for (const snapshot of this.snapshots.values()) bytes += snapshotBytes(snapshot);
    return bytes;
  }

  /** Cycles that so many seconds of being there cost. @param more  bytes beyond those it has now */
  idleCost(seconds: bigint, more = 0n): bigint {
    const { memoryAllocation, computeAllocation } = this.state.settings;
    const bytes = this.memoryBytes() + more;
    return idleFee(bytes > memoryAllocation ? bytes : memoryAllocation, computeAllocation, seconds);
  }

  /**
   * The balance below which it is frozen. @param more bytes beyond those it has now. @param reserved cycles beyond
   * those set aside for storage now
   */
  freezingThreshold(more = 0n, reserved = 0n): bigint {
    const threshold =
      this.idleCost(this.state.settings.freezingThreshold, more) - (this.state.reserved ?? 0n) - reserved;
    return threshold > 0n ? threshold : 0n;
  }

  get frozen(): boolean {
    return this.state.cycles < this.freezingThreshold();
  }

  isControlledBy(id: Id): boolean {
    return this.state.settings.controllers.includes(id);
  }

  spend(cycles: bigint, on: UseCase): void {
    const spent = this.state.cycles > cycles ? cycles : this.state.cycles;
    this.state.cycles -= spent;
    this.account(spent, on);
  }

  /** Pays for being there, first from what was set aside for it. @returns whether it could */
  payIdle(cost: bigint): boolean {
    const { state } = this;
    const { reserved = 0n } = state;
    const ahead = reserved < cost ? reserved : cost;
    if (ahead > 0n) state.reserved = reserved - ahead;
    this.account(ahead, 'memory');
    const affordable = state.cycles >= cost - ahead;
    this.spend(cost - ahead, 'memory');
    return affordable;
  }

  /** Sets cycles aside for storage. */
  reserve(cycles: bigint): void {
    if (cycles === 0n) return;
    this.state.cycles -= cycles;
    this.state.reserved = (this.state.reserved ?? 0n) + cycles;
  }

  /** Notes what was spent already. */
  account(cycles: bigint, on: UseCase): void {
    if (cycles === 0n) return;
    const consumed = (this.state.consumed ??= {});
    consumed[on] = (consumed[on] ?? 0n) + cycles;
  }

  /** Looks whether the heap has come near its limit. @returns whether the hook is due for the first time */
  watchMemory(): boolean {
    const { state } = this;
    const limit =
      state.settings.wasmMemoryLimit > 0n && state.settings.wasmMemoryLimit < MAX_HEAP
        ? state.settings.wasmMemoryLimit
        : MAX_HEAP;
    const low = limit - BigInt(this.instance?.heapBytes ?? 0) < state.settings.wasmMemoryThreshold;
    const before = state.lowMemory ?? 'condition_not_satisfied';
    if (!low) state.lowMemory = undefined;
    else if (before === 'condition_not_satisfied') state.lowMemory = 'ready';
    return low && before === 'condition_not_satisfied';
  }

  record(timestamp: bigint, by: Author, what: Change): void {
    const { state } = this;
    if (typeof what === 'string' || !('creation' in what)) state.version += 1n; // a canister begins with version 0
    state.changes += 1n;
    state.history = [...state.history, { timestamp, version: state.version, by, what }].slice(-HISTORY);
  }

  print(timestamp: bigint, lines: readonly string[]): void {
    const { state } = this;
    const most = Number(state.settings.logMemoryLimit < MAX_LOG ? state.settings.logMemoryLimit : MAX_LOG);
    for (const line of lines) {
      state.log.push({ index: state.logged, timestamp, content: new TextEncoder().encode(line).slice(0, most) });
      state.logged += 1n;
    }
    let bytes = state.log.reduce((sum, line) => sum + line.content.length, 0);
    while (bytes > most) bytes -= state.log.shift()!.content.length;
  }

  #surroundings(): Surroundings {
    return {
      self: this.idBytes,
      subnetId: this.#network.subnetId,
      rootKey: this.#network.rootKey,
      stable: () => this.stable,
      status: () => ({ running: 1, stopping: 2, stopped: 3 })[this.state.status],
      version: () => this.state.version,
      isController: (principal) => this.isControlledBy(idOf(principal)),
      freezingThreshold: () => this.freezingThreshold(),
      timer: () => this.state.timer,
      environment: () => this.state.settings.environment,
      maySend: (callee, planned) => this.#outstandingTo(idOf(callee)) + planned < MAX_CALLS_PER_CALLEE,
    };
  }

  #outstandingTo(callee: Id): number {
    let count = 0;
    for (const callback of this.state.callbacks.values()) if (callback.callee === callee) count += 1;
    return count;
  }
}

export function newCanisterState(controllers: Id[], cycles: bigint, now: bigint): CanisterState {
  return {
    settings: {
      controllers,
      computeAllocation: 0n,
      memoryAllocation: 0n,
      freezingThreshold: 2_592_000n,
      reservedCyclesLimit: 5_000_000_000_000n,
      wasmMemoryLimit: 3n << 30n,
      wasmMemoryThreshold: 0n,
      minimumIncomingCallCycles: 0n,
      logMemoryLimit: 4096n,
      environment: [],
      logVisibility: 'controllers',
      snapshotVisibility: 'controllers',
      statusVisibility: 'controllers',
    },
    status: 'running',
    stopWaiters: [],
    cycles,
    version: 0n,
    createdAt: now,
    installedAt: 0n,
    certified: new Uint8Array(),
    timer: 0n,
    contexts: new Map(),
    callbacks: new Map(),
    nextNumber: 1,
    chunks: new Map(),
    history: [],
    changes: 0n,
    log: [],
    logged: 0n,
    stats: { calls: 0n, instructions: 0n, requestBytes: 0n, responseBytes: 0n },
  };
}
