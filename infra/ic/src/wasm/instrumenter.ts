import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IcError } from '../errors.js';
import { CACHE } from '../places.mjs';
import { Reject } from '../subnet/reject.js';

interface Exports {
  memory: WebAssembly.Memory;
  alloc(length: number): number;
  instrument(address: number, length: number): number;
}

const DEFAULT_PATH = join(CACHE, 'wasm/instrument.wasm');

/** The module rewriter (`infra/ic/instrument`), itself Wasm. */
export class Instrumenter {
  /** Names the rewriter's version: results of another are not reused. */
  readonly version: string;
  readonly #module: WebAssembly.Module;

  /** @throws IcError `instrumenterMissing` */
  constructor(path = process.env.LIVEPOD_IC_INSTRUMENT ?? DEFAULT_PATH) {
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch (cause) {
      throw new IcError(
        'instrumenterMissing',
        { path },
        `The Wasm instrumenter is not at ${path}; build it with infra/ic/instrument/build.sh OUTPUT, or let ` +
          'LIVEPOD_IC_INSTRUMENT name it.',
        { cause },
      );
    }
    this.version = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    this.#module = new WebAssembly.Module(new Uint8Array(bytes));
  }

  /**
   * Validates a canister module and makes it ready to run.
   *
   * @throws Reject `invalidWasm`
   */
  rewrite(wasm: Uint8Array): Uint8Array {
    const { memory, alloc, instrument } = new WebAssembly.Instance(this.#module).exports as unknown as Exports;
    const input = alloc(wasm.length) >>> 0;
    new Uint8Array(memory.buffer).set(wasm, input);
    const output = instrument(input, wasm.length) >>> 0;
    const header = new DataView(memory.buffer, output);
    const payload = new Uint8Array(memory.buffer, output + 8, header.getUint32(4, true)).slice();
    if (header.getUint32(0, true) === 0) return payload;
    throw new Reject('invalidWasm', `Canister's Wasm module is not valid: ${new TextDecoder().decode(payload)}`);
  }
}
