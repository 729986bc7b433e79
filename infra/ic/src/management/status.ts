import type { Principal } from '@dfinity/principal';
import { PAGE } from '../execution/stable-memory.js';
import type { Recorded } from '../subnet/canister.js';
import { idleBurnedPerDay } from '../subnet/cycles.js';
import { principalOf, textOf } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import { existing, type Request } from './request.js';
import { candidVisibility, maySee } from './visibility.js';

/** The reply of `canister_status`, with every field that strict clients decode. @throws Reject */
export function statusOf(request: Pick<Request, 'subnet' | 'caller'>, canisterId: Principal): unknown {
  const canister = existing(request, canisterId);
  const { state, module, instance, stable } = canister;
  const { settings, stats } = state;
  if (request.caller !== canister.id && !maySee(canister, request.caller, settings.statusVisibility)) {
    throw new Reject('invalidController', `Only controllers of canister ${textOf(canister.id)} can call ic00 method canister_status; ${textOf(request.caller)} is none of them`);
  }
  const chunks = [...state.chunks.values()].reduce((sum, chunk) => sum + chunk.length, 0);
  const memory = canister.memoryBytes();
  return {
    status: { [state.status]: null }, ready_for_migration: false, version: state.version, module_hash: module ? [module.hash] : [], memory_size: memory,
    cycles: state.cycles, reserved_cycles: 0n, idle_cycles_burned_per_day: idleBurnedPerDay(memory),
    settings: {
      controllers: settings.controllers.map(principalOf), compute_allocation: settings.computeAllocation, memory_allocation: settings.memoryAllocation,
      freezing_threshold: settings.freezingThreshold, reserved_cycles_limit: settings.reservedCyclesLimit, wasm_memory_limit: settings.wasmMemoryLimit,
      wasm_memory_threshold: settings.wasmMemoryThreshold, minimum_incoming_canister_call_cycles: settings.minimumIncomingCallCycles,
      log_memory_limit: settings.logMemoryLimit, environment_variables: settings.environment, log_visibility: candidVisibility(settings.logVisibility),
      snapshot_visibility: candidVisibility(settings.snapshotVisibility), status_visibility: candidVisibility(settings.statusVisibility),
    },
    memory_metrics: {
      wasm_memory_size: instance?.heap.length ?? 0, stable_memory_size: stable.size * PAGE, global_memory_size: (instance?.globals.length ?? 0) * 8,
      wasm_binary_size: module?.size ?? 0, custom_sections_size: [...(module?.metadata.values() ?? [])].reduce((sum, { content }) => sum + content.length, 0),
      canister_history_size: 0, wasm_chunk_store_size: chunks, snapshots_size: 0, log_memory_store_size: state.log.reduce((sum, line) => sum + line.content.length, 0),
    },
    query_stats: {
      num_calls_total: stats.calls, num_instructions_total: stats.instructions, request_payload_bytes_total: stats.requestBytes,
      response_payload_bytes_total: stats.responseBytes,
    },
  };
}

/** The reply of `canister_info`. @throws Reject */
export function infoOf(request: Request, canisterId: Principal, requested: number): unknown {
  const canister = existing(request, canisterId);
  const recent = requested === 0 ? [] : canister.state.history.slice(-requested);
  return {
    total_num_changes: canister.state.changes, module_hash: canister.module ? [canister.module.hash] : [],
    controllers: canister.state.settings.controllers.map(principalOf), recent_changes: recent.map((one) => candidChange(one, canister.state.settings.controllers)),
  };
}

function candidChange({ timestamp, version, by, byCanister, what }: Recorded, controllers: string[]): unknown {
  const origin = byCanister ? { from_canister: { canister_id: principalOf(by), canister_version: [] } } : { from_user: { user_id: principalOf(by) } };
  return { timestamp_nanos: timestamp, canister_version: version, origin, details: [candidDetails(what, controllers)] };
}

function candidDetails(what: Recorded['what'], controllers: string[]): unknown {
  if (what === 'creation') return { creation: { controllers: controllers.map(principalOf), environment_variables_hash: [] } };
  if (what === 'code_uninstall') return { code_uninstall: null };
  if ('controllers_change' in what) return { controllers_change: { controllers: what.controllers_change.map(principalOf) } };
  return { code_deployment: { mode: { [what.code_deployment.mode]: null }, module_hash: what.code_deployment.moduleHash } };
}

/** The reply of `fetch_canister_logs`. @throws Reject */
export function logsOf({ subnet, caller }: Pick<Request, 'subnet' | 'caller'>, canisterId: Principal): unknown {
  const { id, state } = existing({ subnet }, canisterId);
  if (!maySee(existing({ subnet }, canisterId), caller, state.settings.logVisibility)) {
    throw new Reject('rejectedAtTheDoor', `Caller ${textOf(caller)} is not allowed to query ic00 method fetch_canister_logs of canister ${textOf(id)}`);
  }
  return { canister_log_records: state.log.map(({ index, timestamp, content }) => ({ idx: index, timestamp_nanos: timestamp, content })) };
}
