// Generated from the canister's .did by canisters/bindgen (npm run bindings): do not edit.
import type { Principal } from '@dfinity/principal';
import type { ActorMethod } from '@dfinity/agent';
import type { IDL } from '@dfinity/candid';

export type Access = { 'fee' : null } |
  { 'vote' : null };
export interface ApproveProvider { 'provider' : Principal }
export interface ApproveRecipe { 'recipe' : string }
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
export type Error = { 'UnknownRecipe' : Why } |
  { 'Invalid' : Why } |
  { 'LicenceForbids' : Why } |
  { 'Busy' : Why } |
  { 'WrongPrincipal' : Why } |
  { 'DeadlinePassed' : Why } |
  { 'GrantSpent' : Why } |
  { 'UnknownDataset' : Why } |
  { 'NotYet' : Why } |
  { 'NotFound' : Why } |
  { 'NotAuthorized' : Why } |
  { 'StaleEpoch' : Why } |
  { 'AlreadyExists' : Why } |
  { 'BondMissing' : Why } |
  { 'NotApproved' : Why } |
  { 'OutOfRange' : Why } |
  { 'NotCanonical' : Why } |
  { 'Unavailable' : Why } |
  { 'LimitExceeded' : Why } |
  { 'GrantRevoked' : Why } |
  { 'GrantExpired' : Why };
export interface Grant {
  'id' : bigint,
  'job' : bigint,
  'why' : string,
  'dataset' : string,
  'approval_digest' : string,
  'revoked' : boolean,
  'provider' : Principal,
  'epoch' : number,
  'uses_left' : number,
  'consumed_at' : [] | [bigint],
  'expires_at' : bigint,
}
export interface GrantAccess { 'job' : bigint }
/**
 * entry: of the audit log, which says that it was given; null for grants from before this was kept.
 */
export interface GrantLine {
  'entry' : [] | [bigint],
  'releases' : Array<KeyRelease>,
  'grant' : Grant,
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
export interface Init {
  'governor' : Principal,
  'peers' : Peers,
  'min_provider_bond' : bigint,
  'vetkd_key_name' : string,
}
export interface Job {
  'id' : bigint,
  'reward' : bigint,
  'grants' : BigUint64Array | bigint[],
  'approval_digest' : string,
  'provider' : Principal,
  'client_ref' : string,
  'base' : [] | [string],
  'fees' : bigint,
  'deadline' : bigint,
  'created_at' : bigint,
  'state' : JobState,
  'approval' : Uint8Array,
  'named_payer' : [] | [Principal],
  'datasets' : Array<JobDataset>,
  'payer' : [] | [Principal],
  'escrow' : [] | [bigint],
  'recipe' : string,
}
export interface JobDataset {
  'fee' : bigint,
  'uid' : Uint8Array,
  'access' : Access,
  'dataset' : string,
  'epoch' : number,
  'consumed_at' : [] | [bigint],
  'splits' : Array<Split>,
  'contributor' : Principal,
}
/**
 * A job without its documents; datasets: how many it reads.
 */
export interface JobLine {
  'id' : bigint,
  'reward' : bigint,
  'approval_digest' : string,
  'provider' : Principal,
  'client_ref' : string,
  'base' : [] | [string],
  'fees' : bigint,
  'deadline' : bigint,
  'created_at' : bigint,
  'state' : JobState,
  'datasets' : number,
  'payer' : [] | [Principal],
  'escrow' : [] | [bigint],
  'recipe' : string,
}
export type JobState = { 'requested' : null } |
  { 'submitted' : string } |
  { 'completed' : null } |
  { 'refunded' : null } |
  { 'granted' : null } |
  { 'failed' : string };
export type JobsAbout = { 'dataset' : string } |
  { 'provider' : Principal } |
  { 'payer' : Principal };
/**
 * A key that went out: when, and which entry of the audit log says so.
 */
export interface KeyRelease { 'at' : bigint, 'entry' : bigint }
export interface Peers {
  'fleet' : Principal,
  'access' : Principal,
  'ledger' : Principal,
  'datasets' : Principal,
  'models' : Principal,
  'governance' : Principal,
  'treasury' : Principal,
}
export interface Provider {
  'id' : Principal,
  'status' : Status,
  'class' : ProviderClass,
  'name' : string,
  'registered_at' : bigint,
}
export type ProviderClass = { 'open' : null } |
  { 'bonded' : null } |
  { 'enclave' : null };
export interface Recipe {
  'id' : string,
  'status' : Status,
  'name' : string,
  'purposes' : Array<string>,
  'author' : Principal,
  'version' : string,
  'bundle' : string,
  'submitted_at' : bigint,
}
export interface RecipeView {
  'document' : Uint8Array,
  'recipe' : Recipe,
}
export interface RevokeGrant { 'grant' : bigint, 'reason' : string }
export interface RevokeProvider { 'provider' : Principal, 'reason' : string }
export interface RevokeRecipe { 'reason' : string, 'recipe' : string }
export interface Split { 'account' : Principal, 'basis_points' : number }
export type Status = { 'revoked' : null } |
  { 'submitted' : null } |
  { 'approved' : null };
/**
 * An operator's signed statement (livepod.operator/v2): the parts of its text. Good once, for one job that stands as it says: state/deadline.
 */
export interface Token {
  'signature' : Uint8Array,
  'document' : Uint8Array,
}
export type Validation = { 'Ok' : string } |
  { 'Err' : string };
export interface Why {
  'remedy' : string,
  'subject' : string,
  'message' : string,
}
export interface _SERVICE {
  'approve_provider' : ActorMethod<[ApproveProvider], undefined>,
  'approve_recipe' : ActorMethod<[ApproveRecipe], undefined>,
  'audit_log' : ActorMethod<
    [{ 'start' : bigint, 'length' : number }],
    Array<AuditEntry>
  >,
  'audit_tip' : ActorMethod<[], AuditTip>,
  'cached_public_key' : ActorMethod<[], [] | [Uint8Array]>,
  /**
   * models only.
   */
  'checkpoint_submitted' : ActorMethod<
    [{ 'job' : bigint, 'checkpoint' : string }],
    { 'Ok' : Job } |
      { 'Err' : Error }
  >,
  'cycles' : ActorMethod<[], bigint>,
  /**
   * The public key data keys are wrapped to (96 bytes, context "livepod/dataset-key/v1").
   */
  'dataset_public_key' : ActorMethod<
    [],
    { 'Ok' : Uint8Array } |
      { 'Err' : Error }
  >,
  /**
   * Moves the deadline of a job without a checkpoint, and what was granted for it; at most 30 days after it was asked for. An operator of the
   * fleet canister decides: by an own call, or by a token, whoever hands it on.
   */
  'extend_deadline' : ActorMethod<
    [{ 'job' : bigint, 'deadline' : bigint, 'authority' : [] | [Token] }],
    { 'Ok' : Job } |
      { 'Err' : Error }
  >,
  /**
   * The provider gives the job up, the payer only until the first key is out, and anyone once its deadline has passed. Its grants are
   * revoked, and its reads end.
   */
  'fail_job' : ActorMethod<
    [{ 'job' : bigint, 'reason' : string }],
    { 'Ok' : Job } |
      { 'Err' : Error }
  >,
  'find_job' : ActorMethod<
    [{ 'provider' : Principal, 'client_ref' : string }],
    [] | [Job]
  >,
  'get_grant' : ActorMethod<[bigint], [] | [Grant]>,
  'get_job' : ActorMethod<[bigint], [] | [Job]>,
  'get_provider' : ActorMethod<[Principal], [] | [Provider]>,
  'get_recipe' : ActorMethod<[string], [] | [RecipeView]>,
  'grant_access' : ActorMethod<[GrantAccess], undefined>,
  /**
   * Who was given a dataset's key, for which job, and when it went out; newest first.
   */
  'grants_of_dataset' : ActorMethod<
    [{ 'dataset' : string, 'limit' : number, 'before' : [] | [bigint] }],
    Array<GrantLine>
  >,
  /**
   * /jobs and one of them, as JSON or HTML, for people; not certified.
   */
  'http_request' : ActorMethod<[HttpRequest], HttpResponse>,
  'job_closed' : ActorMethod<
    [{ 'job' : bigint, 'outcome' : string }],
    { 'Ok' : Job } |
      { 'Err' : Error }
  >,
  'list_grants' : ActorMethod<[{ 'job' : bigint }], Array<Grant>>,
  'list_jobs' : ActorMethod<
    [{ 'after' : [] | [bigint], 'limit' : number }],
    Array<Job>
  >,
  'list_open_jobs' : ActorMethod<
    [{ 'after' : [] | [bigint], 'limit' : number }],
    Array<Job>
  >,
  'list_providers' : ActorMethod<
    [{ 'after' : [] | [Principal], 'limit' : number }],
    Array<Provider>
  >,
  'list_recipes' : ActorMethod<
    [{ 'after' : [] | [string], 'limit' : number }],
    Array<Recipe>
  >,
  /**
   * Newest first; page on with `before` = the last id.
   */
  'newest_jobs' : ActorMethod<
    [
      {
        'about' : [] | [JobsAbout],
        'limit' : number,
        'before' : [] | [bigint],
      },
    ],
    Array<JobLine>
  >,
  /**
   * treasury only.
   */
  'payment_received' : ActorMethod<
    [{ 'job' : bigint, 'payer' : [] | [Principal], 'escrow' : bigint }],
    { 'Ok' : Job } |
      { 'Err' : Error }
  >,
  'register_provider' : ActorMethod<
    [{ 'class' : ProviderClass, 'name' : string }],
    { 'Ok' : Provider } |
      { 'Err' : Error }
  >,
  /**
   * Counts a use of the grant, then derives the dataset's key, encrypted to the transport key (48 bytes). The grant's provider only.
   * A repeat with the transport key of the last release returns that one, and counts no use. Everything the grant rests on
   * is checked again: job, provider, recipe, bond, dataset and licence. A missing bond ends the job's grants for good.
   */
  'release_key' : ActorMethod<
    [{ 'grant' : bigint, 'transport_public_key' : Uint8Array }],
    { 'Ok' : { 'encrypted_key' : Uint8Array } } |
      { 'Err' : Error }
  >,
  /**
   * The provider named in the approval document asks for a job. A repeat with the same reference returns the first job.
   */
  'request_access' : ActorMethod<
    [{ 'client_ref' : string, 'approval' : Uint8Array }],
    { 'Ok' : Job } |
      { 'Err' : Error }
  >,
  'revoke_grant' : ActorMethod<[RevokeGrant], undefined>,
  'revoke_provider' : ActorMethod<[RevokeProvider], undefined>,
  'revoke_recipe' : ActorMethod<[RevokeRecipe], undefined>,
  'submit_recipe' : ActorMethod<
    [{ 'document' : Uint8Array }],
    { 'Ok' : Recipe } |
      { 'Err' : Error }
  >,
  'validate_approve_provider' : ActorMethod<[ApproveProvider], Validation>,
  'validate_approve_recipe' : ActorMethod<[ApproveRecipe], Validation>,
  'validate_grant_access' : ActorMethod<[GrantAccess], Validation>,
  'validate_revoke_grant' : ActorMethod<[RevokeGrant], Validation>,
  /**
   * The inverse of each: what was granted stays on record, and releases no key. The reason is what voters read.
   */
  'validate_revoke_provider' : ActorMethod<[RevokeProvider], Validation>,
  'validate_revoke_recipe' : ActorMethod<[RevokeRecipe], Validation>,
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
    'governor' : IDL.Principal,
    'peers' : Peers,
    'min_provider_bond' : IDL.Nat,
    'vetkd_key_name' : IDL.Text,
  });
  const ApproveProvider = IDL.Record({ 'provider' : IDL.Principal });
  const ApproveRecipe = IDL.Record({ 'recipe' : IDL.Text });
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
  const JobState = IDL.Variant({
    'requested' : IDL.Null,
    'submitted' : IDL.Text,
    'completed' : IDL.Null,
    'refunded' : IDL.Null,
    'granted' : IDL.Null,
    'failed' : IDL.Text,
  });
  const Access = IDL.Variant({ 'fee' : IDL.Null, 'vote' : IDL.Null });
  const Split = IDL.Record({
    'account' : IDL.Principal,
    'basis_points' : IDL.Nat32,
  });
  const JobDataset = IDL.Record({
    'fee' : IDL.Nat,
    'uid' : IDL.Vec(IDL.Nat8),
    'access' : Access,
    'dataset' : IDL.Text,
    'epoch' : IDL.Nat32,
    'consumed_at' : IDL.Opt(IDL.Nat64),
    'splits' : IDL.Vec(Split),
    'contributor' : IDL.Principal,
  });
  const Job = IDL.Record({
    'id' : IDL.Nat64,
    'reward' : IDL.Nat,
    'grants' : IDL.Vec(IDL.Nat64),
    'approval_digest' : IDL.Text,
    'provider' : IDL.Principal,
    'client_ref' : IDL.Text,
    'base' : IDL.Opt(IDL.Text),
    'fees' : IDL.Nat,
    'deadline' : IDL.Nat64,
    'created_at' : IDL.Nat64,
    'state' : JobState,
    'approval' : IDL.Vec(IDL.Nat8),
    'named_payer' : IDL.Opt(IDL.Principal),
    'datasets' : IDL.Vec(JobDataset),
    'payer' : IDL.Opt(IDL.Principal),
    'escrow' : IDL.Opt(IDL.Nat64),
    'recipe' : IDL.Text,
  });
  const Why = IDL.Record({
    'remedy' : IDL.Text,
    'subject' : IDL.Text,
    'message' : IDL.Text,
  });
  const Error = IDL.Variant({
    'UnknownRecipe' : Why,
    'Invalid' : Why,
    'LicenceForbids' : Why,
    'Busy' : Why,
    'WrongPrincipal' : Why,
    'DeadlinePassed' : Why,
    'GrantSpent' : Why,
    'UnknownDataset' : Why,
    'NotYet' : Why,
    'NotFound' : Why,
    'NotAuthorized' : Why,
    'StaleEpoch' : Why,
    'AlreadyExists' : Why,
    'BondMissing' : Why,
    'NotApproved' : Why,
    'OutOfRange' : Why,
    'NotCanonical' : Why,
    'Unavailable' : Why,
    'LimitExceeded' : Why,
    'GrantRevoked' : Why,
    'GrantExpired' : Why,
  });
  const Token = IDL.Record({
    'signature' : IDL.Vec(IDL.Nat8),
    'document' : IDL.Vec(IDL.Nat8),
  });
  const Grant = IDL.Record({
    'id' : IDL.Nat64,
    'job' : IDL.Nat64,
    'why' : IDL.Text,
    'dataset' : IDL.Text,
    'approval_digest' : IDL.Text,
    'revoked' : IDL.Bool,
    'provider' : IDL.Principal,
    'epoch' : IDL.Nat32,
    'uses_left' : IDL.Nat32,
    'consumed_at' : IDL.Opt(IDL.Nat64),
    'expires_at' : IDL.Nat64,
  });
  const Status = IDL.Variant({
    'revoked' : IDL.Null,
    'submitted' : IDL.Null,
    'approved' : IDL.Null,
  });
  const ProviderClass = IDL.Variant({
    'open' : IDL.Null,
    'bonded' : IDL.Null,
    'enclave' : IDL.Null,
  });
  const Provider = IDL.Record({
    'id' : IDL.Principal,
    'status' : Status,
    'class' : ProviderClass,
    'name' : IDL.Text,
    'registered_at' : IDL.Nat64,
  });
  const Recipe = IDL.Record({
    'id' : IDL.Text,
    'status' : Status,
    'name' : IDL.Text,
    'purposes' : IDL.Vec(IDL.Text),
    'author' : IDL.Principal,
    'version' : IDL.Text,
    'bundle' : IDL.Text,
    'submitted_at' : IDL.Nat64,
  });
  const RecipeView = IDL.Record({
    'document' : IDL.Vec(IDL.Nat8),
    'recipe' : Recipe,
  });
  const GrantAccess = IDL.Record({ 'job' : IDL.Nat64 });
  const KeyRelease = IDL.Record({ 'at' : IDL.Nat64, 'entry' : IDL.Nat64 });
  const GrantLine = IDL.Record({
    'entry' : IDL.Opt(IDL.Nat64),
    'releases' : IDL.Vec(KeyRelease),
    'grant' : Grant,
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
  const JobsAbout = IDL.Variant({
    'dataset' : IDL.Text,
    'provider' : IDL.Principal,
    'payer' : IDL.Principal,
  });
  const JobLine = IDL.Record({
    'id' : IDL.Nat64,
    'reward' : IDL.Nat,
    'approval_digest' : IDL.Text,
    'provider' : IDL.Principal,
    'client_ref' : IDL.Text,
    'base' : IDL.Opt(IDL.Text),
    'fees' : IDL.Nat,
    'deadline' : IDL.Nat64,
    'created_at' : IDL.Nat64,
    'state' : JobState,
    'datasets' : IDL.Nat32,
    'payer' : IDL.Opt(IDL.Principal),
    'escrow' : IDL.Opt(IDL.Nat64),
    'recipe' : IDL.Text,
  });
  const RevokeGrant = IDL.Record({ 'grant' : IDL.Nat64, 'reason' : IDL.Text });
  const RevokeProvider = IDL.Record({
    'provider' : IDL.Principal,
    'reason' : IDL.Text,
  });
  const RevokeRecipe = IDL.Record({ 'reason' : IDL.Text, 'recipe' : IDL.Text });
  const Validation = IDL.Variant({ 'Ok' : IDL.Text, 'Err' : IDL.Text });
  return IDL.Service({
    'approve_provider' : IDL.Func([ApproveProvider], [], []),
    'approve_recipe' : IDL.Func([ApproveRecipe], [], []),
    'audit_log' : IDL.Func(
        [IDL.Record({ 'start' : IDL.Nat64, 'length' : IDL.Nat32 })],
        [IDL.Vec(AuditEntry)],
        ['query'],
      ),
    'audit_tip' : IDL.Func([], [AuditTip], ['query']),
    'cached_public_key' : IDL.Func([], [IDL.Opt(IDL.Vec(IDL.Nat8))], ['query']),
    'checkpoint_submitted' : IDL.Func(
        [IDL.Record({ 'job' : IDL.Nat64, 'checkpoint' : IDL.Text })],
        [IDL.Variant({ 'Ok' : Job, 'Err' : Error })],
        [],
      ),
    'cycles' : IDL.Func([], [IDL.Nat], ['query']),
    'dataset_public_key' : IDL.Func(
        [],
        [IDL.Variant({ 'Ok' : IDL.Vec(IDL.Nat8), 'Err' : Error })],
        [],
      ),
    'extend_deadline' : IDL.Func(
        [
          IDL.Record({
            'job' : IDL.Nat64,
            'deadline' : IDL.Nat64,
            'authority' : IDL.Opt(Token),
          }),
        ],
        [IDL.Variant({ 'Ok' : Job, 'Err' : Error })],
        [],
      ),
    'fail_job' : IDL.Func(
        [IDL.Record({ 'job' : IDL.Nat64, 'reason' : IDL.Text })],
        [IDL.Variant({ 'Ok' : Job, 'Err' : Error })],
        [],
      ),
    'find_job' : IDL.Func(
        [IDL.Record({ 'provider' : IDL.Principal, 'client_ref' : IDL.Text })],
        [IDL.Opt(Job)],
        ['query'],
      ),
    'get_grant' : IDL.Func([IDL.Nat64], [IDL.Opt(Grant)], ['query']),
    'get_job' : IDL.Func([IDL.Nat64], [IDL.Opt(Job)], ['query']),
    'get_provider' : IDL.Func([IDL.Principal], [IDL.Opt(Provider)], ['query']),
    'get_recipe' : IDL.Func([IDL.Text], [IDL.Opt(RecipeView)], ['query']),
    'grant_access' : IDL.Func([GrantAccess], [], []),
    'grants_of_dataset' : IDL.Func(
        [
          IDL.Record({
            'dataset' : IDL.Text,
            'limit' : IDL.Nat32,
            'before' : IDL.Opt(IDL.Nat64),
          }),
        ],
        [IDL.Vec(GrantLine)],
        ['query'],
      ),
    'http_request' : IDL.Func([HttpRequest], [HttpResponse], ['query']),
    'job_closed' : IDL.Func(
        [IDL.Record({ 'job' : IDL.Nat64, 'outcome' : IDL.Text })],
        [IDL.Variant({ 'Ok' : Job, 'Err' : Error })],
        [],
      ),
    'list_grants' : IDL.Func(
        [IDL.Record({ 'job' : IDL.Nat64 })],
        [IDL.Vec(Grant)],
        ['query'],
      ),
    'list_jobs' : IDL.Func(
        [IDL.Record({ 'after' : IDL.Opt(IDL.Nat64), 'limit' : IDL.Nat32 })],
        [IDL.Vec(Job)],
        ['query'],
      ),
    'list_open_jobs' : IDL.Func(
        [IDL.Record({ 'after' : IDL.Opt(IDL.Nat64), 'limit' : IDL.Nat32 })],
        [IDL.Vec(Job)],
        ['query'],
      ),
    'list_providers' : IDL.Func(
        [IDL.Record({ 'after' : IDL.Opt(IDL.Principal), 'limit' : IDL.Nat32 })],
        [IDL.Vec(Provider)],
        ['query'],
      ),
    'list_recipes' : IDL.Func(
        [IDL.Record({ 'after' : IDL.Opt(IDL.Text), 'limit' : IDL.Nat32 })],
        [IDL.Vec(Recipe)],
        ['query'],
      ),
    'newest_jobs' : IDL.Func(
        [
          IDL.Record({
            'about' : IDL.Opt(JobsAbout),
            'limit' : IDL.Nat32,
            'before' : IDL.Opt(IDL.Nat64),
          }),
        ],
        [IDL.Vec(JobLine)],
        ['query'],
      ),
    'payment_received' : IDL.Func(
        [
          IDL.Record({
            'job' : IDL.Nat64,
            'payer' : IDL.Opt(IDL.Principal),
            'escrow' : IDL.Nat64,
          }),
        ],
        [IDL.Variant({ 'Ok' : Job, 'Err' : Error })],
        [],
      ),
    'register_provider' : IDL.Func(
        [IDL.Record({ 'class' : ProviderClass, 'name' : IDL.Text })],
        [IDL.Variant({ 'Ok' : Provider, 'Err' : Error })],
        [],
      ),
    'release_key' : IDL.Func(
        [
          IDL.Record({
            'grant' : IDL.Nat64,
            'transport_public_key' : IDL.Vec(IDL.Nat8),
          }),
        ],
        [
          IDL.Variant({
            'Ok' : IDL.Record({ 'encrypted_key' : IDL.Vec(IDL.Nat8) }),
            'Err' : Error,
          }),
        ],
        [],
      ),
    'request_access' : IDL.Func(
        [
          IDL.Record({
            'client_ref' : IDL.Text,
            'approval' : IDL.Vec(IDL.Nat8),
          }),
        ],
        [IDL.Variant({ 'Ok' : Job, 'Err' : Error })],
        [],
      ),
    'revoke_grant' : IDL.Func([RevokeGrant], [], []),
    'revoke_provider' : IDL.Func([RevokeProvider], [], []),
    'revoke_recipe' : IDL.Func([RevokeRecipe], [], []),
    'submit_recipe' : IDL.Func(
        [IDL.Record({ 'document' : IDL.Vec(IDL.Nat8) })],
        [IDL.Variant({ 'Ok' : Recipe, 'Err' : Error })],
        [],
      ),
    'validate_approve_provider' : IDL.Func(
        [ApproveProvider],
        [Validation],
        ['query'],
      ),
    'validate_approve_recipe' : IDL.Func(
        [ApproveRecipe],
        [Validation],
        ['query'],
      ),
    'validate_grant_access' : IDL.Func([GrantAccess], [Validation], ['query']),
    'validate_revoke_grant' : IDL.Func([RevokeGrant], [Validation], ['query']),
    'validate_revoke_provider' : IDL.Func(
        [RevokeProvider],
        [Validation],
        ['query'],
      ),
    'validate_revoke_recipe' : IDL.Func(
        [RevokeRecipe],
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
  const Init = IDL.Record({
    'governor' : IDL.Principal,
    'peers' : Peers,
    'min_provider_bond' : IDL.Nat,
    'vetkd_key_name' : IDL.Text,
  });
  return [Init];
};
