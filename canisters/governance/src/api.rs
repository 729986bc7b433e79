//! The types of SNS governance that this canister speaks (dfinity/ic, rs/sns/governance). Times in seconds, amounts in
//! e8s.

use candid::{CandidType, Deserialize, Principal};
use governed::Peers;
use serde::Serialize;
use serde_bytes::ByteBuf;

macro_rules! records {
    ($($(#[$meta:meta])* $name:ident { $($field:ident : $type:ty),* $(,)? })*) => {
        $($(#[$meta])* #[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
        pub struct $name { $(pub $field: $type),* })*
    };
}

macro_rules! variants {
    ($($(#[$meta:meta])* $name:ident { $($arm:ident $(($type:ty))? $({$nothing:ident})?),* $(,)? })*) => {
        $($(#[$meta])* #[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
        #[allow(clippy::large_enum_variant)] // the shapes are an SNS's, and a message lives for one call
        pub enum $name { $($arm $(($type))? $(($nothing))?),* })*
    };
}

records! {
    /// `record {}`
    Nothing {}
    Subaccount { subaccount: ByteBuf }
    Account { owner: Option<Principal>, subaccount: Option<Subaccount> }
    Amount { e8s: u64 }
    NeuronId { id: ByteBuf }
    ProposalId { id: u64 }
    GovernanceError { error_message: String, error_type: i32 }
    Percentage { basis_points: Option<u64> }

    ExecuteGenericNervousSystemFunction { function_id: u64, payload: ByteBuf }
    Motion { motion_text: String }
    Proposal { url: String, title: String, summary: String, action: Option<Action> }

    MemoAndController { controller: Option<Principal>, memo: u64 }
    ClaimOrRefresh { by: Option<By> }
    ClaimOrRefreshResponse { refreshed_neuron_id: Option<NeuronId> }
    IncreaseDissolveDelay { additional_dissolve_delay_seconds: u32 }
    Configure { operation: Option<Operation> }
    /// 1 = yes, 2 = no.
    RegisterVote { vote: i32, proposal: Option<ProposalId> }
    Follow { function_id: u64, followees: Vec<NeuronId> }
    Followees { followees: Vec<NeuronId> }
    Disburse { to_account: Option<Account>, amount: Option<Amount> }
    DisburseResponse { transfer_block_height: u64 }
    GetProposal { proposal_id: Option<ProposalId> }
    ManageNeuron { subaccount: ByteBuf, command: Option<Command> }
    ManageNeuronResponse { command: Option<Reply> }

    NeuronPermission { principal: Option<Principal>, permission_type: Vec<i32> }
    DisburseMaturityInProgress {
        timestamp_of_disbursement_seconds: u64,
        amount_e8s: u64,
        account_to_disburse_to: Option<Account>,
        finalize_disbursement_timestamp_seconds: Option<u64>,
    }
    Neuron {
        id: Option<NeuronId>,
        staked_maturity_e8s_equivalent: Option<u64>,
        permissions: Vec<NeuronPermission>,
        maturity_e8s_equivalent: u64,
        cached_neuron_stake_e8s: u64,
        created_timestamp_seconds: u64,
        source_nns_neuron_id: Option<u64>,
        auto_stake_maturity: Option<bool>,
        aging_since_timestamp_seconds: u64,
        dissolve_state: Option<DissolveState>,
        voting_power_percentage_multiplier: u64,
        vesting_period_seconds: Option<u64>,
        disburse_maturity_in_progress: Vec<DisburseMaturityInProgress>,
        followees: Vec<(u64, Followees)>,
        neuron_fees_e8s: u64,
    }
    GetNeuron { neuron_id: Option<NeuronId> }
    GetNeuronResponse { result: Option<NeuronResult> }
    ListNeurons { of_principal: Option<Principal>, limit: u32, start_page_at: Option<NeuronId> }
    ListNeuronsResponse { neurons: Vec<Neuron> }

    Ballot { vote: i32, cast_timestamp_seconds: u64, voting_power: u64 }
    Tally { no: u64, yes: u64, total: u64, timestamp_seconds: u64 }
    WaitForQuietState { current_deadline_timestamp_seconds: u64 }
    ProposalData {
        id: Option<ProposalId>,
        payload_text_rendering: Option<String>,
        action: u64,
        failure_reason: Option<GovernanceError>,
        ballots: Vec<(String, Ballot)>,
        minimum_yes_proportion_of_total: Option<Percentage>,
        reward_event_round: u64,
        failed_timestamp_seconds: u64,
        reward_event_end_timestamp_seconds: Option<u64>,
        proposal_creation_timestamp_seconds: u64,
        initial_voting_period_seconds: u64,
        reject_cost_e8s: u64,
        latest_tally: Option<Tally>,
        wait_for_quiet_deadline_increase_seconds: u64,
        decided_timestamp_seconds: u64,
        proposal: Option<Proposal>,
        proposer: Option<NeuronId>,
        wait_for_quiet_state: Option<WaitForQuietState>,
        minimum_yes_proportion_of_exercised: Option<Percentage>,
        is_eligible_for_rewards: bool,
        executed_timestamp_seconds: u64,
    }
    GetProposalResponse { result: Option<ProposalResult> }
    ListProposals {
        include_reward_status: Vec<i32>,
        before_proposal: Option<ProposalId>,
        limit: u32,
        exclude_type: Vec<u64>,
        include_status: Vec<i32>,
    }
    ListProposalsResponse { include_ballots_by_caller: Option<bool>, proposals: Vec<ProposalData> }

    GenericNervousSystemFunction {
        validator_canister_id: Option<Principal>,
        target_canister_id: Option<Principal>,
        validator_method_name: Option<String>,
        target_method_name: Option<String>,
    }
    NervousSystemFunction { id: u64, name: String, description: Option<String>, function_type: Option<FunctionType> }
    ListNervousSystemFunctionsResponse { reserved_ids: Vec<u64>, functions: Vec<NervousSystemFunction> }

    DefaultFollowees { followees: Vec<(u64, Followees)> }
    NeuronPermissionList { permissions: Vec<i32> }
    VotingRewardsParameters {
        final_reward_rate_basis_points: Option<u64>,
        initial_reward_rate_basis_points: Option<u64>,
        reward_rate_transition_duration_seconds: Option<u64>,
        round_duration_seconds: Option<u64>,
    }
    NervousSystemParameters {
        default_followees: Option<DefaultFollowees>,
        max_dissolve_delay_seconds: Option<u64>,
        max_dissolve_delay_bonus_percentage: Option<u64>,
        max_followees_per_function: Option<u64>,
        neuron_claimer_permissions: Option<NeuronPermissionList>,
        neuron_minimum_stake_e8s: Option<u64>,
        max_neuron_age_for_age_bonus: Option<u64>,
        initial_voting_period_seconds: Option<u64>,
        neuron_minimum_dissolve_delay_to_vote_seconds: Option<u64>,
        reject_cost_e8s: Option<u64>,
        max_proposals_to_keep_per_action: Option<u32>,
        wait_for_quiet_deadline_increase_seconds: Option<u64>,
        max_number_of_neurons: Option<u64>,
        transaction_fee_e8s: Option<u64>,
        max_number_of_proposals_with_ballots: Option<u64>,
        max_age_bonus_percentage: Option<u64>,
        neuron_grantable_permissions: Option<NeuronPermissionList>,
        voting_rewards_parameters: Option<VotingRewardsParameters>,
        maturity_modulation_disabled: Option<bool>,
        max_number_of_principals_per_neuron: Option<u64>,
    }

    // Ours.
    WithdrawProposal { proposal: u64 }
    /// What is optional has its default, which `governance.did` says, also in records from before there was a choice.
    Parameters {
        voting_period_seconds: u64,
        quorum_basis_points: u64,
        neuron_minimum_stake_e8s: u64,
        neuron_minimum_dissolve_delay_to_vote_seconds: u64,
        max_dissolve_delay_seconds: u64,
        max_dissolve_delay_bonus_percentage: u64,
        max_neuron_age_for_age_bonus: u64,
        max_age_bonus_percentage: u64,
        reject_cost_e8s: Option<u64>,
        max_open_proposals_per_neuron: Option<u32>,
        max_neurons: Option<u64>,
        wait_for_quiet_deadline_increase_seconds: Option<u64>,
        time_lock_seconds: Option<u64>,
    }
    Minima {
        voting_period_seconds: u64,
        quorum_basis_points: u64,
        wait_for_quiet_deadline_increase_seconds: u64,
        time_lock_seconds: u64,
        reject_cost_e8s: u64,
        neuron_minimum_stake_e8s: u64,
        neuron_minimum_dissolve_delay_to_vote_seconds: u64,
    }
    LongVote { voting_period_seconds: u64, quorum_basis_points: u64, time_lock_seconds: u64 }
    FunctionRule { function_id: u64, lane: Lane, weight: Weight }
    EarnReputation { who: Principal, points: u32, reason: String }
    SlashReputation { neuron: ByteBuf, points: u32, reason: String }
    Reputation { neuron: ByteBuf, points: u64 }
    CertifiedDistribution { json: String, certificate: Option<ByteBuf>, witness: ByteBuf }
    Articles { minima: Minima, long_vote: LongVote, weight_cap_e8s: u64, rules: Vec<FunctionRule> }
    Init {
        governor: Principal,
        peers: Peers,
        parameters: Parameters,
        functions: Vec<NervousSystemFunction>,
        articles: Option<Articles>,
    }
}

variants! {
    Action {
        Unspecified(Nothing), Motion(Motion),
        AddGenericNervousSystemFunction(NervousSystemFunction), RemoveGenericNervousSystemFunction(u64),
        ExecuteGenericNervousSystemFunction(ExecuteGenericNervousSystemFunction),
    }
    By { MemoAndController(MemoAndController), NeuronId(Nothing) }
    Operation { IncreaseDissolveDelay(IncreaseDissolveDelay), StartDissolving(Nothing), StopDissolving(Nothing) }
    Command {
        MakeProposal(Proposal), RegisterVote(RegisterVote), ClaimOrRefresh(ClaimOrRefresh),
        Configure(Configure), Follow(Follow), Disburse(Disburse),
    }
    /// SNS: Command_1.
    Reply {
        Error(GovernanceError), MakeProposal(GetProposal), RegisterVote(Nothing),
        ClaimOrRefresh(ClaimOrRefreshResponse),
        Configure(Nothing), Follow(Nothing), Disburse(DisburseResponse),
    }
    DissolveState { DissolveDelaySeconds(u64), WhenDissolvedTimestampSeconds(u64) }
    NeuronResult { Error(GovernanceError), Neuron(Neuron) }
    ProposalResult { Error(GovernanceError), Proposal(ProposalData) }
    FunctionType { NativeNervousSystemFunction(Nothing), GenericNervousSystemFunction(GenericNervousSystemFunction) }
}

/// What a function's proposals are for, which says what they compete with, and how they are decided.
#[derive(CandidType, Deserialize, Serialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// Stops something, or takes it back: has room of its own, goes first, and waits for nothing once it passed.
    Stop,
    #[default]
    Ordinary,
    /// Changes what bounds the other votes: a longer vote, decided at its deadline alone.
    Constitutional,
}

/// What a neuron's vote weighs, of its power as an SNS has it.
#[derive(CandidType, Deserialize, Serialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// All of it.
    #[default]
    Stake,
    /// Up to the articles' cap.
    Capped,
    /// Its square root: four times the stake has twice the say, as long as it is in one neuron.
    SquareRoot,
    /// Stake × reputation, which nobody buys: a tenth of the power without any, all of it with the most.
    Reputation,
}
