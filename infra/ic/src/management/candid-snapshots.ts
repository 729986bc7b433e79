import { IDL } from '@dfinity/candid';

/** Candid types of snapshots (IC spec: `ic.did`). */

const { Record, Variant, Opt, Vec, Principal, Nat, Nat8, Nat64, Int32, Int64, Float32, Float64, Bool, Null, Reserved } =
  IDL;
const Blob = Vec(Nat8);
const Snapshot = Record({ id: Blob, taken_at_timestamp: Nat64, total_size: Nat64 });
export const SnapshotSource = Variant({ taken_from_canister: Reserved, metadata_upload: Reserved });
const Global = Variant({ i32: Int32, i64: Int64, f32: Float32, f64: Float64, v128: Nat });
const Timer = Variant({ inactive: Null, active: Nat64 });
const HookStatus = Variant({ condition_not_satisfied: Null, ready: Null, executed: Null });
const Place = { canister_id: Principal, snapshot_id: Blob };
const Range = Record({ offset: Nat64, size: Nat64 });
const Offset = Record({ offset: Nat64 });
const Sizes = { wasm_module_size: Nat64, globals: Vec(Global), wasm_memory_size: Nat64, stable_memory_size: Nat64 };
const Rest = { certified_data: Blob, global_timer: Opt(Timer), on_low_wasm_memory_hook_status: Opt(HookStatus) };

export const SNAPSHOT_METHODS = {
  take_canister_snapshot: [
    [
      Record({
        canister_id: Principal,
        replace_snapshot: Opt(Blob),
        uninstall_code: Opt(Bool),
        sender_canister_version: Opt(Nat64),
      }),
    ],
    [Snapshot],
  ],
  load_canister_snapshot: [[Record({ ...Place, sender_canister_version: Opt(Nat64) })], []],
  list_canister_snapshots: [[Record({ canister_id: Principal })], [Vec(Snapshot)]],
  delete_canister_snapshot: [[Record(Place)], []],
  read_canister_snapshot_metadata: [
    [Record(Place)],
    [
      Record({
        source: SnapshotSource,
        taken_at_timestamp: Nat64,
        ...Sizes,
        wasm_chunk_store: Vec(Record({ hash: Blob })),
        canister_version: Nat64,
        ...Rest,
      }),
    ],
  ],
  read_canister_snapshot_data: [
    [
      Record({
        ...Place,
        kind: Variant({
          wasm_module: Range,
          wasm_memory: Range,
          stable_memory: Range,
          wasm_chunk: Record({ hash: Blob }),
        }),
      }),
    ],
    [Record({ chunk: Blob })],
  ],
  upload_canister_snapshot_metadata: [
    [Record({ canister_id: Principal, replace_snapshot: Opt(Blob), ...Sizes, ...Rest })],
    [Record({ snapshot_id: Blob })],
  ],
  upload_canister_snapshot_data: [
    [
      Record({
        ...Place,
        kind: Variant({ wasm_module: Offset, wasm_memory: Offset, stable_memory: Offset, wasm_chunk: Null }),
        chunk: Blob,
      }),
    ],
    [],
  ],
} satisfies Record<string, [IDL.Type[], IDL.Type[]]>;
