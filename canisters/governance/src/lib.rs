//! Governance: neurons, proposals, votes, and the execution of what was voted. Speaks a subset of SNS governance's
//! interface.

pub mod admission;
pub mod api;
pub mod ballots;
pub mod claims;
pub mod commands;
pub mod constitution;
pub mod costs;
pub mod distribution;
pub mod electorate;
pub mod errors;
pub mod execution;
pub mod following;
pub mod inspect;
pub mod leaving;
pub mod ledger;
pub mod listing;
pub mod memory;
pub mod natives;
pub mod neurons;
pub mod power;
pub mod proposals;
pub mod ranks;
pub mod record;
pub mod reputation;
pub mod steps;
pub mod work;

use api::*;
use candid::Principal;
use code::Upgrade;
use errors::{refused, Error, ErrorType};
use governed::{caller_is_governor, not_anonymous, parties, trap_with, Parties};
use ic_cdk::{init, inspect_message, post_upgrade, query, update};
use serde_bytes::ByteBuf;

/// Now, in seconds since the epoch, as SNS counts.
pub fn seconds() -> u64 {
    system::now() / 1_000_000_000
}

#[init]
fn init(init: Init) {
    open(Some(Parties { governor: init.governor, peers: init.peers }));
    constitution::set(init.parameters, init.functions, init.articles);
}

/// An upgrade may bring new functions, and new parameters and articles until a vote has set them; open proposals keep
/// those that they were made under.
#[post_upgrade]
fn post_upgrade(init: Option<Init>) {
    match init {
        Some(init) => {
            open(Some(Parties { governor: init.governor, peers: init.peers }));
            constitution::set(init.parameters, init.functions, init.articles);
        }
        None => open(None),
    }
    record::fill_indexes();
    neurons::fill_indexes();
    execution::wake_for_all();
}

fn open(parties: Option<Parties>) {
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
    distribution::open();
    parties::open(memory::get(memory::PARTIES), parties);
}

#[inspect_message]
fn inspect_message() {
    let (method, argument) = (ic_cdk::api::msg_method_name(), ic_cdk::api::msg_arg_data());
    if inspect::lets_in(&system::caller(), &method, &argument) {
        ic_cdk::api::accept_message();
    }
}

#[update(guard = "not_anonymous")]
async fn manage_neuron(request: ManageNeuron) -> ManageNeuronResponse {
    let kind = commands::kind(&request);
    let response = commands::manage(system::caller(), request).await;
    costs::note(kind);
    response
}

#[query]
fn get_neuron(request: GetNeuron) -> GetNeuronResponse {
    let id = request.neuron_id.and_then(|neuron| neurons::Id::try_from(neuron.id.as_slice()).ok());
    let neuron = id.and_then(|id| neurons::get(&id).map(|neuron| neuron.to_api(&id)));
    let result = neuron.map_or_else(
        || NeuronResult::Error(refused(ErrorType::NotFound, "There is no such neuron.")),
        NeuronResult::Neuron,
    );
    GetNeuronResponse { result: Some(result) }
}

#[query]
fn list_neurons(request: ListNeurons) -> ListNeuronsResponse {
    let limit = governed::page_size(request.limit);
    let after = request.start_page_at.and_then(|neuron| neurons::Id::try_from(neuron.id.as_slice()).ok());
    let neurons = match request.of_principal {
        Some(owner) => {
            let ids = neurons::ids_of(&owner).into_iter().filter(|id| after.is_none_or(|after| *id > after));
            ids.take(limit).filter_map(|id| neurons::get(&id).map(|neuron| neuron.to_api(&id))).collect()
        }
        None => neurons::page(after, limit),
    };
    ListNeuronsResponse { neurons }
}

#[query]
fn get_proposal(request: GetProposal) -> GetProposalResponse {
    let id = request.proposal_id.map_or(0, |proposal| proposal.id);
    let result = match proposals::get(id) {
        Some(record) => {
            let ballots = proposals::ballots_of(id, &record, &system::caller());
            ProposalResult::Proposal(listing::to_api(id, &record, ballots))
        }
        None => ProposalResult::Error(refused(
            ErrorType::NotFound,
            format!("There is no proposal {id}; see list_proposals."),
        )),
    };
    GetProposalResponse { result: Some(result) }
}

#[query]
fn list_proposals(request: ListProposals) -> ListProposalsResponse {
    ListProposalsResponse {
        include_ballots_by_caller: Some(true),
        proposals: listing::page(&system::caller(), &request),
    }
}

#[query]
fn list_nervous_system_functions() -> ListNervousSystemFunctionsResponse {
    ListNervousSystemFunctionsResponse { reserved_ids: constitution::reserved(), functions: constitution::functions() }
}

#[query]
fn get_nervous_system_parameters(_nothing: ()) -> NervousSystemParameters {
    constitution::nervous_system_parameters()
}

#[query]
fn get_parameters() -> Parameters {
    constitution::parameters()
}

#[query]
fn get_articles() -> Articles {
    constitution::articles()
}

/// The most instructions that a message of each kind has taken.
#[query]
fn get_costs() -> Vec<(String, u64)> {
    costs::all()
}

/// What voters read before they vote.
#[update(guard = "caller_is_governor")]
fn validate_set_parameters(payload: Parameters) -> Result<String, String> {
    constitution::parameters_in_words(&payload)
}

/// Sets the parameters of voting; traps when the articles forbid them, so that the vote shows as failed.
#[update(guard = "caller_is_governor")]
fn set_parameters(payload: Parameters) {
    let event = serde_json::json!({"type": "parameters_set", "parameters": &payload});
    constitution::set_parameters(payload).unwrap_or_else(|why| system::trap(&why));
    audit::append(event);
}

/// What voters read before they vote.
#[update(guard = "caller_is_governor")]
fn validate_set_articles(payload: Articles) -> Result<String, String> {
    constitution::articles_in_words(&payload)
}

/// Sets the articles; traps when the parameters are below them.
#[update(guard = "caller_is_governor")]
fn set_articles(payload: Articles) {
    let event = serde_json::json!({"type": "articles_set", "articles": &payload});
    constitution::set_articles(payload).unwrap_or_else(|why| system::trap(&why));
    audit::append(event);
}

/// What voters read before they vote.
#[update(guard = "caller_is_governor")]
fn validate_slash_reputation(payload: SlashReputation) -> Result<String, String> {
    reputation::slash_in_words(&payload, seconds())
}

/// Takes reputation from a neuron; traps when there is none such.
#[update(guard = "caller_is_governor")]
fn slash_reputation(payload: SlashReputation) {
    reputation::slash(&payload, seconds()).unwrap_or_else(|why| system::trap(&why));
}

/// What one of the project's canisters reports earns its doer reputation.
#[update]
fn earn_reputation(payload: EarnReputation) -> Result<(), Error> {
    reputation::earn(&system::caller(), &payload, seconds())
}

/// The reputation of a principal's neurons now.
#[query]
fn get_reputation(of: Principal) -> Vec<Reputation> {
    let points = |id: neurons::Id| {
        let points = neurons::get(&id)?.reputation.at(seconds());
        Some(Reputation { neuron: ByteBuf::from(id), points })
    };
    neurons::ids_of(&of).into_iter().filter_map(points).collect()
}

/// How voting power is distributed, certified.
#[query]
fn get_distribution() -> Option<CertifiedDistribution> {
    let (json, certificate, witness) = distribution::certified()?;
    Some(CertifiedDistribution { json, certificate: certificate.map(ByteBuf::from), witness: ByteBuf::from(witness) })
}

/// What voters read before they vote on `upgrade_root`.
#[update(guard = "caller_is_governor")]
async fn validate_upgrade_root(payload: Upgrade) -> Result<String, String> {
    code::in_words(&payload).await.map_err(|why| why.to_string())
}

/// Upgrades the root canister, whose controller this one is; root upgrades all others. Called by this canister itself.
#[update(guard = "caller_is_governor")]
async fn upgrade_root(payload: Upgrade) {
    code::change(&payload).await.unwrap_or_else(|why| trap_with(why));
}

/// Takes back an open proposal; only its proposer may.
#[update(guard = "not_anonymous")]
fn withdraw_proposal(request: WithdrawProposal) -> Result<(), Error> {
    proposals::withdraw(&system::caller(), request.proposal, seconds())
}

/// Proposals as people read them: `/proposals/<number>`, `/proposals?status=open`, `/proposals?about=<dataset>`.
#[query]
fn http_request(request: pages::HttpRequest) -> pages::HttpResponse {
    let one = |id: &str| listing::page_of(id.parse().ok()?);
    let kind = pages::Kind { name: "proposals", one: &one, some: &listing::rows };
    pages::answer(&request, &governed::site(), &[kind])
}

audit::queries!();
system::queries!();
governed::candid_service!("../governance.did");
ic_cdk::export_candid!();

#[cfg(test)]
mod tests {
    use candid_parser::utils::{service_equal, CandidSource};

    #[test]
    fn candid_matches_the_code() {
        service_equal(
            CandidSource::Text(&super::__export_service()),
            CandidSource::Text(include_str!("../governance.did")),
        )
        .unwrap();
    }
}
