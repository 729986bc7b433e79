//! Who takes what is not his, and who keeps others from theirs.

use super::stage::*;

#[test]
fn attack_provider_takes_the_keys_fails_the_job_and_the_fee_comes_back() {
    let world = world();
    let id = world.opened();
    let before = world.balance(PAYER);
    world.releases(1);
    world.becomes(JobState::failed("out of memory".into()), None);
    let refunded = world.refunded(id).unwrap();
    assert_eq!((world.balance(ANN), world.balance(BEN)), (500_001, 500_000), "what was released is paid for");
    // The other licence and the reward come back; two shares and the refund cost the ledger's fee.
    assert_eq!(world.balance(PAYER), before + 1_000_001 + 500_000 + 4 * FEE - 3 * FEE);
    assert_eq!(world.held(accounts::escrow(id)), 0);
    let whys: Vec<_> = refunded.payments.iter().map(|payment| payment.why.as_str()).collect();
    assert_eq!(whys, ["licence of sha256:b", "licence of sha256:b", "refund: the job failed"]);
    assert_eq!(world.refunded(id), Ok(refunded));
}

#[test]
fn a_licences_shares_leave_when_its_key_is_released_and_once() {
    let world = world();
    let id = world.opened();
    now_or_never(pay_licences(&world, 7)).unwrap();
    assert_eq!(world.balance(ANN), 0, "nothing was released");
    world.becomes(JobState::granted, None);
    world.releases(0);
    now_or_never(pay_licences(&world, 7)).unwrap();
    let escrow = now_or_never(pay_licences(&world, 7)).unwrap();
    assert_eq!((world.balance(ANN), escrow.state), (1_000_001, EscrowState::open));
    world.becomes(JobState::submitted("sha256:c".into()), Some(CheckpointState::official));
    world.settled(id).unwrap();
    assert_eq!((world.balance(ANN), world.balance(BEN), world.balance(PROVIDER)), (1_500_002, 500_000, 500_000));
    assert_eq!(world.held(accounts::escrow(id)), 0);
}

#[test]
fn attack_a_key_is_released_while_the_refund_is_being_decided() {
    let world = world();
    let id = world.opened();
    world.becomes(JobState::failed("given up".into()), None);
    world.transfers_until_silence.set(0);
    assert_eq!(world.refunded(id).unwrap_err().arm(), "Unavailable");
    assert_eq!(*world.told.borrow(), ["paid 7 1", "closed 7 refunded"], "access releases nothing before money moves");
}

#[test]
fn attack_a_stranger_and_the_watcher_refund_a_job_whose_checkpoint_is_under_vote_then_it_is_adopted() {
    let world = world();
    governed::parties::open(memory::get(memory::PARTIES), Some(parties()));
    let id = world.opened();
    world.becomes(JobState::submitted("sha256:c".into()), Some(CheckpointState::evaluated));
    let day = 86_400 * 1_000_000_000;
    for days in [1, 4, 29] {
        system::set_now(NOW + days * day);
        assert_eq!(world.refunded(id).unwrap_err().arm(), "NotYet", "after {days} days");
    }
    // While it is being adopted nothing goes back, be it ever so late.
    system::set_now(NOW + 31 * day);
    assert_eq!(hold(principal(ANN), 7).unwrap_err().arm(), "NotAuthorized");
    assert_eq!(hold(principal(MODELS), 7).unwrap(), NOW + 31 * day + 600_000_000_000);
    assert_eq!(world.refunded(id).unwrap_err().arm(), "NotYet");
    world.checkpoint.set(Some(CheckpointState::official));
    system::set_now(NOW + 32 * day);
    assert_eq!(world.refunded(id).unwrap_err().arm(), "Closed");
    assert_eq!(world.settled(id).unwrap().state, EscrowState::settled);
}

#[test]
fn nothing_is_adopted_that_nobody_pays_for() {
    let world = world();
    governed::parties::open(memory::get(memory::PARTIES), Some(parties()));
    assert_eq!(hold(principal(MODELS), 7).unwrap_err().arm(), "NotFound");
    let id = world.opened();
    world.becomes(JobState::submitted("sha256:c".into()), Some(CheckpointState::evaluated));
    system::set_now(NOW + 31 * 86_400 * 1_000_000_000);
    assert_eq!(world.refunded(id).unwrap().payments[0].why, "refund: nobody decided on the checkpoint in time");
    assert_eq!(hold(principal(MODELS), 7).unwrap_err().arm(), "Closed");
}

/// The minting account takes nothing less than the ledger's fee.
#[test]
fn attack_one_payee_that_cannot_be_paid_blocks_the_others() {
    let world = world();
    world.job.borrow_mut().datasets[0].fee = 5;
    world.job.borrow_mut().datasets[0].splits = vec![
        Split { account: principal(1), basis_points: 5_000 },
        Split { account: principal(BEN), basis_points: 5_000 },
    ];
    world.approve(10_000_000);
    let id = world.open().unwrap().id;
    world.becomes(JobState::submitted("sha256:c".into()), Some(CheckpointState::official));
    let settled = world.settled(id).unwrap();
    assert_eq!((settled.state, world.balance(PROVIDER)), (EscrowState::settled, 500_000));
    assert!(settled.payments[0].refused.as_ref().unwrap().contains("BadBurn"), "{:?}", settled.payments[0]);
    assert!(settled.payments[1..].iter().all(|payment| payment.block.is_some()));
    assert_eq!(world.told.borrow().last().unwrap(), "closed 7 completed");

    // Its payee alone has it paid to another account.
    let ask = |caller: u8, to: Option<u8>| {
        let to = to.map(|n| accounts::of(principal(n)));
        now_or_never(collect(&world, principal(caller), CollectPayment { escrow: id, payment: 0, to }))
    };
    assert_eq!(ask(BEN, None).unwrap_err().arm(), "Invalid", "still refused");
    assert_eq!(ask(BEN, Some(BEN)).unwrap_err().arm(), "NotAuthorized");
    let before = world.balance(ANN);
    assert!(ask(1, Some(ANN)).unwrap().payments[0].block.is_some());
    assert_eq!((world.balance(ANN), ask(1, Some(ANN)).unwrap_err().arm()), (before + 3, "Closed"));
}

#[test]
fn attack_a_payout_retried_after_the_deduplication_window_is_taken_as_never_executed() {
    let world = world();
    let id = world.opened();
    world.becomes(JobState::submitted("sha256:c".into()), Some(CheckpointState::official));
    world.settled(id).unwrap();
    // Every answer of the ledger's was lost, and somebody sent the account as much again.
    let mut record = load(id).unwrap();
    record.state = EscrowState::settling;
    store(id, &record);
    for n in 0..record.payments.len() {
        let line = lines::of(id, &record, n);
        lines::put(id, n, &Line { block: None, ..line });
    }
    let gift = icrc::TransferArg {
        from_subaccount: None,
        to: icrc::Account::of(system::this_canister(), Some(accounts::escrow(id))),
        amount: AMOUNT,
        fee: None,
        memo: None,
        created_at_time: None,
    };
    ledger_rules::transactions::transfer(principal(PAYER), NOW, gift).unwrap();
    system::set_now(NOW + 3 * 86_400 * 1_000_000_000);
    let settled = world.settled(id).unwrap();
    assert_eq!((world.balance(ANN), world.balance(BEN), world.balance(PROVIDER)), (1_500_002, 500_000, 500_000));
    assert!(settled.payments.iter().all(|payment| payment.block.is_some()), "found in the ledger's blocks");
}

#[test]
fn a_payout_that_was_never_executed_is_made_after_the_window_too() {
    let world = world();
    let id = world.opened();
    world.becomes(JobState::submitted("sha256:c".into()), Some(CheckpointState::official));
    world.transfers_until_silence.set(0);
    assert_eq!(world.settled(id).unwrap_err().arm(), "Unavailable");
    world.transfers_until_silence.set(9);
    system::set_now(NOW + 3 * 86_400 * 1_000_000_000);
    world.settled(id).unwrap();
    assert_eq!((world.balance(ANN), world.balance(BEN), world.balance(PROVIDER)), (1_500_002, 500_000, 500_000));
}

#[test]
fn escrows_of_the_version_before_go_on_where_they_were() {
    let world = world();
    let id = world.opened();
    world.becomes(JobState::submitted("sha256:c".into()), Some(CheckpointState::official));
    // A settlement of that version: one line paid, the second sent and its answer lost.
    let mut record = load(id).unwrap();
    (record.state, record.paying_since) = (EscrowState::settling, NOW);
    let paid = |n: usize| {
        let payment = &record.payments[n];
        let arg = icrc::TransferArg {
            from_subaccount: Some(accounts::escrow(id)),
            to: icrc::Account::of(payment.to, None),
            amount: payment.amount,
            fee: None,
            memo: Some(crate::transfers::memo("escrow", id, n as u32 + 1)),
            created_at_time: Some(NOW),
        };
        ledger_rules::transactions::transfer(system::this_canister(), NOW, arg).unwrap()
    };
    let (first, _) = (paid(0), paid(1));
    record.payments[0].block = Some(first);
    store(id, &record);
    system::set_now(NOW + 3 * 86_400 * 1_000_000_000);
    assert_eq!(world.settled(id).unwrap().payments[0].block, Some(first));
    assert_eq!((world.balance(ANN), world.balance(BEN), world.balance(PROVIDER)), (1_500_002, 500_000, 500_000));
}

#[test]
fn attack_a_stranger_becomes_the_payer_then_fails_the_job() {
    let world = world();
    world.job.borrow_mut().named_payer = Some(principal(BEN));
    world.approve(10 * AMOUNT);
    assert_eq!(world.open().unwrap_err().arm(), "WrongPrincipal");
    assert!(of_job(7).is_none());
    world.job.borrow_mut().named_payer = Some(principal(PAYER));
    assert_eq!(world.open().unwrap().state, EscrowState::open);
}

#[test]
fn attack_a_payer_pays_for_another_approval_or_more_than_it_agreed_to() {
    let world = world();
    world.approve(10 * AMOUNT);
    let pay = |approval: &str, at_most: u128| {
        let request = OpenEscrow { approval: Some(approval.into()), at_most: Some(at_most), ..ask(7, "round-1") };
        now_or_never(open(&world, principal(PAYER), request))
    };
    assert_eq!(pay("sha256:other", AMOUNT).unwrap_err().arm(), "Invalid");
    assert_eq!(pay("sha256:approved", AMOUNT - 1).unwrap_err().arm(), "LimitExceeded");
    assert_eq!(world.balance(PAYER), 10_000_000 - FEE, "nothing was pulled");
    assert_eq!(pay("sha256:approved", AMOUNT).unwrap().amount, AMOUNT);
}
