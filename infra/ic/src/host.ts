import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Certified, Certifier } from './certification.js';
import { Clock } from './control/clock.js';
import { createSubnetKeys, FRESH, seedUnderARoot, type SubnetKeys } from './certificates/index.js';
import { writeDurably } from './durability/files.js';
import { History } from './durability/history.js';
import { lock } from './durability/lock.js';
import { PageStore } from './durability/page-store.js';
import { unwritable } from './durability/unwritable.js';
import { IcError } from './errors.js';
import { performOutcall } from './outcalls.js';
import type { Canister } from './subnet/canister.js';
import type { Edit } from './subnet/edits.js';
import { evaluateQuery, inspectIngress, QUERY_PATIENCE, type QueryCall } from './subnet/queries.js';
import { textOf, type Id } from './subnet/principals.js';
import type { Outcall, OutcallOutcome, OutcallResult } from './subnet/outcalls.js';
import { SYS_TRANSIENT } from './subnet/reject.js';
import { SERVICES } from './services.js';
import { executeRound, nextDue, type RoundInput } from './subnet/rounds.js';
import { MAIN_NETWORK_LIMITS, Subnet, type Ingress, type Limits, type Response } from './subnet/subnet.js';
import { Instrumenter } from './wasm/instrumenter.js';
import { ModuleStore } from './wasm/module-store.js';

export interface HostOptions {
  /** Folder for keys, journal and checkpoints; made if it is not there. */
  state: string;
  /** Least time between two rounds. Default 0: a round as soon as there is something to do. */
  secondsPerRound?: number;
  /** Instructions per message; those of the main network if not given. */
  limits?: Partial<Limits>;
  /**
   * Whether a new state's subnet stands under a root that delegates to it, as on the main network; an old state keeps
   * its form.
   */
  delegated?: boolean;
  /** Bytes of journal after which a checkpoint is written. Default 64 MiB. */
  checkpointAfter?: number;
  /** Makes the HTTP requests of canisters; by default those to loopback addresses, and no others. */
  outcall?: (outcall: Outcall) => Promise<OutcallOutcome>;
  /** What canisters print. */
  onLog?: (line: string) => void;
  /** Called when the host cannot go on, as when the disk is full; it answers nothing any more. */
  onFailure?: (failure: unknown) => void;
}

type Outcome = { certified: Certified } | 'pending';
type Waiter = (outcome: Outcome | IcError) => void;

const ROUND_BYTES = 16 << 20;
const ROUND_CALLS = 1000;
const LONGEST_SLEEP = 60_000;
/** Milliseconds from a write that failed to the next try. */
const WRITE_AGAIN = 1000;

/**
 * One subnet of one node with everything around it: rounds, journal, checkpoints, certificates. Nothing of a round
 * leaves the host before the round's input is on disk; a restart executes the journal again and comes to the same
 * state.
 */
export class Host {
  readonly keys: SubnetKeys;
  readonly subnet: Subnet;
  readonly clock = new Clock();
  /** Called when a round's input is on disk and nothing of it has left yet. */
  onDurable: () => void = () => {};
  /** Called after each round, when its input is on disk and before its outcomes are told. */
  onRound: () => void = () => {};
  /** Called before each round. */
  beforeRound: () => void = () => {};
  /** Called when a query has shown a canister its certificate. */
  onCertificateShown: (canister: Id) => void = () => {};
  /** Of keys, journal, checkpoints and page files. */
  readonly folder: string;
  readonly #certifier: Certifier;
  readonly #pause: number;
  readonly #onFailure: (failure: unknown) => void;
  readonly #history: History;
  readonly #outcall: (outcall: Outcall) => Promise<OutcallOutcome>;
  readonly #underWay = new Set<number>();
  #outcomes: OutcallResult[] = [];
  #pending: Ingress[] = [];
  #known = new Set<string>();
  readonly #waiting = new Map<string, Waiter[]>();
  #statusAsked?: { requestIds: Set<string>; certified: Promise<Certified> };
  #certified?: { state: Certified; round: number };
  #busy?: Promise<void>;
  #timer?: NodeJS.Timeout;
  #lastRound = 0;
  #closed = false;
  #paused = false;
  #failed?: unknown;
  /** Why the last round could not be written; calls are refused until one can be. */
  #unwritable?: IcError;

  private constructor(options: HostOptions, keys: SubnetKeys) {
    this.folder = options.state;
    this.keys = keys;
    this.#pause = (options.secondsPerRound ?? 0) * 1000;
    this.#outcall = options.outcall ?? performOutcall;
    this.#onFailure =
      options.onFailure ??
      ((failure) => process.emitWarning(`The Internet Computer host stopped: ${String((failure as Error).stack)}`));
    const pages = new PageStore(options.state);
    const modules = new ModuleStore(join(options.state, 'modules'), new Instrumenter());
    const limits = { ...MAIN_NETWORK_LIMITS, ...options.limits };
    // a state without a checkpoint is new, or of a version that had no others
    const { rates: _, storageThreshold: __, storageCapacity: ___, ...earlier } = limits;
    this.subnet = new Subnet(
      { subnetId: keys.subnetId, nodeId: keys.nodeId, rootKey: keys.rootDer },
      modules,
      earlier,
      pages,
      SERVICES,
    );
    this.#history = new History(options.state, this.subnet, pages, options.checkpointAfter);
    this.subnet.onLog = (canister, line) => options.onLog?.(`[${textOf(canister)}] ${line}`);
    this.#certifier = new Certifier(keys, this.subnet);
    if (Object.entries(limits).some(([kind, limit]) => this.subnet.state.limits[kind as keyof Limits] !== limit)) {
      this.subnet.state.limits = limits; // a replay of earlier rounds needs the earlier limits
      this.#history.checkpoint();
    }
  }

  /**
   * Opens a host on its folder, and catches up with its journal.
   *
   * @throws IcError `instrumenterMissing` · `stateInUse` · `stateDamaged` · `stateOutdated` · `stateUnwritable`
   */
  static open(options: HostOptions): Host {
    let host: Host;
    try {
      mkdirSync(options.state, { recursive: true, mode: 0o700 });
      lock(options.state);
      host = new Host(options, createSubnetKeys(seedIn(options.state, options.delegated ?? false)));
    } catch (failure) {
      throw unwritable(options.state, failure) ?? failure;
    }
    host.clock.notBefore(host.subnet.state.time);
    host.#sendOutcalls();
    host.#schedule();
    return host;
  }

  /** Nanoseconds since the epoch, never before the last round. */
  now(): bigint {
    return this.clock.now(this.subnet.state.time);
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** No round begins by itself until `resume`; what comes in meanwhile waits. */
  pause(): void {
    this.#paused = true;
    clearTimeout(this.#timer);
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  /**
   * Executes one round now, whether or not there is something to do; with changes that nothing in the network could
   * make.
   */
  async step(edits: Edit[] = []): Promise<void> {
    while (this.#busy) await this.#busy; // looked at again after every wait, so that of two steps none is lost
    if (this.#failed) throw this.#failed;
    clearTimeout(this.#timer);
    this.#startRound(edits);
    await this.#quiet();
    if (this.#unwritable) throw this.#unwritable;
  }

  /** Copies the whole state to a folder that another host can be started on. */
  async exportTo(folder: string): Promise<void> {
    await this.#quiet();
    this.#history.checkpoint();
    cpSync(this.folder, folder, {
      recursive: true,
      errorOnExist: true,
      force: false,
      filter: (path) => !path.endsWith('/lock') && !path.endsWith('/control-token'),
    });
  }

  /**
   * Takes a call in and waits for its outcome.
   *
   * @returns a certificate's state that shows the outcome, or `pending` after the given milliseconds
   * @throws IcError `stateUnwritable`: it was not taken in
   */
  async call(ingress: Ingress, patience: number): Promise<Outcome> {
    const { requestId } = ingress;
    const known = this.subnet.state.ingress.get(requestId);
    if (known?.finishedAt) return { certified: await this.statusOf([requestId]) };
    if (!known && !this.#known.has(requestId)) {
      if (this.#unwritable) throw this.#unwritable;
      this.#known.add(requestId);
      this.#pending.push(ingress);
      this.#schedule();
    }
    if (patience === 0) return 'pending';
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => resolve('pending'), patience);
      const waiters = this.#waiting.get(requestId) ?? [];
      this.#waiting.set(requestId, [
        ...waiters,
        (outcome) => {
          clearTimeout(timer);
          if (outcome instanceof IcError) reject(outcome);
          else resolve(outcome);
        },
      ]);
    });
  }

  isKnown(requestId: string): boolean {
    return this.#known.has(requestId) || this.subnet.state.ingress.has(requestId);
  }

  /** Whether a canister takes a call. @throws Reject */
  async inspect(ingress: Ingress): Promise<void> {
    await this.#quiet();
    inspectIngress(this.subnet, this.now(), ingress);
  }

  async query(call: QueryCall): Promise<Response> {
    await this.#quiet();
    const latest = performance.now() + QUERY_PATIENCE;
    return evaluateQuery(
      this.subnet,
      {
        time: this.now(),
        expired: () => performance.now() > latest,
        certificate: (canister) => {
          this.onCertificateShown(canister.id);
          return this.certificateOf(canister).bytes;
        },
        system: (asked) => SERVICES.query(this.subnet, asked),
      },
      call,
    );
  }

  /** The certificate of a canister's certified data, as of the last round. */
  certificateOf(canister: Canister): { bytes: Uint8Array; time: bigint } {
    const state = this.#fresh();
    return {
      bytes: state.certificate([[Buffer.from('canister'), canister.idBytes, Buffer.from('certified_data')]]),
      time: state.time,
    };
  }

  /** The certificate of what the network says of itself: its keys and ranges of canister ids. */
  networkCertificate(): { bytes: Uint8Array; time: bigint } {
    const state = this.#fresh();
    return { bytes: state.certificate([[Buffer.from('subnet')], [Buffer.from('canister_ranges')]]), time: state.time };
  }

  /** Ends the host: it answers nothing any more. */
  fail(failure: unknown): void {
    this.#failed = failure;
    this.#closed = true;
    this.#onFailure(failure);
  }

  /** A certified state that shows the outcomes of these calls. Those asked for at the same time share a signature. */
  async statusOf(requestIds: string[]): Promise<Certified> {
    if (this.#statusAsked) {
      for (const requestId of requestIds) this.#statusAsked.requestIds.add(requestId);
      return this.#statusAsked.certified;
    }
    const asked = new Set(requestIds);
    const certified = (async () => {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      await this.#quiet();
      this.#statusAsked = undefined;
      return asked.size === 0 ? this.#fresh() : this.#certify(asked);
    })();
    this.#statusAsked = { requestIds: asked, certified };
    return certified;
  }

  /** Stops: finishes the round under way and writes a checkpoint. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#quiet();
    for (const waiters of this.#waiting.values()) for (const tell of waiters) tell('pending');
    this.#history.tryCheckpoint(); // without it the next start takes longer
    this.#history.close();
    rmSync(join(this.folder, 'lock'), { force: true });
  }

  /** Waits until no round is under way: the state is then on disk, and may be shown. */
  async #quiet(): Promise<void> {
    while (this.#busy) await this.#busy;
    if (this.#failed) throw this.#failed;
  }

  #certify(requestIds: Iterable<string>): Certified {
    const state = this.#certifier.certify(requestIds, this.now());
    this.#certified = { state, round: this.subnet.state.round };
    return state;
  }

  /** A certified state of now, for whatever is not a call's outcome. */
  #fresh(): Certified {
    const last = this.#certified;
    if (last && last.round === this.subnet.state.round && last.state.time + FRESH > this.now()) return last.state;
    return this.#certify([]);
  }

  #schedule(): void {
    if (this.#closed || this.#busy || this.#paused) return;
    clearTimeout(this.#timer);
    const due = this.#unwritable || this.#pending.length + this.#outcomes.length > 0 ? 0n : nextDue(this.subnet);
    if (due === undefined) return;
    const wait = Math.max(
      Number((due - this.clock.now()) / 1_000_000n) + 1,
      this.#lastRound + (this.#unwritable ? WRITE_AGAIN : this.#pause) - Date.now(),
      0,
    );
    if (wait > 0 && wait > LONGEST_SLEEP) this.#timer = setTimeout(() => this.#schedule(), LONGEST_SLEEP);
    else this.#timer = setTimeout(() => this.#startRound(), wait);
  }

  #startRound(edits: Edit[] = []): void {
    if (this.#closed || this.#busy) return;
    this.#busy = this.#round(edits)
      .catch((failure: unknown) => {
        this.fail(failure);
      })
      .finally(() => {
        this.#busy = undefined;
        setImmediate(() => this.#schedule()); // queries that waited come first
      });
  }

  async #round(edits: Edit[]): Promise<void> {
    this.#lastRound = Date.now();
    this.beforeRound();
    const { state } = this.subnet;
    const time = this.clock.now();
    const input: RoundInput = {
      round: state.round + 1,
      time: time > state.time ? time : state.time + 1n,
      seed: new Uint8Array(randomBytes(32)),
      ingress: this.#takePending(),
      outcalls: this.#outcomes.splice(0),
      ...(edits.length > 0 && { edits }),
    };
    let durable: Promise<void>;
    try {
      ({ durable } = this.#history.write(input));
    } catch (failure) {
      return this.#refuse(input, failure);
    }
    this.#unwritable = undefined;
    executeRound(this.subnet, input);
    await durable;
    this.onDurable();
    for (const { requestId } of input.ingress) this.#known.delete(requestId);
    for (const { id } of input.outcalls!) this.#underWay.delete(id);
    this.#tell(this.subnet.finished);
    this.#sendOutcalls();
    if (this.#history.isLong) this.#history.tryCheckpoint();
  }

  /**
   * Nothing of a round that is not in the journal has happened: whoever waits is told, and the host tries again soon.
   */
  #refuse({ ingress, outcalls }: RoundInput, failure: unknown): void {
    this.#unwritable = unwritable(this.folder, failure);
    if (!this.#unwritable) throw failure;
    this.#outcomes.unshift(...(outcalls ?? []));
    for (const { requestId } of ingress) {
      this.#known.delete(requestId);
      for (const tell of this.#waiting.get(requestId) ?? []) tell(this.#unwritable);
      this.#waiting.delete(requestId);
    }
  }

  #takePending(): Ingress[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#pending.length && count < ROUND_CALLS && (count === 0 || bytes < ROUND_BYTES))
      bytes += this.#pending[count++]!.arg.length;
    return this.#pending.splice(0, count);
  }

  /** Sends the HTTP requests that canisters have asked for; what comes of them is input of a later round. */
  #sendOutcalls(): void {
    for (const outcall of this.subnet.state.outcalls?.values() ?? []) {
      if (this.#underWay.has(outcall.id)) continue;
      this.#underWay.add(outcall.id);
      const failed = (cause: Error): OutcallOutcome => ({ code: SYS_TRANSIENT, message: cause.message });
      void this.#outcall(outcall)
        .catch(failed)
        .then((outcome) => {
          this.#outcomes.push({ id: outcall.id, outcome });
          this.#schedule();
        });
    }
  }

  /** One signature for all calls that were answered in a round. */
  #tell(finished: string[]): void {
    const awaited = finished.filter((requestId) => this.#waiting.has(requestId));
    const certified = awaited.length > 0 ? this.#certify(awaited) : undefined;
    this.onRound();
    if (!certified) return;
    for (const requestId of awaited) {
      for (const tell of this.#waiting.get(requestId)!) tell({ certified });
      this.#waiting.delete(requestId);
    }
  }
}

function seedIn(folder: string, delegated: boolean): Uint8Array {
  const path = join(folder, 'keys');
  if (!existsSync(path)) writeDurably(path, delegated ? seedUnderARoot(randomBytes(32)) : randomBytes(32));
  return new Uint8Array(readFileSync(path));
}
