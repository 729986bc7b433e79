import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { IcError } from '../errors.js';
import type { Instance } from '../execution/instance.js';
import { PAGE, PageTable, type Chunks } from '../execution/page-table.js';
import { StableMemory } from '../execution/stable-memory.js';
import type { Canister, CanisterState } from '../subnet/canister.js';
import type { Id } from '../subnet/principals.js';
import { MEMORIES, type SnapshotRecord } from '../subnet/snapshot.js';
import type { Subnet, SubnetState } from '../subnet/subnet.js';
import { deserialize } from './deserialize.js';
import { numbered, restoreIt, writeDurably } from './files.js';
import type { Holder, PageStore } from './page-store.js';

/** Of checkpoints and page files; states of another format are refused. */
const FORMAT = 2;

interface SavedCanister {
  id: Id;
  state: CanisterState;
  code?: { moduleHash: Uint8Array; heapBytes: number; globals: unknown[]; heap: Chunks };
  stable: SavedMemory;
  snapshots?: (SnapshotRecord & { saved: Record<(typeof MEMORIES)[number], SavedMemory> })[];
}

interface SavedMemory {
  size: number;
  table: Chunks;
}

interface Manifest {
  format: number;
  subnet: SubnetState;
  canisters: SavedCanister[];
  /** pages per page file */ files: Map<number, number>;
}

/**
 * Checkpoints of a subnet's whole state: a manifest `checkpoint-N.bin` (SHA-256, then V8's structured clone) that says
 * where in the page files each page of each memory is. Writing one writes the pages that changed since the last;
 * restoring one reads the manifest and the heaps, and no page of stable memory.
 */
export class Checkpoints {
  readonly #folder: string;
  readonly #pages: PageStore;

  constructor(folder: string, pages: PageStore) {
    this.#folder = folder;
    this.#pages = pages;
  }

  /**
   * Restores the newest checkpoint into an empty subnet.
   *
   * @returns its number, or undefined if there is none
   * @throws IcError `stateDamaged` · `stateOutdated`
   */
  restore(subnet: Subnet): number | undefined {
    const numbers = numbered(this.#folder, 'checkpoint').reverse();
    for (const number of numbers) {
      const manifest = this.#read(number);
      if (!manifest) continue;
      this.#pages.adopt(manifest.files);
      subnet.state = manifest.subnet;
      for (const saved of manifest.canisters) this.#restoreCanister(subnet, saved);
      return number;
    }
    if (numbers.length > 0) {
      const path = this.#pathOf(numbers[0]!);
      throw new IcError(
        'stateDamaged',
        { path },
        `${path} is damaged: it does not match its checksum; ${restoreIt(this.#folder)}`,
      );
    }
    this.#pages.adopt(new Map());
    return undefined;
  }

  /**
   * Writes a checkpoint and makes it durable; older ones stay until `prune`. Blocks. When it throws, as on a full disk,
   * nothing is lost: the state is as before and so are the checkpoints on disk.
   */
  save(subnet: Subnet, number: number): void {
    subnet.modules.save();
    const canisters = [...subnet.canisters.values()];
    const holders: Holder[] = [];
    for (const { instance, stable, snapshots } of canisters) {
      if (instance) holders.push(this.#spillHeap(instance));
      const memories = [stable, ...[...snapshots.values()].flatMap((snapshot) => Object.values(snapshot.memories))];
      for (const memory of memories) memory.spill(this.#pages.writeOnce);
      holders.push(...memories);
    }
    this.#pages.nothingHeld();
    this.#pages.compact(holders);
    this.#pages.sync();
    const manifest: Manifest = {
      format: FORMAT,
      subnet: subnet.state,
      files: new Map(this.#pages.files),
      canisters: canisters.map(saved),
    };
    const payload = serialize(manifest);
    writeDurably(this.#pathOf(number), Buffer.concat([createHash('sha256').update(payload).digest(), payload]));
  }

  /**
   * Deletes what the checkpoint with this number does not need: older checkpoints and journals, those that a crash left
   * half written, unused page files.
   */
  prune(number: number): void {
    for (const name of readdirSync(this.#folder))
      if (/^checkpoint-\d+\.bin\.half$/.test(name)) rmSync(join(this.#folder, name));
    for (const kind of ['checkpoint', 'journal']) {
      for (const old of numbered(this.#folder, kind))
        if (old < number) rmSync(join(this.#folder, `${kind}-${old}.bin`));
    }
    this.#pages.prune();
  }

  #spillHeap(instance: Instance): Holder {
    const { dirty } = instance;
    const table = instance.saved ?? new PageTable();
    const pages = instance.saved ? dirty : Array.from({ length: instance.heapBytes / PAGE }, (_, page) => page);
    for (const page of pages) {
      table.set(page, this.#pages.write(instance.heapPage(page)));
      dirty.delete(page);
    }
    dirty.clear();
    instance.saved = table;
    return {
      table,
      moved: (page, place) => {
        table.set(page, place);
      },
    };
  }

  #restoreCanister(subnet: Subnet, { id, state, code, stable, snapshots }: SavedCanister): void {
    const canister = subnet.adopt(id, state);
    canister.stable = this.#restored(stable);
    for (const { saved: parts, ...record } of snapshots ?? []) {
      canister.snapshots.set(record.id, {
        ...record,
        memories: {
          module: this.#restored(parts.module),
          heap: this.#restored(parts.heap),
          stable: this.#restored(parts.stable),
        },
      });
    }
    if (!code) return;
    const heap = new Uint8Array(code.heapBytes);
    const table = new PageTable(shared(code.heap));
    table.forEach((page, file, slot, crc) => {
      heap.set(this.#pages.read({ file, slot, crc }), page * PAGE);
    });
    canister.instance = canister.instantiate(subnet.modules.load(code.moduleHash), { heap, globals: code.globals });
    canister.instance.saved = table;
  }

  #restored({ size, table }: SavedMemory): StableMemory {
    return new StableMemory(this.#pages, new PageTable(shared(table)), size);
  }

  #pathOf(number: number): string {
    return join(this.#folder, `checkpoint-${number}.bin`);
  }

  #read(number: number): Manifest | undefined {
    const bytes = readFileSync(this.#pathOf(number));
    const payload = bytes.subarray(32);
    if (bytes.length < 32 || createHash('sha256').update(payload).digest().compare(bytes, 0, 32) !== 0)
      return undefined;
    const manifest = deserialize(payload) as Manifest;
    if (manifest.format !== FORMAT) {
      throw new IcError(
        'stateOutdated',
        { path: this.#pathOf(number), format: manifest.format },
        `The state in ${this.#folder} has format ${manifest.format}, and this version reads format ${FORMAT} ` +
          'only: start with an empty --state.',
      );
    }
    return manifest;
  }
}

function saved({ id, state, instance, module, stable, snapshots }: Canister): SavedCanister {
  return {
    id,
    state,
    ...(instance && {
      code: {
        moduleHash: module!.hash,
        heapBytes: instance.heapBytes,
        globals: instance.globals,
        heap: plain(instance.saved!),
      },
    }),
    stable: savedMemory(stable),
    snapshots: [...snapshots.values()].map(({ memories, ...record }) => ({
      ...record,
      saved: {
        module: savedMemory(memories.module),
        heap: savedMemory(memories.heap),
        stable: savedMemory(memories.stable),
      },
    })),
  };
}

function savedMemory({ size, table }: StableMemory): SavedMemory {
  return { size, table: plain(table) };
}

/** Chunks as they can be written: V8's serializer takes no shared memory. */
function plain(table: PageTable): Chunks {
  return new Map([...table.share()].map(([number, chunk]) => [number, chunk.slice()]));
}

/** Chunks as they were read, in shared memory for other threads. */
function shared(chunks: Chunks): Chunks {
  return new Map(
    [...chunks].map(([number, chunk]) => {
      const copy = new Uint32Array(new SharedArrayBuffer(chunk.byteLength));
      copy.set(chunk);
      return [number, copy];
    }),
  );
}
