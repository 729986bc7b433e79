import { FRESH } from '../certificates/index.js';
import type { Instance } from '../execution/instance.js';
import type { Canister } from '../subnet/canister.js';
import type { Id } from '../subnet/principals.js';
import type { Subnet } from '../subnet/subnet.js';
import type { CanisterModule } from '../wasm/module.js';
import type { CanisterUpdate, Certificate, ShownState } from './messages.js';

interface Shown {
  instance?: Instance;
  stable: { epoch: number; version: number };
  mark: unknown[];
  certificate?: { of: Uint8Array; time: bigint };
}

const MOST_CERTIFIED = 32;

/** Keeps account of what other threads have been shown of a subnet's canisters, and makes the next update of it. */
export class Publisher {
  readonly #subnet: Subnet;
  readonly #shown = new Map<Id, Shown>();
  /** Canisters that show certificates in queries, those asked for last at the end. */
  readonly #certified = new Set<Id>();

  constructor(subnet: Subnet) {
    this.#subnet = subnet;
  }

  /** From now on its certificate is among the updates. */
  wantCertificate(id: Id): void {
    this.#certified.delete(id);
    this.#certified.add(id);
    if (this.#certified.size > MOST_CERTIFIED) this.#certified.delete(this.#certified.values().next().value!);
  }

  /**
   * What changed since the last time.
   *
   * @param certify  makes the certificate of a canister's certified data
   */
  changes(now: bigint, certify: (canister: Canister) => Certificate): { canisters: CanisterUpdate[]; gone: Id[] } {
    const canisters: CanisterUpdate[] = [];
    for (const canister of this.#subnet.canisters.values()) {
      const update = this.#update(canister, now, certify);
      if (update) canisters.push(update);
    }
    const gone = [...this.#shown.keys()].filter((id) => !this.#subnet.canisters.has(id));
    for (const id of gone) this.#shown.delete(id);
    return { canisters, gone };
  }

  #update(canister: Canister, now: bigint, certify: (canister: Canister) => Certificate): CanisterUpdate | undefined {
    const { id, instance, stable } = canister;
    const state = shownOf(canister);
    const mark = [
      state.version,
      state.cycles,
      state.status,
      state.settings,
      state.certified,
      state.timer,
      state.reserved,
    ];
    const before = this.#shown.get(id);
    const sameCode = before?.instance === instance;
    const { committed } = stable;
    const sameStable = before?.stable.epoch === committed.epoch && before.stable.version === committed.version;
    if (
      state.certified !== before?.mark[4] &&
      state.certified.length > 0 &&
      instance &&
      showsCertificates(instance.module)
    )
      this.wantCertificate(id);
    const due =
      this.#certified.has(id) && (before?.certificate?.of !== state.certified || before.certificate.time + FRESH < now);
    if (sameCode && sameStable && !due && mark.every((one, index) => one === before!.mark[index])) return undefined;
    const certificate = due ? certify(canister) : undefined;
    this.#shown.set(id, {
      instance,
      stable: committed,
      mark,
      certificate: certificate ? { of: state.certified, time: certificate.time } : before?.certificate,
    });
    return {
      id,
      state,
      memoryBytes: canister.memoryBytes(),
      ...(!sameCode && { module: instance?.module }),
      heap: instance?.takeChanges(!sameCode),
      stable: stable.view(before?.stable),
      certificate,
    };
  }
}

function shownOf({
  state: { settings, status, cycles, version, certified, timer, createdAt, reserved },
}: Canister): ShownState {
  return { settings, status, cycles, version, certified, timer, createdAt, reserved };
}

const showing = new WeakMap<CanisterModule, boolean>();

function showsCertificates(module: CanisterModule): boolean {
  let shows = showing.get(module);
  if (shows === undefined)
    showing.set(
      module,
      (shows = WebAssembly.Module.imports(module.compiled).some(({ name }) => name === 'data_certificate_copy')),
    );
  return shows;
}
