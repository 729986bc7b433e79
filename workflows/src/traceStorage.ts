/**
 * The one storage of every workflow's trace context in a worker, loaded once and shared (`preloadModules`). A storage
 * per workflow would cost each promise of each workflow one entry per cached workflow, on Node.js below 24: memory in
 * the square of the cache. What is stored still goes with the flow of calls that it was stored in, so no workflow sees
 * another's. Only functions go out: what is shared is frozen.
 */
interface Storage {
  getStore(): unknown;
  run<T>(value: unknown, work: () => T): T;
}

/** Temporal's sandbox provides it; there is no Node.js to import it from. */
const storage = new (globalThis as unknown as { AsyncLocalStorage: new () => Storage }).AsyncLocalStorage();

export const current = (): unknown => storage.getStore();
export const within = <T>(value: unknown, work: () => T): T => storage.run(value, work);
