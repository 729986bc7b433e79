// Generated from the canister's .did by canisters/bindgen (npm run bindings): do not edit.
import type { Principal } from '@dfinity/principal';
import type { ActorMethod } from '@dfinity/agent';
import type { IDL } from '@dfinity/candid';

/**
 * A subset of the SNS governance canister's interface (dfinity/ic, rs/sns/governance/canister/governance.did): same method names,
 * same type names and shapes, so that a client speaks to both. Below it what only this canister has.
 *
 * The proposer's neuron votes yes by proposing, as on SNS. A url "livepod:<reference>" (at most 50 bytes) makes a repeat by the same neuron
 * return the first proposal. A neuron runs one MakeProposal, ClaimOrRefresh or Disburse at a time (error_type 12 otherwise: repeat).
 * error_type is SNS's; ours are 20 withdrawn, 21 vote closed, 22 voted already.
 *
 * How to read a decision from ProposalData, as on SNS (times in seconds, 0 = not yet):
 * open      decided_timestamp_seconds = 0
 * adopted   decided > 0 and (2 * yes > total, or 2 * yes > yes + no and 10_000 * yes >= minimum_yes_proportion_of_total * total)
 * rejected  decided > 0 and not adopted;   executed: executed_timestamp_seconds > 0
 * failed    failed_timestamp_seconds > 0 with failure_reason (error_type 20: withdrawn by its proposer; never counts as rejected)
 */
export interface Account {
  'owner' : [] | [Principal],
  'subaccount' : [] | [Subaccount],
}
export type Action = {
    'AddGenericNervousSystemFunction' : NervousSystemFunction
  } |
  { 'RemoveGenericNervousSystemFunction' : bigint } |
  { 'Unspecified' : {} } |
  {
    'ExecuteGenericNervousSystemFunction' : ExecuteGenericNervousSystemFunction
  } |
  { 'Motion' : Motion };
export interface Amount { 'e8s' : bigint }
/**
 * Functions without a rule: ordinary, by stake.
 */
export interface Articles {
  'minima' : Minima,
  'weight_cap_e8s' : bigint,
  'long_vote' : LongVote,
  'rules' : Array<FunctionRule>,
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
export interface Ballot {
  'vote' : number,
  'cast_timestamp_seconds' : bigint,
  'voting_power' : bigint,
}
export type By = { 'MemoAndController' : MemoAndController } |
  { 'NeuronId' : {} };
/**
 * json: {"proposal", "at", "neurons", "total", "gini_permille", "nakamoto"}, whose bytes are certified at path ["distribution"].
 */
export interface CertifiedDistribution {
  'certificate' : [] | [Uint8Array],
  'json' : string,
  'witness' : Uint8Array,
}
export interface ClaimOrRefresh { 'by' : [] | [By] }
export interface ClaimOrRefreshResponse {
  'refreshed_neuron_id' : [] | [NeuronId],
}
export type Command = { 'Follow' : Follow } |
  { 'ClaimOrRefresh' : ClaimOrRefresh } |
  { 'Configure' : Configure } |
  { 'RegisterVote' : RegisterVote } |
  { 'MakeProposal' : Proposal } |
  { 'Disburse' : Disburse };
export type Command_1 = { 'Error' : GovernanceError } |
  { 'Follow' : {} } |
  { 'ClaimOrRefresh' : ClaimOrRefreshResponse } |
  { 'Configure' : {} } |
  { 'RegisterVote' : {} } |
  { 'MakeProposal' : GetProposal } |
  { 'Disburse' : DisburseResponse };
export interface Configure { 'operation' : [] | [Operation] }
export interface DefaultFollowees { 'followees' : Array<[bigint, Followees]> }
export interface Disburse {
  'to_account' : [] | [Account],
  'amount' : [] | [Amount],
}
export interface DisburseMaturityInProgress {
  'timestamp_of_disbursement_seconds' : bigint,
  'amount_e8s' : bigint,
  'account_to_disburse_to' : [] | [Account],
  'finalize_disbursement_timestamp_seconds' : [] | [bigint],
}
export interface DisburseResponse { 'transfer_block_height' : bigint }
export type DissolveState = { 'DissolveDelaySeconds' : bigint } |
  { 'WhenDissolvedTimestampSeconds' : bigint };
export interface EarnReputation {
  'who' : Principal,
  'points' : number,
  'reason' : string,
}
export type Error = { 'NotFound' : Why } |
  { 'NotAuthorized' : Why } |
  { 'VoteClosed' : Why };
export interface ExecuteGenericNervousSystemFunction {
  'function_id' : bigint,
  'payload' : Uint8Array,
}
export interface Follow {
  'function_id' : bigint,
  'followees' : Array<NeuronId>,
}
export interface Followees { 'followees' : Array<NeuronId> }
export interface FunctionRule {
  'weight' : Weight,
  'function_id' : bigint,
  'lane' : Lane,
}
export type FunctionType = { 'NativeNervousSystemFunction' : {} } |
  { 'GenericNervousSystemFunction' : GenericNervousSystemFunction };
export interface GenericNervousSystemFunction {
  'validator_canister_id' : [] | [Principal],
  'target_canister_id' : [] | [Principal],
  'validator_method_name' : [] | [string],
  'target_method_name' : [] | [string],
}
export interface GetNeuron { 'neuron_id' : [] | [NeuronId] }
export interface GetNeuronResponse { 'result' : [] | [Result] }
export interface GetProposal { 'proposal_id' : [] | [ProposalId] }
export interface GetProposalResponse { 'result' : [] | [Result_1] }
export interface GovernanceError {
  'error_message' : string,
  'error_type' : number,
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
export interface IncreaseDissolveDelay {
  'additional_dissolve_delay_seconds' : number,
}
export interface Init {
  'articles' : [] | [Articles],
  'parameters' : Parameters,
  'governor' : Principal,
  'functions' : Array<NervousSystemFunction>,
  'peers' : Peers,
}
export type Lane = { 'Constitutional' : null } |
  { 'Stop' : null } |
  { 'Ordinary' : null };
export interface ListNervousSystemFunctionsResponse {
  'reserved_ids' : BigUint64Array | bigint[],
  'functions' : Array<NervousSystemFunction>,
}
export interface ListNeurons {
  'of_principal' : [] | [Principal],
  'limit' : number,
  'start_page_at' : [] | [NeuronId],
}
export interface ListNeuronsResponse { 'neurons' : Array<Neuron> }
/**
 * include_status: 1 open, 2 rejected, 3 adopted, 4 executed, 5 failed; empty = all. Newest first.
 */
export interface ListProposals {
  'include_reward_status' : Int32Array | number[],
  'before_proposal' : [] | [ProposalId],
  'limit' : number,
  'exclude_type' : BigUint64Array | bigint[],
  'include_status' : Int32Array | number[],
}
export interface ListProposalsResponse {
  'include_ballots_by_caller' : [] | [boolean],
  'proposals' : Array<ProposalData>,
}
/**
 * How constitutional functions are decided: at the deadline alone, and nobody follows on them but by a list for just them.
 */
export interface LongVote {
  'voting_period_seconds' : bigint,
  'time_lock_seconds' : bigint,
  'quorum_basis_points' : bigint,
}
export interface ManageNeuron {
  'subaccount' : Uint8Array,
  'command' : [] | [Command],
}
export interface ManageNeuronResponse { 'command' : [] | [Command_1] }
export interface MemoAndController {
  'controller' : [] | [Principal],
  'memo' : bigint,
}
/**
 * What no parameter goes below.
 */
export interface Minima {
  'voting_period_seconds' : bigint,
  'neuron_minimum_stake_e8s' : bigint,
  'neuron_minimum_dissolve_delay_to_vote_seconds' : bigint,
  'reject_cost_e8s' : bigint,
  'wait_for_quiet_deadline_increase_seconds' : bigint,
  'time_lock_seconds' : bigint,
  'quorum_basis_points' : bigint,
}
export interface Motion { 'motion_text' : string }
export interface NervousSystemFunction {
  'id' : bigint,
  'name' : string,
  'description' : [] | [string],
  'function_type' : [] | [FunctionType],
}
export interface NervousSystemParameters {
  'default_followees' : [] | [DefaultFollowees],
  'max_dissolve_delay_seconds' : [] | [bigint],
  'max_dissolve_delay_bonus_percentage' : [] | [bigint],
  'max_followees_per_function' : [] | [bigint],
  'neuron_claimer_permissions' : [] | [NeuronPermissionList],
  'neuron_minimum_stake_e8s' : [] | [bigint],
  'max_neuron_age_for_age_bonus' : [] | [bigint],
  'initial_voting_period_seconds' : [] | [bigint],
  'neuron_minimum_dissolve_delay_to_vote_seconds' : [] | [bigint],
  'reject_cost_e8s' : [] | [bigint],
  'max_proposals_to_keep_per_action' : [] | [number],
  'wait_for_quiet_deadline_increase_seconds' : [] | [bigint],
  'max_number_of_neurons' : [] | [bigint],
  'transaction_fee_e8s' : [] | [bigint],
  'max_number_of_proposals_with_ballots' : [] | [bigint],
  'max_age_bonus_percentage' : [] | [bigint],
  'neuron_grantable_permissions' : [] | [NeuronPermissionList],
  'voting_rewards_parameters' : [] | [VotingRewardsParameters],
  'maturity_modulation_disabled' : [] | [boolean],
  'max_number_of_principals_per_neuron' : [] | [bigint],
}
export interface Neuron {
  'id' : [] | [NeuronId],
  'staked_maturity_e8s_equivalent' : [] | [bigint],
  'permissions' : Array<NeuronPermission>,
  'maturity_e8s_equivalent' : bigint,
  'cached_neuron_stake_e8s' : bigint,
  'created_timestamp_seconds' : bigint,
  'source_nns_neuron_id' : [] | [bigint],
  'auto_stake_maturity' : [] | [boolean],
  'aging_since_timestamp_seconds' : bigint,
  'dissolve_state' : [] | [DissolveState],
  'voting_power_percentage_multiplier' : bigint,
  'vesting_period_seconds' : [] | [bigint],
  'disburse_maturity_in_progress' : Array<DisburseMaturityInProgress>,
  'followees' : Array<[bigint, Followees]>,
  'neuron_fees_e8s' : bigint,
}
export interface NeuronId { 'id' : Uint8Array }
export interface NeuronPermission {
  'principal' : [] | [Principal],
  'permission_type' : Int32Array | number[],
}
export interface NeuronPermissionList { 'permissions' : Int32Array | number[] }
export type Operation = { 'StopDissolving' : {} } |
  { 'StartDissolving' : {} } |
  { 'IncreaseDissolveDelay' : IncreaseDissolveDelay };
export interface Parameters {
  'voting_period_seconds' : bigint,
  'max_open_proposals_per_neuron' : [] | [number],
  'max_dissolve_delay_seconds' : bigint,
  'max_dissolve_delay_bonus_percentage' : bigint,
  'neuron_minimum_stake_e8s' : bigint,
  'max_neuron_age_for_age_bonus' : bigint,
  'neuron_minimum_dissolve_delay_to_vote_seconds' : bigint,
  'reject_cost_e8s' : [] | [bigint],
  'wait_for_quiet_deadline_increase_seconds' : [] | [bigint],
  'max_age_bonus_percentage' : bigint,
  'max_neurons' : [] | [bigint],
  'time_lock_seconds' : [] | [bigint],
  'quorum_basis_points' : bigint,
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
export interface Percentage { 'basis_points' : [] | [bigint] }
export interface Proposal {
  'url' : string,
  'title' : string,
  'action' : [] | [Action],
  'summary' : string,
}
export interface ProposalData {
  'id' : [] | [ProposalId],
  'payload_text_rendering' : [] | [string],
  'action' : bigint,
  'failure_reason' : [] | [GovernanceError],
  'ballots' : Array<[string, Ballot]>,
  'minimum_yes_proportion_of_total' : [] | [Percentage],
  'reward_event_round' : bigint,
  'failed_timestamp_seconds' : bigint,
  'reward_event_end_timestamp_seconds' : [] | [bigint],
  'proposal_creation_timestamp_seconds' : bigint,
  'initial_voting_period_seconds' : bigint,
  'reject_cost_e8s' : bigint,
  'latest_tally' : [] | [Tally],
  'wait_for_quiet_deadline_increase_seconds' : bigint,
  'decided_timestamp_seconds' : bigint,
  'proposal' : [] | [Proposal],
  'proposer' : [] | [NeuronId],
  'wait_for_quiet_state' : [] | [WaitForQuietState],
  'minimum_yes_proportion_of_exercised' : [] | [Percentage],
  'is_eligible_for_rewards' : boolean,
  'executed_timestamp_seconds' : bigint,
}
export interface ProposalId { 'id' : bigint }
export interface RegisterVote {
  'vote' : number,
  'proposal' : [] | [ProposalId],
}
export interface Reputation {
  'neuron' : Uint8Array,
  'points' : bigint,
}
export type Result = { 'Error' : GovernanceError } |
  { 'Neuron' : Neuron };
export type Result_1 = { 'Error' : GovernanceError } |
  { 'Proposal' : ProposalData };
export interface SlashReputation {
  'neuron' : Uint8Array,
  'points' : number,
  'reason' : string,
}
export interface Subaccount { 'subaccount' : Uint8Array }
export interface Tally {
  'no' : bigint,
  'yes' : bigint,
  'total' : bigint,
  'timestamp_seconds' : bigint,
}
export interface Upgrade {
  'arg' : Uint8Array,
  'chunk_hashes' : Array<Uint8Array>,
  'store' : Principal,
  'canister' : Principal,
  'wasm_hash' : Uint8Array,
}
export type Validation = { 'Ok' : string } |
  { 'Err' : string };
export interface VotingRewardsParameters {
  'final_reward_rate_basis_points' : [] | [bigint],
  'initial_reward_rate_basis_points' : [] | [bigint],
  'reward_rate_transition_duration_seconds' : [] | [bigint],
  'round_duration_seconds' : [] | [bigint],
}
export interface WaitForQuietState {
  'current_deadline_timestamp_seconds' : bigint,
}
export type Weight = { 'Stake' : null } |
  { 'SquareRoot' : null } |
  { 'Reputation' : null } |
  { 'Capped' : null };
/**
 * Ours, not on SNS.
 */
export interface Why {
  'remedy' : string,
  'subject' : string,
  'message' : string,
}
export interface _SERVICE {
  'audit_log' : ActorMethod<
    [{ 'start' : bigint, 'length' : number }],
    Array<AuditEntry>
  >,
  'audit_tip' : ActorMethod<[], AuditTip>,
  'cycles' : ActorMethod<[], bigint>,
  /**
   * Peers only: what a contributor, an evaluator or a provider did was found good. At most 100 points at once.
   */
  'earn_reputation' : ActorMethod<
    [EarnReputation],
    { 'Ok' : null } |
      { 'Err' : Error }
  >,
  'get_articles' : ActorMethod<[], Articles>,
  /**
   * The most instructions that a message of each kind has taken since the module was installed.
   */
  'get_costs' : ActorMethod<[], Array<[string, bigint]>>,
  /**
   * How voting power is distributed among neurons, as counted for the newest proposal; null before the first.
   */
  'get_distribution' : ActorMethod<[], [] | [CertifiedDistribution]>,
  'get_nervous_system_parameters' : ActorMethod<
    [null],
    NervousSystemParameters
  >,
  'get_neuron' : ActorMethod<[GetNeuron], GetNeuronResponse>,
  'get_parameters' : ActorMethod<[], Parameters>,
  'get_proposal' : ActorMethod<[GetProposal], GetProposalResponse>,
  /**
   * Of a principal's neurons, now.
   */
  'get_reputation' : ActorMethod<[Principal], Array<Reputation>>,
  /**
   * /proposals and one of them, as JSON or HTML, for people; not certified.
   */
  'http_request' : ActorMethod<[HttpRequest], HttpResponse>,
  'list_nervous_system_functions' : ActorMethod<
    [],
    ListNervousSystemFunctionsResponse
  >,
  'list_neurons' : ActorMethod<[ListNeurons], ListNeuronsResponse>,
  'list_proposals' : ActorMethod<[ListProposals], ListProposalsResponse>,
  'manage_neuron' : ActorMethod<[ManageNeuron], ManageNeuronResponse>,
  'set_articles' : ActorMethod<[Articles], undefined>,
  'set_parameters' : ActorMethod<[Parameters], undefined>,
  'slash_reputation' : ActorMethod<[SlashReputation], undefined>,
  'upgrade_root' : ActorMethod<[Upgrade], undefined>,
  'validate_set_articles' : ActorMethod<[Articles], Validation>,
  /**
   * Governor only: changed by votes. Parameters stay above the articles' minima; articles change by the longer vote.
   */
  'validate_set_parameters' : ActorMethod<[Parameters], Validation>,
  'validate_slash_reputation' : ActorMethod<[SlashReputation], Validation>,
  /**
   * Governor only, which is this canister itself: brings root, whose controller it is, to a module (see root.did).
   */
  'validate_upgrade_root' : ActorMethod<[Upgrade], Validation>,
  /**
   * Takes back an open proposal; only its proposer may. A repeat is Ok.
   */
  'withdraw_proposal' : ActorMethod<
    [{ 'proposal' : bigint }],
    { 'Ok' : null } |
      { 'Err' : Error }
  >,
}

export const idlFactory: IDL.InterfaceFactory = ({ IDL }) => {
  const Minima = IDL.Record({
    'voting_period_seconds' : IDL.Nat64,
    'neuron_minimum_stake_e8s' : IDL.Nat64,
    'neuron_minimum_dissolve_delay_to_vote_seconds' : IDL.Nat64,
    'reject_cost_e8s' : IDL.Nat64,
    'wait_for_quiet_deadline_increase_seconds' : IDL.Nat64,
    'time_lock_seconds' : IDL.Nat64,
    'quorum_basis_points' : IDL.Nat64,
  });
  const LongVote = IDL.Record({
    'voting_period_seconds' : IDL.Nat64,
    'time_lock_seconds' : IDL.Nat64,
    'quorum_basis_points' : IDL.Nat64,
  });
  const Weight = IDL.Variant({
    'Stake' : IDL.Null,
    'SquareRoot' : IDL.Null,
    'Reputation' : IDL.Null,
    'Capped' : IDL.Null,
  });
  const Lane = IDL.Variant({
    'Constitutional' : IDL.Null,
    'Stop' : IDL.Null,
    'Ordinary' : IDL.Null,
  });
  const FunctionRule = IDL.Record({
    'weight' : Weight,
    'function_id' : IDL.Nat64,
    'lane' : Lane,
  });
  const Articles = IDL.Record({
    'minima' : Minima,
    'weight_cap_e8s' : IDL.Nat64,
    'long_vote' : LongVote,
    'rules' : IDL.Vec(FunctionRule),
  });
  const Parameters = IDL.Record({
    'voting_period_seconds' : IDL.Nat64,
    'max_open_proposals_per_neuron' : IDL.Opt(IDL.Nat32),
    'max_dissolve_delay_seconds' : IDL.Nat64,
    'max_dissolve_delay_bonus_percentage' : IDL.Nat64,
    'neuron_minimum_stake_e8s' : IDL.Nat64,
    'max_neuron_age_for_age_bonus' : IDL.Nat64,
    'neuron_minimum_dissolve_delay_to_vote_seconds' : IDL.Nat64,
    'reject_cost_e8s' : IDL.Opt(IDL.Nat64),
    'wait_for_quiet_deadline_increase_seconds' : IDL.Opt(IDL.Nat64),
    'max_age_bonus_percentage' : IDL.Nat64,
    'max_neurons' : IDL.Opt(IDL.Nat64),
    'time_lock_seconds' : IDL.Opt(IDL.Nat64),
    'quorum_basis_points' : IDL.Nat64,
  });
  const GenericNervousSystemFunction = IDL.Record({
    'validator_canister_id' : IDL.Opt(IDL.Principal),
    'target_canister_id' : IDL.Opt(IDL.Principal),
    'validator_method_name' : IDL.Opt(IDL.Text),
    'target_method_name' : IDL.Opt(IDL.Text),
  });
  const FunctionType = IDL.Variant({
    'NativeNervousSystemFunction' : IDL.Record({}),
    'GenericNervousSystemFunction' : GenericNervousSystemFunction,
  });
  const NervousSystemFunction = IDL.Record({
    'id' : IDL.Nat64,
    'name' : IDL.Text,
    'description' : IDL.Opt(IDL.Text),
    'function_type' : IDL.Opt(FunctionType),
  });
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
    'articles' : IDL.Opt(Articles),
    'parameters' : Parameters,
    'governor' : IDL.Principal,
    'functions' : IDL.Vec(NervousSystemFunction),
    'peers' : Peers,
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
  const EarnReputation = IDL.Record({
    'who' : IDL.Principal,
    'points' : IDL.Nat32,
    'reason' : IDL.Text,
  });
  const Why = IDL.Record({
    'remedy' : IDL.Text,
    'subject' : IDL.Text,
    'message' : IDL.Text,
  });
  const Error = IDL.Variant({
    'NotFound' : Why,
    'NotAuthorized' : Why,
    'VoteClosed' : Why,
  });
  const CertifiedDistribution = IDL.Record({
    'certificate' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'json' : IDL.Text,
    'witness' : IDL.Vec(IDL.Nat8),
  });
  const NeuronId = IDL.Record({ 'id' : IDL.Vec(IDL.Nat8) });
  const Followees = IDL.Record({ 'followees' : IDL.Vec(NeuronId) });
  const DefaultFollowees = IDL.Record({
    'followees' : IDL.Vec(IDL.Tuple(IDL.Nat64, Followees)),
  });
  const NeuronPermissionList = IDL.Record({
    'permissions' : IDL.Vec(IDL.Int32),
  });
  const VotingRewardsParameters = IDL.Record({
    'final_reward_rate_basis_points' : IDL.Opt(IDL.Nat64),
    'initial_reward_rate_basis_points' : IDL.Opt(IDL.Nat64),
    'reward_rate_transition_duration_seconds' : IDL.Opt(IDL.Nat64),
    'round_duration_seconds' : IDL.Opt(IDL.Nat64),
  });
  const NervousSystemParameters = IDL.Record({
    'default_followees' : IDL.Opt(DefaultFollowees),
    'max_dissolve_delay_seconds' : IDL.Opt(IDL.Nat64),
    'max_dissolve_delay_bonus_percentage' : IDL.Opt(IDL.Nat64),
    'max_followees_per_function' : IDL.Opt(IDL.Nat64),
    'neuron_claimer_permissions' : IDL.Opt(NeuronPermissionList),
    'neuron_minimum_stake_e8s' : IDL.Opt(IDL.Nat64),
    'max_neuron_age_for_age_bonus' : IDL.Opt(IDL.Nat64),
    'initial_voting_period_seconds' : IDL.Opt(IDL.Nat64),
    'neuron_minimum_dissolve_delay_to_vote_seconds' : IDL.Opt(IDL.Nat64),
    'reject_cost_e8s' : IDL.Opt(IDL.Nat64),
    'max_proposals_to_keep_per_action' : IDL.Opt(IDL.Nat32),
    'wait_for_quiet_deadline_increase_seconds' : IDL.Opt(IDL.Nat64),
    'max_number_of_neurons' : IDL.Opt(IDL.Nat64),
    'transaction_fee_e8s' : IDL.Opt(IDL.Nat64),
    'max_number_of_proposals_with_ballots' : IDL.Opt(IDL.Nat64),
    'max_age_bonus_percentage' : IDL.Opt(IDL.Nat64),
    'neuron_grantable_permissions' : IDL.Opt(NeuronPermissionList),
    'voting_rewards_parameters' : IDL.Opt(VotingRewardsParameters),
    'maturity_modulation_disabled' : IDL.Opt(IDL.Bool),
    'max_number_of_principals_per_neuron' : IDL.Opt(IDL.Nat64),
  });
  const GetNeuron = IDL.Record({ 'neuron_id' : IDL.Opt(NeuronId) });
  const GovernanceError = IDL.Record({
    'error_message' : IDL.Text,
    'error_type' : IDL.Int32,
  });
  const NeuronPermission = IDL.Record({
    'principal' : IDL.Opt(IDL.Principal),
    'permission_type' : IDL.Vec(IDL.Int32),
  });
  const DissolveState = IDL.Variant({
    'DissolveDelaySeconds' : IDL.Nat64,
    'WhenDissolvedTimestampSeconds' : IDL.Nat64,
  });
  const Subaccount = IDL.Record({ 'subaccount' : IDL.Vec(IDL.Nat8) });
  const Account = IDL.Record({
    'owner' : IDL.Opt(IDL.Principal),
    'subaccount' : IDL.Opt(Subaccount),
  });
  const DisburseMaturityInProgress = IDL.Record({
    'timestamp_of_disbursement_seconds' : IDL.Nat64,
    'amount_e8s' : IDL.Nat64,
    'account_to_disburse_to' : IDL.Opt(Account),
    'finalize_disbursement_timestamp_seconds' : IDL.Opt(IDL.Nat64),
  });
  const Neuron = IDL.Record({
    'id' : IDL.Opt(NeuronId),
    'staked_maturity_e8s_equivalent' : IDL.Opt(IDL.Nat64),
    'permissions' : IDL.Vec(NeuronPermission),
    'maturity_e8s_equivalent' : IDL.Nat64,
    'cached_neuron_stake_e8s' : IDL.Nat64,
    'created_timestamp_seconds' : IDL.Nat64,
    'source_nns_neuron_id' : IDL.Opt(IDL.Nat64),
    'auto_stake_maturity' : IDL.Opt(IDL.Bool),
    'aging_since_timestamp_seconds' : IDL.Nat64,
    'dissolve_state' : IDL.Opt(DissolveState),
    'voting_power_percentage_multiplier' : IDL.Nat64,
    'vesting_period_seconds' : IDL.Opt(IDL.Nat64),
    'disburse_maturity_in_progress' : IDL.Vec(DisburseMaturityInProgress),
    'followees' : IDL.Vec(IDL.Tuple(IDL.Nat64, Followees)),
    'neuron_fees_e8s' : IDL.Nat64,
  });
  const Result = IDL.Variant({ 'Error' : GovernanceError, 'Neuron' : Neuron });
  const GetNeuronResponse = IDL.Record({ 'result' : IDL.Opt(Result) });
  const ProposalId = IDL.Record({ 'id' : IDL.Nat64 });
  const GetProposal = IDL.Record({ 'proposal_id' : IDL.Opt(ProposalId) });
  const Ballot = IDL.Record({
    'vote' : IDL.Int32,
    'cast_timestamp_seconds' : IDL.Nat64,
    'voting_power' : IDL.Nat64,
  });
  const Percentage = IDL.Record({ 'basis_points' : IDL.Opt(IDL.Nat64) });
  const Tally = IDL.Record({
    'no' : IDL.Nat64,
    'yes' : IDL.Nat64,
    'total' : IDL.Nat64,
    'timestamp_seconds' : IDL.Nat64,
  });
  const ExecuteGenericNervousSystemFunction = IDL.Record({
    'function_id' : IDL.Nat64,
    'payload' : IDL.Vec(IDL.Nat8),
  });
  const Motion = IDL.Record({ 'motion_text' : IDL.Text });
  const Action = IDL.Variant({
    'AddGenericNervousSystemFunction' : NervousSystemFunction,
    'RemoveGenericNervousSystemFunction' : IDL.Nat64,
    'Unspecified' : IDL.Record({}),
    'ExecuteGenericNervousSystemFunction' : ExecuteGenericNervousSystemFunction,
    'Motion' : Motion,
  });
  const Proposal = IDL.Record({
    'url' : IDL.Text,
    'title' : IDL.Text,
    'action' : IDL.Opt(Action),
    'summary' : IDL.Text,
  });
  const WaitForQuietState = IDL.Record({
    'current_deadline_timestamp_seconds' : IDL.Nat64,
  });
  const ProposalData = IDL.Record({
    'id' : IDL.Opt(ProposalId),
    'payload_text_rendering' : IDL.Opt(IDL.Text),
    'action' : IDL.Nat64,
    'failure_reason' : IDL.Opt(GovernanceError),
    'ballots' : IDL.Vec(IDL.Tuple(IDL.Text, Ballot)),
    'minimum_yes_proportion_of_total' : IDL.Opt(Percentage),
    'reward_event_round' : IDL.Nat64,
    'failed_timestamp_seconds' : IDL.Nat64,
    'reward_event_end_timestamp_seconds' : IDL.Opt(IDL.Nat64),
    'proposal_creation_timestamp_seconds' : IDL.Nat64,
    'initial_voting_period_seconds' : IDL.Nat64,
    'reject_cost_e8s' : IDL.Nat64,
    'latest_tally' : IDL.Opt(Tally),
    'wait_for_quiet_deadline_increase_seconds' : IDL.Nat64,
    'decided_timestamp_seconds' : IDL.Nat64,
    'proposal' : IDL.Opt(Proposal),
    'proposer' : IDL.Opt(NeuronId),
    'wait_for_quiet_state' : IDL.Opt(WaitForQuietState),
    'minimum_yes_proportion_of_exercised' : IDL.Opt(Percentage),
    'is_eligible_for_rewards' : IDL.Bool,
    'executed_timestamp_seconds' : IDL.Nat64,
  });
  const Result_1 = IDL.Variant({
    'Error' : GovernanceError,
    'Proposal' : ProposalData,
  });
  const GetProposalResponse = IDL.Record({ 'result' : IDL.Opt(Result_1) });
  const Reputation = IDL.Record({
    'neuron' : IDL.Vec(IDL.Nat8),
    'points' : IDL.Nat64,
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
  const ListNervousSystemFunctionsResponse = IDL.Record({
    'reserved_ids' : IDL.Vec(IDL.Nat64),
    'functions' : IDL.Vec(NervousSystemFunction),
  });
  const ListNeurons = IDL.Record({
    'of_principal' : IDL.Opt(IDL.Principal),
    'limit' : IDL.Nat32,
    'start_page_at' : IDL.Opt(NeuronId),
  });
  const ListNeuronsResponse = IDL.Record({ 'neurons' : IDL.Vec(Neuron) });
  const ListProposals = IDL.Record({
    'include_reward_status' : IDL.Vec(IDL.Int32),
    'before_proposal' : IDL.Opt(ProposalId),
    'limit' : IDL.Nat32,
    'exclude_type' : IDL.Vec(IDL.Nat64),
    'include_status' : IDL.Vec(IDL.Int32),
  });
  const ListProposalsResponse = IDL.Record({
    'include_ballots_by_caller' : IDL.Opt(IDL.Bool),
    'proposals' : IDL.Vec(ProposalData),
  });
  const Follow = IDL.Record({
    'function_id' : IDL.Nat64,
    'followees' : IDL.Vec(NeuronId),
  });
  const MemoAndController = IDL.Record({
    'controller' : IDL.Opt(IDL.Principal),
    'memo' : IDL.Nat64,
  });
  const By = IDL.Variant({
    'MemoAndController' : MemoAndController,
    'NeuronId' : IDL.Record({}),
  });
  const ClaimOrRefresh = IDL.Record({ 'by' : IDL.Opt(By) });
  const IncreaseDissolveDelay = IDL.Record({
    'additional_dissolve_delay_seconds' : IDL.Nat32,
  });
  const Operation = IDL.Variant({
    'StopDissolving' : IDL.Record({}),
    'StartDissolving' : IDL.Record({}),
    'IncreaseDissolveDelay' : IncreaseDissolveDelay,
  });
  const Configure = IDL.Record({ 'operation' : IDL.Opt(Operation) });
  const RegisterVote = IDL.Record({
    'vote' : IDL.Int32,
    'proposal' : IDL.Opt(ProposalId),
  });
  const Amount = IDL.Record({ 'e8s' : IDL.Nat64 });
  const Disburse = IDL.Record({
    'to_account' : IDL.Opt(Account),
    'amount' : IDL.Opt(Amount),
  });
  const Command = IDL.Variant({
    'Follow' : Follow,
    'ClaimOrRefresh' : ClaimOrRefresh,
    'Configure' : Configure,
    'RegisterVote' : RegisterVote,
    'MakeProposal' : Proposal,
    'Disburse' : Disburse,
  });
  const ManageNeuron = IDL.Record({
    'subaccount' : IDL.Vec(IDL.Nat8),
    'command' : IDL.Opt(Command),
  });
  const ClaimOrRefreshResponse = IDL.Record({
    'refreshed_neuron_id' : IDL.Opt(NeuronId),
  });
  const DisburseResponse = IDL.Record({ 'transfer_block_height' : IDL.Nat64 });
  const Command_1 = IDL.Variant({
    'Error' : GovernanceError,
    'Follow' : IDL.Record({}),
    'ClaimOrRefresh' : ClaimOrRefreshResponse,
    'Configure' : IDL.Record({}),
    'RegisterVote' : IDL.Record({}),
    'MakeProposal' : GetProposal,
    'Disburse' : DisburseResponse,
  });
  const ManageNeuronResponse = IDL.Record({ 'command' : IDL.Opt(Command_1) });
  const SlashReputation = IDL.Record({
    'neuron' : IDL.Vec(IDL.Nat8),
    'points' : IDL.Nat32,
    'reason' : IDL.Text,
  });
  const Upgrade = IDL.Record({
    'arg' : IDL.Vec(IDL.Nat8),
    'chunk_hashes' : IDL.Vec(IDL.Vec(IDL.Nat8)),
    'store' : IDL.Principal,
    'canister' : IDL.Principal,
    'wasm_hash' : IDL.Vec(IDL.Nat8),
  });
  const Validation = IDL.Variant({ 'Ok' : IDL.Text, 'Err' : IDL.Text });
  return IDL.Service({
    'audit_log' : IDL.Func(
        [IDL.Record({ 'start' : IDL.Nat64, 'length' : IDL.Nat32 })],
        [IDL.Vec(AuditEntry)],
        ['query'],
      ),
    'audit_tip' : IDL.Func([], [AuditTip], ['query']),
    'cycles' : IDL.Func([], [IDL.Nat], ['query']),
    'earn_reputation' : IDL.Func(
        [EarnReputation],
        [IDL.Variant({ 'Ok' : IDL.Null, 'Err' : Error })],
        [],
      ),
    'get_articles' : IDL.Func([], [Articles], ['query']),
    'get_costs' : IDL.Func(
        [],
        [IDL.Vec(IDL.Tuple(IDL.Text, IDL.Nat64))],
        ['query'],
      ),
    'get_distribution' : IDL.Func(
        [],
        [IDL.Opt(CertifiedDistribution)],
        ['query'],
      ),
    'get_nervous_system_parameters' : IDL.Func(
        [IDL.Null],
        [NervousSystemParameters],
        ['query'],
      ),
    'get_neuron' : IDL.Func([GetNeuron], [GetNeuronResponse], ['query']),
    'get_parameters' : IDL.Func([], [Parameters], ['query']),
    'get_proposal' : IDL.Func([GetProposal], [GetProposalResponse], ['query']),
    'get_reputation' : IDL.Func(
        [IDL.Principal],
        [IDL.Vec(Reputation)],
        ['query'],
      ),
    'http_request' : IDL.Func([HttpRequest], [HttpResponse], ['query']),
    'list_nervous_system_functions' : IDL.Func(
        [],
        [ListNervousSystemFunctionsResponse],
        ['query'],
      ),
    'list_neurons' : IDL.Func([ListNeurons], [ListNeuronsResponse], ['query']),
    'list_proposals' : IDL.Func(
        [ListProposals],
        [ListProposalsResponse],
        ['query'],
      ),
    'manage_neuron' : IDL.Func([ManageNeuron], [ManageNeuronResponse], []),
    'set_articles' : IDL.Func([Articles], [], []),
    'set_parameters' : IDL.Func([Parameters], [], []),
    'slash_reputation' : IDL.Func([SlashReputation], [], []),
    'upgrade_root' : IDL.Func([Upgrade], [], []),
    'validate_set_articles' : IDL.Func([Articles], [Validation], []),
    'validate_set_parameters' : IDL.Func([Parameters], [Validation], []),
    'validate_slash_reputation' : IDL.Func([SlashReputation], [Validation], []),
    'validate_upgrade_root' : IDL.Func([Upgrade], [Validation], []),
    'withdraw_proposal' : IDL.Func(
        [IDL.Record({ 'proposal' : IDL.Nat64 })],
        [IDL.Variant({ 'Ok' : IDL.Null, 'Err' : Error })],
        [],
      ),
  });
};
export const init = ({ IDL }: { IDL: typeof import('@dfinity/candid').IDL }): IDL.Type[] => {
  const Minima = IDL.Record({
    'voting_period_seconds' : IDL.Nat64,
    'neuron_minimum_stake_e8s' : IDL.Nat64,
    'neuron_minimum_dissolve_delay_to_vote_seconds' : IDL.Nat64,
    'reject_cost_e8s' : IDL.Nat64,
    'wait_for_quiet_deadline_increase_seconds' : IDL.Nat64,
    'time_lock_seconds' : IDL.Nat64,
    'quorum_basis_points' : IDL.Nat64,
  });
  const LongVote = IDL.Record({
    'voting_period_seconds' : IDL.Nat64,
    'time_lock_seconds' : IDL.Nat64,
    'quorum_basis_points' : IDL.Nat64,
  });
  const Weight = IDL.Variant({
    'Stake' : IDL.Null,
    'SquareRoot' : IDL.Null,
    'Reputation' : IDL.Null,
    'Capped' : IDL.Null,
  });
  const Lane = IDL.Variant({
    'Constitutional' : IDL.Null,
    'Stop' : IDL.Null,
    'Ordinary' : IDL.Null,
  });
  const FunctionRule = IDL.Record({
    'weight' : Weight,
    'function_id' : IDL.Nat64,
    'lane' : Lane,
  });
  const Articles = IDL.Record({
    'minima' : Minima,
    'weight_cap_e8s' : IDL.Nat64,
    'long_vote' : LongVote,
    'rules' : IDL.Vec(FunctionRule),
  });
  const Parameters = IDL.Record({
    'voting_period_seconds' : IDL.Nat64,
    'max_open_proposals_per_neuron' : IDL.Opt(IDL.Nat32),
    'max_dissolve_delay_seconds' : IDL.Nat64,
    'max_dissolve_delay_bonus_percentage' : IDL.Nat64,
    'neuron_minimum_stake_e8s' : IDL.Nat64,
    'max_neuron_age_for_age_bonus' : IDL.Nat64,
    'neuron_minimum_dissolve_delay_to_vote_seconds' : IDL.Nat64,
    'reject_cost_e8s' : IDL.Opt(IDL.Nat64),
    'wait_for_quiet_deadline_increase_seconds' : IDL.Opt(IDL.Nat64),
    'max_age_bonus_percentage' : IDL.Nat64,
    'max_neurons' : IDL.Opt(IDL.Nat64),
    'time_lock_seconds' : IDL.Opt(IDL.Nat64),
    'quorum_basis_points' : IDL.Nat64,
  });
  const GenericNervousSystemFunction = IDL.Record({
    'validator_canister_id' : IDL.Opt(IDL.Principal),
    'target_canister_id' : IDL.Opt(IDL.Principal),
    'validator_method_name' : IDL.Opt(IDL.Text),
    'target_method_name' : IDL.Opt(IDL.Text),
  });
  const FunctionType = IDL.Variant({
    'NativeNervousSystemFunction' : IDL.Record({}),
    'GenericNervousSystemFunction' : GenericNervousSystemFunction,
  });
  const NervousSystemFunction = IDL.Record({
    'id' : IDL.Nat64,
    'name' : IDL.Text,
    'description' : IDL.Opt(IDL.Text),
    'function_type' : IDL.Opt(FunctionType),
  });
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
    'articles' : IDL.Opt(Articles),
    'parameters' : Parameters,
    'governor' : IDL.Principal,
    'functions' : IDL.Vec(NervousSystemFunction),
    'peers' : Peers,
  });
  return [Init];
};
