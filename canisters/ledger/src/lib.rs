//! The ledger: ICRC-1 and ICRC-2. On the real network any ICRC ledger (an SNS's own) stands in its place.

use governed::ingress::Door;
use governed::not_anonymous;
use ic_cdk::{init, inspect_message, post_upgrade, query, update};
use ledger_rules::api::*;
use ledger_rules::consent::{self, Consent, ConsentError, ConsentRequest};
use ledger_rules::icrc3::{Archive, AskArchives, BlockType, BlocksResult, Range, TipCertificate};
use ledger_rules::{accounts, blocks, icrc3, memory, token, transactions};

const DOOR: Door = Door { of_canisters: &[], large: &[] };
/// Wallets ask without an identity what a call says; no call of the ledger's is longer.
const WORDS: &str = "icrc21_canister_call_consent_message";
const MOST_WORDS_BYTES: usize = 2_048;

/// What may come in from outside: signed calls of ordinary length, and questions for a call's words.
#[inspect_message]
fn inspect_message() {
    let (method, bytes) = (ic_cdk::api::msg_method_name(), ic_cdk::api::msg_arg_data().len());
    if lets_in(&system::caller(), &method, bytes) {
        ic_cdk::api::accept_message();
    }
}

fn lets_in(caller: &candid::Principal, method: &str, bytes: usize) -> bool {
    DOOR.lets_in(caller, method, bytes) || (method == WORDS && bytes <= MOST_WORDS_BYTES)
}

#[init]
fn init(init: Init) {
    open_audit();
    token::create(init);
}

#[post_upgrade]
fn post_upgrade() {
    open_audit();
    icrc3::chain_old_ones();
}

fn open_audit() {
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
}

#[query]
fn icrc1_name() -> String {
    token::token().name
}

#[query]
fn icrc1_symbol() -> String {
    token::token().symbol
}

#[query]
fn icrc1_decimals() -> u8 {
    token::token().decimals
}

#[query]
fn icrc1_fee() -> u128 {
    token::token().transfer_fee
}

#[query]
fn icrc1_metadata() -> Vec<(String, MetadataValue)> {
    token::metadata()
}

#[query]
fn icrc1_total_supply() -> u128 {
    accounts::supply()
}

#[query]
fn icrc1_minting_account() -> Option<Account> {
    Some(token::token().minting_account)
}

#[query]
fn icrc1_balance_of(account: Account) -> u128 {
    accounts::balance(&account)
}

#[query]
fn icrc1_supported_standards() -> Vec<StandardRecord> {
    token::standards()
}

#[query]
fn icrc10_supported_standards() -> Vec<StandardRecord> {
    token::standards()
}

#[update(guard = "not_anonymous")]
fn icrc1_transfer(arg: TransferArg) -> Result<u128, TransferError> {
    transactions::transfer(system::caller(), system::now(), arg)
}

#[update(guard = "not_anonymous")]
fn icrc2_approve(args: ApproveArgs) -> Result<u128, ApproveError> {
    transactions::approve(system::caller(), system::now(), args)
}

#[query]
fn icrc2_allowance(args: AllowanceArgs) -> Allowance {
    accounts::allowance(&args.account, &args.spender, system::now())
}

#[update(guard = "not_anonymous")]
fn icrc2_transfer_from(args: TransferFromArgs) -> Result<u128, TransferFromError> {
    transactions::transfer_from(system::caller(), system::now(), args)
}

/// Blocks of the log from `start` on, at most 100.
#[query]
fn get_blocks(page: GetBlocks) -> Blocks {
    blocks::page(&page)
}

/// Blocks as ICRC-3 has them, at most 100 at a time.
#[query]
fn icrc3_get_blocks(ranges: Vec<Range>) -> BlocksResult {
    icrc3::get_blocks(&ranges)
}

/// None: every block is here.
#[query]
fn icrc3_get_archives(_ask: AskArchives) -> Vec<Archive> {
    vec![]
}

#[query]
fn icrc3_get_tip_certificate() -> Option<TipCertificate> {
    icrc3::tip_certificate()
}

#[query]
fn icrc3_supported_block_types() -> Vec<BlockType> {
    icrc3::block_types()
}

/// A call in words, for a wallet to show before it signs. Changes nothing, so anybody may ask.
#[update]
fn icrc21_canister_call_consent_message(request: ConsentRequest) -> Result<Consent, ConsentError> {
    consent::message(system::caller(), &request)
}

/// A balance as people read it: `/balances/<principal>`.
#[query]
fn http_request(request: pages::HttpRequest) -> pages::HttpResponse {
    let kind = pages::Kind { name: "balances", one: &token::balance_page, some: &|_| vec![] };
    pages::answer(&request, &pages::Site::default(), &[kind])
}

audit::queries!();
system::queries!();
governed::candid_service!("../ledger.did");
ic_cdk::export_candid!();

#[cfg(test)]
mod tests {
    use candid_parser::utils::{service_equal, CandidSource};

    #[test]
    fn no_anonymous_caller_spends_the_ledgers_cycles_but_for_a_calls_words() {
        let (nobody, anyone) = (candid::Principal::anonymous(), candid::Principal::management_canister());
        assert!(!super::lets_in(&nobody, "icrc1_transfer", 100));
        assert!(super::lets_in(&anyone, "icrc1_transfer", 100));
        assert!(!super::lets_in(&anyone, "icrc1_transfer", 100_000));
        assert!(super::lets_in(&nobody, super::WORDS, 500) && !super::lets_in(&nobody, super::WORDS, 5_000));
    }

    #[test]
    fn candid_matches_the_code() {
        service_equal(
            CandidSource::Text(&super::__export_service()),
            CandidSource::Text(include_str!("../ledger.did")),
        )
        .unwrap();
    }
}
