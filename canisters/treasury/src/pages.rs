//! Escrows and accounts as people read them: `/escrows/<number>`, `/escrows?dataset=<id>`, `/accounts/<principal>`.

use crate::api::{Bond, BondPurpose, Escrow, ListBonds, Payment};
use crate::listing::{self, EscrowLine, FindPayments, PaymentsAbout};
use crate::{bonds, escrows};
use candid::Principal;
use pages::{HttpRequest, HttpResponse, Kind, Link, One, Request};
use serde_json::{json, Value};

pub fn answer(request: &HttpRequest) -> HttpResponse {
    let escrow = |id: &str| escrows::get(id.parse().ok()?).map(|escrow| One::from(escrow_in_json(&escrow)));
    let kinds = [
        Kind { name: "escrows", one: &escrow, some: &escrow_rows },
        Kind { name: "accounts", one: &account, some: &account_rows },
    ];
    pages::answer(request, &governed::site(), &kinds)
}

fn payment(payment: &Payment) -> Value {
    json!({
        "to": payment.to.to_text(),
        "amount": payment.amount.to_string(),
        "why": payment.why,
        "paid": payment.block.is_some(),
        "ledgerBlock": payment.block.map(|block| block.to_string()),
        "refused": payment.refused,
    })
}

fn escrow_in_json(escrow: &Escrow) -> Value {
    json!({
        "escrow": escrow.id,
        "job": escrow.job,
        "payer": escrow.payer.to_text(),
        "amount": escrow.amount.to_string(),
        "state": escrow.state,
        "openedAt": pages::time(escrow.opened_at),
        "payments": escrow.payments.iter().map(payment).collect::<Vec<_>>(),
    })
}

fn line(line: &EscrowLine) -> (u64, Value) {
    let row = json!({
        "escrow": line.escrow,
        "job": line.job,
        "payer": line.payer.to_text(),
        "state": line.state,
        "amount": line.amount.to_string(),
        "sum": line.sum.to_string(),
        "payments": line.payments.iter().map(payment).collect::<Vec<_>>(),
        "openedAt": pages::time(line.opened_at),
    });
    (line.escrow, row)
}

fn escrow_rows(request: &Request) -> Vec<(u64, Value)> {
    let account = request.get("account").map(|text| Principal::from_text(text).map(PaymentsAbout::Account));
    let about = match (request.get("dataset"), account) {
        (Some(dataset), _) => Some(PaymentsAbout::Dataset(dataset.into())),
        (None, Some(Ok(account))) => Some(account),
        (None, Some(Err(_))) => return vec![],
        (None, None) => None,
    };
    let find = FindPayments { about, before: request.before(), limit: pages::ROWS };
    listing::payments(&find).iter().map(line).collect()
}

fn bond(bond: &Bond) -> Value {
    json!({
        "holder": bond.holder.to_text(),
        "purpose": bond.purpose,
        "amount": bond.amount.to_string(),
        "slashed": bond.slashed.to_string(),
        "postedAt": pages::time(bond.posted_at),
    })
}

/// Anybody has an account: its bonds, and what it paid or is paid.
fn account(text: &str) -> Option<One> {
    let holder = Principal::from_text(text).ok()?;
    let held =
        [BondPurpose::provider, BondPurpose::contributor].iter().filter_map(|purpose| bonds::get(&holder, *purpose));
    let find = FindPayments { about: Some(PaymentsAbout::Account(holder)), before: None, limit: pages::ROWS };
    let payments: Vec<Value> = listing::payments(&find).iter().map(|one| line(one).1).collect();
    let value = json!({
        "account": text,
        "bonds": held.map(|held| bond(&held)).collect::<Vec<_>>(),
        "payments": payments,
    });
    let balance =
        Link { text: "Its balance".into(), kind: "balances", path: format!("/balances/{text}"), query: String::new() };
    let links = vec![
        balance,
        Link::about("All payments", "escrows", "account", text),
        Link::about("Jobs it pays for", "jobs", "payer", text),
        Link::about("Jobs it carries out", "jobs", "provider", text),
        Link::about("Datasets it contributed", "datasets", "contributor", text),
    ];
    Some(One { value, links })
}

/// Who stands behind something with a bond.
fn account_rows(_request: &Request) -> Vec<(u64, Value)> {
    let held = bonds::page(&ListBonds { after: None, limit: governed::PAGE_LIMIT as u32 });
    held.iter().map(|held| (0, bond(held))).collect()
}
