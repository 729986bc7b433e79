//! Governance: neurons, proposals, votes, and the execution of what was voted. Speaks a subset of SNS governance's
//! interface.

pub mod api;
pub mod ballots;
pub mod commands;
pub mod constitution;
pub mod errors;
pub mod execution;
pub mod listing;
pub mod memory;
pub mod natives;
pub mod neurons;
pub mod proposals;

use api::*;
use code::Upgrade;
use errors::{refused, Error, ErrorType};
use governed::{caller_is_governor, not_anonymous, parties, trap_with, Parties};
use ic_cdk::{init, post_upgrade, query, update};

/// Now, in seconds since the epoch, as SNS counts.
pub fn seconds() -> u64 {
    system::now() / 1_000_000_000
}

#[init]
fn init(init: Init) {
    open(Some(Parties { governor: init.governor, peers: init.peers }));
    constitution::set(init.parameters, init.functions);
}

/// An upgrade may bring new parameters and functions; open proposals keep the ones they were made under.
#[post_upgrade]
fn post_upgrade(init: Option<Init>) {
    match init {
        Some(init) => {
            open(Some(Parties { governor: init.governor, peers: init.peers }));
            constitution::set(init.parameters, init.functions);
        }
        None => open(None),
    }
    execution::wake_for_all();
}

fn open(parties: Option<Parties>) {
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
    parties::open(memory::get(memory::PARTIES), parties);
}

#[update(guard = "not_anonymous")]
async fn manage_neuron(request: ManageNeuron) -> ManageNeuronResponse {
    commands::manage(system::caller(), request).await
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
        Some(record) => ProposalResult::Proposal(proposals::to_api(id, &record, ballots::of(id, governed::PAGE_LIMIT))),
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
        proposals: proposals::page(&system::caller(), &request),
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
