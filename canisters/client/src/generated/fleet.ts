// Generated from the canister's .did by canisters/bindgen (npm run bindings): do not edit.
import type { Principal } from '@dfinity/principal';
import type { ActorMethod } from '@dfinity/agent';
import type { IDL } from '@dfinity/candid';

export interface Abort {
  'release' : bigint,
  'authority' : [] | [Token],
  'reason' : string,
}
export interface Advance { 'wave' : number, 'release' : bigint }
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
 * Windows that share no sample.
 */
export interface Counted { 'corrections' : number, 'windows' : number }
/**
 * voucher: an operator's, or the device's manufacturer's (livepod.voucher/v1); a pod that is enrolled needs none.
 */
export interface Enrol {
  'voucher' : [] | [Token],
  'name' : string,
  'channel' : string,
}
export type Error = { 'Invalid' : Why } |
  { 'Paused' : Why } |
  { 'Closed' : Why } |
  { 'NotYet' : Why } |
  { 'NotFound' : Why } |
  { 'NotAuthorized' : Why } |
  { 'AlreadyExists' : Why } |
  { 'GateFailed' : Why } |
  { 'LimitExceeded' : Why } |
  { 'NotExposed' : Why };
export interface FindReleases {
  'about' : [] | [ReleasesAbout],
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
/**
 * Without `authority` a driver may pause and abort; to resume and to skip a soak it needs an operator's token. An operator's own call needs none.
 */
export interface Hold { 'release' : bigint, 'authority' : [] | [Token] }
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
/**
 * operators: people; drivers: the orchestrators' own identities.
 */
export interface InitArgs {
  'drivers' : Array<Principal>,
  'operators' : Array<Principal>,
  'governor' : Principal,
  'peers' : Peers,
}
export interface ListPods { 'after' : [] | [Principal], 'limit' : number }
export interface ListReleases { 'after' : [] | [bigint], 'limit' : number }
/**
 * A manufacturer, and how many of its devices may be enrolled at a time.
 */
export interface Maker { 'principal' : Principal, 'pods' : number }
/**
 * `adoption` is the models canister's own number of the adoption; a repeat returns the first release.
 */
export interface OpenRelease {
  'adoption' : bigint,
  'previous' : [] | [number],
  'checkpoint' : string,
  'plan' : Plan,
  'version' : number,
  'channel' : string,
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
export interface Pod {
  'principal' : Principal,
  'name' : string,
  'enrolled_at' : bigint,
  'channel' : string,
}
export type PodEvent = { 'installed' : null } |
  { 'failed' : string } |
  { 'returned' : string } |
  { 'health' : null };
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
export interface Release {
  'id' : bigint,
  'closed_at' : [] | [bigint],
  'previous' : [] | [number],
  'exposed' : number,
  'threshold' : bigint,
  'checkpoint' : string,
  'installed' : bigint,
  'opened_at' : bigint,
  'plan' : Plan,
  /**
   * 32 random bytes that decide the order of its pods, drawn at drawn_at: pods that enrol later are in the last wave only
   */
  'seed' : [] | [Uint8Array],
  /**
   * whether the models canister has heard of the current state
   */
  'told' : boolean,
  'wave' : number,
  'errors' : bigint,
  'wave_corrections' : bigint,
  /**
   * counted since the current wave began
   */
  'wave_windows' : bigint,
  'drawn_at' : [] | [bigint],
  'version' : number,
  'state' : ReleaseState,
  'soak_until' : bigint,
  'corrections' : bigint,
  'channel' : string,
  'windows' : bigint,
  'returned' : bigint,
  /**
   * how often a person, or the gate that asks one, has paused it; null = never
   */
  'pauses' : [] | [number],
}
export type ReleaseState = { 'stopped' : string } |
  { 'superseded' : null } |
  { 'completed' : null } |
  { 'rolling' : null } |
  { 'planned' : null } |
  { 'paused' : null };
export type ReleasesAbout = { 'checkpoint' : string } |
  { 'channel' : string };
/**
 * Counters are increments since this pod's last report; windows are at most 1000 and 100 for each second since its first. failed, returned:
 * "<code>: <counts>" with a listed code (protocol, blame); only those of the checkpoint's own faults count against it. judged: windows of
 * which it is known whether the model was right; null = all. apart: those that share no sample; before: the same of this pod's version
 * before, said once.
 */
export interface Report {
  'judged' : [] | [number],
  'apart' : [] | [Counted],
  'errors' : number,
  'release' : bigint,
  'event' : PodEvent,
  'version' : number,
  'before' : [] | [Counted],
  'corrections' : number,
  'windows' : number,
  'sequence' : bigint,
}
export type ResultId = { 'Ok' : bigint } |
  { 'Err' : Error };
export type ResultPod = { 'Ok' : Pod } |
  { 'Err' : Error };
export type ResultRelease = { 'Ok' : Release } |
  { 'Err' : Error };
export type ResultUnit = { 'Ok' : null } |
  { 'Err' : Error };
export interface Rotate { 'to' : Principal }
export interface SetOperators {
  'drivers' : Array<Principal>,
  'operators' : Array<Principal>,
  'makers' : [] | [Array<Maker>],
}
export interface SkipSoak {
  'wave' : number,
  'release' : bigint,
  'authority' : [] | [Token],
}
/**
 * Governed payload.
 */
export interface StopRelease { 'release' : bigint, 'reason' : string }
/**
 * Supersedes every open release of the channel whose adoption is at most `adoption`.
 */
export interface Supersede { 'adoption' : bigint, 'channel' : string }
/**
 * An operator's signed statement (livepod.operator/v2): the parts of its text. Good once, for one action on one release that stands as it
 * says: state/wave/pauses. The same call by the same token again returns the release.
 */
export interface Token {
  'signature' : Uint8Array,
  'document' : Uint8Array,
}
export interface Unenrol { 'pod' : Principal }
export type Validation = { 'Ok' : string } |
  { 'Err' : string };
export interface Why {
  'remedy' : string,
  'subject' : string,
  'message' : string,
}
export interface _SERVICE {
  'abort' : ActorMethod<[Abort], ResultRelease>,
  'advance' : ActorMethod<[Advance], ResultRelease>,
  'audit_log' : ActorMethod<
    [{ 'start' : bigint, 'length' : number }],
    Array<AuditEntry>
  >,
  'audit_tip' : ActorMethod<[], AuditTip>,
  'cycles' : ActorMethod<[], bigint>,
  'enrol' : ActorMethod<[Enrol], ResultPod>,
  'get_pod' : ActorMethod<[Principal], [] | [Pod]>,
  'get_release' : ActorMethod<[bigint], [] | [Release]>,
  /**
   * /releases and one of them, as JSON or HTML, for people; not certified.
   */
  'http_request' : ActorMethod<[HttpRequest], HttpResponse>,
  'is_operator' : ActorMethod<[Principal], boolean>,
  'list_pods' : ActorMethod<[ListPods], Array<Pod>>,
  'list_releases' : ActorMethod<[ListReleases], Array<Release>>,
  'newest_releases' : ActorMethod<[FindReleases], Array<Release>>,
  'open_release' : ActorMethod<[OpenRelease], ResultId>,
  'pause' : ActorMethod<[Hold], ResultRelease>,
  'report' : ActorMethod<[Report], ResultUnit>,
  'resume' : ActorMethod<[Hold], ResultRelease>,
  'rotate' : ActorMethod<[Rotate], ResultPod>,
  'set_operators' : ActorMethod<[SetOperators], undefined>,
  'skip_soak' : ActorMethod<[SkipSoak], ResultRelease>,
  'stop_release' : ActorMethod<[StopRelease], undefined>,
  'supersede' : ActorMethod<[Supersede], ResultUnit>,
  'unenrol' : ActorMethod<[Unenrol], ResultUnit>,
  'validate_set_operators' : ActorMethod<[SetOperators], Validation>,
  'validate_stop_release' : ActorMethod<[StopRelease], Validation>,
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
    'drivers' : IDL.Vec(IDL.Principal),
    'operators' : IDL.Vec(IDL.Principal),
    'governor' : IDL.Principal,
    'peers' : Peers,
  });
  const Token = IDL.Record({
    'signature' : IDL.Vec(IDL.Nat8),
    'document' : IDL.Vec(IDL.Nat8),
  });
  const Abort = IDL.Record({
    'release' : IDL.Nat64,
    'authority' : IDL.Opt(Token),
    'reason' : IDL.Text,
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
  const ReleaseState = IDL.Variant({
    'stopped' : IDL.Text,
    'superseded' : IDL.Null,
    'completed' : IDL.Null,
    'rolling' : IDL.Null,
    'planned' : IDL.Null,
    'paused' : IDL.Null,
  });
  const Release = IDL.Record({
    'id' : IDL.Nat64,
    'closed_at' : IDL.Opt(IDL.Nat64),
    'previous' : IDL.Opt(IDL.Nat32),
    'exposed' : IDL.Nat32,
    'threshold' : IDL.Nat64,
    'checkpoint' : IDL.Text,
    'installed' : IDL.Nat64,
    'opened_at' : IDL.Nat64,
    'plan' : Plan,
    'seed' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'told' : IDL.Bool,
    'wave' : IDL.Nat32,
    'errors' : IDL.Nat64,
    'wave_corrections' : IDL.Nat64,
    'wave_windows' : IDL.Nat64,
    'drawn_at' : IDL.Opt(IDL.Nat64),
    'version' : IDL.Nat32,
    'state' : ReleaseState,
    'soak_until' : IDL.Nat64,
    'corrections' : IDL.Nat64,
    'channel' : IDL.Text,
    'windows' : IDL.Nat64,
    'returned' : IDL.Nat64,
    'pauses' : IDL.Opt(IDL.Nat32),
  });
  const Why = IDL.Record({
    'remedy' : IDL.Text,
    'subject' : IDL.Text,
    'message' : IDL.Text,
  });
  const Error = IDL.Variant({
    'Invalid' : Why,
    'Paused' : Why,
    'Closed' : Why,
    'NotYet' : Why,
    'NotFound' : Why,
    'NotAuthorized' : Why,
    'AlreadyExists' : Why,
    'GateFailed' : Why,
    'LimitExceeded' : Why,
    'NotExposed' : Why,
  });
  const ResultRelease = IDL.Variant({ 'Ok' : Release, 'Err' : Error });
  const Advance = IDL.Record({ 'wave' : IDL.Nat32, 'release' : IDL.Nat64 });
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
  const Enrol = IDL.Record({
    'voucher' : IDL.Opt(Token),
    'name' : IDL.Text,
    'channel' : IDL.Text,
  });
  const Pod = IDL.Record({
    'principal' : IDL.Principal,
    'name' : IDL.Text,
    'enrolled_at' : IDL.Nat64,
    'channel' : IDL.Text,
  });
  const ResultPod = IDL.Variant({ 'Ok' : Pod, 'Err' : Error });
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
  const ListPods = IDL.Record({
    'after' : IDL.Opt(IDL.Principal),
    'limit' : IDL.Nat32,
  });
  const ListReleases = IDL.Record({
    'after' : IDL.Opt(IDL.Nat64),
    'limit' : IDL.Nat32,
  });
  const ReleasesAbout = IDL.Variant({
    'checkpoint' : IDL.Text,
    'channel' : IDL.Text,
  });
  const FindReleases = IDL.Record({
    'about' : IDL.Opt(ReleasesAbout),
    'limit' : IDL.Nat32,
    'before' : IDL.Opt(IDL.Nat64),
  });
  const OpenRelease = IDL.Record({
    'adoption' : IDL.Nat64,
    'previous' : IDL.Opt(IDL.Nat32),
    'checkpoint' : IDL.Text,
    'plan' : Plan,
    'version' : IDL.Nat32,
    'channel' : IDL.Text,
  });
  const ResultId = IDL.Variant({ 'Ok' : IDL.Nat64, 'Err' : Error });
  const Hold = IDL.Record({
    'release' : IDL.Nat64,
    'authority' : IDL.Opt(Token),
  });
  const Counted = IDL.Record({
    'corrections' : IDL.Nat32,
    'windows' : IDL.Nat32,
  });
  const PodEvent = IDL.Variant({
    'installed' : IDL.Null,
    'failed' : IDL.Text,
    'returned' : IDL.Text,
    'health' : IDL.Null,
  });
  const Report = IDL.Record({
    'judged' : IDL.Opt(IDL.Nat32),
    'apart' : IDL.Opt(Counted),
    'errors' : IDL.Nat32,
    'release' : IDL.Nat64,
    'event' : PodEvent,
    'version' : IDL.Nat32,
    'before' : IDL.Opt(Counted),
    'corrections' : IDL.Nat32,
    'windows' : IDL.Nat32,
    'sequence' : IDL.Nat64,
  });
  const ResultUnit = IDL.Variant({ 'Ok' : IDL.Null, 'Err' : Error });
  const Rotate = IDL.Record({ 'to' : IDL.Principal });
  const Maker = IDL.Record({ 'principal' : IDL.Principal, 'pods' : IDL.Nat32 });
  const SetOperators = IDL.Record({
    'drivers' : IDL.Vec(IDL.Principal),
    'operators' : IDL.Vec(IDL.Principal),
    'makers' : IDL.Opt(IDL.Vec(Maker)),
  });
  const SkipSoak = IDL.Record({
    'wave' : IDL.Nat32,
    'release' : IDL.Nat64,
    'authority' : IDL.Opt(Token),
  });
  const StopRelease = IDL.Record({
    'release' : IDL.Nat64,
    'reason' : IDL.Text,
  });
  const Supersede = IDL.Record({
    'adoption' : IDL.Nat64,
    'channel' : IDL.Text,
  });
  const Unenrol = IDL.Record({ 'pod' : IDL.Principal });
  const Validation = IDL.Variant({ 'Ok' : IDL.Text, 'Err' : IDL.Text });
  return IDL.Service({
    'abort' : IDL.Func([Abort], [ResultRelease], []),
    'advance' : IDL.Func([Advance], [ResultRelease], []),
    'audit_log' : IDL.Func(
        [IDL.Record({ 'start' : IDL.Nat64, 'length' : IDL.Nat32 })],
        [IDL.Vec(AuditEntry)],
        ['query'],
      ),
    'audit_tip' : IDL.Func([], [AuditTip], ['query']),
    'cycles' : IDL.Func([], [IDL.Nat], ['query']),
    'enrol' : IDL.Func([Enrol], [ResultPod], []),
    'get_pod' : IDL.Func([IDL.Principal], [IDL.Opt(Pod)], ['query']),
    'get_release' : IDL.Func([IDL.Nat64], [IDL.Opt(Release)], ['query']),
    'http_request' : IDL.Func([HttpRequest], [HttpResponse], ['query']),
    'is_operator' : IDL.Func([IDL.Principal], [IDL.Bool], ['query']),
    'list_pods' : IDL.Func([ListPods], [IDL.Vec(Pod)], ['query']),
    'list_releases' : IDL.Func([ListReleases], [IDL.Vec(Release)], ['query']),
    'newest_releases' : IDL.Func([FindReleases], [IDL.Vec(Release)], ['query']),
    'open_release' : IDL.Func([OpenRelease], [ResultId], []),
    'pause' : IDL.Func([Hold], [ResultRelease], []),
    'report' : IDL.Func([Report], [ResultUnit], []),
    'resume' : IDL.Func([Hold], [ResultRelease], []),
    'rotate' : IDL.Func([Rotate], [ResultPod], []),
    'set_operators' : IDL.Func([SetOperators], [], []),
    'skip_soak' : IDL.Func([SkipSoak], [ResultRelease], []),
    'stop_release' : IDL.Func([StopRelease], [], []),
    'supersede' : IDL.Func([Supersede], [ResultUnit], []),
    'unenrol' : IDL.Func([Unenrol], [ResultUnit], []),
    'validate_set_operators' : IDL.Func(
        [SetOperators],
        [Validation],
        ['query'],
      ),
    'validate_stop_release' : IDL.Func([StopRelease], [Validation], ['query']),
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
    'drivers' : IDL.Vec(IDL.Principal),
    'operators' : IDL.Vec(IDL.Principal),
    'governor' : IDL.Principal,
    'peers' : Peers,
  });
  return [InitArgs];
};
