import { createHash } from 'node:crypto';
import { RAM_ONLY, type Pages } from '../execution/stable-memory.js';
import type { ModuleStore } from '../wasm/module-store.js';
import { Canister, newCanisterState, type CanisterState, type Network, type Origin } from './canister.js';
import type { CallFault } from './edits.js';
import type { Outcall } from './outcalls.js';
import { canisterId, type Id } from './principals.js';
import type { Debits, Rates, SubnetDelta } from './rates.js';
import { rejection, towardsCanister, type Rejection } from './reject.js';
import { NO_SERVICES, type Services } from './services.js';

export type Response = { kind: 'reply'; data: Uint8Array } | { kind: 'reject'; rejection: Rejection };

/** A call on its way to a canister, or to the management canister. */
export interface IncomingCall {
  origin: Origin;
  caller: Uint8Array;
  callerInfo?: { info: Uint8Array; signer: Uint8Array };
  /** Of a calling canister, while it sent this. */
  callerVersion?: bigint;
  method: string;
  arg: Uint8Array;
  cycles: bigint;
  deadline: bigint;
}

export type Work =
  | { kind: 'call'; to: Id; call: IncomingCall }
  | { kind: 'response'; to: Id; callback: number; response: Answered; refund: bigint }
  | { kind: 'task'; to: Id; hook: 'canister_global_timer' | 'canister_heartbeat' | 'canister_on_low_wasm_memory' };

export type Answered = { kind: 'reply'; data: Uint8Array } | { kind: 'reject'; code: number; message: string };

/** A call from outside, as the journal keeps it. */
export interface Ingress {
  /** Hexadecimal. */
  requestId: string;
  sender: Uint8Array;
  senderInfo?: { info: Uint8Array; signer: Uint8Array };
  to: Id;
  /** The canister in whose name it may be asked about. */
  effective: Id;
  method: string;
  arg: Uint8Array;
  /** Nanoseconds since the epoch. */
  expiry: bigint;
}

export type IngressState =
  | { status: 'received' | 'processing' }
  | { status: 'replied'; data: Uint8Array }
  | { status: 'rejected'; rejection: Rejection };
/** `to` is the callee; missing in records of earlier versions. */
export interface IngressRecord {
  state: IngressState;
  sender: Id;
  to?: Id;
  effective: Id;
  expiry: bigint;
  finishedAt: bigint;
}

/** What is missing is not limited: it was not when the state was made. */
export interface Limits {
  /** Instructions that one message may use; of queries, also a composite one as a whole. */
  update: bigint;
  query: bigint;
  install: bigint;
  inspect: bigint;
  rates?: Rates;
  /** Bytes on the subnet above which storage is paid for ahead, and those that it has. */
  storageThreshold?: bigint;
  storageCapacity?: bigint;
}

/** dfinity/ic: `rs/config/src/{subnet_config,execution_environment}.rs`. */
export const MAIN_NETWORK_LIMITS: Limits = {
  update: 40_000_000_000n,
  query: 5_000_000_000n,
  install: 300_000_000_000n,
  inspect: 200_000_000n,
  rates: 'seconds',
  storageThreshold: 750n << 30n,
  storageCapacity: 2n << 40n,
};

/** Ids begin well clear of the well-known ones of the main network. */
const FIRST_NUMBER = 0x0100_0000n;
const KEEP_ANSWERS = 300_000_000_000n;

/** Where modules come from. */
export type ModuleSource = Pick<ModuleStore, 'prepare' | 'load' | 'uploaded' | 'save'>;

/** All replicated state; a function of the rounds executed and nothing else. */
/** What services keep in a subnet's state; each one declares its own. */
export interface ServiceState {}

export interface SubnetState {
  round: number;
  /** Nanoseconds since the epoch. */
  time: bigint;
  nextNumber: bigint;
  queue: Work[];
  ingress: Map<string, IngressRecord>;
  storagePaidUntil: bigint;
  limits: Limits;
  /** Instructions of all rounds so far: what a replay is compared by. */
  executed: bigint;
  /** Messages executed. */
  messages?: bigint;
  outcalls?: Map<number, Outcall>;
  nextOutcall?: number;
  builtins?: ServiceState;
  faults?: CallFault[];
  heapDelta?: SubnetDelta;
}

export class Subnet {
  state: SubnetState;
  readonly canisters = new Map<Id, Canister>();
  readonly modules: ModuleSource;
  readonly network: Network;
  readonly pages: Pages;
  readonly services: Services;
  /** Request ids that were answered in the round under way. */
  finished: string[] = [];
  /** What canisters have done in the round under way. */
  readonly incurred = new Map<Id, Debits>();
  /** Canisters that the message under way has brought near their heap's limit. */
  lowOnMemory: Id[] = [];
  /** Called with what canisters print, and with what ended their timers. */
  onLog: (canister: Id, line: string) => void = () => {};
  #seed = new Uint8Array(32);
  #drawn = 0;

  /**
   * @param pages  where memories keep their pages
   * @param services  what answers beside canisters
   */
  constructor(
    network: Network,
    modules: ModuleSource,
    limits: Limits,
    pages: Pages = RAM_ONLY,
    services: Services = NO_SERVICES,
  ) {
    this.network = network;
    this.pages = pages;
    this.services = services;
    this.modules = modules;
    this.state = {
      round: 0,
      time: 0n,
      nextNumber: FIRST_NUMBER,
      queue: [],
      ingress: new Map(),
      storagePaidUntil: 0n,
      limits,
      executed: 0n,
    };
  }

  beginRound(round: number, time: bigint, seed: Uint8Array): void {
    this.state.round = round;
    this.state.time = time;
    this.finished = [];
    this.#seed = Uint8Array.from(seed);
    this.#drawn = 0;
  }

  /** 32 bytes that follow from the round's seed. */
  random(): Uint8Array {
    this.#drawn += 1;
    return new Uint8Array(
      createHash('sha256').update('livepod ic randomness').update(this.#seed).update(String(this.#drawn)).digest(),
    );
  }

  push(work: Work): void {
    this.state.queue.push(work);
  }

  induct(ingress: Ingress): void {
    const { requestId, sender, senderInfo, to, effective, method, arg, expiry } = ingress;
    if (this.state.ingress.has(requestId) || expiry < this.state.time) return;
    this.state.ingress.set(requestId, {
      state: { status: 'received' },
      sender: Buffer.from(sender).toString('hex'),
      to,
      effective,
      expiry,
      finishedAt: 0n,
    });
    this.push({
      kind: 'call',
      to,
      call: {
        origin: { kind: 'ingress', requestId },
        caller: sender,
        callerInfo: senderInfo,
        method,
        arg,
        cycles: 0n,
        deadline: 0n,
      },
    });
  }

  /** Answers whoever waits, and gives back the cycles that were not accepted. */
  respond(origin: Origin, response: Response, refund: bigint): void {
    if (origin.kind === 'task') return;
    if (origin.kind === 'ingress') {
      const known = this.state.ingress.get(origin.requestId);
      if (!known) return;
      known.state =
        response.kind === 'reply'
          ? { status: 'replied', data: response.data }
          : { status: 'rejected', rejection: response.rejection };
      known.finishedAt = this.state.time;
      this.finished.push(origin.requestId);
      return;
    }
    const answered: Answered =
      response.kind === 'reply' ? response : { kind: 'reject', ...towardsCanister(response.rejection) };
    this.push({ kind: 'response', to: origin.canister, callback: origin.callback, response: answered, refund });
  }

  processing(origin: Origin): void {
    if (origin.kind !== 'ingress') return;
    const known = this.state.ingress.get(origin.requestId);
    if (known?.state.status === 'received') known.state = { status: 'processing' };
  }

  forgetOldAnswers(): void {
    for (const [requestId, known] of this.state.ingress) {
      const done = known.state.status === 'replied' || known.state.status === 'rejected';
      if (done && known.expiry < this.state.time && known.finishedAt + KEEP_ANSWERS < this.state.time)
        this.state.ingress.delete(requestId);
    }
  }

  /** An empty canister; that it was created is for the caller to record. */
  createCanister(controllers: Id[], cycles: bigint, specified?: Id): Canister {
    let id = specified ?? canisterId(this.state.nextNumber);
    while (!specified && this.canisters.has(id)) id = canisterId(++this.state.nextNumber);
    if (!specified) this.state.nextNumber += 1n;
    return this.adopt(id, newCanisterState(controllers, cycles, this.state.time));
  }

  adopt(id: Id, state: CanisterState): Canister {
    const canister = new Canister(id, state, this.network, this.pages);
    this.canisters.set(id, canister);
    return canister;
  }

  /** Rejects all that a canister was working on; its code is gone. */
  abandonCalls(canister: Canister): void {
    const { contexts } = canister.state;
    for (const [id, context] of contexts) {
      if (!context.answered)
        this.respond(
          context.origin,
          { kind: 'reject', rejection: { ...rejection('moduleNotFound', 'Canister has been uninstalled.'), code: 4 } },
          context.available,
        );
      Object.assign(context, { answered: true, deleted: true, available: 0n });
      if (context.outstanding === 0) contexts.delete(id);
    }
    this.settleStop(canister);
  }

  /** Completes a stop once nothing is open any more. */
  settleStop(canister: Canister): void {
    const { state } = canister;
    if (state.status !== 'stopping' || state.contexts.size > 0) return;
    state.status = 'stopped';
    state.version += 1n;
    const waiters = state.stopWaiters;
    state.stopWaiters = [];
    for (const { origin, refund } of waiters) this.respond(origin, { kind: 'reply', data: EMPTY_REPLY }, refund);
  }
}

/** Candid for `()`. */
export const EMPTY_REPLY = new Uint8Array([0x44, 0x49, 0x44, 0x4c, 0, 0]);
