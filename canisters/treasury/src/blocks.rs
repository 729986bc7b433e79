//! The ledger's log as any ledger of ICRC-3 has it, archives included: what a block moved, out of which account.

use crate::world::{Account, Blocks, Moved};
use candid::{define_function, CandidType, Deserialize, Nat, Principal};
use serde_bytes::ByteBuf;
use system::NoAnswer;

#[derive(CandidType, Deserialize, Clone, Debug)]
pub enum Value {
    Blob(ByteBuf),
    Text(String),
    Nat(Nat),
    Int(candid::Int),
    Array(Vec<Value>),
    Map(Vec<(String, Value)>),
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Range {
    pub start: Nat,
    pub length: Nat,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Numbered {
    pub id: Nat,
    pub block: Value,
}

define_function!(pub Archive : (Vec<Range>) -> (Answer) query);

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Archived {
    pub args: Vec<Range>,
    pub callback: Archive,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Answer {
    pub log_length: Nat,
    pub blocks: Vec<Numbered>,
    pub archived_blocks: Vec<Archived>,
}

/// Blocks from a number on, in order.
pub async fn read(ledger: Principal, start: u64, length: u64) -> Result<Blocks, NoAnswer> {
    let range = vec![Range { start: start.into(), length: length.into() }];
    let answer: Answer = system::ask(ledger, "icrc3_get_blocks", (range,)).await?;
    let log_length = number(&answer.log_length);
    let mut blocks = moved(answer.blocks);
    for archived in answer.archived_blocks {
        let Archive(function) = archived.callback;
        let older: Answer = system::ask(function.principal, &function.method, (archived.args,)).await?;
        blocks.extend(moved(older.blocks));
    }
    blocks.sort_by_key(|(number, _)| *number);
    Ok(Blocks { length: log_length, blocks })
}

fn number(nat: &Nat) -> u64 {
    u64::try_from(&nat.0).unwrap_or(u64::MAX)
}

pub fn moved(blocks: Vec<Numbered>) -> Vec<(u64, Option<Moved>)> {
    blocks.into_iter().map(|Numbered { id, block }| (number(&id), movement(&block))).collect()
}

fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Map(fields) = value else { return None };
    fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
}

fn movement(block: &Value) -> Option<Moved> {
    let transaction = field(block, "tx")?;
    let Some(Value::Array(account)) = field(transaction, "from") else { return None };
    let mut parts = account.iter().filter_map(|part| if let Value::Blob(bytes) = part { Some(bytes) } else { None });
    let owner = Principal::try_from_slice(parts.next()?).ok()?;
    let from = Account { owner, subaccount: parts.next().cloned() };
    let Some(Value::Nat(amount)) = field(transaction, "amt") else { return None };
    let memo = if let Some(Value::Blob(memo)) = field(transaction, "memo") { Some(memo.clone()) } else { None };
    let created_at = if let Some(Value::Nat(at)) = field(transaction, "ts") { Some(number(at)) } else { None };
    Some(Moved { from, amount: u128::try_from(&amount.0).ok()?, memo, created_at })
}
