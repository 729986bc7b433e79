//! The treasury: escrow of licence fees and rewards, payouts, bonds and their slashing.

pub mod accounts;
pub mod api;
pub mod blocks;
pub mod bonds;
pub mod escrows;
pub mod evidence;
pub mod funding;
pub mod lines;
pub mod listing;
pub mod memory;
pub mod outcomes;
pub mod pages;
pub mod returns;
pub mod slashing;
pub mod transfers;
pub mod world;

use api::*;
use governed::{caller_is_governor, not_anonymous, parties, trap_with, Parties};
use ic_cdk::{init, post_upgrade, query, update};
use listing::{EscrowLine, FindPayments};
use std::time::Duration;
use world::Canisters;

governed::door! {
    of_canisters: ["slash_bond", "lift_slash", "hold_escrow"],
    large: [],
}

#[init]
fn init(init: Init) {
    open(Some(Parties { governor: init.governor, peers: init.peers }));
    returns::set_notice_seconds(init.bond_notice_seconds.unwrap_or(returns::USUAL_NOTICE_SECONDS));
    outcomes::set_review_seconds(init.review_seconds.unwrap_or(outcomes::USUAL_REVIEW_SECONDS));
    slashing::set_appeal_seconds(init.appeal_seconds.unwrap_or(slashing::USUAL_APPEAL_SECONDS));
    look_after_slashes();
}

#[post_upgrade]
fn post_upgrade() {
    open(None);
    escrows::list_open_ones();
    escrows::note_references();
    listing::file_old_ones();
    if bonds::has_forfeits() {
        move_forfeits_in(Duration::ZERO);
    }
    look_after_slashes();
}

fn open(parties: Option<Parties>) {
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
    parties::open(memory::get(memory::PARTIES), parties);
}

/// Pulls an approved amount (ICRC-2) into the caller's bond.
#[update(guard = "not_anonymous")]
async fn post_bond(request: PostBond) -> Result<Bond, Error> {
    bonds::post(&Canisters, system::caller(), request).await
}

/// Gives notice of the caller's bond; asked again when the notice is over, pays it out.
#[update(guard = "not_anonymous")]
async fn return_bond(request: ReturnBond) -> Result<Leaving, Error> {
    returns::give_back(&Canisters, system::caller(), request.purpose).await
}

/// What of a bond is on its way back.
#[query]
fn leaving_bond(id: BondId) -> Option<Leaving> {
    returns::get(&id)
}

#[query]
fn get_bond(id: BondId) -> Option<Bond> {
    bonds::get(&id.holder, id.purpose)
}

#[query]
fn list_bonds(page: ListBonds) -> Vec<Bond> {
    bonds::page(&page)
}

/// What voters read before they vote on `slash_bond`.
#[query]
fn validate_slash_bond(payload: SlashBond) -> Result<String, String> {
    let bond = slashing::checked(&payload).map_err(|error| error.to_string())?;
    Ok(slashing::in_words(&payload, &bond))
}

/// Takes from a bond by vote, and holds it back for an appeal; then it goes to those harmed and to the DAO's account,
/// the treasury's main one.
#[update(guard = "caller_is_governor")]
fn slash_bond(payload: SlashBond) {
    slashing::slash(&payload).map(drop).unwrap_or_else(|error| trap_with(error));
}

/// The holder's answer to a slashing; voters get as much time again, once.
#[update(guard = "not_anonymous")]
fn appeal_slash(appeal: AppealSlash) -> Result<Slash, Error> {
    slashing::appeal(system::caller(), appeal)
}

/// What voters read before they vote on `lift_slash`.
#[query]
fn validate_lift_slash(payload: LiftSlash) -> Result<String, String> {
    slashing::lift_in_words(&payload).map_err(|error| error.to_string())
}

/// Gives back what a slashing took.
#[update(guard = "caller_is_governor")]
fn lift_slash(payload: LiftSlash) {
    slashing::lift(&payload).unwrap_or_else(|error| trap_with(error));
}

/// Pays out the cases whose time is over, now. Anyone may ask; a timer does it too.
#[update(guard = "not_anonymous")]
async fn close_slashes() -> Result<(), Error> {
    slashing::close_due(&Canisters).await
}

/// What was slashed, newest first, at most 100 at a time.
#[query]
fn list_slashes(page: ListSlashes) -> Vec<Slash> {
    slashing::page(&page)
}

/// Closes the cases whose time is over, every minute while there are any.
fn look_after_slashes() {
    ic_cdk_timers::set_timer_interval(AGAIN, async || {
        if slashing::waiting() {
            // What failed is tried again with the next.
            let _ = slashing::close_due(&Canisters).await;
        }
    });
}

const AGAIN: Duration = Duration::from_secs(60);

/// Moves slashed tokens soon, and again after a while until all are moved.
fn move_forfeits_in(wait: Duration) {
    ic_cdk_timers::set_timer(wait, async {
        if bonds::move_forfeits(&Canisters).await.is_err() {
            move_forfeits_in(AGAIN);
        }
    });
}

/// What opening a job's escrow takes.
#[update(guard = "not_anonymous")]
async fn quote_escrow(request: JobNumber) -> Result<Quote, Error> {
    funding::quote(&Canisters, request.job).await
}

/// Pulls a job's fees and reward from the caller and has access grant it.
#[update(guard = "not_anonymous")]
async fn open_escrow(request: OpenEscrow) -> Result<Escrow, Error> {
    funding::open(&Canisters, system::caller(), request).await
}

/// Pays contributors and provider, if the job's checkpoint is official.
#[update(guard = "not_anonymous")]
async fn settle(id: u64) -> Result<Escrow, Error> {
    outcomes::settle(&Canisters, id).await
}

/// Gives an escrow back to its payer, if the job came to nothing.
#[update(guard = "not_anonymous")]
async fn refund(id: u64) -> Result<Escrow, Error> {
    outcomes::refund(&Canisters, id).await
}

/// Pays the shares of a job's licences whose keys were released.
#[update(guard = "not_anonymous")]
async fn pay_licences(request: JobNumber) -> Result<Escrow, Error> {
    outcomes::pay_licences(&Canisters, request.job).await
}

/// Pays a payment that the ledger refused, to the account that its payee names.
#[update(guard = "not_anonymous")]
async fn collect_payment(request: CollectPayment) -> Result<Escrow, Error> {
    outcomes::collect(&Canisters, system::caller(), request).await
}

/// Keeps the escrow of a job whose checkpoint is being adopted. Models canister only.
#[update(guard = "not_anonymous")]
fn hold_escrow(request: JobNumber) -> Result<u64, Error> {
    outcomes::hold(system::caller(), request.job)
}

#[query]
fn get_escrow(id: u64) -> Option<Escrow> {
    escrows::get(id)
}

#[query]
fn escrow_of_job(job: u64) -> Option<Escrow> {
    escrows::of_job(job)
}

#[query]
fn list_escrows(page: ListEscrows) -> Vec<Escrow> {
    escrows::page(&page)
}

/// What an account paid or is paid, or what was paid for a dataset; newest first, at most 100 escrows at a time.
#[query]
fn newest_payments(find: FindPayments) -> Vec<EscrowLine> {
    listing::payments(&find)
}

/// Escrows whose money has not gone its way, at most 100 at a time.
#[query]
fn list_open_escrows(page: ListEscrows) -> Vec<Escrow> {
    escrows::open_page(&page)
}

/// Escrows and accounts as people read them.
#[query]
fn http_request(request: ::pages::HttpRequest) -> ::pages::HttpResponse {
    pages::answer(&request)
}

audit::queries!();
system::queries!();
governed::candid_service!("../treasury.did");
ic_cdk::export_candid!();

#[cfg(test)]
mod money_tests;

#[cfg(test)]
mod tests {
    use candid_parser::utils::{service_equal, CandidSource};

    #[test]
    fn governed_methods_are_left_to_canisters() {
        super::DOOR.hold_to(include_str!("../treasury.did"));
    }

    #[test]
    fn candid_matches_the_code() {
        service_equal(
            CandidSource::Text(&super::__export_service()),
            CandidSource::Text(include_str!("../treasury.did")),
        )
        .unwrap();
    }
}
