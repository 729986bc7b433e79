import type { Principal } from '@dfinity/principal';
import { newMessage, type Message } from '../execution/message.js';
import type { Instance } from '../execution/instance.js';
import { StableMemory } from '../execution/stable-memory.js';
import { logged, type Trap } from '../execution/trap.js';
import type { Canister } from '../subnet/canister.js';
import { executionFee } from '../subnet/cycles.js';
import { commitCode, trapped, undo } from '../subnet/delivery.js';
import { bytesOf, idOf, textOf } from '../subnet/principals.js';
import { overgrown } from '../subnet/memory-growth.js';
import {
  HEAP_DELTA_RATE,
  heapDeltaOwed,
  noteHeapDelta,
  noteInstallation,
  noteSubnetDelta,
  owesInstallation,
} from '../subnet/rates.js';
import { Reject } from '../subnet/reject.js';
import { removeCode } from '../subnet/removal.js';
import { sha256, type CanisterModule } from '../wasm/module.js';
import { controlled, existing, recordChange, type Method, type Request } from './request.js';
import { reservedForCode, reserveStorage } from './storage.js';

type Mode =
  | { install: null }
  | { reinstall: null }
  | {
      upgrade:
        [] | [{ skip_pre_upgrade: [boolean] | []; wasm_memory_persistence: [{ keep: null } | { replace: null }] | [] }];
    };
interface InstallCode {
  mode: Mode;
  canister_id: Principal;
  wasm_module: Uint8Array;
  arg: Uint8Array;
}
interface InstallChunked {
  mode: Mode;
  target_canister: Principal;
  store_canister: [Principal] | [];
  chunk_hashes_list: { hash: Uint8Array }[];
  wasm_module_hash: Uint8Array;
  arg: Uint8Array;
}

const MAX_CHUNK = 1 << 20;
const MAX_CHUNKS = 100;
/** A custom section: the module finds its data in the heap again after an upgrade, as those of Motoko do. */
const ORTHOGONAL = 'enhanced-orthogonal-persistence';

const installCode: Method = (request, { mode, canister_id, wasm_module, arg }: InstallCode) => {
  install(request, controlled(request, canister_id), mode, Uint8Array.from(wasm_module), Uint8Array.from(arg));
  return [];
};

const installChunked: Method = (request, argument: InstallChunked) => {
  const target = controlled(request, argument.target_canister);
  const store = argument.store_canister[0] ? existing(request, argument.store_canister[0]) : target;
  if (store.id !== request.caller && !store.isControlledBy(request.caller)) {
    throw new Reject('invalidController', `Only controllers of canister ${textOf(store.id)} can use its chunk store`);
  }
  const chunks = argument.chunk_hashes_list.map(({ hash }) => {
    const chunk = store.state.chunks.get(idOf(Uint8Array.from(hash)));
    if (!chunk)
      throw new Reject(
        'invalidPayload',
        `Chunk ${idOf(Uint8Array.from(hash))} is not in the store of canister ${textOf(store.id)}; upload it ` +
          'with upload_chunk.',
      );
    return chunk;
  });
  const wasm = new Uint8Array(Buffer.concat(chunks));
  if (Buffer.compare(sha256(wasm), Uint8Array.from(argument.wasm_module_hash)) !== 0)
    throw new Reject('invalidPayload', 'The chunks do not make up the module of the given wasm_module_hash.');
  install(request, target, argument.mode, wasm, Uint8Array.from(argument.arg));
  return [];
};

/** Installs, reinstalls or upgrades, wholly or not at all. @throws Reject */
function install(request: Request, canister: Canister, mode: Mode, wasm: Uint8Array, arg: Uint8Array): void {
  const id = textOf(canister.id);
  if ('install' in mode && canister.module)
    throw new Reject('nonEmpty', `Canister ${id} already has code: use the mode reinstall or upgrade.`);
  if ('upgrade' in mode && !canister.module)
    throw new Reject(
      'moduleNotFound',
      `Error from Canister ${id}: Attempted to upgrade, but the canister contains no Wasm module.`,
    );
  if (owesInstallation(request.subnet, canister)) {
    throw new Reject(
      'installCodeRateLimit',
      `Canister ${id} is rate limited because it executed too many instructions in the previous install_code ` +
        'messages. ' +
        'Please retry installation after several minutes.',
    );
  }
  if (canister.frozen)
    throw new Reject('outOfCycles', `Canister ${id} is out of cycles: top it up before installing code`);
  const module = request.subnet.modules.prepare(wasm);
  try {
    if ('upgrade' in mode) upgrade(request, canister, mode.upgrade[0], module, arg);
    else installAnew(request, canister, module, arg);
  } finally {
    noteInstallation(request.subnet, canister, request.instructions);
  }
  const name = Object.keys(mode)[0]!;
  canister.state.installedAt = request.subnet.state.time;
  recordChange(request, canister, { code_deployment: { mode: name, moduleHash: module.hash } });
}

function installAnew(request: Request, canister: Canister, module: CanisterModule, arg: Uint8Array): void {
  const had = canister.memoryBytes();
  const { instance: oldInstance, stable: oldStable } = canister;
  const fresh = canister.instantiate(module);
  canister.stable = new StableMemory(canister.pages);
  canister.stable.begin();
  const message = initial(request, canister, arg);
  try {
    asNextVersion(canister, () => runHooks(request, canister, fresh, message, ['canister_start', 'canister_init']));
    takeReserved(request, canister, fresh, message, had);
  } catch (refused) {
    canister.stable = oldStable;
    canister.instance = oldInstance;
    throw refused;
  }
  canister.instance = fresh;
  canister.state.certified = new Uint8Array();
  if (canister.state.installedAt > 0n)
    canister.state.log = canister.state.log.filter(({ timestamp }) => timestamp === message.time);
  canister.state.lowMemory = undefined;
  canister.state.timer = 0n;
  canister.state.cycles = message.balance;
  noteSubnetDelta(request.subnet, commitCode(canister, fresh, message));
}

interface UpgradeOptions {
  skip_pre_upgrade: [boolean] | [];
  wasm_memory_persistence: [object] | [];
}

function upgrade(
  request: Request,
  canister: Canister,
  options: UpgradeOptions | undefined,
  module: CanisterModule,
  arg: Uint8Array,
): void {
  const old = canister.instance!;
  const had = canister.memoryBytes();
  canister.stable.begin();
  const persistence = options?.wasm_memory_persistence[0];
  const keep = persistence !== undefined && 'keep' in persistence;
  const left = options?.skip_pre_upgrade[0] ? {} : preUpgrade(request, canister, old, keep);
  const impossible = whyNotPersistent(old.module, module, persistence, keep);
  if (impossible !== undefined) {
    undo(canister, old);
    throw new Reject('contractViolation', impossible);
  }
  const fresh = canister.instantiate(module, keep ? { heap: left.heap ?? old.copyHeap() } : undefined);
  const message = initial(request, canister, arg);
  try {
    asNextVersion(canister, () =>
      runHooks(request, canister, fresh, message, ['canister_start', 'canister_post_upgrade']),
    );
    takeReserved(request, canister, fresh, message, had);
  } catch (refused) {
    canister.stable.rollback();
    throw refused;
  }
  if (left.certified) canister.state.certified = left.certified;
  canister.instance = fresh;
  canister.state.lowMemory = undefined;
  canister.state.timer = 0n;
  canister.state.cycles = message.balance;
  noteSubnetDelta(request.subnet, commitCode(canister, fresh, message));
}

/** The old code's last word. @returns what it leaves to the new: its heap when that is kept, and its certified data */
function preUpgrade(
  request: Request,
  canister: Canister,
  old: Instance,
  keep: boolean,
): { heap?: Uint8Array; certified?: Uint8Array } {
  const message = newMessage({
    role: 'G',
    time: request.subnet.state.time,
    caller: bytesOf(request.caller),
    balance: canister.state.cycles,
    instructionLimit: request.subnet.state.limits.install,
  });
  try {
    runHooks(request, canister, old, message, ['canister_pre_upgrade']);
  } catch (refused) {
    undo(canister, old);
    throw refused;
  }
  const heap = keep ? old.bytes.slice() : undefined;
  old.rollback();
  return { heap, certified: message.certified };
}

function whyNotPersistent(
  old: CanisterModule,
  fresh: CanisterModule,
  persistence: object | undefined,
  keep: boolean,
): string | undefined {
  if (!persistence && old.metadata.has(ORTHOGONAL))
    return (
      'Missing upgrade option: Enhanced orthogonal persistence requires the `wasm_memory_persistence` upgrade ' +
      'option.'
    );
  if (keep && !fresh.metadata.has(ORTHOGONAL))
    return (
      'Invalid upgrade option: The `wasm_memory_persistence: opt Keep` upgrade option requires that the new ' +
      'canister module supports enhanced orthogonal persistence.'
    );
  return undefined;
}

function initial(request: Request, canister: Canister, arg: Uint8Array): Message {
  const { time, limits } = request.subnet.state;
  return newMessage({
    role: 'I',
    time,
    caller: bytesOf(request.caller),
    arg,
    balance: canister.state.cycles,
    instructionLimit: limits.install,
  });
}

/** Sets aside what the new memories take on a subnet that fills up. @throws Reject */
function takeReserved(request: Request, canister: Canister, fresh: Instance, message: Message, had: bigint): void {
  let cycles: bigint;
  try {
    cycles = reservedForCode(request.subnet, canister, fresh, had, message.balance);
  } catch (refused) {
    canister.state.cycles -= feeOf(request, fresh, canister.state.cycles); // noted by `runHooks`
    throw refused;
  }
  message.balance -= cycles;
  if (cycles > 0n) canister.state.reserved = (canister.state.reserved ?? 0n) + cycles;
}

/** New code sees the version that it will have. */
function asNextVersion(canister: Canister, act: () => void): void {
  canister.state.version += 1n;
  try {
    act();
  } finally {
    canister.state.version -= 1n;
  }
}

/** Runs the hooks that the module has, one after the other, as one message. @throws Reject when one traps */
function runHooks(request: Request, canister: Canister, instance: Instance, message: Message, hooks: string[]): void {
  const stableBefore = canister.stable.size;
  for (const hook of hooks) {
    if (!instance.module.hooks.has(hook)) continue;
    const running = hook === 'canister_start' ? { ...message, role: 's' as const } : message;
    const trap = instance.run(running, hook) ?? overgrown(request.subnet, canister, instance, running, stableBefore);
    request.instructions += running.instructions;
    canister.print(message.time, running.log);
    for (const line of running.log) request.subnet.onLog(canister.id, line);
    if (trap) {
      canister.print(message.time, [logged(trap)]);
      canister.spend(executionFee(request.instructions, instance.module.wide), 'instructions');
      throw failed(canister, trap);
    }
  }
  const fee = feeOf(request, instance, message.balance);
  message.balance -= fee;
  canister.account(fee, 'instructions');
}

function feeOf({ instructions }: Request, { module: { wide } }: Instance, balance: bigint): bigint {
  const fee = executionFee(instructions, wide);
  return fee < balance ? fee : balance;
}

function failed(canister: Canister, trap: Trap): Reject {
  const { message } = trapped(canister, trap);
  return new Reject(trap.reason, message);
}

const uninstallCode: Method = (request, { canister_id }: { canister_id: Principal }) => {
  uninstall(request, controlled(request, canister_id));
  return [];
};

export function uninstall(request: Request, canister: Canister): void {
  removeCode(request.subnet, canister);
  recordChange(request, canister, 'code_uninstall');
}

const uploadChunk: Method = (request, { canister_id, chunk }: { canister_id: Principal; chunk: Uint8Array }) => {
  const canister = ownOrControlled(request, canister_id);
  const { state } = canister;
  if (chunk.length > MAX_CHUNK)
    throw new Reject('invalidPayload', `A chunk has at most ${MAX_CHUNK} bytes, not ${chunk.length}.`);
  const bytes = Uint8Array.from(chunk);
  const hash = sha256(bytes);
  if (state.chunks.has(idOf(hash))) return [{ hash }];
  if (state.chunks.size >= MAX_CHUNKS)
    throw new Reject(
      'invalidPayload',
      `The chunk store holds ${MAX_CHUNKS} chunks already; clear it with clear_chunk_store.`,
    );
  const owed = heapDeltaOwed(request.subnet, canister);
  if (owed >= HEAP_DELTA_RATE) {
    throw new Reject(
      'contractViolation',
      `Error from Wasm chunk store: Canister is heap delta rate limited. Current delta debit: ${owed}, limit: ` +
        `${HEAP_DELTA_RATE}.`,
    );
  }
  reserveStorage(request.subnet, canister, bytes.length);
  noteHeapDelta(request.subnet, canister, MAX_CHUNK);
  state.chunks.set(idOf(hash), bytes);
  return [{ hash }];
};

const storedChunks: Method = (request, { canister_id }: { canister_id: Principal }) => [
  [...ownOrControlled(request, canister_id).state.chunks.keys()].map((hash) => ({ hash: bytesOf(hash) })),
];

const clearChunkStore: Method = (request, { canister_id }: { canister_id: Principal }) => {
  ownOrControlled(request, canister_id).state.chunks.clear();
  return [];
};

function ownOrControlled(request: Request, canisterId: Principal): Canister {
  const canister = existing(request, canisterId);
  return canister.id === request.caller ? canister : controlled(request, canisterId);
}

export const codeMethods = {
  install_code: installCode,
  install_chunked_code: installChunked,
  uninstall_code: uninstallCode,
  upload_chunk: uploadChunk,
  stored_chunks: storedChunks,
  clear_chunk_store: clearChunkStore,
};
