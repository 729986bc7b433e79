//! What the token is called, and what a transfer costs.

use crate::api::{Account, Init, MetadataValue, StandardRecord};
use crate::blocks::{self, Named};
use crate::{accounts, memory};
use candid::Nat;
use ic_stable_structures::StableCell;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use stored::{Cbor, Memory};

#[derive(Serialize, Deserialize, Clone)]
pub struct Token {
    pub minting_account: Account,
    pub symbol: String,
    pub name: String,
    pub decimals: u8,
    pub transfer_fee: u128,
}

thread_local! {
    static TOKEN: RefCell<StableCell<Cbor<Option<Token>>, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::TOKEN), Cbor(None)));
}

/// Names the token and mints the first balances, a block each.
pub fn create(init: Init) {
    for (account, amount) in &init.initial_balances {
        assert!(
            account.is_valid() && !account.is(&init.minting_account),
            "an initial balance names an account that cannot hold one"
        );
        assert!(accounts::mint(account, *amount), "the initial balances exceed 128 bits");
        blocks::append(
            crate::api::Operation::Mint { to: account.clone(), amount: *amount },
            Named::default(),
            None,
            system::now(),
        );
    }
    let Init { minting_account, symbol, name, decimals, transfer_fee, .. } = init;
    TOKEN.with_borrow_mut(|cell| cell.set(Cbor(Some(Token { minting_account, symbol, name, decimals, transfer_fee }))));
}

pub fn token() -> Token {
    TOKEN.with_borrow(|cell| cell.get().0.clone()).expect("init named the token")
}

pub fn metadata() -> Vec<(String, MetadataValue)> {
    let token = token();
    vec![
        ("icrc1:symbol".into(), MetadataValue::Text(token.symbol)),
        ("icrc1:name".into(), MetadataValue::Text(token.name)),
        ("icrc1:decimals".into(), MetadataValue::Nat(Nat::from(token.decimals))),
        ("icrc1:fee".into(), MetadataValue::Nat(Nat::from(token.transfer_fee))),
    ]
}

pub fn standards() -> Vec<StandardRecord> {
    [
        ("ICRC-1", "https://github.com/dfinity/ICRC-1/tree/main/standards/ICRC-1"),
        ("ICRC-2", "https://github.com/dfinity/ICRC-1/tree/main/standards/ICRC-2"),
        ("ICRC-3", "https://github.com/dfinity/ICRC-1/tree/main/standards/ICRC-3"),
        ("ICRC-10", "https://github.com/dfinity/ICRC/blob/main/ICRCs/ICRC-10/ICRC-10.md"),
        (
            "ICRC-21",
            "https://github.com/dfinity/wg-identity-authentication/blob/main/topics/ICRC-21/icrc_21_consent_msg.md",
        ),
    ]
    .map(|(name, url)| StandardRecord { name: name.into(), url: url.into() })
    .into()
}

/// A principal's main account as people read it.
pub fn balance_page(owner: &str) -> Option<pages::One> {
    let owner = candid::Principal::from_text(owner).ok()?;
    let token = token();
    let balance = accounts::balance(&Account::of(owner, None));
    let value = serde_json::json!({
        "account": owner.to_text(),
        "balance": format!("{} {}", crate::consent::in_units(balance, token.decimals), token.symbol),
        "smallestUnits": balance.to_string(),
    });
    Some(value.into())
}
