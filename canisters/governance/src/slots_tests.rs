//! No room is held for nothing: not by neurons that are empty or not locked, not by proposals nobody wants.

use super::*;
use crate::admission::admit;
use crate::claims;

use crate::following;
use crate::leaving::{self, Leaving};
use crate::ledger::{self, Ledger, Transfer, TransferError};
use crate::proposals::tests::{governance_with, kind, motion, principal, rules, stop, START};
use crate::steps::OF_A_MESSAGE;
use ledger_rules::api as icrc;
use serde_bytes::ByteBuf;
use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use system::NoAnswer;

const FEE: u128 = 10;
const COST: u64 = 50;

fn id(n: u32) -> Id {
    protocol::sha256(&[&n.to_be_bytes()])
}

fn small(max_neurons: u64) {
    governance_with(Parameters {
        max_neurons: Some(max_neurons),
        reject_cost_e8s: Some(COST),
        max_open_proposals_per_neuron: Some(3),
        ..rules()
    });
}

fn claim(n: u32, controller: u8, held: u64) -> Result<(), GovernanceError> {
    claims::claim_or_refresh(id(n), principal(controller), held, START)
}

fn work_off(now: u64) {
    while work::is_left() {
        work::go_on(Steps::new(OF_A_MESSAGE), now, |id| {
            decide(id, now);
        });
    }
}

/// The project's own ledger, which may fall silent before or after it has done what was asked.
#[derive(Default)]
struct Books {
    silent_before: Cell<u32>,
    silent_after: Cell<u32>,
}

fn books(balances: Vec<(u32, u128)>) -> Books {
    ledger_rules::token::create(icrc::Init {
        minting_account: icrc::Account::of(system::this_canister(), None),
        symbol: "POD".into(),
        name: "Live Pod".into(),
        decimals: 8,
        transfer_fee: FEE,
        initial_balances: balances
            .into_iter()
            .map(|(n, held)| (icrc::Account::of(system::this_canister(), Some(ByteBuf::from(id(n)))), held))
            .collect(),
    });
    Books::default()
}

impl Books {
    fn held(&self, n: u32) -> u128 {
        let account = icrc::Account::of(system::this_canister(), Some(ByteBuf::from(id(n))));
        ledger_rules::accounts::balance(&account)
    }

    fn main(&self, controller: u8) -> u128 {
        ledger_rules::accounts::balance(&icrc::Account::of(principal(controller), None))
    }
}

fn silence(left: &Cell<u32>) -> Result<(), NoAnswer> {
    match left.get() {
        0 => Ok(()),
        n => {
            left.set(n - 1);
            Err(NoAnswer { canister: principal(100), method: "icrc1_transfer".into(), reason: "silence".into() })
        }
    }
}

fn same<A: candid::CandidType, B: candid::CandidType + for<'de> candid::Deserialize<'de>>(value: A) -> B {
    candid::decode_one(&candid::encode_one(value).unwrap()).unwrap()
}

impl Ledger for Books {
    async fn fee(&self) -> Result<u128, NoAnswer> {
        Ok(FEE)
    }
    async fn balance(&self, account: ledger::Account) -> Result<u128, NoAnswer> {
        Ok(ledger_rules::accounts::balance(&same(account)))
    }
    async fn transfer(&self, transfer: Transfer) -> Result<Result<u128, TransferError>, NoAnswer> {
        silence(&self.silent_before)?;
        let done = ledger_rules::transactions::transfer(system::this_canister(), system::now(), same(transfer));
        silence(&self.silent_after)?;
        Ok(done.map_err(same))
    }
}

fn now_or_never<R>(future: impl Future<Output = R>) -> R {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn an_emptied_neuron_is_gone_from_every_index_and_frees_its_slot() {
    small(1);
    claim(1, 1, 1_000).unwrap();
    following::set(&id(1), 0, &[id(9)]);
    neurons::take_out(id(1), neurons::get(&id(1)).unwrap(), 1_000, START).unwrap();
    claims::remove_if_empty(id(1));
    assert!(neurons::get(&id(1)).is_none() && neurons::ids_of(&principal(1)).is_empty());
    assert!(!following::is_followed(1001, &id(9)) && neurons::count() == 0);
    claim(2, 2, 100).unwrap();
    assert!(!leaving::is_any(), "nobody had to make room");
}

#[test]
fn a_rest_below_the_least_stake_holds_no_slot() {
    small(10);
    claim(1, 1, 1_000).unwrap();
    let some = neurons::take_out(id(1), neurons::get(&id(1)).unwrap(), 999, START);
    assert_eq!(kind(some), ErrorType::PreconditionFailed as i32);
    neurons::take_out(id(1), neurons::get(&id(1)).unwrap(), 900, START).unwrap();
}

#[test]
fn slots_filled_with_stake_that_is_not_locked_make_room_for_who_brings_more() {
    small(3);
    neurons::seed(id(1), principal(1), 150, 60, START); // locked
    claim(2, 2, 5_000).unwrap(); // much, and free to leave at any time
    claim(3, 2, 4_000).unwrap();
    assert_eq!(
        kind(claim(4, 4, 3_000)),
        ErrorType::ResourceExhausted as i32,
        "it brings less than the least that stay"
    );
    claim(4, 4, 4_001).unwrap();
    assert!(neurons::get(&id(3)).is_none() && neurons::get(&id(1)).is_some() && neurons::count() == 3);
    assert_eq!(leaving::get(&id(3)).unwrap().controller, principal(2));
}

#[test]
fn of_locked_neurons_the_smallest_makes_room() {
    small(3);
    for (n, stake) in [(1, 400), (2, 300), (3, 500)] {
        neurons::seed(id(n), principal(n as u8), stake, 60, START);
    }
    assert!(claim(4, 4, 300).is_err(), "as much is not more");
    claim(4, 4, 301).unwrap();
    assert!(neurons::get(&id(2)).is_none());
}

#[test]
fn a_neuron_with_a_command_under_way_does_not_make_room() {
    small(1);
    claim(1, 1, 200).unwrap();
    let lock = governed::Lock::take(neurons::hex(&id(1)));
    assert!(claim(2, 2, 900).is_err());
    drop(lock);
    claim(2, 2, 900).unwrap();
}

#[test]
fn money_of_a_neuron_that_made_room_comes_back_once_however_the_ledger_fails() {
    for (before, after) in [(0, 0), (2, 0), (0, 2), (1, 1)] {
        std::thread::spawn(move || {
            small(1);
            let ledger = books(vec![(1, 1_000)]);
            ledger.silent_before.set(before);
            ledger.silent_after.set(after);
            claim(1, 1, 1_000).unwrap();
            claim(2, 2, 2_000).unwrap();
            assert_eq!(kind(claim(1, 1, 1_000)), ErrorType::NeuronLocked as i32, "not while its money is on its way");
            let tries = (0..10).take_while(|_| !now_or_never(leaving::pay(&ledger, id(1)))).count();
            assert!(tries < 9);
            assert_eq!((ledger.held(1), ledger.main(1)), (0, 1_000 - FEE), "{before} {after}");
            assert!(now_or_never(leaving::pay(&ledger, id(1))) && ledger.main(1) == 1_000 - FEE);
            claim(1, 1, 3_000).unwrap();
        })
        .join()
        .unwrap();
    }
}

#[test]
fn fees_of_a_neuron_that_made_room_are_burnt_once() {
    for after in [0, 1, 2] {
        std::thread::spawn(move || {
            small(1);
            let ledger = books(vec![(1, 1_000)]);
            ledger.silent_after.set(after);
            leaving::begin(id(1), Leaving { controller: principal(1), fees: 300, since: system::now() });
            while !now_or_never(leaving::pay(&ledger, id(1))) {}
            assert_eq!((ledger.held(1), ledger.main(1)), (0, 700 - FEE));
        })
        .join()
        .unwrap();
    }
}

#[test]
fn a_rejected_proposal_costs_its_neuron_and_an_adopted_one_nothing() {
    small(10);
    neurons::seed(id(1), principal(1), 1_000, 60, START);
    neurons::seed(id(2), principal(2), 1_500, 60, START);
    let bad = submit(id(1), motion("bad"), String::new(), START);
    assert_eq!((neurons::get(&id(1)).unwrap().fees, get(bad).unwrap().tally.yes), (COST, 1_000));
    vote(bad, &id(2), NO, START + 1).unwrap();
    decide(bad, START + 1);
    assert_eq!(neurons::get(&id(1)).unwrap().free(), 1_000 - COST);
    let good = submit(id(1), motion("good"), String::new(), START + 2);
    assert_eq!(get(good).unwrap().tally.total, 2_500 - COST, "fees do not vote");
    vote(good, &id(2), YES, START + 3).unwrap();
    decide(good, START + 3);
    assert_eq!((get(good).unwrap().status(), neurons::get(&id(1)).unwrap().fees), (4, COST));
    let back = submit(id(1), motion("back"), String::new(), START + 4);
    withdraw(&principal(1), back, START + 5).unwrap();
    assert_eq!(neurons::get(&id(1)).unwrap().fees, COST + COST / 10, "what is taken back was stored all the same");
    withdraw(&principal(1), back, START + 6).unwrap();
    assert_eq!(neurons::get(&id(1)).unwrap().fees, COST + COST / 10, "once");
}

#[test]
fn one_neuron_cannot_hold_all_the_room_for_proposals() {
    small(10);
    neurons::seed(id(1), principal(1), 1_000, 60, START);
    neurons::seed(id(2), principal(2), 1_000_000, 60, START);
    for n in 0..3 {
        assert_eq!(admit(&id(1), &motion("m")).unwrap(), None);
        submit(id(1), motion(&format!("m{n}")), String::new(), START);
    }
    assert_eq!(kind(admit(&id(1), &motion("m")).map(drop)), ErrorType::ResourceExhausted as i32);
    assert_eq!(admit(&id(2), &motion("m")).unwrap(), None);
    assert_eq!(admit(&id(1), &stop()).unwrap(), None, "a stop has room of its own");
}

#[test]
fn with_all_room_for_proposals_taken_a_stop_is_proposed_and_with_all_room_for_stops_by_who_has_more_stake() {
    small(10_000);
    let whale = id(100_000);
    neurons::seed(whale, principal(9), 100_000_000, 60, START);
    for n in 0..constitution::MAX_OPEN_PROPOSALS as u32 {
        neurons::seed(id(n), principal(1), 1_000 + u64::from(n), 60, START);
        submit(id(n), motion("m"), String::new(), START);
    }
    assert!(admit(&id(1), &motion("x")).is_err() && admit(&whale, &motion("x")).is_err());
    for n in 0..constitution::MAX_OPEN_STOPS as u32 {
        assert_eq!(admit(&id(n), &stop()).unwrap(), None);
        submit(id(n), stop(), String::new(), START);
    }
    neurons::seed(id(70_000), principal(2), 900, 60, START);
    assert!(admit(&id(70_000), &stop()).is_err(), "less stake than any of them");
    neurons::seed(id(70_001), principal(2), 1_500, 60, START);
    let weakest = admit(&id(70_001), &stop()).unwrap().expect("it brings more than the least");
    assert_eq!(get(weakest).unwrap().proposer, id(0));
    displace(weakest, START);
    assert_eq!(
        (get(weakest).unwrap().status(), neurons::get(&id(0)).unwrap().fees),
        (5, COST),
        "only the motion costs"
    );
    assert_eq!(admit(&id(70_001), &stop()).unwrap(), None);
}

#[test]
fn decided_proposals_are_forgotten_with_their_ballots_and_the_log_keeps_them() {
    small(10_000);
    neurons::seed(id(1), principal(1), 1_000_000, 60, START);
    neurons::seed(id(2), principal(2), 1_500_000, 60, START);
    let first = submit(id(1), motion("r0"), String::new(), START);
    withdraw(&principal(1), first, START).unwrap();
    work_off(START);
    assert!(ballots::of(first, 10).is_empty());
    for n in 1..=1_000 {
        let id = submit(id(1), motion(&format!("r{n}")), String::new(), START);
        withdraw(&principal(1), id, START).unwrap();
        work_off(START);
    }
    assert!(get(first).is_none() && get(first + 1).is_some());
    assert_eq!(made_before(&id(1), &motion("r0")), Ok(None), "its reference is free again");
    let log = audit::page(audit::AuditPage { start: 0, length: 3 });
    assert!(log.iter().any(|entry| entry.event.contains("\"reference\":\"r0\"")));
    assert_eq!(submit(id(1), motion("next"), String::new(), START), 1_002, "no number is given twice");
}
