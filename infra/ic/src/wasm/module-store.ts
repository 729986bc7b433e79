import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instrumenter } from './instrumenter.js';
import { checkSections, readModule, sha256, unpacked, type CanisterModule } from './module.js';

/**
 * Modules by the hash of what was uploaded, kept on disk: uploaded (needed for replay and status) and instrumented (a
 * cache).
 */
export class ModuleStore {
  readonly #folder: string;
  readonly #instrumenter: Instrumenter;
  readonly #ready = new Map<string, CanisterModule>();
  /** What a full disk did not take, by path. */
  readonly #unsaved = new Map<string, Uint8Array>();

  constructor(folder: string, instrumenter: Instrumenter) {
    this.#folder = folder;
    this.#instrumenter = instrumenter;
    mkdirSync(folder, { recursive: true });
  }

  /** @throws Reject `invalidWasm` */
  prepare(uploaded: Uint8Array): CanisterModule {
    const hash = sha256(uploaded);
    const name = Buffer.from(hash).toString('hex');
    const known = this.#ready.get(name);
    if (known) return known;
    const cached = join(this.#folder, `${name}.${this.#instrumenter.version}.wasm`);
    const instrumented = existsSync(cached) ? readFileSync(cached) : this.#instrumented(uploaded, name, cached);
    const ready = readModule(hash, instrumented, uploaded.length);
    this.#ready.set(name, ready);
    return ready;
  }

  /** Writes what is not on disk yet: a checkpoint needs its modules. @throws what the system says, as on a full disk */
  save(): void {
    for (const [path, bytes] of this.#unsaved) {
      write(path, bytes);
      this.#unsaved.delete(path);
    }
  }

  /** The bytes of a module that was prepared before, as they were uploaded. */
  uploaded(hash: Uint8Array): Uint8Array {
    const path = join(this.#folder, Buffer.from(hash).toString('hex'));
    return this.#unsaved.get(path) ?? new Uint8Array(readFileSync(path));
  }

  /** A module that was prepared before, perhaps by an earlier run. */
  load(hash: Uint8Array): CanisterModule {
    const name = Buffer.from(hash).toString('hex');
    return this.#ready.get(name) ?? this.prepare(this.uploaded(hash));
  }

  #instrumented(uploaded: Uint8Array, name: string, cached: string): Uint8Array {
    const wasm = unpacked(uploaded);
    const rewritten = this.#instrumenter.rewrite(wasm);
    checkSections(wasm);
    this.#unsaved.set(join(this.#folder, name), uploaded).set(cached, rewritten);
    try {
      this.save();
    } catch {
      // what a message does must not depend on the disk: the next checkpoint tries again, and says so
    }
    return rewritten;
  }
}

function write(path: string, bytes: Uint8Array): void {
  const half = `${path}.${process.pid}`;
  try {
    writeFileSync(half, bytes, { flush: true });
  } catch (failure) {
    rmSync(half, { force: true });
    throw failure;
  }
  renameSync(half, path);
}
