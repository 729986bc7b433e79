use super::*;
use crate::api::Init;
use crate::{memory, token};

pub const FEE: u128 = 10_000;
pub const NOW: u64 = 1_700_000_000_000_000_000;

fn principal(n: u8) -> Principal {
    Principal::from_slice(&[n; 29])
}

fn main_account(n: u8) -> Account {
    Account::of(principal(n), None)
}

/// Minter 1; account 2 holds 1,000,000.
pub fn ledger() {
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
    token::create(Init {
        minting_account: main_account(1),
        symbol: "POD".into(),
        name: "Live Pod".into(),
        decimals: 8,
        transfer_fee: FEE,
        initial_balances: vec![(main_account(2), 1_000_000)],
    });
}

pub fn to(n: u8, amount: u128) -> TransferArg {
    TransferArg { from_subaccount: None, to: main_account(n), amount, fee: None, memo: None, created_at_time: None }
}

fn approval(spender: u8, amount: u128) -> ApproveArgs {
    ApproveArgs {
        from_subaccount: None,
        spender: main_account(spender),
        amount,
        expected_allowance: None,
        expires_at: None,
        fee: None,
        memo: None,
        created_at_time: None,
    }
}

fn pull(amount: u128) -> TransferFromArgs {
    TransferFromArgs {
        spender_subaccount: None,
        from: main_account(2),
        to: main_account(4),
        amount,
        fee: None,
        memo: None,
        created_at_time: None,
    }
}

#[test]
fn a_transfer_moves_the_amount_and_burns_the_fee() {
    ledger();
    assert_eq!(transfer(principal(2), NOW, to(3, 400_000)), Ok(1));
    assert_eq!((balance(&main_account(2)), balance(&main_account(3))), (590_000, 400_000));
    assert_eq!(accounts::supply(), 990_000);
}

#[test]
fn an_account_without_a_subaccount_is_the_zero_subaccount() {
    ledger();
    transfer(principal(2), NOW, to(3, 1)).unwrap();
    assert_eq!(balance(&Account::of(principal(3), Some(ByteBuf::from([0; 32])))), 1);
}

#[test]
fn a_wrong_fee_is_refused_with_the_right_one() {
    ledger();
    let refused = transfer(principal(2), NOW, TransferArg { fee: Some(1), ..to(3, 1) });
    assert_eq!(refused, Err(TransferError::BadFee { expected_fee: FEE }));
    assert_eq!(transfer(principal(2), NOW, TransferArg { fee: Some(FEE), ..to(3, 1) }), Ok(1));
}

#[test]
fn an_account_cannot_send_more_than_it_holds_after_the_fee() {
    ledger();
    assert_eq!(
        transfer(principal(2), NOW, to(3, 1_000_000)),
        Err(TransferError::InsufficientFunds { balance: 1_000_000 })
    );
    assert_eq!(
        transfer(principal(2), NOW, to(3, u128::MAX)).unwrap_err(),
        TransferError::GenericError { error_code: 1, message: "amount and fee exceed 128 bits".into() }
    );
    assert_eq!(transfer(principal(2), NOW, to(3, 990_000)), Ok(1));
    assert_eq!(balance(&main_account(2)), 0);
}

#[test]
fn the_minting_account_mints_and_burns_without_a_fee() {
    ledger();
    assert_eq!(transfer(principal(1), NOW, to(3, 5)), Ok(1));
    assert_eq!(accounts::supply(), 1_000_005);
    assert_eq!(transfer(principal(2), NOW, to(1, 1)), Err(TransferError::BadBurn { min_burn_amount: FEE }));
    assert_eq!(
        transfer(principal(2), NOW, TransferArg { fee: Some(FEE), ..to(1, FEE) }),
        Err(TransferError::BadFee { expected_fee: 0 })
    );
    assert_eq!(transfer(principal(2), NOW, to(1, 1_000_000)), Ok(2));
    assert_eq!(accounts::supply(), 5);
}

#[test]
fn a_repeated_dated_transfer_names_the_first_block_and_moves_nothing() {
    ledger();
    let dated = TransferArg { created_at_time: Some(NOW), memo: Some(ByteBuf::from("job 1")), ..to(3, 1_000) };
    assert_eq!(transfer(principal(2), NOW, dated.clone()), Ok(1));
    assert_eq!(transfer(principal(2), NOW + 1, dated.clone()), Err(TransferError::Duplicate { duplicate_of: 1 }));
    assert_eq!(
        transfer(principal(2), NOW + blocks::WINDOW, dated.clone()),
        Err(TransferError::Duplicate { duplicate_of: 1 })
    );
    assert_eq!(balance(&main_account(3)), 1_000);
    let other_memo = TransferArg { memo: Some(ByteBuf::from("job 2")), ..dated };
    assert_eq!(transfer(principal(2), NOW, other_memo), Ok(2));
}

/// ICRC-1: the transactions are compared as they were sent, not by what they would do.
#[test]
fn a_subaccount_of_zeros_and_none_make_two_transactions() {
    ledger();
    let dated = TransferArg { created_at_time: Some(NOW), ..to(3, 1_000) };
    let zeros = || Some(ByteBuf::from([0; 32]));
    assert_eq!(transfer(principal(2), NOW, dated.clone()), Ok(1));
    let to_zeros = TransferArg { to: Account::of(principal(3), zeros()), ..dated.clone() };
    assert_eq!(transfer(principal(2), NOW, to_zeros.clone()), Ok(2));
    let from_zeros = TransferArg { from_subaccount: zeros(), ..dated };
    assert_eq!(transfer(principal(2), NOW, from_zeros), Ok(3));
    assert_eq!(transfer(principal(2), NOW, to_zeros), Err(TransferError::Duplicate { duplicate_of: 2 }));
    assert_eq!(balance(&main_account(3)), 3_000);
}

#[test]
fn an_absent_memo_and_an_empty_one_make_two_transactions() {
    ledger();
    let dated = TransferArg { created_at_time: Some(NOW), ..to(3, 1_000) };
    let empty = TransferArg { memo: Some(ByteBuf::new()), ..dated.clone() };
    assert_eq!(transfer(principal(2), NOW, dated), Ok(1));
    assert_eq!(transfer(principal(2), NOW, empty.clone()), Ok(2));
    assert_eq!(transfer(principal(2), NOW, empty), Err(TransferError::Duplicate { duplicate_of: 2 }));
    let approve_it = ApproveArgs { created_at_time: Some(NOW), ..approval(3, 5) };
    assert_eq!(approve(principal(2), NOW, approve_it.clone()), Ok(3));
    assert_eq!(approve(principal(2), NOW, ApproveArgs { memo: Some(ByteBuf::new()), ..approve_it }), Ok(4));
}

/// What the version before this one wrote into the window, the day of the upgrade.
#[test]
fn a_repeat_is_recognised_across_the_upgrade() {
    ledger();
    let (from, to_key) = (main_account(2).key(), main_account(3).key());
    let parts: [&[u8]; 7] = [b"transfer", &from, &to_key, &[], &1_000_u128.to_be_bytes(), &[], &[]];
    blocks::remember_as_before(NOW, &parts, 7);
    let dated = TransferArg { created_at_time: Some(NOW), ..to(3, 1_000) };
    assert_eq!(transfer(principal(2), NOW, dated), Err(TransferError::Duplicate { duplicate_of: 7 }));
}

#[test]
fn undated_transfers_are_never_duplicates() {
    ledger();
    assert_eq!(transfer(principal(2), NOW, to(3, 1)), Ok(1));
    assert_eq!(transfer(principal(2), NOW, to(3, 1)), Ok(2));
}

#[test]
fn dates_outside_the_window_are_refused() {
    ledger();
    let made = |at: u64| TransferArg { created_at_time: Some(at), ..to(3, 1) };
    assert_eq!(transfer(principal(2), NOW, made(NOW - blocks::WINDOW - blocks::DRIFT - 1)), Err(TransferError::TooOld));
    assert_eq!(
        transfer(principal(2), NOW, made(NOW + blocks::DRIFT + 1)),
        Err(TransferError::CreatedInFuture { ledger_time: NOW })
    );
    assert_eq!(transfer(principal(2), NOW, made(NOW + blocks::DRIFT)), Ok(1));
}

#[test]
fn a_spender_takes_what_was_approved_fees_included_and_no_more() {
    ledger();
    assert_eq!(approve(principal(2), NOW, approval(3, 30_000)), Ok(1));
    assert_eq!(balance(&main_account(2)), 990_000, "an approval costs the fee");
    assert_eq!(
        transfer_from(principal(3), NOW, pull(20_001)),
        Err(TransferFromError::InsufficientAllowance { allowance: 30_000 })
    );
    assert_eq!(transfer_from(principal(3), NOW, pull(20_000)), Ok(2));
    assert_eq!(allowance(&main_account(2), &main_account(3), NOW).allowance, 0);
    assert_eq!((balance(&main_account(2)), balance(&main_account(4))), (960_000, 20_000));
}

#[test]
fn an_approval_without_funds_behind_it_moves_nothing() {
    ledger();
    approve(principal(2), NOW, approval(3, u128::MAX)).unwrap();
    assert_eq!(
        transfer_from(principal(3), NOW, pull(990_000)),
        Err(TransferFromError::InsufficientFunds { balance: 990_000 })
    );
    assert_eq!(allowance(&main_account(2), &main_account(3), NOW).allowance, u128::MAX);
}

#[test]
fn an_approval_replaces_the_earlier_one_and_expires() {
    ledger();
    approve(principal(2), NOW, approval(3, 100)).unwrap();
    let changed = approve(principal(2), NOW, ApproveArgs { expected_allowance: Some(1), ..approval(3, 50_000) });
    assert_eq!(changed, Err(ApproveError::AllowanceChanged { current_allowance: 100 }));
    approve(
        principal(2),
        NOW,
        ApproveArgs { expected_allowance: Some(100), expires_at: Some(NOW + 5), ..approval(3, 50_000) },
    )
    .unwrap();
    assert_eq!(allowance(&main_account(2), &main_account(3), NOW + 4).allowance, 50_000);
    assert_eq!(
        transfer_from(principal(3), NOW + 5, pull(1)),
        Err(TransferFromError::InsufficientAllowance { allowance: 0 })
    );
    assert_eq!(
        approve(principal(2), NOW, ApproveArgs { expires_at: Some(NOW), ..approval(3, 1) }),
        Err(ApproveError::Expired { ledger_time: NOW })
    );
}

#[test]
fn a_repeated_dated_pull_pays_once() {
    ledger();
    approve(principal(2), NOW, approval(3, 500_000)).unwrap();
    let dated = TransferFromArgs { created_at_time: Some(NOW), ..pull(1_000) };
    assert_eq!(transfer_from(principal(3), NOW, dated.clone()), Ok(2));
    assert_eq!(transfer_from(principal(3), NOW + 9, dated), Err(TransferFromError::Duplicate { duplicate_of: 2 }));
    assert_eq!(balance(&main_account(4)), 1_000);
}

#[test]
fn an_owner_approves_others_only() {
    ledger();
    assert!(matches!(approve(principal(2), NOW, approval(2, 1)), Err(ApproveError::GenericError { .. })));
    let own = transfer_from(principal(2), NOW, pull(1_000));
    assert_eq!(own, Ok(1), "an own account needs no approval");
}

#[test]
fn a_subaccount_of_another_length_is_refused() {
    ledger();
    let short = Account::of(principal(3), Some(ByteBuf::from([1; 31])));
    assert!(matches!(
        transfer(principal(2), NOW, TransferArg { to: short, ..to(3, 1) }),
        Err(TransferError::GenericError { .. })
    ));
}

#[test]
fn every_block_can_be_read_again() {
    ledger();
    transfer(principal(2), NOW, to(3, 1)).unwrap();
    let read = blocks::page(&crate::api::GetBlocks { start: 0, length: 10 });
    assert_eq!(read.length, 2);
    assert!(matches!(read.blocks[1].operation, Operation::Transfer { amount: 1, fee: FEE, .. }));
}
