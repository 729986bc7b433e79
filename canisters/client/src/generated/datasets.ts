// Generated from the canister's .did by canisters/bindgen (npm run bindings): do not edit.
import type { Principal } from '@dfinity/principal';
import type { ActorMethod } from '@dfinity/agent';
import type { IDL } from '@dfinity/candid';

export interface AcceptDataset { 'dataset' : string }
export type Access = { 'fee' : null } |
  { 'vote' : null };
export interface AdoptBucketWasm {
  'part_hashes' : Array<Uint8Array>,
  'wasm_hash' : Uint8Array,
}
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
export interface Channel { 'name' : string, 'unit' : string }
export interface ChunkSpec {
  'sha256' : Uint8Array,
  'bytes' : number,
}
export interface CloseDataset { 'dataset' : string, 'proposal' : bigint }
export interface CollectExpired {
  'after' : [] | [Uint8Array],
  'limit' : number,
}
export interface Collected {
  'next' : [] | [Uint8Array],
  'lapsed' : Array<string>,
  'bytes' : bigint,
  'rooms' : Array<Uint8Array>,
  'buckets' : Array<Principal>,
}
export interface Dataset {
  'id' : string,
  'fee' : bigint,
  'uid' : Uint8Array,
  'status' : Status,
  'access' : Access,
  'title' : string,
  'storage' : Storage,
  'purposes' : Array<string>,
  'bytes' : bigint,
  'splits' : Array<Split>,
  'chunks' : number,
  'provider_classes' : Array<string>,
  'registered_at' : bigint,
  'key_epoch' : number,
  'contributor' : Principal,
}
export interface DatasetLine { 'dataset' : Dataset, 'facts' : Facts }
export type DatasetsAbout = { 'status' : Status } |
  { 'contributor' : Principal };
export interface Deposit { 'bond' : bigint, 'bytes' : bigint }
export type Error = { 'MissingChunks' : Why } |
  { 'Invalid' : Why } |
  { 'Busy' : Why } |
  { 'WrongPrincipal' : Why } |
  { 'WrongSignature' : Why } |
  { 'NotYet' : Why } |
  { 'NotFound' : Why } |
  { 'NotAuthorized' : Why } |
  { 'AlreadyExists' : Why } |
  { 'BondMissing' : Why } |
  { 'WrongHash' : Why } |
  { 'NotCanonical' : Why } |
  { 'Unavailable' : Why } |
  { 'LimitExceeded' : Why } |
  { 'Expired' : Why };
export interface ExpectedWasm {
  'part_hashes' : Array<Uint8Array>,
  'delivered' : number,
  'wasm_hash' : Uint8Array,
}
export interface Facts {
  'files' : number,
  'records' : bigint,
  'term_days' : number,
  'labels' : Array<Label>,
  'channels' : Array<Channel>,
  'device' : string,
  'modality' : string,
  'rate_milli_hz' : number,
  'number' : bigint,
  'milliseconds' : bigint,
}
export interface Folders { 'folders' : Array<string>, 'bucket' : string }
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
export interface Init {
  'deposit_e8s_per_mib' : [] | [bigint],
  'bucket_cycles' : bigint,
  'bucket_capacity_bytes' : bigint,
  'reservation_seconds' : [] | [bigint],
  'governor' : Principal,
  'min_contributor_bond' : bigint,
  'peers' : Peers,
  'submission_seconds' : [] | [bigint],
}
/**
 * What a manifest says of its recordings; number: counts registrations. A label's count is the manifest's own statistic.
 */
export interface Label { 'name' : string, 'count' : bigint }
export interface ListDatasets {
  'status' : [] | [Status],
  'after' : [] | [string],
  'limit' : number,
}
export interface OpenReads {
  'dataset' : string,
  'until' : bigint,
  'reader' : Principal,
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
export interface Register {
  'signature' : Uint8Array,
  'manifest' : Uint8Array,
}
export interface Reserve {
  'salt' : Uint8Array,
  'chunks' : Array<ChunkSpec>,
}
export interface RevokeDataset { 'dataset' : string, 'reason' : string }
export interface SignedManifest {
  'signature' : Uint8Array,
  'manifest' : Uint8Array,
}
export interface Split { 'account' : Principal, 'basis_points' : number }
export type Status = { 'revoked' : null } |
  { 'submitted' : null } |
  { 'rejected' : null } |
  { 'accepted' : null } |
  { 'withdrawn' : null };
export type Storage = { 's3' : { 'prefix' : string, 'bucket' : string } } |
  { 'bucket' : Principal };
export interface UpgradeBucket {
  'bucket' : Principal,
  'wasm_hash' : Uint8Array,
}
export type Validation = { 'Ok' : string } |
  { 'Err' : string };
export interface Why {
  'remedy' : string,
  'subject' : string,
  'message' : string,
}
export interface _SERVICE {
  'accept_dataset' : ActorMethod<[AcceptDataset], undefined>,
  'adopt_bucket_wasm' : ActorMethod<[AdoptBucketWasm], undefined>,
  /**
   * Controllers only: a bucket's Wasm. What was appended, followed by what set_bucket_wasm brings, becomes the Wasm of new buckets.
   */
  'append_bucket_wasm' : ActorMethod<
    [Uint8Array],
    { 'Ok' : bigint } |
      { 'Err' : Error }
  >,
  'audit_log' : ActorMethod<
    [{ 'start' : bigint, 'length' : number }],
    Array<AuditEntry>
  >,
  'audit_tip' : ActorMethod<[], AuditTip>,
  /**
   * Marks a dataset rejected after the vote on its proposal was lost, and erases its chunks. Anyone may ask; governance is asked.
   */
  'close_dataset' : ActorMethod<
    [CloseDataset],
    { 'Ok' : Dataset } |
      { 'Err' : Error }
  >,
  /**
   * Erases what was promised to datasets that nobody registered in time, and datasets that no vote decided in time, oldest first, at most
   * 100 of each. Anyone may ask.
   */
  'collect_expired' : ActorMethod<[CollectExpired], Collected>,
  'cycles' : ActorMethod<[], bigint>,
  'deliver_bucket_wasm' : ActorMethod<
    [Uint8Array],
    { 'Ok' : number } |
      { 'Err' : Error }
  >,
  'deposit_of' : ActorMethod<[Principal], Deposit>,
  'describe_dataset' : ActorMethod<[string], [] | [DatasetLine]>,
  'end_reads' : ActorMethod<[OpenReads], { 'Ok' : null } | { 'Err' : Error }>,
  'expected_bucket_wasm' : ActorMethod<[], [] | [ExpectedWasm]>,
  'get_dataset' : ActorMethod<[string], [] | [Dataset]>,
  'get_datasets' : ActorMethod<[Array<string>], Array<[] | [Dataset]>>,
  'get_manifest' : ActorMethod<[string], [] | [SignedManifest]>,
  /**
   * /datasets and one of them, as JSON or HTML, for people; not certified.
   */
  'http_request' : ActorMethod<[HttpRequest], HttpResponse>,
  'list_buckets' : ActorMethod<
    [],
    Array<{ 'bucket' : Principal, 'reserved_bytes' : bigint }>
  >,
  'list_datasets' : ActorMethod<[ListDatasets], Array<Dataset>>,
  /**
   * Newest first; page on with `before` = the last facts.number.
   */
  'newest_datasets' : ActorMethod<
    [
      {
        'about' : [] | [DatasetsAbout],
        'limit' : number,
        'before' : [] | [bigint],
      },
    ],
    Array<DatasetLine>
  >,
  /**
   * access only: lets a provider read the chunks until then.
   */
  'open_reads' : ActorMethod<[OpenReads], { 'Ok' : null } | { 'Err' : Error }>,
  /**
   * Takes a signed manifest in, once per (contributor, salt); the chunks of a bucket dataset are sealed. Needs the contributor's bond.
   */
  'register' : ActorMethod<[Register], { 'Ok' : Dataset } | { 'Err' : Error }>,
  'reservation_seconds' : ActorMethod<[], bigint>,
  /**
   * Room in a bucket for the caller's dataset with this salt (16 bytes). The contributor's bond has to cover it with all else that the
   * contributor has stored and no vote has taken in. A repeat returns the same bucket;
   * it is over when the dataset is not registered in time, and a repeat then begins its time anew.
   */
  'reserve' : ActorMethod<
    [Reserve],
    { 'Ok' : { 'bucket' : Principal } } |
      { 'Err' : Error }
  >,
  'revoke_dataset' : ActorMethod<[RevokeDataset], undefined>,
  'set_bucket_wasm' : ActorMethod<
    [Uint8Array],
    { 'Ok' : Uint8Array } |
      { 'Err' : Error }
  >,
  /**
   * Which of these folders of an object store hold nothing of any registered dataset. At most 1,000.
   */
  'unclaimed' : ActorMethod<[Folders], Array<string>>,
  'upgrade_bucket' : ActorMethod<[UpgradeBucket], undefined>,
  'validate_accept_dataset' : ActorMethod<[AcceptDataset], Validation>,
  /**
   * The Wasm of new buckets, by its SHA-256 and that of each part (at most 16, each less than 2 MiB). Anybody brings the parts, in order.
   */
  'validate_adopt_bucket_wasm' : ActorMethod<[AdoptBucketWasm], Validation>,
  /**
   * No further job may use it, and no further key of it goes out. The reason has 1 to 500 characters.
   */
  'validate_revoke_dataset' : ActorMethod<[RevokeDataset], Validation>,
  /**
   * Brings one bucket to the Wasm of new buckets, whose hash is given; its chunks stay.
   */
  'validate_upgrade_bucket' : ActorMethod<[UpgradeBucket], Validation>,
  /**
   * Takes a dataset back, whatever a vote said of it; its chunks are erased. Its contributor only.
   */
  'withdraw' : ActorMethod<[string], { 'Ok' : Dataset } | { 'Err' : Error }>,
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
  const Init = IDL.Record({
    'deposit_e8s_per_mib' : IDL.Opt(IDL.Nat),
    'bucket_cycles' : IDL.Nat,
    'bucket_capacity_bytes' : IDL.Nat64,
    'reservation_seconds' : IDL.Opt(IDL.Nat64),
    'governor' : IDL.Principal,
    'min_contributor_bond' : IDL.Nat,
    'peers' : Peers,
    'submission_seconds' : IDL.Opt(IDL.Nat64),
  });
  const AcceptDataset = IDL.Record({ 'dataset' : IDL.Text });
  const AdoptBucketWasm = IDL.Record({
    'part_hashes' : IDL.Vec(IDL.Vec(IDL.Nat8)),
    'wasm_hash' : IDL.Vec(IDL.Nat8),
  });
  const Why = IDL.Record({
    'remedy' : IDL.Text,
    'subject' : IDL.Text,
    'message' : IDL.Text,
  });
  const Error = IDL.Variant({
    'MissingChunks' : Why,
    'Invalid' : Why,
    'Busy' : Why,
    'WrongPrincipal' : Why,
    'WrongSignature' : Why,
    'NotYet' : Why,
    'NotFound' : Why,
    'NotAuthorized' : Why,
    'AlreadyExists' : Why,
    'BondMissing' : Why,
    'WrongHash' : Why,
    'NotCanonical' : Why,
    'Unavailable' : Why,
    'LimitExceeded' : Why,
    'Expired' : Why,
  });
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
  const CloseDataset = IDL.Record({
    'dataset' : IDL.Text,
    'proposal' : IDL.Nat64,
  });
  const Status = IDL.Variant({
    'revoked' : IDL.Null,
    'submitted' : IDL.Null,
    'rejected' : IDL.Null,
    'accepted' : IDL.Null,
    'withdrawn' : IDL.Null,
  });
  const Access = IDL.Variant({ 'fee' : IDL.Null, 'vote' : IDL.Null });
  const Storage = IDL.Variant({
    's3' : IDL.Record({ 'prefix' : IDL.Text, 'bucket' : IDL.Text }),
    'bucket' : IDL.Principal,
  });
  const Split = IDL.Record({
    'account' : IDL.Principal,
    'basis_points' : IDL.Nat32,
  });
  const Dataset = IDL.Record({
    'id' : IDL.Text,
    'fee' : IDL.Nat,
    'uid' : IDL.Vec(IDL.Nat8),
    'status' : Status,
    'access' : Access,
    'title' : IDL.Text,
    'storage' : Storage,
    'purposes' : IDL.Vec(IDL.Text),
    'bytes' : IDL.Nat64,
    'splits' : IDL.Vec(Split),
    'chunks' : IDL.Nat32,
    'provider_classes' : IDL.Vec(IDL.Text),
    'registered_at' : IDL.Nat64,
    'key_epoch' : IDL.Nat32,
    'contributor' : IDL.Principal,
  });
  const CollectExpired = IDL.Record({
    'after' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'limit' : IDL.Nat32,
  });
  const Collected = IDL.Record({
    'next' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'lapsed' : IDL.Vec(IDL.Text),
    'bytes' : IDL.Nat64,
    'rooms' : IDL.Vec(IDL.Vec(IDL.Nat8)),
    'buckets' : IDL.Vec(IDL.Principal),
  });
  const Deposit = IDL.Record({ 'bond' : IDL.Nat, 'bytes' : IDL.Nat64 });
  const Label = IDL.Record({ 'name' : IDL.Text, 'count' : IDL.Nat64 });
  const Channel = IDL.Record({ 'name' : IDL.Text, 'unit' : IDL.Text });
  const Facts = IDL.Record({
    'files' : IDL.Nat32,
    'records' : IDL.Nat64,
    'term_days' : IDL.Nat32,
    'labels' : IDL.Vec(Label),
    'channels' : IDL.Vec(Channel),
    'device' : IDL.Text,
    'modality' : IDL.Text,
    'rate_milli_hz' : IDL.Nat32,
    'number' : IDL.Nat64,
    'milliseconds' : IDL.Nat64,
  });
  const DatasetLine = IDL.Record({ 'dataset' : Dataset, 'facts' : Facts });
  const OpenReads = IDL.Record({
    'dataset' : IDL.Text,
    'until' : IDL.Nat64,
    'reader' : IDL.Principal,
  });
  const ExpectedWasm = IDL.Record({
    'part_hashes' : IDL.Vec(IDL.Vec(IDL.Nat8)),
    'delivered' : IDL.Nat32,
    'wasm_hash' : IDL.Vec(IDL.Nat8),
  });
  const SignedManifest = IDL.Record({
    'signature' : IDL.Vec(IDL.Nat8),
    'manifest' : IDL.Vec(IDL.Nat8),
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
  const ListDatasets = IDL.Record({
    'status' : IDL.Opt(Status),
    'after' : IDL.Opt(IDL.Text),
    'limit' : IDL.Nat32,
  });
  const DatasetsAbout = IDL.Variant({
    'status' : Status,
    'contributor' : IDL.Principal,
  });
  const Register = IDL.Record({
    'signature' : IDL.Vec(IDL.Nat8),
    'manifest' : IDL.Vec(IDL.Nat8),
  });
  const ChunkSpec = IDL.Record({
    'sha256' : IDL.Vec(IDL.Nat8),
    'bytes' : IDL.Nat32,
  });
  const Reserve = IDL.Record({
    'salt' : IDL.Vec(IDL.Nat8),
    'chunks' : IDL.Vec(ChunkSpec),
  });
  const RevokeDataset = IDL.Record({
    'dataset' : IDL.Text,
    'reason' : IDL.Text,
  });
  const Folders = IDL.Record({
    'folders' : IDL.Vec(IDL.Text),
    'bucket' : IDL.Text,
  });
  const UpgradeBucket = IDL.Record({
    'bucket' : IDL.Principal,
    'wasm_hash' : IDL.Vec(IDL.Nat8),
  });
  const Validation = IDL.Variant({ 'Ok' : IDL.Text, 'Err' : IDL.Text });
  return IDL.Service({
    'accept_dataset' : IDL.Func([AcceptDataset], [], []),
    'adopt_bucket_wasm' : IDL.Func([AdoptBucketWasm], [], []),
    'append_bucket_wasm' : IDL.Func(
        [IDL.Vec(IDL.Nat8)],
        [IDL.Variant({ 'Ok' : IDL.Nat64, 'Err' : Error })],
        [],
      ),
    'audit_log' : IDL.Func(
        [IDL.Record({ 'start' : IDL.Nat64, 'length' : IDL.Nat32 })],
        [IDL.Vec(AuditEntry)],
        ['query'],
      ),
    'audit_tip' : IDL.Func([], [AuditTip], ['query']),
    'close_dataset' : IDL.Func(
        [CloseDataset],
        [IDL.Variant({ 'Ok' : Dataset, 'Err' : Error })],
        [],
      ),
    'collect_expired' : IDL.Func([CollectExpired], [Collected], []),
    'cycles' : IDL.Func([], [IDL.Nat], ['query']),
    'deliver_bucket_wasm' : IDL.Func(
        [IDL.Vec(IDL.Nat8)],
        [IDL.Variant({ 'Ok' : IDL.Nat32, 'Err' : Error })],
        [],
      ),
    'deposit_of' : IDL.Func([IDL.Principal], [Deposit], ['query']),
    'describe_dataset' : IDL.Func(
        [IDL.Text],
        [IDL.Opt(DatasetLine)],
        ['query'],
      ),
    'end_reads' : IDL.Func(
        [OpenReads],
        [IDL.Variant({ 'Ok' : IDL.Null, 'Err' : Error })],
        [],
      ),
    'expected_bucket_wasm' : IDL.Func([], [IDL.Opt(ExpectedWasm)], ['query']),
    'get_dataset' : IDL.Func([IDL.Text], [IDL.Opt(Dataset)], ['query']),
    'get_datasets' : IDL.Func(
        [IDL.Vec(IDL.Text)],
        [IDL.Vec(IDL.Opt(Dataset))],
        ['query'],
      ),
    'get_manifest' : IDL.Func([IDL.Text], [IDL.Opt(SignedManifest)], ['query']),
    'http_request' : IDL.Func([HttpRequest], [HttpResponse], ['query']),
    'list_buckets' : IDL.Func(
        [],
        [
          IDL.Vec(
            IDL.Record({
              'bucket' : IDL.Principal,
              'reserved_bytes' : IDL.Nat64,
            })
          ),
        ],
        ['query'],
      ),
    'list_datasets' : IDL.Func([ListDatasets], [IDL.Vec(Dataset)], ['query']),
    'newest_datasets' : IDL.Func(
        [
          IDL.Record({
            'about' : IDL.Opt(DatasetsAbout),
            'limit' : IDL.Nat32,
            'before' : IDL.Opt(IDL.Nat64),
          }),
        ],
        [IDL.Vec(DatasetLine)],
        ['query'],
      ),
    'open_reads' : IDL.Func(
        [OpenReads],
        [IDL.Variant({ 'Ok' : IDL.Null, 'Err' : Error })],
        [],
      ),
    'register' : IDL.Func(
        [Register],
        [IDL.Variant({ 'Ok' : Dataset, 'Err' : Error })],
        [],
      ),
    'reservation_seconds' : IDL.Func([], [IDL.Nat64], ['query']),
    'reserve' : IDL.Func(
        [Reserve],
        [
          IDL.Variant({
            'Ok' : IDL.Record({ 'bucket' : IDL.Principal }),
            'Err' : Error,
          }),
        ],
        [],
      ),
    'revoke_dataset' : IDL.Func([RevokeDataset], [], []),
    'set_bucket_wasm' : IDL.Func(
        [IDL.Vec(IDL.Nat8)],
        [IDL.Variant({ 'Ok' : IDL.Vec(IDL.Nat8), 'Err' : Error })],
        [],
      ),
    'unclaimed' : IDL.Func([Folders], [IDL.Vec(IDL.Text)], ['query']),
    'upgrade_bucket' : IDL.Func([UpgradeBucket], [], []),
    'validate_accept_dataset' : IDL.Func(
        [AcceptDataset],
        [Validation],
        ['query'],
      ),
    'validate_adopt_bucket_wasm' : IDL.Func(
        [AdoptBucketWasm],
        [Validation],
        ['query'],
      ),
    'validate_revoke_dataset' : IDL.Func(
        [RevokeDataset],
        [Validation],
        ['query'],
      ),
    'validate_upgrade_bucket' : IDL.Func(
        [UpgradeBucket],
        [Validation],
        ['query'],
      ),
    'withdraw' : IDL.Func(
        [IDL.Text],
        [IDL.Variant({ 'Ok' : Dataset, 'Err' : Error })],
        [],
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
  const Init = IDL.Record({
    'deposit_e8s_per_mib' : IDL.Opt(IDL.Nat),
    'bucket_cycles' : IDL.Nat,
    'bucket_capacity_bytes' : IDL.Nat64,
    'reservation_seconds' : IDL.Opt(IDL.Nat64),
    'governor' : IDL.Principal,
    'min_contributor_bond' : IDL.Nat,
    'peers' : Peers,
    'submission_seconds' : IDL.Opt(IDL.Nat64),
  });
  return [Init];
};
