//! Escrows, from the payer and back or on.

use super::stage::*;

#[test]
fn opening_pulls_fees_reward_and_the_costs_of_paying_them_out() {
    let world = world();
    assert_eq!(
        now_or_never(quote(&world, 7)),
        Ok(Quote { amount: AMOUNT, approve: AMOUNT + FEE, subaccount: accounts::spender_for(7) })
    );
    world.approve(AMOUNT + FEE);
    let escrow = world.open().unwrap();
    assert_eq!((escrow.state, escrow.amount, escrow.payments.len()), (EscrowState::open, AMOUNT, 4));
    assert_eq!(world.held(accounts::escrow(escrow.id)), AMOUNT);
    assert_eq!(world.balance(PAYER), 10_000_000 - AMOUNT - 2 * FEE);
    assert_eq!(*world.told.borrow(), ["paid 7 1"]);
}

#[test]
fn the_log_names_what_was_paid_in_with_the_ledgers_block_and_the_payers_reference() {
    let world = world();
    world.opened();
    let log = audit::page(audit::AuditPage { start: 0, length: 100 });
    let events: Vec<serde_json::Value> = log.iter().map(|entry| serde_json::from_str(&entry.event).unwrap()).collect();
    let funded = events.iter().find(|event| event["type"] == "escrow_funded").unwrap();
    let block = events
        .iter()
        .filter(|event| ["mint", "approve", "transfer"].iter().any(|kind| event["type"] == *kind))
        .position(|event| event["type"] == "transfer")
        .unwrap();
    assert_eq!((&funded["reference"], &funded["ledgerFee"]), (&"round-1".into(), &FEE.to_string().into()));
    assert_eq!(funded["block"], block.to_string());
}

#[test]
fn with_too_little_approved_everything_stays_as_it_was() {
    let world = world();
    world.approve(AMOUNT + FEE - 1);
    let before = world.balance(PAYER);
    assert_eq!(world.open().unwrap_err().arm(), "InsufficientAllowance");
    assert_eq!((world.balance(PAYER), world.held(accounts::escrow(1))), (before, 0));
    assert!(page(&ListEscrows { after: None, limit: 10 }).is_empty() && of_job(7).is_none());
    assert!(world.told.borrow().is_empty());
    world.approve(AMOUNT + FEE);
    assert_eq!(world.open().unwrap().id, 1);
}

#[test]
fn an_approval_without_the_money_is_told_apart() {
    let world = world();
    let all = world.balance(PAYER) - 100_000;
    let arg = icrc::TransferArg {
        from_subaccount: None,
        to: icrc::Account::of(principal(ANN), None),
        amount: all,
        fee: None,
        memo: None,
        created_at_time: None,
    };
    ledger_rules::transactions::transfer(principal(PAYER), NOW, arg).unwrap();
    world.approve(AMOUNT + FEE);
    assert_eq!(world.open().unwrap_err().arm(), "InsufficientFunds");
    assert!(of_job(7).is_none());
}

#[test]
fn what_is_approved_for_one_job_does_not_pay_another() {
    let world = world();
    world.approve_to(None, 10 * AMOUNT);
    world.approve_to(Some(accounts::spender_for(8)), 10 * AMOUNT);
    assert_eq!(world.open().unwrap_err().arm(), "InsufficientAllowance");
    world.approve(AMOUNT + FEE);
    assert_eq!(world.open().unwrap().id, 1);
}

#[test]
fn opening_again_pays_once_and_only_for_the_same_payer() {
    let world = world();
    world.approve(10 * AMOUNT);
    let first = world.open().unwrap();
    assert_eq!(world.open(), Ok(first.clone()));
    let other = now_or_never(open(&world, principal(BEN), ask(7, "mine")));
    assert_eq!(other.unwrap_err().arm(), "WrongPrincipal");
    assert_eq!(world.held(accounts::escrow(first.id)), AMOUNT);
    assert_eq!(world.told.borrow().len(), 1);
}

#[test]
fn a_silent_ledger_leaves_an_escrow_that_a_repeat_completes() {
    let world = world();
    world.approve(AMOUNT + FEE);
    world.transfers_until_silence.set(0);
    assert_eq!(world.open().unwrap_err().arm(), "Unavailable");
    assert_eq!(of_job(7).unwrap().state, EscrowState::funding);
    assert_eq!(now_or_never(settle(&world, 1)).unwrap_err().arm(), "NotYet");
    assert_eq!(now_or_never(refund(&world, 1)).unwrap_err().arm(), "NotYet");
    world.transfers_until_silence.set(9);
    system::set_now(NOW + 48 * 3_600 * 1_000_000_000);
    assert_eq!(world.open().unwrap().state, EscrowState::open);
}

#[test]
fn jobs_that_wait_for_no_payment_are_refused() {
    let world = world();
    world.becomes(JobState::granted, None);
    assert_eq!(world.open().unwrap_err().arm(), "Closed");
    world.becomes(JobState::requested, None);
    system::set_now(NOW + 1_000_000_000);
    assert_eq!(world.open().unwrap_err().arm(), "Closed");
    let unknown = now_or_never(open(&world, principal(PAYER), ask(8, "x")));
    assert_eq!(unknown.unwrap_err().arm(), "NotFound");
    let nameless = now_or_never(open(&world, principal(PAYER), ask(7, "")));
    assert_eq!(nameless.unwrap_err().arm(), "Invalid");
}

#[test]
fn settling_pays_by_splits_exactly_once() {
    let world = world();
    let id = world.opened();
    assert_eq!(now_or_never(settle(&world, id)).unwrap_err().arm(), "NotYet");
    world.becomes(JobState::submitted("sha256:c".into()), Some(CheckpointState::evaluated));
    assert_eq!(now_or_never(settle(&world, id)).unwrap_err().arm(), "NotYet");
    world.becomes(JobState::submitted("sha256:c".into()), Some(CheckpointState::official));
    let settled = now_or_never(settle(&world, id)).unwrap();
    assert_eq!(settled.state, EscrowState::settled);
    assert_eq!(now_or_never(settle(&world, id)), Ok(settled));
    assert_eq!(
        (world.balance(ANN), world.balance(BEN), world.balance(PROVIDER)),
        (1_000_001 + 500_001, 500_000, 500_000)
    );
    assert_eq!(world.held(accounts::escrow(id)), 0, "nothing is left behind");
    assert_eq!(*world.told.borrow(), ["paid 7 1", "closed 7 completed"]);
    assert_eq!(now_or_never(refund(&world, id)).unwrap_err().arm(), "Closed");
}

#[test]
fn a_settlement_cut_off_in_the_middle_continues_without_paying_twice() {
    let world = world();
    let id = world.opened();
    world.becomes(JobState::submitted("sha256:c".into()), Some(CheckpointState::official));
    world.transfers_until_silence.set(2);
    assert_eq!(now_or_never(settle(&world, id)).unwrap_err().arm(), "Unavailable");
    assert_eq!(get(id).unwrap().payments.iter().filter(|payment| payment.block.is_some()).count(), 2);
    assert_eq!(now_or_never(refund(&world, id)).unwrap_err().arm(), "Closed");
    world.transfers_until_silence.set(9);
    now_or_never(settle(&world, id)).unwrap();
    assert_eq!((world.balance(ANN), world.balance(BEN), world.balance(PROVIDER)), (1_500_002, 500_000, 500_000));
}

#[test]
fn a_payment_whose_answer_was_lost_is_recognised_by_the_ledger() {
    let world = world();
    let id = world.opened();
    world.becomes(JobState::submitted("sha256:c".into()), Some(CheckpointState::official));
    now_or_never(settle(&world, id)).unwrap();
    let mut record = load(id).unwrap();
    record.state = EscrowState::settling;
    store(id, &record);
    let line = lines::of(id, &record, 0);
    lines::put(id, 0, &Line { block: None, ..line });
    now_or_never(settle(&world, id)).unwrap();
    assert_eq!(world.balance(ANN), 1_500_002);
}

#[test]
fn a_failed_job_goes_back_to_its_payer_once() {
    let world = world();
    let id = world.opened();
    let before = world.balance(PAYER);
    assert_eq!(now_or_never(refund(&world, id)).unwrap_err().arm(), "NotYet");
    world.becomes(JobState::failed("out of memory".into()), None);
    let refunded = now_or_never(refund(&world, id)).unwrap();
    assert_eq!(now_or_never(refund(&world, id)), Ok(refunded));
    assert_eq!(world.balance(PAYER), before + AMOUNT - FEE);
    assert_eq!(world.held(accounts::escrow(id)), 0);
    assert_eq!(now_or_never(settle(&world, id)).unwrap_err().arm(), "Closed");
    assert_eq!(*world.told.borrow(), ["paid 7 1", "closed 7 refunded"]);
}

#[test]
fn a_rejected_checkpoint_or_a_passed_deadline_allows_the_refund_an_official_one_forbids_it() {
    let why_of = |state: JobState, checkpoint: Option<CheckpointState>, now: u64| {
        let world = world();
        escrows::clear();
        let id = world.opened();
        world.becomes(state, checkpoint);
        system::set_now(now);
        now_or_never(refund(&world, id)).map(|escrow| escrow.payments[0].why.clone()).map_err(|error| error.arm())
    };
    let (submitted, late) = (|| JobState::submitted("sha256:c".into()), NOW + 2_000_000_000);
    assert_eq!(why_of(submitted(), Some(CheckpointState::evaluated), NOW), Err("NotYet"));
    assert_eq!(why_of(submitted(), Some(CheckpointState::official), late), Err("Closed"));
    assert_eq!(
        why_of(submitted(), Some(CheckpointState::rejected), NOW),
        Ok("refund: the checkpoint was rejected".into())
    );
    assert_eq!(why_of(JobState::granted, None, late), Ok("refund: the deadline passed".into()));
    assert_eq!(why_of(JobState::granted, None, NOW), Err("NotYet"));
}

#[test]
fn an_escrow_that_was_never_paid_closes_without_a_payment() {
    let world = world();
    world.approve(AMOUNT + FEE);
    world.transfers_until_silence.set(0);
    world.open().unwrap_err();
    world.becomes(JobState::failed("given up".into()), None);
    world.transfers_until_silence.set(9);
    let before = world.balance(PAYER);
    assert_eq!(now_or_never(refund(&world, 1)).unwrap().payments, []);
    assert_eq!(world.balance(PAYER), before);
    assert_eq!(open_page(&ListEscrows { after: None, limit: 100 }), []);
}

#[test]
fn money_that_arrived_unheard_goes_back() {
    let world = world();
    world.approve(AMOUNT + FEE);
    world.transfers_until_silence.set(0);
    world.open().unwrap_err();
    world.transfers_until_silence.set(9);
    // The pull went through, and its answer was lost.
    let to = icrc::Account::of(system::this_canister(), Some(accounts::escrow(1)));
    let pull = icrc::TransferFromArgs {
        spender_subaccount: Some(accounts::spender_for(7)),
        from: icrc::Account::of(principal(PAYER), None),
        to,
        amount: AMOUNT,
        fee: None,
        memo: None,
        created_at_time: None,
    };
    ledger_rules::transactions::transfer_from(system::this_canister(), system::now(), pull).unwrap();
    world.becomes(JobState::failed("given up".into()), None);
    let before = world.balance(PAYER);
    now_or_never(refund(&world, 1)).unwrap();
    assert_eq!(world.balance(PAYER), before + AMOUNT - FEE);
}

#[test]
fn the_list_of_open_escrows_forgets_what_is_over() {
    let world = world();
    let id = world.opened();
    let open =
        || open_page(&ListEscrows { after: None, limit: 100 }).iter().map(|escrow| escrow.id).collect::<Vec<_>>();
    assert_eq!(open(), [id]);
    escrows::unlist(id);
    list_open_ones();
    assert_eq!(open(), [id], "an upgrade lists what was there before there was a list");
    world.becomes(JobState::failed("given up".into()), None);
    now_or_never(refund(&world, id)).unwrap();
    assert!(open().is_empty());
}

#[test]
fn money_that_access_does_not_take_any_more_can_be_refunded() {
    let world = world();
    world.access_refuses.set(true);
    world.approve(AMOUNT + FEE);
    assert_eq!(world.open().unwrap_err().arm(), "Closed");
    world.becomes(JobState::failed("given up".into()), None);
    let before = world.balance(PAYER);
    now_or_never(refund(&world, 1)).unwrap();
    assert_eq!(world.balance(PAYER), before + AMOUNT - FEE);
}
