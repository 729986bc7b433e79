import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instrumenter } from './instrumenter.js';
import { checkSections, readModule, sha256, unpacked, type CanisterModule } from './module.js';

/** Modules by the hash of what was uploaded, kept on disk: uploaded (needed for replay and status) and instrumented (a cache). */
export class ModuleStore {
  readonly #folder: string;
  readonly #instrumenter: Instrumenter;
  readonly #ready = new Map<string, CanisterModule>();

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
    if (!existsSync(cached)) {
      const wasm = unpacked(uploaded);
      const rewritten = this.#instrumenter.rewrite(wasm);
      checkSections(wasm);
      write(cached, rewritten);
      write(join(this.#folder, name), uploaded);
    }
    const ready = readModule(hash, readFileSync(cached), uploaded.length);
    this.#ready.set(name, ready);
    return ready;
  }

  /** The bytes of a module that was prepared before, as they were uploaded. */
  uploaded(hash: Uint8Array): Uint8Array {
    return new Uint8Array(readFileSync(join(this.#folder, Buffer.from(hash).toString('hex'))));
  }

  /** A module that was prepared before, perhaps by an earlier run. */
  load(hash: Uint8Array): CanisterModule {
    const name = Buffer.from(hash).toString('hex');
    return this.#ready.get(name) ?? this.prepare(this.uploaded(hash));
  }
}

function write(path: string, bytes: Uint8Array): void {
  const half = `${path}.${process.pid}`;
  writeFileSync(half, bytes, { flush: true });
  renameSync(half, path);
}
