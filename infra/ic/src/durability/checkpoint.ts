import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { IcError } from '../errors.js';
import type { Instance } from '../execution/instance.js';
import { PAGE, StableMemory } from '../execution/stable-memory.js';
import type { CanisterState } from '../subnet/canister.js';
import type { Id } from '../subnet/principals.js';
import { MEMORIES, type SnapshotRecord } from '../subnet/snapshot.js';
import type { Subnet, SubnetState } from '../subnet/subnet.js';

/** Where each page is: file number and place in it, in pages. */
type Places = Map<number, { file: number; at: number }>;

interface SavedCanister {
  id: Id;
  state: CanisterState;
  code?: { moduleHash: Uint8Array; heapBytes: number; globals: unknown[]; heap: Places };
  stable: SavedMemory;
  snapshots?: (SnapshotRecord & { saved: Record<(typeof MEMORIES)[number], SavedMemory> })[];
}

interface SavedMemory { size: number; pages: Places }

interface Manifest { format: 1; subnet: SubnetState; canisters: SavedCanister[]; /** pages written per file */ files: Map<number, number> }

/**
 * Checkpoints of a subnet's whole state. Memory is kept by page in `pages-N.bin` files; each checkpoint writes the pages that changed since the last one
 * and a manifest that says where all pages are. Files of which less than half is still in use are written anew.
 */
export class Checkpoints {
  readonly #folder: string;
  readonly #places = new WeakMap<Instance | StableMemory, Places>();
  #files = new Map<number, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Restores the newest checkpoint into an empty subnet.
   *
   * @returns its number, or undefined if there is none
   * @throws IcError `stateDamaged`
   */
  restore(subnet: Subnet): number | undefined {
    const numbers = numbered(this.#folder, 'checkpoint').reverse();
    for (const number of numbers) {
      const manifest = this.#read(number);
      if (!manifest) continue;
      this.#files = manifest.files;
      subnet.state = manifest.subnet;
      for (const saved of manifest.canisters) this.#restoreCanister(subnet, saved);
      return number;
    }
    if (numbers.length > 0) {
      throw new IcError('stateDamaged', { folder: this.#folder }, `No checkpoint in ${this.#folder} is readable; restore the folder from a copy, or start with an empty --state.`);
    }
    return undefined;
  }

  /** Writes a checkpoint and makes it durable; older ones stay until `prune`. Blocks. */
  save(subnet: Subnet, number: number): void {
    this.#forgetSparseFiles(subnet);
    const writer = new PageWriter(this.#folder, (numbered(this.#folder, 'pages').at(-1) ?? 0) + 1);
    const canisters = [...subnet.canisters.values()].map(({ id, state, instance, stable, module, snapshots }): SavedCanister => ({
      id, state,
      code: instance && {
        moduleHash: module!.hash, heapBytes: instance.heap.length, globals: instance.globals,
        heap: this.#savePages(instance, instance.dirty, instance.heap.length / PAGE, (page) => instance.heap.subarray(page * PAGE, (page + 1) * PAGE), writer),
      },
      stable: this.#saveMemory(stable, writer),
      snapshots: [...snapshots.values()].map(({ memories, ...record }) => ({
        ...record,
        saved: { module: this.#saveMemory(memories.module, writer), heap: this.#saveMemory(memories.heap, writer), stable: this.#saveMemory(memories.stable, writer) },
      })),
    }));
    if (writer.finish() > 0) this.#files.set(writer.number, writer.count);
    const manifest: Manifest = { format: 1, subnet: subnet.state, canisters, files: this.#files };
    const payload = serialize(manifest);
    const path = join(this.#folder, `checkpoint-${number}.bin`);
    writeDurably(path, Buffer.concat([createHash('sha256').update(payload).digest(), payload]));
  }

  /** Deletes what the checkpoint with this number does not need: older checkpoints and journals, unused page files. */
  prune(number: number): void {
    for (const kind of ['checkpoint', 'journal']) {
      for (const old of numbered(this.#folder, kind)) if (old < number) rmSync(join(this.#folder, `${kind}-${old}.bin`));
    }
    for (const file of numbered(this.#folder, 'pages')) if (!this.#files.has(file)) rmSync(join(this.#folder, `pages-${file}.bin`));
  }

  #saveMemory(memory: StableMemory, writer: PageWriter): SavedMemory {
    return { size: memory.size, pages: this.#savePages(memory, memory.dirty, memory.pages.length, (page) => memory.pages[page], writer) };
  }

  #savePages(owner: Instance | StableMemory, dirty: Set<number>, count: number, pageAt: (page: number) => Uint8Array | undefined, writer: PageWriter): Places {
    let places = this.#places.get(owner);
    const everything = !places;
    if (!places) this.#places.set(owner, places = new Map());
    for (const page of everything ? range(count) : dirty) {
      const bytes = pageAt(page);
      if (bytes && bytes.length > 0 && !(everything && isZero(bytes))) places.set(page, writer.write(bytes));
      else places.delete(page);
    }
    dirty.clear();
    return places;
  }

  /** Pages of files that are mostly unused count as changed, so that they move to the new file. */
  #forgetSparseFiles(subnet: Subnet): void {
    const owners = [...subnet.canisters.values()].flatMap(({ instance, stable, snapshots }) => [
      ...(instance ? [instance] : []), stable, ...[...snapshots.values()].flatMap(({ memories }) => Object.values(memories)),
    ]);
    const used = new Map<number, number>();
    for (const owner of owners) {
      for (const [page, { file }] of this.#places.get(owner) ?? []) if (!owner.dirty.has(page)) used.set(file, (used.get(file) ?? 0) + 1);
    }
    const sparse = new Set([...this.#files].filter(([file, count]) => (used.get(file) ?? 0) * 2 < count).map(([file]) => file));
    for (const owner of owners) {
      for (const [page, { file }] of this.#places.get(owner) ?? []) if (sparse.has(file)) owner.dirty.add(page);
    }
    for (const file of sparse) this.#files.delete(file);
  }

  #restoreCanister(subnet: Subnet, saved: SavedCanister): void {
    const canister = subnet.adopt(saved.id, saved.state);
    this.#restoreMemory(canister.stable, saved.stable);
    for (const { saved: parts, ...record } of saved.snapshots ?? []) {
      const memories = { module: new StableMemory(), heap: new StableMemory(), stable: new StableMemory() };
      for (const name of MEMORIES) this.#restoreMemory(memories[name], parts[name]);
      canister.snapshots.set(record.id, { ...record, memories });
    }
    if (!saved.code) return;
    const heap = new Uint8Array(saved.code.heapBytes);
    for (const [page, place] of saved.code.heap) heap.set(this.#page(place), page * PAGE);
    canister.instance = canister.instantiate(subnet.modules.load(saved.code.moduleHash), { heap, globals: saved.code.globals });
    this.#places.set(canister.instance, saved.code.heap);
  }

  #restoreMemory(memory: StableMemory, saved: SavedMemory): void {
    memory.size = saved.size;
    for (const [page, place] of saved.pages) memory.pages[page] = this.#page(place);
    this.#places.set(memory, saved.pages);
  }

  #page({ file, at }: { file: number; at: number }): Uint8Array {
    const bytes = new Uint8Array(PAGE);
    const open = openSync(join(this.#folder, `pages-${file}.bin`), 'r');
    readSync(open, bytes, 0, PAGE, at * PAGE);
    closeSync(open);
    return bytes;
  }

  #read(number: number): Manifest | undefined {
    const bytes = readFileSync(join(this.#folder, `checkpoint-${number}.bin`));
    const payload = bytes.subarray(32);
    if (createHash('sha256').update(payload).digest().compare(bytes, 0, 32) !== 0) return undefined;
    return deserialize(payload) as Manifest;
  }
}

class PageWriter {
  readonly number: number;
  readonly #path: string;
  count = 0;
  #file?: number;

  constructor(folder: string, number: number) {
    this.number = number;
    this.#path = join(folder, `pages-${number}.bin`);
  }

  write(page: Uint8Array): { file: number; at: number } {
    this.#file ??= openSync(this.#path, 'w', 0o600);
    writeAll(this.#file, page);
    return { file: this.number, at: this.count++ };
  }

  finish(): number {
    if (this.#file !== undefined) {
      fsyncSync(this.#file);
      closeSync(this.#file);
    }
    return this.count;
  }
}

/** Numbers of the files `kind-N.bin` in a folder, ascending. */
export function numbered(folder: string, kind: string): number[] {
  const pattern = new RegExp(`^${kind}-(\\d+)\\.bin$`);
  return readdirSync(folder).flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number).sort((a, b) => a - b);
}

/** Writes a file so that after a crash there is the old content or the new one. */
export function writeDurably(path: string, bytes: Uint8Array): void {
  const half = `${path}.half`;
  const file = openSync(half, 'w', 0o600);
  writeAll(file, bytes);
  fsyncSync(file);
  closeSync(file);
  renameSync(half, path);
  syncFolder(join(path, '..'));
}

export function syncFolder(folder: string): void {
  const file = openSync(folder, 'r');
  fsyncSync(file);
  closeSync(file);
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done);
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function* range(count: number): Iterable<number> {
  for (let index = 0; index < count; index += 1) yield index;
}
