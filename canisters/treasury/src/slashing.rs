//! Taking from a bond. A vote opens a case over evidence of a kind that [`evidence`] names; what it takes is held back
//! until the case's time is over, in which its holder may appeal and a second vote may lift it. Then those who were
//! harmed are paid out of it, and the rest goes to the DAO.

use crate::api::{AppealSlash, Bond, BondPurpose, Error, LiftSlash, ListSlashes, Slash, SlashBond, SlashState};
use crate::transfers::{self, Paid, Payout, Sent};
use crate::world::World;
use crate::{accounts, bonds, evidence, memory, returns};
use candid::Principal;
use governed::{why, Lock};
use ic_stable_structures::{StableBTreeMap, StableCell};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use stored::{Cbor, Memory};

const MAX_REASON_BYTES: usize = 2_000;
/// Who is compensated in one case.
const MOST_HARMED: usize = 100;
/// Long enough for an answer and a vote on it.
pub const USUAL_APPEAL_SECONDS: u64 = 7 * 86_400;

/// One payment of a closed case: to somebody harmed, or to the DAO.
#[derive(Serialize, Deserialize, Clone)]
struct Line {
    /// None: the DAO's main account.
    to: Option<Principal>,
    amount: u128,
    sent: Option<Sent>,
    block: Option<u128>,
    refused: Option<String>,
}

#[derive(Serialize, Deserialize, Clone)]
struct Case {
    holder: Principal,
    purpose: BondPurpose,
    amount: u128,
    reason: String,
    evidence: String,
    /// When it closes unless it is lifted, in nanoseconds.
    due: u64,
    appeal: Option<String>,
    state: SlashState,
    lines: Vec<Line>,
}

thread_local! {
    static CASES: RefCell<StableBTreeMap<u64, Cbor<Case>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::CASES)));
    static OPEN: RefCell<StableBTreeMap<u64, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::OPEN_CASES)));
    static APPEAL_SECONDS: RefCell<StableCell<u64, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::APPEAL_SECONDS), USUAL_APPEAL_SECONDS));
}

/// How long a holder may appeal, in seconds; said at installation.
pub fn set_appeal_seconds(seconds: u64) {
    APPEAL_SECONDS.with_borrow_mut(|cell| cell.set(seconds));
}

fn appeal_time() -> u64 {
    APPEAL_SECONDS.with_borrow(|cell| *cell.get()).saturating_mul(1_000_000_000)
}

fn put(number: u64, case: &Case) {
    OPEN.with_borrow_mut(|open| match case.state {
        SlashState::open | SlashState::paying => open.insert(number, ()),
        SlashState::lifted | SlashState::closed => open.remove(&number),
    });
    CASES.with_borrow_mut(|cases| cases.insert(number, Cbor(case.clone())));
}

fn case(number: u64) -> Result<Case, Error> {
    CASES
        .with_borrow(|cases| cases.get(&number))
        .map(|case| case.0)
        .ok_or_else(|| Error::NotFound(why(format!("case {number}"), "there is none", "see list_slashes")))
}

fn shown(number: u64, case: Case) -> Slash {
    let Case { holder, purpose, amount, reason, evidence, due, appeal, state, .. } = case;
    Slash { case: number, holder, purpose, amount, reason, evidence, due, appeal, state }
}

/// Cases, newest first.
pub fn page(request: &ListSlashes) -> Vec<Slash> {
    let end = request.before.unwrap_or(u64::MAX);
    CASES.with_borrow(|cases| {
        let page = cases.range(..end).rev().take(governed::page_size(request.limit));
        page.map(|entry| shown(*entry.key(), entry.value().0)).collect()
    })
}

/// The bond that a vote would take from; or why it cannot.
pub fn checked(slash: &SlashBond) -> Result<Bond, Error> {
    let SlashBond { holder, purpose, amount, reason, evidence, .. } = slash;
    if reason.is_empty() || reason.len() > MAX_REASON_BYTES || evidence.len() > MAX_REASON_BYTES {
        return Err(Error::Invalid(why(
            "reason",
            format!("reason (never empty) and evidence have at most {MAX_REASON_BYTES} bytes"),
            "say in short what happened",
        )));
    }
    evidence::checked(evidence)?;
    let bond = bonds::get(holder, *purpose)
        .ok_or_else(|| Error::NotFound(why(holder, "the principal has no such bond", "see list_bonds")))?;
    let held = bond.amount.checked_add(returns::slashable(holder, *purpose)).expect("all tokens fit in 128 bits");
    if *amount == 0 || *amount > held {
        return Err(Error::Invalid(why(
            "amount",
            format!("the bond holds {held} e8s"),
            "slash more than 0 and at most that",
        )));
    }
    compensation(slash)?;
    Ok(bond)
}

fn compensation(slash: &SlashBond) -> Result<u128, Error> {
    let harmed = slash.compensate.as_deref().unwrap_or_default();
    let sum = harmed.iter().try_fold(0_u128, |sum, one| sum.checked_add(one.amount));
    if harmed.len() > MOST_HARMED || harmed.iter().any(|one| one.amount == 0 || one.to == slash.holder) {
        let message = format!("at most {MOST_HARMED} others are compensated, each with more than 0");
        return Err(Error::Invalid(why("compensate", message, "compensate in several cases")));
    }
    sum.filter(|sum| *sum <= slash.amount).ok_or_else(|| {
        Error::Invalid(why("compensate", "it comes to more than is slashed", "slash more, or compensate with less"))
    })
}

/// What voters read.
pub fn in_words(slash: &SlashBond, bond: &Bond) -> String {
    let purpose = match bond.purpose {
        BondPurpose::provider => "provider",
        BondPurpose::contributor => "contributor",
    };
    let harmed = slash.compensate.as_deref().unwrap_or_default();
    let paid: Vec<String> = harmed.iter().map(|one| format!("{} e8s to {}", one.amount, one.to)).collect();
    let paid = if paid.is_empty() { "nobody".into() } else { paid.join(", ") };
    format!(
        "Slash {} of {} e8s of the {purpose} bond of {}. Reason: {} Evidence: {}. Compensated: {paid}. Held back for \
         {} hours, in which the holder may appeal and a vote may lift it.",
        slash.amount,
        bond.amount,
        bond.holder,
        slash.reason,
        slash.evidence,
        appeal_time() / 3_600_000_000_000,
    )
}

/// Opens a case: takes from the bond, and holds it back.
pub fn slash(slash: &SlashBond) -> Result<u64, Error> {
    let bond = checked(slash)?;
    let rest = slash.amount - compensation(slash)?;
    bonds::take(&bond, slash.amount);
    let harmed = slash.compensate.iter().flatten().map(|one| (Some(one.to), one.amount));
    let lines = harmed.chain([(None, rest)]).filter(|(_, amount)| *amount > 0);
    let lines = lines.map(|(to, amount)| Line { to, amount, sent: None, block: None, refused: None }).collect();
    let number = CASES.with_borrow(|cases| cases.last_key_value().map_or(1, |(last, _)| last + 1));
    let due = system::now().saturating_add(appeal_time());
    audit::append(serde_json::json!({
        "type": "bond_slashed",
        "case": number,
        "holder": bond.holder.to_text(),
        "purpose": bond.purpose,
        "amount": slash.amount.to_string(),
        "reason": slash.reason,
        "evidence": slash.evidence,
        "due": due.to_string(),
    }));
    put(
        number,
        &Case {
            holder: slash.holder,
            purpose: slash.purpose,
            amount: slash.amount,
            reason: slash.reason.clone(),
            evidence: slash.evidence.clone(),
            due,
            appeal: None,
            state: SlashState::open,
            lines,
        },
    );
    Ok(number)
}

fn open_case(number: u64) -> Result<Case, Error> {
    let case = case(number)?;
    if case.state == SlashState::open && system::now() < case.due {
        return Ok(case);
    }
    Err(Error::Closed(why(format!("case {number}"), "its time is over", "see list_slashes")))
}

/// The holder answers; voters get as much time again, once.
pub fn appeal(caller: Principal, appeal: AppealSlash) -> Result<Slash, Error> {
    let mut case = open_case(appeal.case)?;
    let subject = format!("case {}", appeal.case);
    if caller != case.holder {
        return Err(Error::NotAuthorized(why(subject, "it is not about a bond of yours", "leave it to its holder")));
    }
    if appeal.answer.is_empty() || appeal.answer.len() > MAX_REASON_BYTES {
        let message = format!("1 to {MAX_REASON_BYTES} bytes are expected");
        return Err(Error::Invalid(why("answer", message, "say in short why it is wrong")));
    }
    if case.appeal.is_some() {
        return Err(Error::Closed(why(subject, "it was appealed already", "ask for a vote on lift_slash")));
    }
    case.due = case.due.saturating_add(appeal_time());
    case.appeal = Some(appeal.answer.clone());
    put(appeal.case, &case);
    audit::append_as(
        caller,
        serde_json::json!({
            "type": "slash_appealed", "case": appeal.case, "answer": appeal.answer, "due": case.due.to_string()
        }),
    );
    Ok(shown(appeal.case, case))
}

/// What voters read before they lift a case.
pub fn lift_in_words(lift: &LiftSlash) -> Result<String, Error> {
    let case = open_case(lift.case)?;
    let answer = case.appeal.unwrap_or_else(|| "none".into());
    Ok(format!(
        "Lift case {}: {} e8s go back into the bond of {}. It was slashed because: {} Its holder's answer: {answer} \
         Lifted because: {}",
        lift.case, case.amount, case.holder, case.reason, lift.reason
    ))
}

/// Gives back what a case took.
pub fn lift(lift: &LiftSlash) -> Result<(), Error> {
    let case = open_case(lift.case)?;
    bonds::give_back(&case.holder, case.purpose, case.amount);
    audit::append(serde_json::json!({
        "type": "slash_lifted",
        "case": lift.case,
        "holder": case.holder.to_text(),
        "amount": case.amount.to_string(),
        "reason": lift.reason,
    }));
    put(lift.case, &Case { state: SlashState::lifted, ..case });
    Ok(())
}

/// True while a case is open, or closed and not paid out.
pub fn waiting() -> bool {
    OPEN.with_borrow(|open| !open.is_empty())
}

/// Pays out the cases whose time is over, each line by itself. Repeats pay once.
pub async fn close_due(world: &impl World) -> Result<(), Error> {
    let Some(_lock) = Lock::take("slashing") else { return Ok(()) };
    let due: Vec<u64> = OPEN.with_borrow(|open| open.keys().take(100).collect());
    let mut failure = Ok(());
    for number in due {
        let mut closing = case(number)?;
        if closing.state == SlashState::open && system::now() < closing.due {
            continue;
        }
        closing.state = SlashState::paying;
        put(number, &closing);
        for n in 0..closing.lines.len() {
            if let Err(error) = pay(world, number, n).await {
                failure = Err(error);
            }
        }
        let paid = case(number)?;
        if paid.lines.iter().all(|line| line.block.is_some() || line.refused.is_some()) {
            put(number, &Case { state: SlashState::closed, ..paid });
            audit::append(serde_json::json!({"type": "slash_closed", "case": number}));
        }
    }
    failure
}

fn change_line(number: u64, n: usize, with: impl FnOnce(&mut Line)) -> Line {
    let mut case = case(number).expect("callers know that it exists");
    with(&mut case.lines[n]);
    put(number, &case);
    case.lines[n].clone()
}

async fn pay(world: &impl World, number: u64, n: usize) -> Result<(), Error> {
    let line = case(number)?.lines[n].clone();
    if line.block.is_some() || line.refused.is_some() {
        return Ok(());
    }
    let fee = world.ledger_fee().await.map_err(transfers::unavailable)?;
    let to = line.to.map_or_else(|| accounts::own(None), accounts::of);
    let amount = line.amount.saturating_sub(fee);
    let paid = if amount == 0 && line.sent.is_none() {
        Paid::Refused(format!("it is no more than the ledger's fee of {fee} e8s"))
    } else {
        let memo = transfers::memo("case", number, n as u32);
        let payout = Payout { from: accounts::bonds(), to, amount, memo };
        let keep = |sent: Option<&Sent>| drop(change_line(number, n, |line| line.sent = sent.cloned()));
        transfers::pay(world, &payout, line.sent.clone(), keep).await?
    };
    let line = change_line(number, n, |line| match paid {
        Paid::Block(block) => line.block = Some(block),
        Paid::Refused(reason) => line.refused = Some(reason),
    });
    audit::append(serde_json::json!({
        "type": "slash_paid",
        "case": number,
        "to": line.to.map(|to| to.to_text()),
        "amount": line.sent.map_or(line.amount, |sent| sent.amount).to_string(),
        "block": line.block.map(|block| block.to_string()),
        "refused": line.refused,
    }));
    Ok(())
}
