//! The lines of a settlement. Each stands alone: it is paid, refused by the ledger, or still to be paid, whatever
//! becomes of the others; one that was refused is collected later, to the same account or another of its payee's.

use crate::api::{Error, Payment};
use crate::escrows::{name, Record};
use crate::transfers::{self, Paid, Payout, Sent};
use crate::world::{Account, World};
use crate::{accounts, memory};
use candid::Principal;
use governed::why;
use ic_stable_structures::StableBTreeMap;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use stored::{Cbor, Memory};

/// A payment as it was decided.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub to: Principal,
    pub amount: u128,
    pub why: String,
    /// The block of one that was made before lines were kept by themselves.
    pub block: Option<u128>,
    /// It is not due any more: the job came to nothing.
    #[serde(default)]
    pub void: bool,
}

impl Planned {
    pub fn new(to: Principal, amount: u128, why: String) -> Self {
        Planned { to, amount, why, block: None, void: false }
    }
}

/// How far a payment is.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub sent: Option<Sent>,
    pub block: Option<u128>,
    pub refused: Option<String>,
}

thread_local! {
    static LINES: RefCell<StableBTreeMap<(u64, u32), Cbor<Line>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::LINES)));
}

/// How far the n-th payment of an escrow is.
pub fn of(id: u64, record: &Record, n: usize) -> Line {
    let kept = LINES.with_borrow(|lines| lines.get(&(id, n as u32)));
    kept.map_or_else(|| before_lines(record, n), |line| line.0)
}

/// Of escrows from before lines were kept: its block, or that it may have been sent when paying out began.
fn before_lines(record: &Record, n: usize) -> Line {
    let Planned { to, amount, block, .. } = record.payments[n].clone();
    let begun = block.is_none() && record.paying_since > 0;
    let sent = begun.then(|| Sent { amount, at: record.paying_since, to: accounts::of(to), next: 0 });
    Line { sent, block, refused: None }
}

pub fn put(id: u64, n: usize, line: &Line) {
    LINES.with_borrow_mut(|lines| lines.insert((id, n as u32), Cbor(line.clone())));
}

pub fn shown(id: u64, record: &Record, n: usize) -> Payment {
    let Planned { to, amount, why, .. } = record.payments[n].clone();
    let Line { block, refused, .. } = of(id, record, n);
    Payment { to, amount, why, block, refused }
}

/// The payments that are due, and neither made nor refused.
pub fn waiting(id: u64, record: &Record, due: impl Fn(&Planned) -> bool) -> Vec<usize> {
    let open = |n: &usize| {
        let line = of(id, record, *n);
        line.block.is_none() && line.refused.is_none()
    };
    (0..record.payments.len()).filter(|n| !record.payments[*n].void && due(&record.payments[*n])).filter(open).collect()
}

/// Makes payments, each by itself. Err when some could not be tried to the end: a repeat makes those.
pub async fn pay_out(world: &impl World, id: u64, record: &Record, which: &[usize]) -> Result<(), Error> {
    if which.is_empty() {
        return Ok(());
    }
    let fee = world.ledger_fee().await.map_err(transfers::unavailable)?;
    let mut failure = Ok(());
    for n in which {
        let to = accounts::of(record.payments[*n].to);
        if let Err(error) = pay(world, id, record, *n, fee, to).await {
            failure = Err(error);
        }
    }
    failure
}

/// Makes one payment to an account of its payee's. What is set aside for it is its amount and the ledger's fee at that
/// time: a fee that has risen since comes out of the amount.
pub async fn pay(
    world: &impl World,
    id: u64,
    record: &Record,
    n: usize,
    fee: u128,
    to: Account,
) -> Result<Line, Error> {
    let planned = &record.payments[n];
    let mut line = of(id, record, n);
    let amount = planned.amount.saturating_add(record.fee).saturating_sub(fee).min(planned.amount);
    line.refused = None;
    if amount == 0 && line.sent.is_none() {
        line.refused = Some(format!("it is no more than the ledger's fee of {fee} e8s"));
    } else {
        let payout =
            Payout { from: accounts::escrow(id), to, amount, memo: transfers::memo("escrow", id, n as u32 + 1) };
        let keep = |sent: Option<&Sent>| put(id, n, &Line { sent: sent.cloned(), ..Line::default() });
        match transfers::pay(world, &payout, line.sent.clone(), keep).await? {
            Paid::Block(block) => line = Line { block: Some(block), ..of(id, record, n) },
            Paid::Refused(reason) => line = Line { refused: Some(reason), ..Line::default() },
        }
    }
    put(id, n, &line);
    let mut event = serde_json::json!({
        "type": "escrow_paid",
        "escrow": id,
        "to": planned.to.to_text(),
        "amount": line.sent.as_ref().map_or(planned.amount, |sent| sent.amount).to_string(),
        "why": planned.why,
    });
    match (&line.block, &line.refused) {
        (Some(block), _) => event["block"] = block.to_string().into(),
        (_, reason) => {
            event["type"] = "escrow_line_refused".into();
            event["reason"] = reason.clone().into();
        }
    }
    audit::append(event);
    Ok(line)
}

/// Which payment of an escrow is the n-th that is told of it; it was refused.
pub fn refused(id: u64, record: &Record, told: usize) -> Result<usize, Error> {
    let subject = format!("{}, payment {told}", name(id));
    let Some(n) = (0..record.payments.len()).filter(|n| !record.payments[*n].void).nth(told) else {
        return Err(Error::NotFound(why(subject, "there is none", "see get_escrow")));
    };
    match of(id, record, n) {
        Line { block: Some(block), .. } => {
            Err(Error::Closed(why(subject, format!("it is paid in block {block}"), "nothing is left to collect")))
        }
        Line { refused: None, .. } => Err(Error::NotYet(why(subject, "it was not refused", "settle the escrow"))),
        _ => Ok(n),
    }
}

#[cfg(test)]
pub fn clear() {
    LINES.with_borrow_mut(|lines| lines.clear_new());
}
