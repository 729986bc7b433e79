import type { Principal } from '@dfinity/principal';
import type { Settings, Visibility } from '../subnet/canister.js';
import { idOf } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import { controlled, recordChange, type Method } from './request.js';
import { statusOf } from './status.js';
import { changeSettings } from './storage.js';
import type { CandidVisibility } from './visibility.js';

export interface CandidSettings {
  controllers: [Principal[]] | [];
  compute_allocation: [bigint] | [];
  memory_allocation: [bigint] | [];
  freezing_threshold: [bigint] | [];
  reserved_cycles_limit: [bigint] | [];
  wasm_memory_limit: [bigint] | [];
  wasm_memory_threshold: [bigint] | [];
  minimum_incoming_canister_call_cycles: [bigint] | [];
  log_memory_limit: [bigint] | [];
  environment_variables: [{ name: string; value: string }[]] | [];
  log_visibility: [CandidVisibility] | [];
  snapshot_visibility: [CandidVisibility] | [];
  status_visibility: [CandidVisibility] | [];
}

const MAX_CONTROLLERS = 10;
const MAX_VARIABLES = 20;
const MAX_VIEWERS = 10;
const MAX_VARIABLE_BYTES = 128;

/** Settings with the changes asked for. @throws Reject `invalidPayload` */
export function withChanges(settings: Settings, changes: CandidSettings | undefined): Settings {
  if (!changes) return settings;
  const next = { ...settings };
  const [controllers] = changes.controllers;
  if (controllers) {
    if (controllers.length > MAX_CONTROLLERS)
      throw new Reject(
        'invalidPayload',
        `A canister has at most ${MAX_CONTROLLERS} controllers, not ${controllers.length}.`,
      );
    next.controllers = [...new Set(controllers.map((one) => idOf(one.toUint8Array())))].sort();
  }
  const [environment] = changes.environment_variables;
  if (environment) next.environment = checkedVariables(environment);
  next.computeAllocation = percent(changes.compute_allocation[0]) ?? next.computeAllocation;
  next.memoryAllocation = wide(changes.memory_allocation[0]) ?? next.memoryAllocation;
  next.freezingThreshold = wide(changes.freezing_threshold[0]) ?? next.freezingThreshold;
  next.reservedCyclesLimit = changes.reserved_cycles_limit[0] ?? next.reservedCyclesLimit;
  next.wasmMemoryLimit = memoryBytes(changes.wasm_memory_limit[0]) ?? next.wasmMemoryLimit;
  next.wasmMemoryThreshold = memoryBytes(changes.wasm_memory_threshold[0]) ?? next.wasmMemoryThreshold;
  next.minimumIncomingCallCycles = changes.minimum_incoming_canister_call_cycles[0] ?? next.minimumIncomingCallCycles;
  next.logMemoryLimit = changes.log_memory_limit[0] ?? next.logMemoryLimit;
  next.logVisibility = visibility(changes.log_visibility[0]) ?? next.logVisibility;
  next.snapshotVisibility = visibility(changes.snapshot_visibility[0]) ?? next.snapshotVisibility;
  next.statusVisibility = visibility(changes.status_visibility[0]) ?? next.statusVisibility;
  return next;
}

function checkedVariables(variables: { name: string; value: string }[]): { name: string; value: string }[] {
  if (variables.length > MAX_VARIABLES)
    throw new Reject('invalidPayload', `Too many environment variables: ${variables.length} (max: ${MAX_VARIABLES})`);
  for (const variable of variables) {
    const [kind, long] =
      Object.entries(variable).find(([, text]) => Buffer.byteLength(text) > MAX_VARIABLE_BYTES) ?? [];
    if (kind)
      throw new Reject(
        'invalidPayload',
        `Environment variable ${kind} "${long}" exceeds the maximum allowed length of ${MAX_VARIABLE_BYTES}.`,
      );
  }
  if (new Set(variables.map(({ name }) => name)).size < variables.length)
    throw new Reject('invalidPayload', 'Environment variables must have different names.');
  return variables.map(({ name, value }) => ({ name, value })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function percent(value: bigint | undefined): bigint | undefined {
  if (value !== undefined && value > 100n)
    throw new Reject('invalidPayload', `A compute allocation is at most 100 percent, not ${value}.`);
  return value;
}

function wide(value: bigint | undefined): bigint | undefined {
  if (value !== undefined && value >= 1n << 64n)
    throw new Reject('invalidPayload', 'A freezing threshold and a memory allocation must fit 64 bits.');
  return value;
}

function memoryBytes(value: bigint | undefined): bigint | undefined {
  if (value !== undefined && value > 1n << 48n)
    throw new Reject('invalidPayload', `A limit or threshold of the heap is at most 2^48 bytes, not ${value}.`);
  return value;
}

function visibility(value: CandidVisibility | undefined): Visibility | undefined {
  if (!value) return undefined;
  if ('allowed_viewers' in value && value.allowed_viewers.length > MAX_VIEWERS) {
    throw new Reject(
      'invalidPayload',
      `There are at most ${MAX_VIEWERS} allowed viewers, not ${value.allowed_viewers.length}.`,
    );
  }
  if ('allowed_viewers' in value)
    return { allowed_viewers: value.allowed_viewers.map((one) => idOf(one.toUint8Array())) };
  return 'public' in value ? 'public' : 'controllers';
}

const updateSettings: Method = (
  request,
  { canister_id, settings }: { canister_id: Principal; settings: CandidSettings },
) => {
  const canister = controlled(request, canister_id);
  const { state } = canister;
  changeSettings(request.subnet, canister, withChanges(state.settings, settings));
  if (settings.controllers.length > 0)
    recordChange(request, canister, { controllers_change: state.settings.controllers });
  else state.version += 1n;
  if (canister.watchMemory()) request.subnet.lowOnMemory.push(canister.id);
  return [];
};

const canisterStatus: Method = (request, { canister_id }: { canister_id: Principal }) => [
  statusOf(request, canister_id),
];

export const settingsMethods = { update_settings: updateSettings, canister_status: canisterStatus };
