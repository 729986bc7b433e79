import type { Instance } from '../execution/instance.js';
import { PAGE, StableMemory, type Pages } from '../execution/stable-memory.js';
import type { Id } from './principals.js';

export type GlobalValue = { i32: number } | { i64: bigint } | { f32: number } | { f64: number };
export type HookStatus = 'condition_not_satisfied' | 'ready' | 'executed';

/** A canister as it was, or as it was uploaded (IC spec: `take_canister_snapshot`). */
export interface SnapshotRecord {
  /** Eight bytes of a number, then the id of the canister it belongs to. */
  id: Id;
  uploaded: boolean;
  /** Nanoseconds since the epoch. */
  takenAt: bigint;
  version: bigint;
  certified: Uint8Array;
  /** Nanoseconds since the epoch, 0 for off; undefined where an upload left it out. */
  timer?: bigint;
  hook?: HookStatus;
  /** Those globals that are exported or mutable, in their order. */
  globals: GlobalValue[];
  /** Bytes of module, heap and stable memory. */
  moduleBytes: number;
  heapBytes: number;
  stableBytes: number;
  chunks: Map<string, Uint8Array>;
}

/** With its memories, of which those that did not change share their pages with the canister's. */
export interface Snapshot extends SnapshotRecord {
  memories: { module: StableMemory; heap: StableMemory; stable: StableMemory };
}

export const MEMORIES = ['module', 'heap', 'stable'] as const;

export function snapshotBytes(snapshot: SnapshotRecord): number {
  return (
    snapshot.moduleBytes +
    snapshot.heapBytes +
    snapshot.stableBytes +
    chunkBytes(snapshot.chunks) +
    snapshot.certified.length +
    snapshot.globals.length * 8
  );
}

/** Of a store of chunks. */
export function chunkBytes(chunks: ReadonlyMap<string, Uint8Array>): number {
  let bytes = 0;
  for (const chunk of chunks.values()) bytes += chunk.length;
  return bytes;
}

/** A memory of so many bytes, all zero. */
export function emptyMemory(pages: Pages, bytes: number): StableMemory {
  const memory = new StableMemory(pages);
  memory.grow(Math.ceil(bytes / PAGE));
  memory.commit();
  return memory;
}

/** A memory with this content; its pages of zeros stay absent. */
export function memoryWith(pages: Pages, content: Uint8Array): StableMemory {
  const memory = emptyMemory(pages, content.length);
  for (let at = 0; at < content.length; at += PAGE) {
    const page = content.subarray(at, at + PAGE);
    if (page.some((byte) => byte !== 0)) memory.write(at, page);
  }
  memory.commit();
  return memory;
}

/** A canister's heap: pages that a checkpoint has are shared with it, the others copied. */
export function heapMemory(pages: Pages, instance: Instance): StableMemory {
  const { saved, dirty, heapBytes } = instance;
  if (!saved) return memoryWith(pages, instance.copyHeap());
  const memory = new StableMemory(pages, saved.copy(), heapBytes / PAGE);
  for (const page of dirty) memory.write(page * PAGE, instance.heapPage(page));
  memory.commit();
  return memory;
}

export function contentOf(memory: StableMemory, offset: number, length: number): Uint8Array {
  const content = new Uint8Array(length);
  memory.read(content, offset);
  return content;
}
