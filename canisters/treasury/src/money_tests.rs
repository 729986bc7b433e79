//! Escrows and bonds against the real ledger's code; access and models are what a test says they answer.

use super::*;
use crate::api::{BondId, BondPurpose, PostBond, SlashBond};
use crate::world::{Account, JobDataset, Split, Transfer, TransferError, TransferFrom};
use crate::{bonds, returns};
use ledger_rules::api as icrc;
use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use system::NoAnswer;

const FEE: u128 = 10_000;
const NOW: u64 = 1_700_000_000_000_000_000;
const PAYER: u8 = 2;
const PROVIDER: u8 = 3;
const ANN: u8 = 4;
const BEN: u8 = 5;

fn principal(n: u8) -> Principal {
    Principal::from_slice(&[n; 29])
}

/// Runs a future whose every step is ready at once.
fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the test's world answers at once"),
    }
}

/// The real ledger, and peers that answer as told. `transfers_until_silence` counts down; at 0 the ledger stops
/// answering.
struct TestWorld {
    job: RefCell<Job>,
    checkpoint: Cell<Option<CheckpointState>>,
    transfers_until_silence: Cell<u32>,
    access_refuses: Cell<bool>,
    told: RefCell<Vec<String>>,
}

fn world() -> TestWorld {
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
    system::set_now(NOW);
    ledger_rules::token::create(icrc::Init {
        minting_account: icrc::Account::of(principal(1), None),
        symbol: "POD".into(),
        name: "Live Pod".into(),
        decimals: 8,
        transfer_fee: FEE,
        initial_balances: vec![(icrc::Account::of(principal(PAYER), None), 10_000_000)],
    });
    let dataset = |name: &str, splits: Vec<(u8, u32)>| JobDataset {
        dataset: name.into(),
        fee: 1_000_001,
        contributor: principal(ANN),
        splits: splits.into_iter().map(|(n, basis_points)| Split { account: principal(n), basis_points }).collect(),
    };
    TestWorld {
        job: RefCell::new(Job {
            id: 7,
            provider: principal(PROVIDER),
            datasets: vec![
                dataset("sha256:a", vec![(ANN, 10_000)]),
                dataset("sha256:b", vec![(ANN, 5_000), (BEN, 5_000)]),
            ],
            reward: 500_000,
            deadline: NOW + 1_000_000_000,
            state: JobState::requested,
        }),
        checkpoint: Cell::new(None),
        transfers_until_silence: Cell::new(u32::MAX),
        access_refuses: Cell::new(false),
        told: RefCell::new(vec![]),
    }
}

/// Fees 2,000,002, reward 500,000, four payments.
const AMOUNT: u128 = 2_500_002 + 4 * FEE;

impl TestWorld {
    fn silence(&self) -> Result<(), NoAnswer> {
        match self.transfers_until_silence.get() {
            0 => Err(NoAnswer { canister: principal(9), method: "icrc1_transfer".into(), reason: "stopped".into() }),
            n => {
                self.transfers_until_silence.set(n - 1);
                Ok(())
            }
        }
    }

    /// For the job's escrow.
    fn approve(&self, amount: u128) {
        self.approve_to(Some(accounts::spender_for(7)), amount);
    }

    fn approve_to(&self, subaccount: Option<serde_bytes::ByteBuf>, amount: u128) {
        let spender = icrc::Account::of(system::this_canister(), subaccount);
        let args = icrc::ApproveArgs {
            from_subaccount: None,
            spender,
            amount,
            expected_allowance: None,
            expires_at: None,
            fee: None,
            memo: None,
            created_at_time: None,
        };
        ledger_rules::transactions::approve(principal(PAYER), system::now(), args).unwrap();
    }

    fn balance(&self, n: u8) -> u128 {
        ledger_rules::accounts::balance(&icrc::Account::of(principal(n), None))
    }

    fn held(&self, subaccount: serde_bytes::ByteBuf) -> u128 {
        ledger_rules::accounts::balance(&icrc::Account::of(system::this_canister(), Some(subaccount)))
    }

    fn becomes(&self, state: JobState, checkpoint: Option<CheckpointState>) {
        self.job.borrow_mut().state = state;
        self.checkpoint.set(checkpoint);
    }

    fn open(&self) -> Result<Escrow, Error> {
        now_or_never(open(self, principal(PAYER), OpenEscrow { job: 7, client_ref: "round-1".into() }))
    }

    fn opened(&self) -> u64 {
        self.approve(AMOUNT + FEE);
        self.open().unwrap().id
    }
}

fn account(account: Account) -> icrc::Account {
    icrc::Account { owner: account.owner, subaccount: account.subaccount }
}

/// Both sides speak the same Candid.
fn same<A: candid::CandidType, B: for<'de> candid::Deserialize<'de> + candid::CandidType>(value: A) -> B {
    candid::decode_one(&candid::encode_one(value).unwrap()).unwrap()
}

impl World for TestWorld {
    async fn ledger_fee(&self) -> Result<u128, NoAnswer> {
        Ok(FEE)
    }
    async fn balance(&self, of: Account) -> Result<u128, NoAnswer> {
        Ok(ledger_rules::accounts::balance(&account(of)))
    }
    async fn transfer(&self, transfer: Transfer) -> Result<Result<u128, TransferError>, NoAnswer> {
        self.silence()?;
        Ok(ledger_rules::transactions::transfer(system::this_canister(), system::now(), same(transfer)).map_err(same))
    }
    async fn transfer_from(&self, transfer: TransferFrom) -> Result<Result<u128, TransferError>, NoAnswer> {
        self.silence()?;
        Ok(ledger_rules::transactions::transfer_from(system::this_canister(), system::now(), same(transfer))
            .map_err(same))
    }
    async fn job(&self, id: u64) -> Result<Option<Job>, NoAnswer> {
        Ok(Some(self.job.borrow().clone()).filter(|job| job.id == id))
    }
    async fn checkpoint(&self, _id: &str) -> Result<Option<CheckpointState>, NoAnswer> {
        Ok(self.checkpoint.get())
    }
    async fn payment_received(
        &self,
        job: u64,
        escrow: u64,
        _payer: Principal,
    ) -> Result<Result<(), AccessError>, NoAnswer> {
        if self.access_refuses.get() {
            return Ok(Err(AccessError::DeadlinePassed(why("job 7", "its deadline has passed", "request again"))));
        }
        self.told.borrow_mut().push(format!("paid {job} {escrow}"));
        Ok(Ok(()))
    }
    async fn job_closed(&self, job: u64, outcome: &str) -> Result<Result<(), AccessError>, NoAnswer> {
        self.told.borrow_mut().push(format!("closed {job} {outcome}"));
        Ok(Ok(()))
    }
}

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
    let other = now_or_never(open(&world, principal(BEN), OpenEscrow { job: 7, client_ref: "mine".into() }));
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
    let unknown = now_or_never(open(&world, principal(PAYER), OpenEscrow { job: 8, client_ref: "x".into() }));
    assert_eq!(unknown.unwrap_err().arm(), "NotFound");
    let nameless = now_or_never(open(&world, principal(PAYER), OpenEscrow { job: 7, client_ref: String::new() }));
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
    record.payments[0].block = None;
    store(id, &record);
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
    let world = world();
    let id = world.opened();
    world.becomes(JobState::submitted("sha256:c".into()), Some(CheckpointState::evaluated));
    assert_eq!(now_or_never(refund(&world, id)).unwrap_err().arm(), "NotYet");
    world.checkpoint.set(Some(CheckpointState::official));
    system::set_now(NOW + 2_000_000_000);
    assert_eq!(now_or_never(refund(&world, id)).unwrap_err().arm(), "Closed");
    world.checkpoint.set(Some(CheckpointState::submitted));
    assert_eq!(now_or_never(refund(&world, id)).unwrap().payments[0].why, "refund: the deadline passed");
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
    OPEN.with_borrow_mut(|open| open.remove(&id));
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

fn post(world: &TestWorld, amount: u128, client_ref: &str) -> Result<crate::api::Bond, Error> {
    let request = PostBond { purpose: BondPurpose::provider, amount, client_ref: client_ref.into() };
    now_or_never(bonds::post(world, principal(PAYER), request))
}

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
