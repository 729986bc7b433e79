import { COUNTER, MEMORY, type CanisterModule } from '../wasm/module.js';
import type { Closure, Message } from './message.js';
import { PAGE, type PageTable } from './page-table.js';
import { outOfInstructions, STACK_OVERFLOW, Trap, trapOf } from './trap.js';

/**
 * As in `instrument/src/barrier.rs`: a byte for each 4 KiB that a message has written, and where the module's own
 * memory begins.
 */
export const GRAIN = 4096;
export const BASE = 17 * PAGE;
const NO_MEMORY = new ArrayBuffer(BASE);

/** Instructions charged for a message that overflowed the stack. */
const OVERFLOW_COST = 10_000_000n;

interface Live {
  exports: WebAssembly.Exports;
  memory?: WebAssembly.Memory;
  counter: WebAssembly.Global;
  globals: WebAssembly.Global[];
}

export type Imports = (instance: Instance) => WebAssembly.Imports;

/** What other threads are shown of an image: their pages are never written to again. */
export interface HeapChanges {
  bytes: number;
  globals: unknown[];
  pages: [page: number, content: Uint8Array][];
}

/**
 * A module's running instance with its committed image: heap pages and mutable globals as the last committed message
 * left them. Committing copies what the message wrote into the image; rolling back copies it out of there. Which parts
 * those are, the module has noted itself (`instrument`), so both cost what the message wrote and not what the heap
 * holds. The image's pages are shared memory: threads that answer queries have the same ones.
 */
export class Instance {
  readonly module: CanisterModule;
  /** The message under way; the System API works on it. */
  message!: Message;
  /** Heap pages changed since the last checkpoint. */
  readonly dirty = new Set<number>();
  /** Where the last checkpoint has the heap's pages; nothing if it has none of this instance. */
  saved?: PageTable;
  readonly #imports: Imports;
  #live?: Live;
  #image: Uint8Array[] = [];
  /** Pages of the image that no other thread has been shown. */
  readonly #unshown = new Set<number>();
  #imageGlobals?: unknown[];
  #bytes = new Uint8Array();
  /** Beyond the heap's end there may be a note that a store near the end has made; nobody looks at it. */
  #notes = Buffer.alloc(0);

  constructor(module: CanisterModule, imports: Imports, committed?: { heap: Uint8Array; globals?: unknown[] }) {
    this.module = module;
    this.#imports = imports;
    if (committed) {
      for (let from = 0; from < committed.heap.length; from += PAGE)
        this.#write(from / PAGE, committed.heap.subarray(from, from + PAGE));
      this.#imageGlobals = committed.globals;
    }
  }

  /** A copy of the committed heap. */
  copyHeap(): Uint8Array {
    const whole = new Uint8Array(this.heapBytes);
    this.#image.forEach((page, index) => whole.set(page, index * PAGE));
    return whole;
  }

  get heapBytes(): number {
    return this.#image.length * PAGE;
  }

  /** A page of the committed heap. */
  heapPage(page: number): Uint8Array {
    return this.#image[page]!;
  }

  /** Bytes of the heap as it is now, committed or not. */
  get size(): number {
    this.#start();
    return this.bytes.length;
  }

  get globals(): unknown[] {
    return this.#imageGlobals ?? [];
  }

  /** What changed since the last time that this was asked, or all there is. */
  takeChanges(all: boolean): HeapChanges {
    const pages = [...(all ? this.#image.keys() : this.#unshown)].map((page): [number, Uint8Array] => [
      page,
      this.#image[page]!,
    ]);
    this.#unshown.clear();
    return { bytes: this.heapBytes, globals: this.globals, pages };
  }

  /** Takes over what another thread has committed; between messages. */
  adopt({ bytes, globals, pages }: HeapChanges): void {
    for (const [page, content] of pages) this.#image[page] = content;
    this.#imageGlobals = globals;
    if (this.#live && this.bytes.length !== bytes) this.#live = undefined;
    if (!this.#live) return;
    for (const [page, content] of pages) this.bytes.set(content, page * PAGE);
    globals.forEach((value, index) => {
      this.#live!.globals[index]!.value = value;
    });
  }

  /** The heap as Wasm sees it now; who writes to it says so with `wrote`. */
  get bytes(): Uint8Array {
    const buffer = this.#live!.memory?.buffer ?? NO_MEMORY;
    if (this.#bytes.buffer !== buffer) {
      this.#bytes = new Uint8Array(buffer, BASE);
      this.#notes = Buffer.from(buffer, 0, this.#bytes.length / GRAIN);
    }
    return this.#bytes;
  }

  /** Notes that the message under way has written a part of the heap. */
  wrote(address: number, length: number): void {
    if (length > 0) this.#notes.fill(1, Math.floor(address / GRAIN), Math.floor((address + length - 1) / GRAIN) + 1);
  }

  /** Charges the message under way; the next check in Wasm cuts it off when nothing is left. */
  charge(instructions: number): void {
    const { counter } = this.#live!;
    const left = (counter.value as bigint) - BigInt(instructions);
    counter.value = left;
    if (left < 0n) throw outOfInstructions(this.message.instructionLimit);
  }

  used(): bigint {
    return this.message.instructionLimit - (this.#live!.counter.value as bigint);
  }

  /**
   * Runs an export or a table entry for a message. Neither commits nor rolls back.
   *
   * @returns the trap that ended it, if one did
   */
  run(message: Message, entry: string | Closure): Trap | undefined {
    this.message = message;
    let live: Live | undefined;
    try {
      live = this.#start();
      live.counter.value = message.instructionLimit;
      if (typeof entry === 'string') (live.exports[entry] as () => void)();
      else {
        const table = live.exports['ic table 0'] as WebAssembly.Table | undefined;
        const callback =
          entry.fun < (table?.length ?? 0) ? (table!.get(entry.fun) as ((env: number | bigint) => void) | null) : null;
        if (!callback)
          throw new Trap(
            'functionNotFound',
            `Canister requested to invoke a non-existent Wasm function ${entry.fun} from table 0`,
          );
        const env = BigInt(entry.env); // a number in states of earlier versions
        callback(this.module.wide ? BigInt.asIntN(64, env) : Number(BigInt.asIntN(32, env)));
      }
      return undefined;
    } catch (thrown) {
      const trap = trapOf(thrown, live && (live.counter.value as bigint) < 0n ? message.instructionLimit : undefined);
      // how deep the stack goes before it overflows differs from run to run, and so does what was counted until then
      if (live && trap.message === STACK_OVERFLOW) live.counter.value = message.instructionLimit - OVERFLOW_COST;
      return trap;
    } finally {
      message.instructions = live ? this.used() : 0n;
    }
  }

  /** @returns bytes of heap that were written, in parts of 4 KiB */
  commit(): number {
    const live = this.#start();
    const { bytes } = this;
    let written = 0;
    for (let page = this.#image.length; page < bytes.length / PAGE; page += 1) {
      this.#write(page, bytes.subarray(page * PAGE, (page + 1) * PAGE));
      this.dirty.add(page);
    }
    this.#forWrittenGrains((from) => {
      written += GRAIN;
      const page = Math.floor(from / PAGE);
      const content = bytes.subarray(from, from + GRAIN);
      if (Buffer.compare(content, this.#image[page]!.subarray(from % PAGE, (from % PAGE) + GRAIN)) === 0) return;
      this.#write(page, content, from % PAGE);
      this.dirty.add(page);
    });
    this.#imageGlobals = live.globals.map((global) => global.value as unknown);
    if (this.module.dropsData) this.#live = undefined;
    return written;
  }

  rollback(): void {
    const live = this.#live;
    if (!live) return;
    if (this.bytes.length !== this.heapBytes || !this.#imageGlobals || this.module.dropsData) {
      // a grown memory cannot shrink, nor do dropped data come back: the next message gets a new instance
      this.#live = undefined;
      return;
    }
    const { bytes } = this;
    this.#forWrittenGrains((from) =>
      bytes.set(this.#image[Math.floor(from / PAGE)]!.subarray(from % PAGE, (from % PAGE) + GRAIN), from),
    );
    this.#imageGlobals.forEach((value, index) => {
      live.globals[index]!.value = value;
    });
  }

  /** Each 4 KiB that the message has noted to have written, and takes the note away. */
  #forWrittenGrains(act: (from: number) => void): void {
    const notes = this.#notes;
    for (let grain = notes.indexOf(1); grain >= 0; grain = notes.indexOf(1, grain + 1)) {
      notes[grain] = 0;
      act(grain * GRAIN);
    }
  }

  /** Others may be reading a page that they were shown: it is replaced, not written to. */
  #write(page: number, content: Uint8Array, at = 0): void {
    if (!this.#unshown.has(page)) {
      const renewed = new Uint8Array(new SharedArrayBuffer(PAGE));
      if (content.length < PAGE) renewed.set(this.#image[page]!);
      this.#image[page] = renewed;
    }
    this.#unshown.add(page);
    this.#image[page]!.set(content, at);
  }

  #start(): Live {
    if (this.#live) return this.#live;
    const { exports } = new WebAssembly.Instance(this.module.compiled, this.#imports(this));
    const memory = exports[MEMORY] as WebAssembly.Memory | undefined;
    const globals = this.module.globals.map((name) => exports[name] as WebAssembly.Global);
    this.#live = { exports, memory, globals, counter: exports[COUNTER] as WebAssembly.Global };
    if (memory && this.#image.length > 0) {
      const missing = (this.heapBytes + BASE - memory.buffer.byteLength) / PAGE;
      if (missing > 0) memory.grow(missing);
      this.#image.forEach((page, index) => this.bytes.set(page, index * PAGE));
      this.bytes.fill(0, this.heapBytes); // data that a new module has beyond a heap that it is given
    }
    this.#imageGlobals?.forEach((value, index) => {
      globals[index]!.value = value;
    });
    return this.#live;
  }
}
