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

#[test]
fn slashing_takes_from_the_bond_and_gives_to_the_dao_once() {
    let world = world();
    world.approve_to(None, 1_000_000);
    post(&world, 300_000, "a").unwrap();
    let slash = |amount: u128| SlashBond {
        holder: principal(PAYER),
        purpose: BondPurpose::provider,
        amount,
        reason: "harm".into(),
        evidence: String::new(),
    };
    assert_eq!(bonds::slash(&slash(300_001)).unwrap_err().arm(), "Invalid");
    assert_eq!(
        bonds::slash(&SlashBond { purpose: BondPurpose::contributor, ..slash(1) }).unwrap_err().arm(),
        "NotFound"
    );
    assert_eq!(bonds::slash(&SlashBond { reason: String::new(), ..slash(1) }).unwrap_err().arm(), "Invalid");
    bonds::slash(&slash(100_000)).unwrap();
    let bond = bonds::get(&principal(PAYER), BondPurpose::provider).unwrap();
    assert_eq!((bond.amount, bond.slashed), (200_000, 100_000));
    world.transfers_until_silence.set(0);
    assert!(now_or_never(bonds::move_forfeits(&world)).is_err() && bonds::has_forfeits());
    world.transfers_until_silence.set(9);
    now_or_never(bonds::move_forfeits(&world)).unwrap();
    now_or_never(bonds::move_forfeits(&world)).unwrap();
    let dao = ledger_rules::accounts::balance(&icrc::Account::of(system::this_canister(), None));
    assert_eq!((dao, world.held(accounts::bonds())), (90_000, 200_000));
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
    let slash = |amount: u128| SlashBond {
        holder: principal(PAYER),
        purpose: BondPurpose::provider,
        amount,
        reason: "harm".into(),
        evidence: "release 1".into(),
    };
    assert_eq!(bonds::slash(&slash(350_001)).unwrap_err().arm(), "Invalid");
    bonds::slash(&slash(150_000)).unwrap();
    assert_eq!(bonds::get(&principal(PAYER), BondPurpose::provider).unwrap().amount, 0);
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
