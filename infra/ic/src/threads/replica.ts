import { Clock } from '../control/clock.js';
import { createSubnetKeys, FRESH, type SubnetKeys } from '../certificates/index.js';
import { PageReader } from '../durability/page-reader.js';
import { Canister, newCanisterState } from '../subnet/canister.js';
import type { Id } from '../subnet/principals.js';
import { Elsewhere, evaluateQuery, QUERY_PATIENCE, type QueryCall } from '../subnet/queries.js';
import { Subnet, type ModuleSource, type Response } from '../subnet/subnet.js';
import type { CanisterUpdate, Certificate, ClockUpdate, Counted, RoundUpdate, ThreadData } from './messages.js';

/** Clients believe certificates for 5 minutes; as a rule none is older than a second. Nanoseconds. */
const OLDEST_CERTIFICATE = 240_000_000_000n;
/** Pages of stable memory in RAM: 16 MiB. */
const CACHED = 256;

/** Installing code is not done here. */
const NO_MODULES: ModuleSource = {
  save: () => {},
  prepare: () => {
    throw new Elsewhere();
  },
  load: () => {
    throw new Elsewhere();
  },
  uploaded: () => {
    throw new Elsewhere();
  },
};

class ShownCanister extends Canister {
  shownBytes = 0n;
  certificate?: Certificate;

  override memoryBytes(): bigint {
    return this.shownBytes;
  }
}

/**
 * The canisters as the last round left them, for queries. Memory is shared with the executing thread until a query
 * touches a canister.
 */
export class Replica {
  readonly keys: SubnetKeys;
  readonly #subnet: Subnet;
  readonly #pages: PageReader;
  readonly #clock = new Clock();
  #network?: Certificate;

  constructor({ folder, seed, limits, clock }: ThreadData, print: (canister: Id, line: string) => void) {
    this.keys = createSubnetKeys(seed);
    this.#clock.setting = clock;
    this.#subnet = new Subnet(
      { subnetId: this.keys.subnetId, nodeId: this.keys.nodeId, rootKey: this.keys.rootDer },
      NO_MODULES,
      limits,
      (this.#pages = new PageReader(folder, CACHED)),
    );
    this.#subnet.onLog = print;
  }

  /** Nanoseconds since the epoch, as the host tells it. */
  now(): bigint {
    return this.#clock.now(this.#subnet.state.time);
  }

  apply(update: RoundUpdate | ClockUpdate): void {
    if (update.kind === 'clock') {
      this.#clock.setting = update.setting;
      return;
    }
    this.#subnet.state.time = update.time;
    this.#network = update.network ?? this.#network;
    for (const one of update.canisters) this.#update(one);
    if (update.canisters.some(({ stable }) => stable.tables)) this.#pages.forgetDeleted();
    for (const id of update.gone) this.#subnet.canisters.delete(id);
  }

  /** A certificate of what the network says of itself, if there is one that clients believe. */
  networkCertificate(): Uint8Array | undefined {
    return this.#network && this.now() - this.#network.time < OLDEST_CERTIFICATE ? this.#network.bytes : undefined;
  }

  /** @throws Elsewhere when it takes what only the executing thread has */
  query(call: QueryCall): {
    response: Response;
    counted: Counted[];
    /** Whether its certificate is older than need be. */ stale: boolean;
  } {
    const counted: Counted[] = [];
    let age = 0n;
    const latest = performance.now() + QUERY_PATIENCE;
    const response = evaluateQuery(
      this.#subnet,
      {
        time: this.now(),
        expired: () => performance.now() > latest,
        certificate: (canister) => {
          const { certificate } = canister as ShownCanister;
          age = certificate ? this.now() - certificate.time : OLDEST_CERTIFICATE;
          return certificate?.bytes ?? new Uint8Array();
        },
        system: () => {
          throw new Elsewhere();
        },
        onCounted: (canister, stats) => void counted.push({ canister, stats }),
      },
      call,
    );
    if (age >= OLDEST_CERTIFICATE) throw new Elsewhere();
    return { response, counted, stale: age >= FRESH };
  }

  #update({ id, state, memoryBytes, module, heap, stable, certificate }: CanisterUpdate): void {
    const canister = this.#canister(id);
    Object.assign(canister.state, state);
    canister.shownBytes = memoryBytes;
    if (certificate) canister.certificate = certificate;
    if (module) canister.instance = canister.instantiate(module);
    else if (!heap) canister.instance = undefined;
    if (heap) canister.instance!.adopt(heap);
    canister.stable.apply(stable);
  }

  #canister(id: Id): ShownCanister {
    const known = this.#subnet.canisters.get(id);
    if (known) return known as ShownCanister;
    const { network, pages } = this.#subnet;
    const made = new ShownCanister(id, newCanisterState([], 0n, 0n), network, pages);
    this.#subnet.canisters.set(id, made);
    return made;
  }
}
