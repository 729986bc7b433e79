//! Bonds, and what becomes of them.

use super::stage::*;

#[test]
fn a_bond_is_posted_once_per_reference_and_grows() {
    let world = world();
    world.approve_to(None, 1_000_000);
    assert_eq!(post(&world, 300_000, "a").unwrap().amount, 300_000);
    assert_eq!(post(&world, 300_000, "a").unwrap().amount, 300_000);
    assert_eq!(post(&world, 200_000, "a").unwrap_err().arm(), "Invalid");
    assert_eq!(post(&world, 200_000, "b").unwrap().amount, 500_000);
    assert_eq!(world.held(accounts::bonds()), 500_000);
    assert_eq!(post(&world, 0, "c").unwrap_err().arm(), "Invalid");
}

#[test]
fn a_bond_with_too_little_approved_is_not_posted() {
    let world = world();
    world.approve_to(None, 300_000);
    assert_eq!(post(&world, 300_000, "a").unwrap_err().arm(), "InsufficientAllowance");
    assert!(bonds::get(&principal(PAYER), BondPurpose::provider).is_none());
    world.approve_to(None, 310_000);
    assert_eq!(post(&world, 300_000, "a").unwrap().amount, 300_000);
}

/// A slash of the payer's provider bond.
fn over(amount: u128, evidence: &str) -> SlashBond {
    SlashBond {
        holder: principal(PAYER),
        purpose: BondPurpose::provider,
        amount,
        reason: "harm".into(),
        evidence: evidence.into(),
        compensate: None,
    }
}

fn evident(amount: u128) -> SlashBond {
    over(amount, "entry access 17")
}

fn held() -> (u128, u128) {
    bonds::get(&principal(PAYER), BondPurpose::provider).map(|bond| (bond.amount, bond.slashed)).unwrap()
}

fn dao() -> u128 {
    ledger_rules::accounts::balance(&icrc::Account::of(system::this_canister(), None))
}

const WEEK: u64 = 7 * 86_400 * 1_000_000_000;

#[test]
fn slashing_takes_from_the_bond_and_gives_to_the_dao_once_after_the_time_for_an_appeal() {
    let world = world();
    world.approve_to(None, 1_000_000);
    post(&world, 300_000, "a").unwrap();
    assert_eq!(slashing::slash(&evident(300_001)).unwrap_err().arm(), "Invalid");
    assert_eq!(
        slashing::slash(&SlashBond { purpose: BondPurpose::contributor, ..evident(1) }).unwrap_err().arm(),
        "NotFound"
    );
    assert_eq!(slashing::slash(&SlashBond { reason: String::new(), ..evident(1) }).unwrap_err().arm(), "Invalid");
    slashing::slash(&evident(100_000)).unwrap();
    assert_eq!(held(), (200_000, 100_000));
    now_or_never(slashing::close_due(&world)).unwrap();
    assert_eq!((dao(), world.held(accounts::bonds())), (0, 300_000), "it is held back");
    system::set_now(NOW + WEEK);
    world.transfers_until_silence.set(0);
    assert!(now_or_never(slashing::close_due(&world)).is_err() && slashing::waiting());
    world.transfers_until_silence.set(9);
    now_or_never(slashing::close_due(&world)).unwrap();
    now_or_never(slashing::close_due(&world)).unwrap();
    assert_eq!((dao(), world.held(accounts::bonds()), slashing::waiting()), (90_000, 200_000, false));
}

#[test]
fn attack_an_honest_provider_loses_its_bond_to_one_pods_full_disk() {
    let world = world();
    world.approve_to(None, 1_000_000);
    post(&world, 300_000, "a").unwrap();
    let counted = "Job 3, release 2: 26 corrections and 25 errors in 51 windows. ENOSPC";
    let refused = slashing::slash(&over(300_000, counted)).unwrap_err();
    assert_eq!((refused.arm(), refused.why().subject.as_str()), ("Invalid", "evidence"));
    // Where voters take it for more than it is, the holder answers, and they have it back.
    let case = slashing::slash(&evident(300_000)).unwrap();
    let answer = |caller: u8, answer: &str| {
        slashing::appeal(principal(caller), AppealSlash { case, answer: answer.into() }).map_err(|error| error.arm())
    };
    assert_eq!(answer(BEN, "no"), Err("NotAuthorized"));
    assert_eq!(answer(PAYER, ""), Err("Invalid"));
    let appealed = answer(PAYER, "its disk was full").unwrap();
    assert_eq!(appealed.due, NOW + 2 * WEEK, "voters get as much time again");
    assert_eq!(answer(PAYER, "once more"), Err("Closed"));
    system::set_now(NOW + WEEK);
    now_or_never(slashing::close_due(&world)).unwrap();
    let lift = LiftSlash { case, reason: "a full disk is no harm of its".into() };
    assert!(slashing::lift_in_words(&lift).unwrap().contains("its disk was full"));
    slashing::lift(&lift).unwrap();
    assert_eq!(held(), (300_000, 0));
    assert_eq!(slashing::lift(&lift).unwrap_err().arm(), "Closed");
    system::set_now(NOW + 3 * WEEK);
    now_or_never(slashing::close_due(&world)).unwrap();
    assert_eq!((dao(), world.held(accounts::bonds())), (0, 300_000));
}

#[test]
fn those_who_were_harmed_are_paid_out_of_what_was_slashed_and_one_who_cannot_be_paid_blocks_nobody() {
    let world = world();
    world.approve_to(None, 1_000_000);
    post(&world, 300_000, "a").unwrap();
    let to = |n: u8, amount: u128| Compensation { to: principal(n), amount };
    let slash = |harmed: Vec<Compensation>| SlashBond { compensate: Some(harmed), ..evident(200_000) };
    for wrong in [vec![to(ANN, 200_001)], vec![to(ANN, 0)], vec![to(PAYER, 1)], vec![to(ANN, u128::MAX), to(BEN, 2)]] {
        assert_eq!(slashing::slash(&slash(wrong)).unwrap_err().arm(), "Invalid");
    }
    // The minting account takes nothing less than the ledger's fee.
    slashing::slash(&slash(vec![to(1, 10_001), to(ANN, 60_000), to(BEN, 5)])).unwrap();
    system::set_now(NOW + WEEK);
    now_or_never(slashing::close_due(&world)).unwrap();
    assert_eq!((world.balance(ANN), world.balance(BEN), dao()), (50_000, 0, 200_000 - 70_006 - FEE));
    assert!(!slashing::waiting());
    let case = &slashing::page(&ListSlashes { before: None, limit: 10 })[0];
    assert_eq!(case.state, SlashState::closed);
}

#[test]
fn what_was_slashed_before_there_were_cases_goes_to_the_dao_once() {
    let world = world();
    world.approve_to(None, 1_000_000);
    post(&world, 300_000, "a").unwrap();
    bonds::slashed_before(100_000, NOW);
    now_or_never(bonds::move_forfeits(&world)).unwrap();
    now_or_never(bonds::move_forfeits(&world)).unwrap();
    assert_eq!((dao(), bonds::has_forfeits()), (90_000, false));
}

#[test]
fn a_bond_is_given_back_after_its_notice_and_once() {
    let world = world();
    returns::set_notice_seconds(100);
    world.approve_to(None, 1_000_000);
    post(&world, 300_000, "a").unwrap();
    let id = BondId { holder: principal(PAYER), purpose: BondPurpose::provider };
    let leave = |world: &TestWorld| now_or_never(returns::give_back(world, principal(PAYER), BondPurpose::provider));
    let notice = leave(&world).unwrap();
    assert_eq!((notice.amount, notice.due), (300_000, NOW + 100_000_000_000));
    // It stands behind nothing new, and a second word before its time changes nothing.
    assert_eq!(bonds::get(&principal(PAYER), BondPurpose::provider).unwrap().amount, 0);
    assert_eq!(leave(&world).unwrap(), notice);
    let before = world.balance(PAYER);
    system::set_now(notice.due);
    world.transfers_until_silence.set(0);
    assert_eq!(leave(&world).unwrap_err().arm(), "Unavailable");
    world.transfers_until_silence.set(u32::MAX);
    leave(&world).unwrap();
    assert_eq!(world.balance(PAYER), before + 300_000 - FEE);
    assert_eq!(returns::get(&id), None);
    assert_eq!(leave(&world).unwrap_err().arm(), "NotFound");
}

#[test]
fn a_bond_on_its_way_back_can_still_be_slashed() {
    let world = world();
    world.approve_to(None, 1_000_000);
    post(&world, 300_000, "a").unwrap();
    now_or_never(returns::give_back(&world, principal(PAYER), BondPurpose::provider)).unwrap();
    post(&world, 50_000, "b").unwrap();
    assert_eq!(slashing::slash(&evident(350_001)).unwrap_err().arm(), "Invalid");
    slashing::slash(&evident(150_000)).unwrap();
    assert_eq!(held().0, 0);
    let id = BondId { holder: principal(PAYER), purpose: BondPurpose::provider };
    assert_eq!(returns::get(&id).unwrap().amount, 200_000);
}

#[test]
fn attack_a_bond_pulled_twice_because_the_ledger_forgot_the_first_time() {
    let world = world();
    world.approve_to(None, 5_000_000);
    assert_eq!(post(&world, 300_000, "a").unwrap().amount, 300_000);
    bonds::forget_deposits_were_done();
    system::set_now(NOW + 3 * 86_400 * 1_000_000_000);
    post(&world, 300_000, "a").unwrap();
    assert_eq!(world.held(accounts::bonds()), 300_000);
}
