//! What the tests of money stand on: the real ledger's code, and peers that answer as told.

pub use crate::api::{
    AppealSlash, BondId, BondPurpose, CollectPayment, Compensation, Error, Escrow, EscrowState, LiftSlash, ListEscrows,
    ListSlashes, OpenEscrow, PostBond, Quote, SlashBond, SlashState,
};
pub use crate::escrows::{self, get, list_open_ones, load, of_job, open_page, page, store};
pub use crate::funding::{open, quote};
pub use crate::lines::{self, Line};
pub use crate::outcomes::{collect, hold, pay_licences, refund, settle};
pub use crate::world::{
    AccessError, Account, Blocks, Checkpoint, CheckpointState, Job, JobDataset, JobState, Split, Transfer,
    TransferError, TransferFrom, World,
};
pub use crate::{accounts, blocks, bonds, memory, returns, slashing};
pub use candid::Principal;
pub use governed::why;
pub use ledger_rules::api as icrc;
pub use std::cell::Cell;
pub use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
pub use system::NoAnswer;

pub const FEE: u128 = 10_000;
pub const NOW: u64 = 1_700_000_000_000_000_000;
pub const PAYER: u8 = 2;
pub const PROVIDER: u8 = 3;
pub const ANN: u8 = 4;
pub const BEN: u8 = 5;

pub fn principal(n: u8) -> Principal {
    Principal::from_slice(&[n; 29])
}

/// Runs a future whose every step is ready at once.
pub fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the test's world answers at once"),
    }
}

/// The real ledger, and peers that answer as told. `transfers_until_silence` counts down; at 0 the ledger stops
/// answering.
pub struct TestWorld {
    pub job: RefCell<Job>,
    pub checkpoint: Cell<Option<CheckpointState>>,
    pub transfers_until_silence: Cell<u32>,
    pub access_refuses: Cell<bool>,
    pub told: RefCell<Vec<String>>,
    pub asked_blocks: Cell<u64>,
}

pub fn world() -> TestWorld {
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
        consumed_at: None,
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
            approval_digest: "sha256:approved".into(),
            named_payer: None,
        }),
        checkpoint: Cell::new(None),
        transfers_until_silence: Cell::new(u32::MAX),
        access_refuses: Cell::new(false),
        told: RefCell::new(vec![]),
        asked_blocks: Cell::new(0),
    }
}

/// Fees 2,000,002, reward 500,000, four payments.
pub const AMOUNT: u128 = 2_500_002 + 4 * FEE;

pub fn ask(job: u64, client_ref: &str) -> OpenEscrow {
    OpenEscrow { job, client_ref: client_ref.into(), approval: None, at_most: None }
}

impl TestWorld {
    pub fn silence(&self) -> Result<(), NoAnswer> {
        match self.transfers_until_silence.get() {
            0 => Err(NoAnswer { canister: principal(9), method: "icrc1_transfer".into(), reason: "stopped".into() }),
            n => {
                self.transfers_until_silence.set(n - 1);
                Ok(())
            }
        }
    }

    /// For the job's escrow.
    pub fn approve(&self, amount: u128) {
        self.approve_to(Some(accounts::spender_for(7)), amount);
    }

    pub fn approve_to(&self, subaccount: Option<serde_bytes::ByteBuf>, amount: u128) {
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

    pub fn balance(&self, n: u8) -> u128 {
        ledger_rules::accounts::balance(&icrc::Account::of(principal(n), None))
    }

    pub fn held(&self, subaccount: serde_bytes::ByteBuf) -> u128 {
        ledger_rules::accounts::balance(&icrc::Account::of(system::this_canister(), Some(subaccount)))
    }

    pub fn becomes(&self, state: JobState, checkpoint: Option<CheckpointState>) {
        self.job.borrow_mut().state = state;
        self.checkpoint.set(checkpoint);
    }

    pub fn open(&self) -> Result<Escrow, Error> {
        now_or_never(open(self, principal(PAYER), ask(7, "round-1")))
    }

    pub fn opened(&self) -> u64 {
        self.approve(AMOUNT + FEE);
        self.open().unwrap().id
    }
}

pub fn account(account: Account) -> icrc::Account {
    icrc::Account { owner: account.owner, subaccount: account.subaccount }
}

/// Both sides speak the same Candid.
pub fn same<A: candid::CandidType, B: for<'de> candid::Deserialize<'de> + candid::CandidType>(value: A) -> B {
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
    async fn checkpoint(&self, _id: &str) -> Result<Option<Checkpoint>, NoAnswer> {
        Ok(self.checkpoint.get().map(|state| Checkpoint { state, submitted_at: NOW }))
    }
    async fn blocks(&self, start: u64, length: u64) -> Result<Blocks, NoAnswer> {
        self.asked_blocks.set(self.asked_blocks.get() + length);
        let range = ledger_rules::icrc3::Range { start: start.into(), length: length.into() };
        let answer: blocks::Answer = same(ledger_rules::icrc3::get_blocks(&[range]));
        Ok(Blocks { length: ledger_rules::blocks::length(), blocks: blocks::moved(answer.blocks) })
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
    async fn job_closed(&self, job: u64, outcome: &str) -> Result<Result<Job, AccessError>, NoAnswer> {
        let told = format!("closed {job} {outcome}");
        if !self.told.borrow().contains(&told) {
            self.told.borrow_mut().push(told); // a repeat changes nothing there
        }
        Ok(Ok(self.job.borrow().clone()))
    }
}

pub fn post(world: &TestWorld, amount: u128, client_ref: &str) -> Result<crate::api::Bond, Error> {
    let request = PostBond { purpose: BondPurpose::provider, amount, client_ref: client_ref.into() };
    now_or_never(bonds::post(world, principal(PAYER), request))
}

impl TestWorld {
    /// The n-th dataset's key was released.
    pub fn releases(&self, n: usize) {
        self.job.borrow_mut().datasets[n].consumed_at = Some(NOW);
    }

    pub fn settled(&self, id: u64) -> Result<Escrow, Error> {
        now_or_never(settle(self, id))
    }

    pub fn refunded(&self, id: u64) -> Result<Escrow, Error> {
        now_or_never(refund(self, id))
    }
}

pub const MODELS: u8 = 44;

pub fn parties() -> governed::Parties {
    let peers = governed::Peers {
        governance: principal(41),
        datasets: principal(42),
        access: principal(43),
        models: principal(MODELS),
        fleet: principal(45),
        treasury: principal(46),
        ledger: principal(47),
    };
    governed::Parties { governor: principal(41), peers }
}
