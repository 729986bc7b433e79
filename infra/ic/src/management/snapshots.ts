import type { Principal } from '@dfinity/principal';
import { PAGE, StableMemory } from '../execution/stable-memory.js';
import type { Canister } from '../subnet/canister.js';
import { bytesOf, idOf, textOf, type Id } from '../subnet/principals.js';
import { HEAP_DELTA_RATE, heapDeltaOwed, noteHeapDelta } from '../subnet/rates.js';
import { Reject } from '../subnet/reject.js';
import {
  contentOf,
  emptyMemory,
  heapMemory,
  memoryWith,
  snapshotBytes,
  type GlobalValue,
  type HookStatus,
  type Snapshot,
} from '../subnet/snapshot.js';
import { globalsOf, globalValues, mutableValues } from '../wasm/globals.js';
import { sha256, unpacked } from '../wasm/module.js';
import { uninstall } from './code.js';
import { controlled, existing, recordChange, type Method, type Request } from './request.js';
import { reserveStorage } from './storage.js';
import { maySee } from './visibility.js';

const MAX_SNAPSHOTS = 10;
const MAX_CHUNK = 1 << 20;
const MAX_CHUNKS = 100;
const MAX_MODULE = 100 << 20;
const MAX_HEAP = 4 * 2 ** 30;
const MAX_STABLE = 500 * 2 ** 30;
const MAX_READ = 2_000_000n;
/** Instructions beside one per byte (dfinity/ic: `canister_snapshot_baseline_instructions`). */
const BASELINE = 2_000_000_000n;
const ID_BYTES = 18;

type Opt<T> = [T] | [];
type Bytes = ArrayLike<number>;
type Timer = { inactive: null } | { active: bigint };

interface Named {
  canister_id: Principal;
  snapshot_id: Bytes;
}

const take: Method = (
  request,
  {
    canister_id,
    replace_snapshot,
    uninstall_code,
  }: { canister_id: Principal; replace_snapshot: Opt<Bytes>; uninstall_code: Opt<boolean> },
) => {
  const canister = controlled(request, canister_id);
  const { instance, module, state, stable } = canister;
  if (!instance || !module)
    throw new Reject('moduleNotFound', `Failed to create snapshot for empty canister ${textOf(canister.id)}`);
  const replaced = makeRoom(canister, replace_snapshot[0]);
  const code = request.subnet.modules.uploaded(module.hash);
  const snapshot: Snapshot = {
    id: nextId(canister),
    uploaded: false,
    takenAt: request.subnet.state.time,
    version: state.version,
    certified: state.certified,
    timer: state.timer,
    hook: state.lowMemory ?? 'condition_not_satisfied',
    globals: globalValues(globalsOf(unpacked(code)), instance.globals),
    moduleBytes: code.length,
    heapBytes: instance.heapBytes,
    stableBytes: stable.size * PAGE,
    chunks: new Map(state.chunks),
    memories: {
      module: memoryWith(canister.pages, code),
      heap: heapMemory(canister.pages, instance),
      stable: stable.copy(),
    },
  };
  mayWrite(request, canister);
  charge(request, canister, BigInt(snapshotBytes(snapshot)));
  reserveStorage(request.subnet, canister, snapshotBytes(snapshot) - sizeOf(canister, replaced));
  keep(canister, snapshot, replaced);
  if (uninstall_code[0]) uninstall(request, canister);
  return [summary(snapshot)];
};

const load: Method = (request, { canister_id, snapshot_id }: Named) => {
  const canister = controlled(request, canister_id);
  const id = idOf(Uint8Array.from(snapshot_id));
  const owner = request.subnet.canisters.get(id.slice(16));
  const snapshot = owner?.snapshots.get(id);
  if (!owner || !snapshot) throw notFound(id, canister);
  if (!owner.isControlledBy(request.caller))
    throw new Reject('invalidController', `Only controllers of canister ${textOf(owner.id)} can load its snapshots`);
  const { memories } = snapshot;
  const code = contentOf(memories.module, 0, snapshot.moduleBytes);
  const module = request.subnet.modules.prepare(code);
  const globals = mutableValues(globalsOf(unpacked(code)), snapshot.globals);
  if (!globals)
    throw new Reject('invalidPayload', `The globals of snapshot ${id} do not match those of its Wasm module.`);
  mayWrite(request, canister);
  charge(request, canister, BigInt(snapshotBytes(snapshot)));
  const has = snapshotBytes(snapshot) + canister.snapshotBytes();
  reserveStorage(request.subnet, canister, has - Number(canister.memoryBytes()));
  const { state } = canister;
  canister.instance = canister.instantiate(module, { heap: contentOf(memories.heap, 0, snapshot.heapBytes), globals });
  canister.stable = memories.stable.copy();
  state.certified = snapshot.certified;
  state.chunks = new Map(snapshot.chunks);
  state.installedAt = request.subnet.state.time;
  if (snapshot.timer !== undefined) state.timer = snapshot.timer;
  if (snapshot.hook) state.lowMemory = snapshot.hook;
  recordChange(request, canister, {
    load_snapshot: {
      from: owner.id === canister.id ? undefined : owner.id,
      id,
      version: snapshot.version,
      takenAt: snapshot.takenAt,
      uploaded: snapshot.uploaded,
    },
  });
  return [];
};

const list: Method = (request, { canister_id }: { canister_id: Principal }) => [
  [...visible(request, canister_id).snapshots.values()].map(summary),
];

const remove: Method = (request, { canister_id, snapshot_id }: Named) => {
  const canister = controlled(request, canister_id);
  canister.snapshots.delete(snapshotOf(canister, snapshot_id).id);
  return [];
};

const readMetadata: Method = (request, { canister_id, snapshot_id }: Named) => {
  const snapshot = snapshotOf(visible(request, canister_id), snapshot_id);
  const { timer, hook } = snapshot;
  return [
    {
      source: snapshot.uploaded ? { metadata_upload: null } : { taken_from_canister: null },
      taken_at_timestamp: snapshot.takenAt,
      wasm_module_size: snapshot.moduleBytes,
      globals: snapshot.globals,
      wasm_memory_size: snapshot.heapBytes,
      stable_memory_size: snapshot.stableBytes,
      wasm_chunk_store: [...snapshot.chunks.keys()].map((hash) => ({ hash: bytesOf(hash) })),
      canister_version: snapshot.version,
      certified_data: snapshot.certified,
      global_timer: timer === undefined ? [] : [timer === 0n ? { inactive: null } : { active: timer }],
      on_low_wasm_memory_hook_status: hook ? [{ [hook]: null }] : [],
    },
  ];
};

type Range = { offset: bigint; size: bigint };
type ReadKind =
  { wasm_module: Range } | { wasm_memory: Range } | { stable_memory: Range } | { wasm_chunk: { hash: Bytes } };

const readData: Method = (request, { canister_id, snapshot_id, kind }: Named & { kind: ReadKind }) => {
  const snapshot = snapshotOf(visible(request, canister_id), snapshot_id);
  if ('wasm_chunk' in kind) {
    const hash = idOf(Uint8Array.from(kind.wasm_chunk.hash));
    const chunk = snapshot.chunks.get(hash);
    if (!chunk) throw new Reject('invalidPayload', `Snapshot ${snapshot.id} has no chunk ${hash}.`);
    return [{ chunk }];
  }
  const { memory, bytes, range } = part(snapshot, kind);
  if (range.size > MAX_READ)
    throw new Reject(
      'invalidPayload',
      `At most ${MAX_READ} bytes of a snapshot can be read at once, not ${range.size}.`,
    );
  if (range.offset + range.size > BigInt(bytes)) throw beyond(snapshot, bytes);
  return [{ chunk: contentOf(memory, Number(range.offset), Number(range.size)) }];
};

interface UploadMetadata {
  canister_id: Principal;
  replace_snapshot: Opt<Bytes>;
  wasm_module_size: bigint;
  globals: (GlobalValue | { v128: bigint })[];
  wasm_memory_size: bigint;
  stable_memory_size: bigint;
  certified_data: Bytes;
  global_timer: Opt<Timer>;
  on_low_wasm_memory_hook_status: Opt<Record<HookStatus, null>>;
}

const uploadMetadata: Method = (request, given: UploadMetadata) => {
  const canister = controlled(request, given.canister_id);
  const sizes = [
    [given.wasm_module_size, MAX_MODULE, 1],
    [given.wasm_memory_size, MAX_HEAP, PAGE],
    [given.stable_memory_size, MAX_STABLE, PAGE],
  ] as const;
  const wrong = sizes.find(([size, most, unit]) => size > BigInt(most) || size % BigInt(unit) !== 0n);
  if (wrong)
    throw new Reject(
      'invalidPayload',
      `A snapshot's memory of ${wrong[0]} bytes must have at most ${wrong[1]} and be a multiple of ${wrong[2]}.`,
    );
  if (given.certified_data.length > 32)
    throw new Reject('invalidPayload', `Certified data has at most 32 bytes, not ${given.certified_data.length}.`);
  if (given.globals.some((value) => 'v128' in value))
    throw new Reject('invalidPayload', 'This host does not keep globals of type v128.');
  const replaced = makeRoom(canister, given.replace_snapshot[0]);
  const [timer] = given.global_timer;
  const [hook] = given.on_low_wasm_memory_hook_status;
  const [moduleBytes, heapBytes, stableBytes] = sizes.map(([size]) => Number(size)) as [number, number, number];
  const snapshot: Snapshot = {
    id: nextId(canister),
    uploaded: true,
    takenAt: request.subnet.state.time,
    version: canister.state.version,
    certified: Uint8Array.from(given.certified_data),
    timer: timer && ('active' in timer ? timer.active : 0n),
    hook: hook && (Object.keys(hook)[0] as HookStatus),
    globals: given.globals as GlobalValue[],
    moduleBytes,
    heapBytes,
    stableBytes,
    chunks: new Map(),
    memories: {
      module: emptyMemory(canister.pages, moduleBytes),
      heap: emptyMemory(canister.pages, heapBytes),
      stable: emptyMemory(canister.pages, stableBytes),
    },
  };
  charge(request, canister, 0n);
  reserveStorage(request.subnet, canister, snapshotBytes(snapshot) - sizeOf(canister, replaced));
  keep(canister, snapshot, replaced);
  return [{ snapshot_id: bytesOf(snapshot.id) }];
};

type Offset = { offset: bigint };
type UploadKind = { wasm_module: Offset } | { wasm_memory: Offset } | { stable_memory: Offset } | { wasm_chunk: null };

const uploadData: Method = (
  request,
  { canister_id, snapshot_id, kind, chunk }: Named & { kind: UploadKind; chunk: Bytes },
) => {
  const canister = controlled(request, canister_id);
  const snapshot = snapshotOf(canister, snapshot_id);
  if (!snapshot.uploaded)
    throw new Reject('snapshotImmutable', 'Only canister snapshots created by metadata upload can be mutated.');
  const content = Uint8Array.from(chunk);
  mayWrite(request, canister);
  charge(request, canister, BigInt(content.length));
  noteHeapDelta(request.subnet, canister, content.length);
  if ('wasm_chunk' in kind) {
    if (content.length > MAX_CHUNK)
      throw new Reject('invalidPayload', `A chunk has at most ${MAX_CHUNK} bytes, not ${content.length}.`);
    if (snapshot.chunks.size >= MAX_CHUNKS)
      throw new Reject('invalidPayload', `A snapshot holds at most ${MAX_CHUNKS} chunks.`);
    snapshot.chunks.set(idOf(sha256(content)), content);
    return [];
  }
  const { memory, bytes, range } = part(snapshot, kind);
  if (range.offset + BigInt(content.length) > BigInt(bytes)) throw beyond(snapshot, bytes);
  memory.write(Number(range.offset), content);
  memory.commit();
  return [];
};

function part<T extends Offset>(
  snapshot: Snapshot,
  kind: { wasm_module: T } | { wasm_memory: T } | { stable_memory: T },
): { memory: StableMemory; bytes: number; range: T } {
  const { memories } = snapshot;
  if ('wasm_module' in kind) return { memory: memories.module, bytes: snapshot.moduleBytes, range: kind.wasm_module };
  if ('wasm_memory' in kind) return { memory: memories.heap, bytes: snapshot.heapBytes, range: kind.wasm_memory };
  return { memory: memories.stable, bytes: snapshot.stableBytes, range: kind.stable_memory };
}

/** @returns the snapshot that goes when the new one is there */
function makeRoom(canister: Canister, replace: Bytes | undefined): Id | undefined {
  if (replace) return snapshotOf(canister, replace).id;
  if (canister.snapshots.size >= MAX_SNAPSHOTS) {
    throw new Reject(
      'rejectedAtTheDoor',
      `Canister ${textOf(canister.id)} has reached the maximum number of snapshots allowed: ${MAX_SNAPSHOTS}.`,
    );
  }
  return undefined;
}

function sizeOf(canister: Canister, replaced: Id | undefined): number {
  return replaced ? snapshotBytes(canister.snapshots.get(replaced)!) : 0;
}

function keep(canister: Canister, snapshot: Snapshot, replaced: Id | undefined): void {
  if (replaced) canister.snapshots.delete(replaced);
  canister.snapshots.set(snapshot.id, snapshot);
}

/** @throws Reject `heapDeltaRateLimit` */
function mayWrite(request: Request, canister: Canister): void {
  const owed = heapDeltaOwed(request.subnet, canister);
  if (owed < HEAP_DELTA_RATE) return;
  throw new Reject(
    'heapDeltaRateLimit',
    `Canister ${textOf(canister.id)} is heap delta rate limited: current delta debit is ${owed}, but limit is ` +
      `${HEAP_DELTA_RATE}.`,
  );
}

/** @throws Reject `outOfCycles` */
function charge(request: Request, canister: Canister, bytes: bigint): void {
  if (canister.frozen)
    throw new Reject('outOfCycles', `Canister ${textOf(canister.id)} is out of cycles: top it up first`);
  request.instructions += BASELINE + bytes;
  canister.spend(BASELINE + bytes, 'instructions');
}

function nextId(canister: Canister): Id {
  const number = canister.state.snapshotsMade ?? 0;
  canister.state.snapshotsMade = number + 1;
  return `${number.toString(16).padStart(16, '0')}${canister.id}`;
}

function snapshotOf(canister: Canister, snapshotId: Bytes): Snapshot {
  const id = idOf(Uint8Array.from(snapshotId));
  if (snapshotId.length !== ID_BYTES)
    throw new Reject('invalidPayload', `A snapshot id has ${ID_BYTES} bytes, not ${snapshotId.length}.`);
  const snapshot = canister.snapshots.get(id);
  if (!snapshot) throw notFound(id, canister);
  return snapshot;
}

function notFound(id: Id, canister: Canister): Reject {
  return new Reject('snapshotNotFound', `Could not find the snapshot ID ${id} for canister ${textOf(canister.id)}`);
}

function beyond(snapshot: Snapshot, bytes: number): Reject {
  return new Reject('invalidPayload', `The offset and size are beyond the ${bytes} bytes of snapshot ${snapshot.id}.`);
}

function visible(request: Request, canisterId: Principal): Canister {
  const canister = existing(request, canisterId);
  if (maySee(canister, request.caller, canister.state.settings.snapshotVisibility)) return canister;
  throw new Reject(
    'invalidController',
    `Caller ${textOf(request.caller)} is not allowed to read the snapshots of canister ${textOf(canister.id)}`,
  );
}

function summary(snapshot: Snapshot): unknown {
  return { id: bytesOf(snapshot.id), taken_at_timestamp: snapshot.takenAt, total_size: snapshotBytes(snapshot) };
}

export const snapshotMethods = {
  take_canister_snapshot: take,
  load_canister_snapshot: load,
  list_canister_snapshots: list,
  delete_canister_snapshot: remove,
  read_canister_snapshot_metadata: readMetadata,
  read_canister_snapshot_data: readData,
  upload_canister_snapshot_metadata: uploadMetadata,
  upload_canister_snapshot_data: uploadData,
};
