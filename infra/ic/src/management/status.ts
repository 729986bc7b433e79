import type { Principal } from '@dfinity/principal';
import { PAGE } from '../execution/stable-memory.js';
import type { Canister, Recorded } from '../subnet/canister.js';
import { bytesOf, principalOf, textOf } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import { chunkBytes } from '../subnet/snapshot.js';
import { existing, type Request } from './request.js';
import { candidVisibility, maySee } from './visibility.js';

/** The reply of `canister_status`, with every field that strict clients decode. @throws Reject */
export function statusOf(request: Pick<Request, 'subnet' | 'caller'>, canisterId: Principal): unknown {
  const canister = existing(request, canisterId);
  const { state, module, instance, stable } = canister;
  const { settings, stats } = state;
  if (request.caller !== canister.id && !maySee(canister, request.caller, settings.statusVisibility)) {
    throw new Reject(
      'invalidController',
      `Only controllers of canister ${textOf(canister.id)} can call ic00 method canister_status; ` +
        `${textOf(request.caller)} is none of them`,
    );
  }
  const memory = canister.memoryBytes();
  return {
    status: { [state.status]: null },
    ready_for_migration: false,
    version: state.version,
    module_hash: module ? [module.hash] : [],
    memory_size: memory,
    cycles: state.cycles,
    reserved_cycles: state.reserved ?? 0n,
    idle_cycles_burned_per_day: canister.idleCost(86_400n),
    settings: {
      controllers: settings.controllers.map(principalOf),
      compute_allocation: settings.computeAllocation,
      memory_allocation: settings.memoryAllocation,
      freezing_threshold: settings.freezingThreshold,
      reserved_cycles_limit: settings.reservedCyclesLimit,
      wasm_memory_limit: settings.wasmMemoryLimit,
      wasm_memory_threshold: settings.wasmMemoryThreshold,
      minimum_incoming_canister_call_cycles: settings.minimumIncomingCallCycles,
      log_memory_limit: settings.logMemoryLimit,
      environment_variables: settings.environment,
      log_visibility: candidVisibility(settings.logVisibility),
      snapshot_visibility: candidVisibility(settings.snapshotVisibility),
      status_visibility: candidVisibility(settings.statusVisibility),
    },
    memory_metrics: {
      wasm_memory_size: instance?.heapBytes ?? 0,
      stable_memory_size: stable.size * PAGE,
      global_memory_size: (instance?.globals.length ?? 0) * 8,
      wasm_binary_size: module?.size ?? 0,
      custom_sections_size: [...(module?.metadata.values() ?? [])].reduce(
        (sum, { content }) => sum + content.length,
        0,
      ),
      canister_history_size: historyBytes(canister),
      wasm_chunk_store_size: chunkBytes(state.chunks),
      snapshots_size: canister.snapshotBytes(),
      log_memory_store_size: state.log.reduce((sum, line) => sum + line.content.length, 0),
    },
    query_stats: {
      num_calls_total: stats.calls,
      num_instructions_total: stats.instructions,
      request_payload_bytes_total: stats.requestBytes,
      response_payload_bytes_total: stats.responseBytes,
    },
  };
}

/** As the replica counts it: what each kind of change takes there. */
function historyBytes({ state }: Canister): number {
  return state.history.reduce(
    (sum, { what }) =>
      sum + 80 + (typeof what === 'object' && 'controllers_change' in what ? 30 * what.controllers_change.length : 40),
    0,
  );
}

/** The reply of `canister_info`. @throws Reject */
export function infoOf(request: Request, canisterId: Principal, requested: number): unknown {
  const canister = existing(request, canisterId);
  const recent = requested === 0 ? [] : canister.state.history.slice(-requested);
  return {
    total_num_changes: canister.state.changes,
    module_hash: canister.module ? [canister.module.hash] : [],
    controllers: canister.state.settings.controllers.map(principalOf),
    recent_changes: recent.map(candidChange),
  };
}

function candidChange({ timestamp, version, by, what }: Recorded): unknown {
  const origin = by.isCanister
    ? {
        from_canister: {
          canister_id: principalOf(by.id),
          canister_version: by.version === undefined ? [] : [by.version],
        },
      }
    : { from_user: { user_id: principalOf(by.id) } };
  return { timestamp_nanos: timestamp, canister_version: version, origin, details: [candidDetails(what)] };
}

function candidDetails(what: Recorded['what']): unknown {
  if (what === 'code_uninstall') return { code_uninstall: null };
  if ('creation' in what) {
    const { controllers, environmentHash } = what.creation;
    return {
      creation: {
        controllers: controllers.map(principalOf),
        environment_variables_hash: environmentHash ? [environmentHash] : [],
      },
    };
  }
  if ('load_snapshot' in what) {
    const { from, id, version, takenAt, uploaded } = what.load_snapshot;
    const source = uploaded ? { metadata_upload: null } : { taken_from_canister: null };
    return {
      load_snapshot: {
        from_canister_id: from ? [principalOf(from)] : [],
        snapshot_id: bytesOf(id),
        canister_version: version,
        taken_at_timestamp: takenAt,
        source,
      },
    };
  }
  if ('controllers_change' in what)
    return { controllers_change: { controllers: what.controllers_change.map(principalOf) } };
  return {
    code_deployment: { mode: { [what.code_deployment.mode]: null }, module_hash: what.code_deployment.moduleHash },
  };
}

type Between = { start: bigint; end: bigint };
interface LogsArgument {
  canister_id: Principal;
  filter: [{ by_idx: Between } | { by_timestamp_nanos: Between }] | [];
}

/** The reply of `fetch_canister_logs`: lines from `start` on and before `end`. @throws Reject */
export function logsOf(
  { subnet, caller }: Pick<Request, 'subnet' | 'caller'>,
  { canister_id, filter: [filter] }: LogsArgument,
): unknown {
  const canister = existing({ subnet }, canister_id);
  if (!maySee(canister, caller, canister.state.settings.logVisibility)) {
    throw new Reject(
      'rejectedAtTheDoor',
      `Caller ${textOf(caller)} is not allowed to query ic00 method fetch_canister_logs of canister ` +
        `${textOf(canister.id)}`,
    );
  }
  const lines = canister.state.log.filter(({ index, timestamp }) => {
    if (!filter) return true;
    return 'by_idx' in filter ? within(index, filter.by_idx) : within(timestamp, filter.by_timestamp_nanos);
  });
  return {
    canister_log_records: lines.map(({ index, timestamp, content }) => ({
      idx: index,
      timestamp_nanos: timestamp,
      content,
    })),
  };
}

function within(value: bigint, { start, end }: Between): boolean {
  return value >= start && value < end;
}

const USE_CASES = [
  'memory',
  'compute_allocation',
  'ingress_induction',
  'instructions',
  'request_and_response_transmission',
  'uninstall',
  'canister_creation',
  'http_outcalls',
  'burned_cycles',
];

/** The reply of `canister_metrics`. @throws Reject */
export function metricsOf({ subnet, caller }: Pick<Request, 'subnet' | 'caller'>, canisterId: Principal): unknown {
  const canister = existing({ subnet }, canisterId);
  if (!canister.isControlledBy(caller))
    throw new Reject(
      'invalidController',
      `Only controllers of canister ${textOf(canister.id)} can call ic00 method canister_metrics`,
    );
  const consumed: Record<string, bigint | undefined> = canister.state.consumed ?? {};
  return { cycles_consumed: Object.fromEntries(USE_CASES.map((on) => [on, consumed[on] ?? 0n])) };
}
