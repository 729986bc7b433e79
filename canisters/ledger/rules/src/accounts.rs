//! Balances and allowances.

use crate::api::{Account, Allowance};
use crate::memory;
use ic_stable_structures::{StableBTreeMap, StableCell};
use serde_bytes::ByteBuf;
use std::cell::RefCell;
use stored::{Cbor, Memory};

const NO_SUBACCOUNT: [u8; 32] = [0; 32];

thread_local! {
    static BALANCES: RefCell<StableBTreeMap<Vec<u8>, u128, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::BALANCES)));
    static SUPPLY: RefCell<StableCell<u128, Memory>> = RefCell::new(StableCell::init(memory::get(memory::SUPPLY), 0));
    static ALLOWANCES: RefCell<StableBTreeMap<Vec<u8>, Cbor<Allowance>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::ALLOWANCES)));
}

impl Account {
    /// The account as a key: owner's length, owner, 32 bytes of subaccount. Equal accounts have equal keys.
    pub fn key(&self) -> Vec<u8> {
        let owner = self.owner.as_slice();
        let subaccount = self.subaccount.as_ref().map_or(&NO_SUBACCOUNT[..], |bytes| bytes.as_slice());
        [&[owner.len() as u8], owner, subaccount].concat()
    }

    /// The account as it was sent: the subaccount of 32 zero bytes is not the same as none.
    pub fn as_sent(&self) -> Vec<u8> {
        [&[u8::from(self.subaccount.is_some())], &self.key()[..]].concat()
    }

    pub fn is(&self, other: &Account) -> bool {
        self.key() == other.key()
    }

    /// False when the subaccount is not 32 bytes long.
    pub fn is_valid(&self) -> bool {
        self.subaccount.as_ref().is_none_or(|bytes| bytes.len() == 32)
    }

    pub fn of(owner: candid::Principal, subaccount: Option<ByteBuf>) -> Account {
        Account { owner, subaccount }
    }
}

pub fn balance(account: &Account) -> u128 {
    BALANCES.with_borrow(|balances| balances.get(&account.key()).unwrap_or(0))
}

pub fn supply() -> u128 {
    SUPPLY.with_borrow(|supply| *supply.get())
}

fn set_balance(account: &Account, amount: u128) {
    BALANCES.with_borrow_mut(|balances| match amount {
        0 => balances.remove(&account.key()),
        _ => balances.insert(account.key(), amount),
    });
}

/// Adds new tokens to an account. The supply fits in 128 bits or nothing happens.
pub fn mint(to: &Account, amount: u128) -> bool {
    let Some(total) = supply().checked_add(amount) else { return false };
    SUPPLY.with_borrow_mut(|supply| supply.set(total));
    set_balance(to, balance(to).checked_add(amount).expect("a balance is part of the supply"));
    true
}

/// Takes tokens out of an account and out of the world. The caller has checked the balance.
pub fn burn(from: &Account, amount: u128) {
    set_balance(from, balance(from).checked_sub(amount).expect("the balance was checked"));
    SUPPLY.with_borrow_mut(|supply| {
        let left = supply.get().checked_sub(amount).expect("a balance is part of the supply");
        supply.set(left)
    });
}

/// Moves tokens; the fee is burned. The caller has checked that `from` holds both.
pub fn move_tokens(from: &Account, to: &Account, amount: u128, fee: u128) {
    burn(from, fee);
    set_balance(from, balance(from).checked_sub(amount).expect("the balance was checked"));
    set_balance(to, balance(to).checked_add(amount).expect("a balance is part of the supply"));
}

fn allowance_key(account: &Account, spender: &Account) -> Vec<u8> {
    [account.key(), spender.key()].concat()
}

/// What a spender may take now; an expired allowance is none.
pub fn allowance(account: &Account, spender: &Account, now: u64) -> Allowance {
    ALLOWANCES
        .with_borrow(|allowances| allowances.get(&allowance_key(account, spender)))
        .map(|stored| stored.0)
        .filter(|allowance| allowance.expires_at.is_none_or(|until| until > now))
        .unwrap_or_default()
}

pub fn set_allowance(account: &Account, spender: &Account, allowance: Allowance) {
    ALLOWANCES.with_borrow_mut(|allowances| match allowance.allowance {
        0 => allowances.remove(&allowance_key(account, spender)),
        _ => allowances.insert(allowance_key(account, spender), Cbor(allowance)),
    });
}
