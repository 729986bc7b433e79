import type { Id } from '../subnet/principals.js';
import type { CanisterUpdate, ClockUpdate, RoundUpdate } from './messages.js';

interface Whole extends Omit<CanisterUpdate, 'heap'> {
  heap?: { bytes: number; globals: unknown[]; pages: Map<number, Uint8Array> };
}

/** All updates so far added up, for threads that begin later. It holds references to shared pages, no copies. */
export class Store {
  readonly #canisters = new Map<Id, Whole>();
  #last?: RoundUpdate;
  #clock?: ClockUpdate;

  apply(update: RoundUpdate | ClockUpdate): void {
    if (update.kind === 'clock') {
      this.#clock = update;
      return;
    }
    this.#last = { ...update, network: update.network ?? this.#last?.network };
    for (const one of update.canisters) this.#canisters.set(one.id, added(this.#canisters.get(one.id), one));
    for (const id of update.gone) this.#canisters.delete(id);
  }

  /** Updates that lead a new thread to the present state. */
  everything(): (RoundUpdate | ClockUpdate)[] {
    const whole = [...this.#canisters.values()].map((one): CanisterUpdate => ({
      ...one,
      heap: one.heap && { ...one.heap, pages: [...one.heap.pages] },
    }));
    return [
      ...(this.#clock ? [this.#clock] : []),
      ...(this.#last ? [{ ...this.#last, canisters: whole, gone: [] }] : []),
    ];
  }
}

function added(before: Whole | undefined, update: CanisterUpdate): Whole {
  const { module, heap, stable } = update;
  return {
    ...update,
    module: heap && (module ?? before?.module),
    certificate: update.certificate ?? before?.certificate,
    heap: heap && { ...heap, pages: put(module ? new Map() : before?.heap?.pages, heap.pages) },
    stable: stable.tables
      ? stable
      : { ...stable, tables: before?.stable.tables, pages: put(before?.stable.pages, stable.pages) },
  };
}

function put<V>(into: Map<number, V> = new Map(), entries: Iterable<[number, V]>): Map<number, V> {
  for (const [page, content] of entries) into.set(page, content);
  return into;
}
