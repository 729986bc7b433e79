// Generated from the canister's .did by canisters/bindgen (npm run bindings): do not edit.
import type { Principal } from '@dfinity/principal';
import type { ActorMethod } from '@dfinity/agent';
import type { IDL } from '@dfinity/candid';

/**
 * Governed payloads.
 */
export interface AdoptCheckpoint {
  'checkpoint' : string,
  'plan' : Plan,
  'channel' : string,
}
export interface AppointEvaluator { 'evaluator' : Principal }
export interface AuditEntry {
  'at' : bigint,
  'hash' : Uint8Array,
  'event' : string,
  'caller' : Principal,
  'index' : bigint,
}
export interface AuditTip {
  'certificate' : [] | [Uint8Array],
  'hash' : Uint8Array,
  'witness' : Uint8Array,
  'length' : bigint,
}
/**
 * seed: what the order of its pods was drawn by, once its first wave has begun.
 */
export interface Candidate {
  'threshold' : bigint,
  'checkpoint' : string,
  'seed' : [] | [Uint8Array],
  'release' : bigint,
  'version' : number,
}
export interface Channel {
  'stable' : [] | [Stable],
  'name' : string,
  'candidate' : [] | [Candidate],
  'sequence' : bigint,
  'reason' : string,
}
/**
 * task: the kind of its task; which figures there are is the task's to say.
 */
export interface Checkpoint {
  'id' : string,
  'job' : bigint,
  'model' : string,
  'provider' : Principal,
  'figures' : Array<Figure>,
  'task' : string,
  'version' : [] | [number],
  'state' : CheckpointState,
  'datasets' : Array<string>,
  'bytes' : bigint,
  'parent' : [] | [string],
  'submitted_at' : bigint,
  'recipe' : string,
}
/**
 * number counts submissions; datasets: how many it was trained on.
 */
export interface CheckpointLine {
  'id' : string,
  'job' : bigint,
  'model' : string,
  'provider' : Principal,
  'figures' : Array<Figure>,
  'task' : string,
  'version' : [] | [number],
  'state' : CheckpointState,
  'datasets' : number,
  'number' : bigint,
  'bytes' : bigint,
  'parent' : [] | [string],
  'submitted_at' : bigint,
  'recipe' : string,
}
export type CheckpointState = { 'evaluated' : null } |
  { 'submitted' : null } |
  { 'rejected' : null } |
  { 'official' : null };
export type CheckpointsAbout = { 'job' : bigint } |
  { 'model' : string } |
  { 'dataset' : string } |
  { 'parent' : string };
export interface CloseCheckpoint { 'checkpoint' : string, 'proposal' : bigint }
/**
 * `after` a job; `next` is where to go on.
 */
export interface CollectChunks { 'after' : [] | [bigint], 'limit' : number }
export interface CollectedChunks {
  'jobs' : BigUint64Array | bigint[],
  'next' : [] | [bigint],
  'bytes' : bigint,
}
export type Error = { 'MissingChunks' : Why } |
  { 'Invalid' : Why } |
  { 'WrongSigner' : Why } |
  { 'WrongSignature' : Why } |
  { 'NotGranted' : Why } |
  { 'Superseded' : Why } |
  { 'NotYet' : Why } |
  { 'NotFound' : Why } |
  { 'NotAuthorized' : Why } |
  { 'AlreadyExists' : Why } |
  { 'JobMismatch' : Why } |
  { 'WrongHash' : Why } |
  { 'NotCanonical' : Why } |
  { 'NotEvaluated' : Why } |
  { 'Unavailable' : Why } |
  { 'LimitExceeded' : Why } |
  { 'NotAppointed' : Why };
export type ExposureState = { 'stopped' : string } |
  { 'completed' : null } |
  { 'rolling' : null };
/**
 * unit: null for a share of one.
 */
export interface Figure {
  'value' : string,
  'name' : string,
  'unit' : [] | [string],
}
export interface FindCheckpoints {
  'about' : [] | [CheckpointsAbout],
  'limit' : number,
  'before' : [] | [bigint],
}
/**
 * min_pods, min_pod_windows, max_bad_permille: unsaid 3, min_windows / min_pods, 500. test: in the place of min_pods and max_bad_permille.
 */
export interface Gate {
  'max_correction_permille' : number,
  'test' : [] | [PodTest],
  'max_errors' : number,
  'min_pods' : [] | [number],
  'min_windows' : number,
  'max_bad_permille' : [] | [number],
  'min_pod_windows' : [] | [number],
}
export type HeaderField = [string, string];
export interface HttpRequest {
  'url' : string,
  'method' : string,
  'body' : Uint8Array,
  'headers' : Array<HeaderField>,
  'certificate_version' : [] | [number],
}
export interface HttpResponse {
  'body' : Uint8Array,
  'headers' : Array<HeaderField>,
  'status_code' : number,
}
export interface InitArgs {
  'initial_root' : [] | [Uint8Array],
  'schnorr_key_name' : string,
  'governor' : Principal,
  'peers' : Peers,
}
export interface ListChannels { 'after' : [] | [string], 'limit' : number }
export interface ListCheckpoints {
  'after' : [] | [string],
  'limit' : number,
  'state' : [] | [CheckpointState],
}
export interface Peers {
  'fleet' : Principal,
  'access' : Principal,
  'ledger' : Principal,
  'datasets' : Principal,
  'models' : Principal,
  'governance' : Principal,
  'treasury' : Principal,
}
/**
 * skippable_soak: an operator may end a wave's soak early; null = no. shares: waves in 1/1000 of the enrolled pods, growing to 1000; then waves is empty.
 */
export interface Plan {
  'soak_seconds' : number,
  'shares' : [] | [Uint32Array | number[]],
  'gate' : Gate,
  'waves' : Uint32Array | number[],
  'skippable_soak' : [] | [boolean],
}
/**
 * How pods are judged (rollout, PodTest): shares are of 1000.
 */
export interface PodTest {
  'healthy_permille' : number,
  'miss_permille' : number,
  'min_new_pods' : number,
  'min_pod_seconds' : number,
  'margin_permille' : number,
  'false_alarm_permille' : number,
  'unhealthy_permille' : number,
}
/**
 * The state of the TUF repository: `version` is that of targets and snapshot, 0 before the first publication.
 */
export interface Publication {
  'last_error' : [] | [string],
  'timestamp_version' : bigint,
  'pending' : boolean,
  'version' : bigint,
  'root_version' : number,
  'timestamp_expires_at' : bigint,
}
export interface PublishRoot { 'root' : Uint8Array }
export interface PutChunk { 'job' : bigint, 'bytes' : Uint8Array }
export type ResultBlob = { 'Ok' : Uint8Array } |
  { 'Err' : Error };
export type ResultCheckpoint = { 'Ok' : Checkpoint } |
  { 'Err' : Error };
export type ResultUnit = { 'Ok' : null } |
  { 'Err' : Error };
export interface RevokeEvaluator { 'evaluator' : Principal, 'reason' : string }
export interface RollbackChannel {
  'version' : number,
  'channel' : string,
  'reason' : string,
}
export interface SetExposure {
  'threshold' : bigint,
  'seed' : [] | [Uint8Array],
  'release' : bigint,
  'state' : ExposureState,
  'channel' : string,
}
export interface SignedEvaluation {
  'report' : Uint8Array,
  'signature' : Uint8Array,
}
export interface SignedManifest {
  'signature' : Uint8Array,
  'evaluation' : [] | [SignedEvaluation],
  'manifest' : Uint8Array,
}
export interface Stable { 'checkpoint' : string, 'version' : number }
export interface SubmitCheckpoint {
  'signature' : Uint8Array,
  'manifest' : Uint8Array,
}
export interface SubmitEvaluation {
  'report' : Uint8Array,
  'signature' : Uint8Array,
}
export type Validation = { 'Ok' : string } |
  { 'Err' : string };
export interface Why {
  'remedy' : string,
  'subject' : string,
  'message' : string,
}
export interface _SERVICE {
  'adopt_checkpoint' : ActorMethod<[AdoptCheckpoint], undefined>,
  'appoint_evaluator' : ActorMethod<[AppointEvaluator], undefined>,
  'audit_log' : ActorMethod<
    [{ 'start' : bigint, 'length' : number }],
    Array<AuditEntry>
  >,
  'audit_tip' : ActorMethod<[], AuditTip>,
  'close_checkpoint' : ActorMethod<[CloseCheckpoint], ResultCheckpoint>,
  /**
   * Frees chunks of jobs that ended without a checkpoint, at most 50 jobs in one call. Anyone may ask; access is asked about each job.
   */
  'collect_chunks' : ActorMethod<
    [CollectChunks],
    { 'Ok' : CollectedChunks } |
      { 'Err' : Error }
  >,
  'cycles' : ActorMethod<[], bigint>,
  'get_channel' : ActorMethod<[string], [] | [Channel]>,
  'get_checkpoint' : ActorMethod<[string], [] | [Checkpoint]>,
  'get_chunk' : ActorMethod<
    [Uint8Array],
    [] | [Uint8Array]
  >,
  'get_manifest' : ActorMethod<[string], [] | [SignedManifest]>,
  'get_publication' : ActorMethod<[], Publication>,
  'http_request' : ActorMethod<[HttpRequest], HttpResponse>,
  'install_first_root' : ActorMethod<[Uint8Array], ResultUnit>,
  'list_channels' : ActorMethod<[ListChannels], Array<Channel>>,
  'list_checkpoints' : ActorMethod<[ListCheckpoints], Array<Checkpoint>>,
  'list_evaluators' : ActorMethod<[], Array<Principal>>,
  'newest_checkpoints' : ActorMethod<[FindCheckpoints], Array<CheckpointLine>>,
  'public_key' : ActorMethod<[], ResultBlob>,
  'publish_root' : ActorMethod<[PublishRoot], undefined>,
  'put_chunk' : ActorMethod<[PutChunk], ResultBlob>,
  'revoke_evaluator' : ActorMethod<[RevokeEvaluator], undefined>,
  'rollback_channel' : ActorMethod<[RollbackChannel], undefined>,
  'set_exposure' : ActorMethod<[SetExposure], ResultUnit>,
  'submit_checkpoint' : ActorMethod<[SubmitCheckpoint], ResultCheckpoint>,
  'submit_evaluation' : ActorMethod<[SubmitEvaluation], ResultCheckpoint>,
  'validate_adopt_checkpoint' : ActorMethod<[AdoptCheckpoint], Validation>,
  'validate_appoint_evaluator' : ActorMethod<[AppointEvaluator], Validation>,
  'validate_publish_root' : ActorMethod<[PublishRoot], Validation>,
  'validate_revoke_evaluator' : ActorMethod<[RevokeEvaluator], Validation>,
  'validate_rollback_channel' : ActorMethod<[RollbackChannel], Validation>,
}

export const idlFactory: IDL.InterfaceFactory = ({ IDL }) => {
  const Peers = IDL.Record({
    'fleet' : IDL.Principal,
    'access' : IDL.Principal,
    'ledger' : IDL.Principal,
    'datasets' : IDL.Principal,
    'models' : IDL.Principal,
    'governance' : IDL.Principal,
    'treasury' : IDL.Principal,
  });
  const InitArgs = IDL.Record({
    'initial_root' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'schnorr_key_name' : IDL.Text,
    'governor' : IDL.Principal,
    'peers' : Peers,
  });
  const PodTest = IDL.Record({
    'healthy_permille' : IDL.Nat32,
    'miss_permille' : IDL.Nat32,
    'min_new_pods' : IDL.Nat32,
    'min_pod_seconds' : IDL.Nat32,
    'margin_permille' : IDL.Nat32,
    'false_alarm_permille' : IDL.Nat32,
    'unhealthy_permille' : IDL.Nat32,
  });
  const Gate = IDL.Record({
    'max_correction_permille' : IDL.Nat32,
    'test' : IDL.Opt(PodTest),
    'max_errors' : IDL.Nat32,
    'min_pods' : IDL.Opt(IDL.Nat32),
    'min_windows' : IDL.Nat32,
    'max_bad_permille' : IDL.Opt(IDL.Nat32),
    'min_pod_windows' : IDL.Opt(IDL.Nat32),
  });
  const Plan = IDL.Record({
    'soak_seconds' : IDL.Nat32,
    'shares' : IDL.Opt(IDL.Vec(IDL.Nat32)),
    'gate' : Gate,
    'waves' : IDL.Vec(IDL.Nat32),
    'skippable_soak' : IDL.Opt(IDL.Bool),
  });
  const AdoptCheckpoint = IDL.Record({
    'checkpoint' : IDL.Text,
    'plan' : Plan,
    'channel' : IDL.Text,
  });
  const AppointEvaluator = IDL.Record({ 'evaluator' : IDL.Principal });
  const AuditEntry = IDL.Record({
    'at' : IDL.Nat64,
    'hash' : IDL.Vec(IDL.Nat8),
    'event' : IDL.Text,
    'caller' : IDL.Principal,
    'index' : IDL.Nat64,
  });
  const AuditTip = IDL.Record({
    'certificate' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'hash' : IDL.Vec(IDL.Nat8),
    'witness' : IDL.Vec(IDL.Nat8),
    'length' : IDL.Nat64,
  });
  const CloseCheckpoint = IDL.Record({
    'checkpoint' : IDL.Text,
    'proposal' : IDL.Nat64,
  });
  const Figure = IDL.Record({
    'value' : IDL.Text,
    'name' : IDL.Text,
    'unit' : IDL.Opt(IDL.Text),
  });
  const CheckpointState = IDL.Variant({
    'evaluated' : IDL.Null,
    'submitted' : IDL.Null,
    'rejected' : IDL.Null,
    'official' : IDL.Null,
  });
  const Checkpoint = IDL.Record({
    'id' : IDL.Text,
    'job' : IDL.Nat64,
    'model' : IDL.Text,
    'provider' : IDL.Principal,
    'figures' : IDL.Vec(Figure),
    'task' : IDL.Text,
    'version' : IDL.Opt(IDL.Nat32),
    'state' : CheckpointState,
    'datasets' : IDL.Vec(IDL.Text),
    'bytes' : IDL.Nat64,
    'parent' : IDL.Opt(IDL.Text),
    'submitted_at' : IDL.Nat64,
    'recipe' : IDL.Text,
  });
  const Why = IDL.Record({
    'remedy' : IDL.Text,
    'subject' : IDL.Text,
    'message' : IDL.Text,
  });
  const Error = IDL.Variant({
    'MissingChunks' : Why,
    'Invalid' : Why,
    'WrongSigner' : Why,
    'WrongSignature' : Why,
    'NotGranted' : Why,
    'Superseded' : Why,
    'NotYet' : Why,
    'NotFound' : Why,
    'NotAuthorized' : Why,
    'AlreadyExists' : Why,
    'JobMismatch' : Why,
    'WrongHash' : Why,
    'NotCanonical' : Why,
    'NotEvaluated' : Why,
    'Unavailable' : Why,
    'LimitExceeded' : Why,
    'NotAppointed' : Why,
  });
  const ResultCheckpoint = IDL.Variant({ 'Ok' : Checkpoint, 'Err' : Error });
  const CollectChunks = IDL.Record({
    'after' : IDL.Opt(IDL.Nat64),
    'limit' : IDL.Nat32,
  });
  const CollectedChunks = IDL.Record({
    'jobs' : IDL.Vec(IDL.Nat64),
    'next' : IDL.Opt(IDL.Nat64),
    'bytes' : IDL.Nat64,
  });
  const Stable = IDL.Record({ 'checkpoint' : IDL.Text, 'version' : IDL.Nat32 });
  const Candidate = IDL.Record({
    'threshold' : IDL.Nat64,
    'checkpoint' : IDL.Text,
    'seed' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'release' : IDL.Nat64,
    'version' : IDL.Nat32,
  });
  const Channel = IDL.Record({
    'stable' : IDL.Opt(Stable),
    'name' : IDL.Text,
    'candidate' : IDL.Opt(Candidate),
    'sequence' : IDL.Nat64,
    'reason' : IDL.Text,
  });
  const SignedEvaluation = IDL.Record({
    'report' : IDL.Vec(IDL.Nat8),
    'signature' : IDL.Vec(IDL.Nat8),
  });
  const SignedManifest = IDL.Record({
    'signature' : IDL.Vec(IDL.Nat8),
    'evaluation' : IDL.Opt(SignedEvaluation),
    'manifest' : IDL.Vec(IDL.Nat8),
  });
  const Publication = IDL.Record({
    'last_error' : IDL.Opt(IDL.Text),
    'timestamp_version' : IDL.Nat64,
    'pending' : IDL.Bool,
    'version' : IDL.Nat64,
    'root_version' : IDL.Nat32,
    'timestamp_expires_at' : IDL.Nat64,
  });
  const HeaderField = IDL.Tuple(IDL.Text, IDL.Text);
  const HttpRequest = IDL.Record({
    'url' : IDL.Text,
    'method' : IDL.Text,
    'body' : IDL.Vec(IDL.Nat8),
    'headers' : IDL.Vec(HeaderField),
    'certificate_version' : IDL.Opt(IDL.Nat16),
  });
  const HttpResponse = IDL.Record({
    'body' : IDL.Vec(IDL.Nat8),
    'headers' : IDL.Vec(HeaderField),
    'status_code' : IDL.Nat16,
  });
  const ResultUnit = IDL.Variant({ 'Ok' : IDL.Null, 'Err' : Error });
  const ListChannels = IDL.Record({
    'after' : IDL.Opt(IDL.Text),
    'limit' : IDL.Nat32,
  });
  const ListCheckpoints = IDL.Record({
    'after' : IDL.Opt(IDL.Text),
    'limit' : IDL.Nat32,
    'state' : IDL.Opt(CheckpointState),
  });
  const CheckpointsAbout = IDL.Variant({
    'job' : IDL.Nat64,
    'model' : IDL.Text,
    'dataset' : IDL.Text,
    'parent' : IDL.Text,
  });
  const FindCheckpoints = IDL.Record({
    'about' : IDL.Opt(CheckpointsAbout),
    'limit' : IDL.Nat32,
    'before' : IDL.Opt(IDL.Nat64),
  });
  const CheckpointLine = IDL.Record({
    'id' : IDL.Text,
    'job' : IDL.Nat64,
    'model' : IDL.Text,
    'provider' : IDL.Principal,
    'figures' : IDL.Vec(Figure),
    'task' : IDL.Text,
    'version' : IDL.Opt(IDL.Nat32),
    'state' : CheckpointState,
    'datasets' : IDL.Nat32,
    'number' : IDL.Nat64,
    'bytes' : IDL.Nat64,
    'parent' : IDL.Opt(IDL.Text),
    'submitted_at' : IDL.Nat64,
    'recipe' : IDL.Text,
  });
  const ResultBlob = IDL.Variant({ 'Ok' : IDL.Vec(IDL.Nat8), 'Err' : Error });
  const PublishRoot = IDL.Record({ 'root' : IDL.Vec(IDL.Nat8) });
  const PutChunk = IDL.Record({
    'job' : IDL.Nat64,
    'bytes' : IDL.Vec(IDL.Nat8),
  });
  const RevokeEvaluator = IDL.Record({
    'evaluator' : IDL.Principal,
    'reason' : IDL.Text,
  });
  const RollbackChannel = IDL.Record({
    'version' : IDL.Nat32,
    'channel' : IDL.Text,
    'reason' : IDL.Text,
  });
  const ExposureState = IDL.Variant({
    'stopped' : IDL.Text,
    'completed' : IDL.Null,
    'rolling' : IDL.Null,
  });
  const SetExposure = IDL.Record({
    'threshold' : IDL.Nat64,
    'seed' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'release' : IDL.Nat64,
    'state' : ExposureState,
    'channel' : IDL.Text,
  });
  const SubmitCheckpoint = IDL.Record({
    'signature' : IDL.Vec(IDL.Nat8),
    'manifest' : IDL.Vec(IDL.Nat8),
  });
  const SubmitEvaluation = IDL.Record({
    'report' : IDL.Vec(IDL.Nat8),
    'signature' : IDL.Vec(IDL.Nat8),
  });
  const Validation = IDL.Variant({ 'Ok' : IDL.Text, 'Err' : IDL.Text });
  return IDL.Service({
    'adopt_checkpoint' : IDL.Func([AdoptCheckpoint], [], []),
    'appoint_evaluator' : IDL.Func([AppointEvaluator], [], []),
    'audit_log' : IDL.Func(
        [IDL.Record({ 'start' : IDL.Nat64, 'length' : IDL.Nat32 })],
        [IDL.Vec(AuditEntry)],
        ['query'],
      ),
    'audit_tip' : IDL.Func([], [AuditTip], ['query']),
    'close_checkpoint' : IDL.Func([CloseCheckpoint], [ResultCheckpoint], []),
    'collect_chunks' : IDL.Func(
        [CollectChunks],
        [IDL.Variant({ 'Ok' : CollectedChunks, 'Err' : Error })],
        [],
      ),
    'cycles' : IDL.Func([], [IDL.Nat], ['query']),
    'get_channel' : IDL.Func([IDL.Text], [IDL.Opt(Channel)], ['query']),
    'get_checkpoint' : IDL.Func([IDL.Text], [IDL.Opt(Checkpoint)], ['query']),
    'get_chunk' : IDL.Func(
        [IDL.Vec(IDL.Nat8)],
        [IDL.Opt(IDL.Vec(IDL.Nat8))],
        ['query'],
      ),
    'get_manifest' : IDL.Func([IDL.Text], [IDL.Opt(SignedManifest)], ['query']),
    'get_publication' : IDL.Func([], [Publication], ['query']),
    'http_request' : IDL.Func([HttpRequest], [HttpResponse], ['query']),
    'install_first_root' : IDL.Func([IDL.Vec(IDL.Nat8)], [ResultUnit], []),
    'list_channels' : IDL.Func([ListChannels], [IDL.Vec(Channel)], ['query']),
    'list_checkpoints' : IDL.Func(
        [ListCheckpoints],
        [IDL.Vec(Checkpoint)],
        ['query'],
      ),
    'list_evaluators' : IDL.Func([], [IDL.Vec(IDL.Principal)], ['query']),
    'newest_checkpoints' : IDL.Func(
        [FindCheckpoints],
        [IDL.Vec(CheckpointLine)],
        ['query'],
      ),
    'public_key' : IDL.Func([], [ResultBlob], []),
    'publish_root' : IDL.Func([PublishRoot], [], []),
    'put_chunk' : IDL.Func([PutChunk], [ResultBlob], []),
    'revoke_evaluator' : IDL.Func([RevokeEvaluator], [], []),
    'rollback_channel' : IDL.Func([RollbackChannel], [], []),
    'set_exposure' : IDL.Func([SetExposure], [ResultUnit], []),
    'submit_checkpoint' : IDL.Func([SubmitCheckpoint], [ResultCheckpoint], []),
    'submit_evaluation' : IDL.Func([SubmitEvaluation], [ResultCheckpoint], []),
    'validate_adopt_checkpoint' : IDL.Func(
        [AdoptCheckpoint],
        [Validation],
        ['query'],
      ),
    'validate_appoint_evaluator' : IDL.Func(
        [AppointEvaluator],
        [Validation],
        ['query'],
      ),
    'validate_publish_root' : IDL.Func([PublishRoot], [Validation], ['query']),
    'validate_revoke_evaluator' : IDL.Func(
        [RevokeEvaluator],
        [Validation],
        ['query'],
      ),
    'validate_rollback_channel' : IDL.Func(
        [RollbackChannel],
        [Validation],
        ['query'],
      ),
  });
};
export const init = ({ IDL }: { IDL: typeof import('@dfinity/candid').IDL }): IDL.Type[] => {
  const Peers = IDL.Record({
    'fleet' : IDL.Principal,
    'access' : IDL.Principal,
    'ledger' : IDL.Principal,
    'datasets' : IDL.Principal,
    'models' : IDL.Principal,
    'governance' : IDL.Principal,
    'treasury' : IDL.Principal,
  });
  const InitArgs = IDL.Record({
    'initial_root' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'schnorr_key_name' : IDL.Text,
    'governor' : IDL.Principal,
    'peers' : Peers,
  });
  return [InitArgs];
};
