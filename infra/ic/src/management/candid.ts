import { IDL } from '@dfinity/candid';
import { HttpHeader, HttpResult, TransformArgument } from '../candid.js';
import { SNAPSHOT_METHODS, SnapshotSource } from './candid-snapshots.js';

/** Candid types of the management canister (IC spec: `ic.did`), as far as this host serves it. */

const { Record, Variant, Opt, Vec, Text, Principal, Nat, Nat8, Nat16, Nat64, Bool, Null, Func } = IDL;
const Blob = Vec(Nat8);
const Id = Record({ canister_id: Principal });

const EnvironmentVariable = Record({ name: Text, value: Text });
const Visibility = Variant({ controllers: Null, public: Null, allowed_viewers: Vec(Principal) });

export const Settings = Record({
  controllers: Opt(Vec(Principal)),
  compute_allocation: Opt(Nat),
  memory_allocation: Opt(Nat),
  freezing_threshold: Opt(Nat),
  reserved_cycles_limit: Opt(Nat),
  wasm_memory_limit: Opt(Nat),
  wasm_memory_threshold: Opt(Nat),
  minimum_incoming_canister_call_cycles: Opt(Nat),
  log_memory_limit: Opt(Nat),
  environment_variables: Opt(Vec(EnvironmentVariable)),
  log_visibility: Opt(Visibility),
  snapshot_visibility: Opt(Visibility),
  status_visibility: Opt(Visibility),
});

const DefiniteSettings = Record({
  controllers: Vec(Principal),
  compute_allocation: Nat,
  memory_allocation: Nat,
  freezing_threshold: Nat,
  reserved_cycles_limit: Nat,
  wasm_memory_limit: Nat,
  wasm_memory_threshold: Nat,
  minimum_incoming_canister_call_cycles: Nat,
  log_memory_limit: Nat,
  environment_variables: Vec(EnvironmentVariable),
  log_visibility: Visibility,
  snapshot_visibility: Visibility,
  status_visibility: Visibility,
});

const Status = Record({
  status: Variant({ running: Null, stopping: Null, stopped: Null }),
  ready_for_migration: Bool,
  version: Nat64,
  module_hash: Opt(Blob),
  memory_size: Nat,
  cycles: Nat,
  reserved_cycles: Nat,
  idle_cycles_burned_per_day: Nat,
  settings: DefiniteSettings,
  memory_metrics: Record({
    wasm_memory_size: Nat,
    stable_memory_size: Nat,
    global_memory_size: Nat,
    wasm_binary_size: Nat,
    custom_sections_size: Nat,
    canister_history_size: Nat,
    wasm_chunk_store_size: Nat,
    snapshots_size: Nat,
    log_memory_store_size: Nat,
  }),
  query_stats: Record({
    num_calls_total: Nat,
    num_instructions_total: Nat,
    request_payload_bytes_total: Nat,
    response_payload_bytes_total: Nat,
  }),
});

const UpgradeOptions = Opt(
  Record({ skip_pre_upgrade: Opt(Bool), wasm_memory_persistence: Opt(Variant({ keep: Null, replace: Null })) }),
);
const InstallMode = Variant({ install: Null, reinstall: Null, upgrade: UpgradeOptions });
const ChunkHash = Record({ hash: Blob });

const ChangeOrigin = Variant({
  from_user: Record({ user_id: Principal }),
  from_canister: Record({ canister_id: Principal, canister_version: Opt(Nat64) }),
});
const ChangeDetails = Variant({
  creation: Record({ controllers: Vec(Principal), environment_variables_hash: Opt(Blob) }),
  code_uninstall: Null,
  code_deployment: Record({ mode: Variant({ install: Null, reinstall: Null, upgrade: Null }), module_hash: Blob }),
  controllers_change: Record({ controllers: Vec(Principal) }),
  load_snapshot: Record({
    from_canister_id: Opt(Principal),
    snapshot_id: Blob,
    canister_version: Nat64,
    taken_at_timestamp: Nat64,
    source: SnapshotSource,
  }),
});
const Info = Record({
  total_num_changes: Nat64,
  module_hash: Opt(Blob),
  controllers: Vec(Principal),
  recent_changes: Vec(
    Record({ timestamp_nanos: Nat64, canister_version: Nat64, origin: ChangeOrigin, details: Opt(ChangeDetails) }),
  ),
});

const SchnorrKey = Record({ algorithm: Variant({ bip340secp256k1: Null, ed25519: Null }), name: Text });
const EcdsaKey = Record({ curve: Variant({ secp256k1: Null }), name: Text });
const SchnorrAux = Variant({ bip341: Record({ merkle_root_hash: Blob }) });
const VetKdKey = Record({ curve: Variant({ bls12_381_g2: Null }), name: Text });

const HttpOutcall = Record({
  url: Text,
  max_response_bytes: Opt(Nat64),
  method: Variant({ get: Null, head: Null, post: Null, put: Null, delete: Null, patch: Null }),
  headers: Vec(HttpHeader),
  body: Opt(Blob),
  transform: Opt(Record({ function: Func([TransformArgument], [HttpResult], ['query']), context: Blob })),
  is_replicated: Opt(Bool),
});

const LogRange = Record({ start: Nat64, end: Nat64 });
const LogFilter = Variant({ by_idx: LogRange, by_timestamp_nanos: LogRange });
const Consumed = Record({
  memory: Nat,
  compute_allocation: Nat,
  ingress_induction: Nat,
  instructions: Nat,
  request_and_response_transmission: Nat,
  uninstall: Nat,
  canister_creation: Nat,
  http_outcalls: Nat,
  burned_cycles: Nat,
});
const SubnetMetrics = Record({
  block_height: Nat,
  num_canisters: Nat,
  canister_state_bytes: Nat,
  consumed_cycles_total: Nat,
  update_transactions_total: Nat,
});

/** Argument and result types, in Candid's tuple form. */
export const METHODS = {
  provisional_create_canister_with_cycles: [
    [
      Record({
        amount: Opt(Nat),
        settings: Opt(Settings),
        specified_id: Opt(Principal),
        sender_canister_version: Opt(Nat64),
      }),
    ],
    [Id],
  ],
  provisional_top_up_canister: [[Record({ canister_id: Principal, amount: Nat })], []],
  create_canister: [[Record({ settings: Opt(Settings), sender_canister_version: Opt(Nat64) })], [Id]],
  install_code: [
    [
      Record({
        mode: InstallMode,
        canister_id: Principal,
        wasm_module: Blob,
        arg: Blob,
        sender_canister_version: Opt(Nat64),
      }),
    ],
    [],
  ],
  install_chunked_code: [
    [
      Record({
        mode: InstallMode,
        target_canister: Principal,
        store_canister: Opt(Principal),
        chunk_hashes_list: Vec(ChunkHash),
        wasm_module_hash: Blob,
        arg: Blob,
        sender_canister_version: Opt(Nat64),
      }),
    ],
    [],
  ],
  uninstall_code: [[Record({ canister_id: Principal, sender_canister_version: Opt(Nat64) })], []],
  upload_chunk: [[Record({ canister_id: Principal, chunk: Blob })], [ChunkHash]],
  stored_chunks: [[Id], [Vec(ChunkHash)]],
  clear_chunk_store: [[Id], []],
  update_settings: [[Record({ canister_id: Principal, settings: Settings, sender_canister_version: Opt(Nat64) })], []],
  canister_status: [[Id], [Status]],
  canister_info: [[Record({ canister_id: Principal, num_requested_changes: Opt(Nat64) })], [Info]],
  canister_metadata: [[Record({ canister_id: Principal, name: Text })], [Record({ value: Blob })]],
  start_canister: [[Id], []],
  stop_canister: [[Id], []],
  delete_canister: [[Id], []],
  deposit_cycles: [[Id], []],
  raw_rand: [[], [Blob]],
  vetkd_public_key: [
    [Record({ canister_id: Opt(Principal), context: Blob, key_id: VetKdKey })],
    [Record({ public_key: Blob })],
  ],
  vetkd_derive_key: [
    [Record({ input: Blob, context: Blob, transport_public_key: Blob, key_id: VetKdKey })],
    [Record({ encrypted_key: Blob })],
  ],
  schnorr_public_key: [
    [Record({ canister_id: Opt(Principal), derivation_path: Vec(Blob), key_id: SchnorrKey })],
    [Record({ public_key: Blob, chain_code: Blob })],
  ],
  sign_with_schnorr: [
    [Record({ message: Blob, derivation_path: Vec(Blob), key_id: SchnorrKey, aux: Opt(SchnorrAux) })],
    [Record({ signature: Blob })],
  ],
  ecdsa_public_key: [
    [Record({ canister_id: Opt(Principal), derivation_path: Vec(Blob), key_id: EcdsaKey })],
    [Record({ public_key: Blob, chain_code: Blob })],
  ],
  sign_with_ecdsa: [
    [Record({ message_hash: Blob, derivation_path: Vec(Blob), key_id: EcdsaKey })],
    [Record({ signature: Blob })],
  ],
  http_request: [[HttpOutcall], [HttpResult]],
  ...SNAPSHOT_METHODS,
  canister_metrics: [[Id], [Record({ cycles_consumed: Consumed })]],
  list_canisters: [[], [Record({ canisters: Vec(Record({ start: Principal, end: Principal })) })]],
  subnet_info: [[Record({ subnet_id: Principal })], [Record({ replica_version: Text, registry_version: Nat64 })]],
  subnet_metrics: [[Record({ subnet_id: Principal })], [SubnetMetrics]],
  node_metrics_history: [
    [Record({ subnet_id: Principal, start_at_timestamp_nanos: Nat64 })],
    [
      Vec(
        Record({
          timestamp_nanos: Nat64,
          node_metrics: Vec(
            Record({ node_id: Principal, num_blocks_proposed_total: Nat64, num_block_failures_total: Nat64 }),
          ),
        }),
      ),
    ],
  ],
  fetch_canister_logs: [
    [Record({ canister_id: Principal, filter: Opt(LogFilter) })],
    [Record({ canister_log_records: Vec(Record({ idx: Nat64, timestamp_nanos: Nat64, content: Blob })) })],
  ],
} satisfies Record<string, [IDL.Type[], IDL.Type[]]>;

export type MethodName = keyof typeof METHODS;

/** Candid of the HTTP gateway protocol. */
const Header = IDL.Tuple(Text, Text);
export const HttpRequest = Record({
  method: Text,
  url: Text,
  headers: Vec(Header),
  body: Blob,
  certificate_version: Opt(Nat16),
});
export const HttpUpdateRequest = Record({ method: Text, url: Text, headers: Vec(Header), body: Blob });
