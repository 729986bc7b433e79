//! Where the treasury keeps whose money: the DAO's in its main account, all bonds in one subaccount, each escrow in one
//! of its own.

use crate::world::Account;
use serde_bytes::ByteBuf;

fn subaccount(kind: u8, number: u64) -> ByteBuf {
    let mut bytes = [0; 32];
    bytes[0] = kind;
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    ByteBuf::from(bytes)
}

/// The subaccount of an escrow: 1, zeros, the escrow's number (u64be).
pub fn escrow(id: u64) -> ByteBuf {
    subaccount(1, id)
}

/// What a payer approves for one job, and for no other, it approves to this subaccount: 3, zeros, the job's number
/// (u64be).
pub fn spender_for(job: u64) -> ByteBuf {
    subaccount(3, job)
}

/// The subaccount of all bonds: 2, zeros.
pub fn bonds() -> ByteBuf {
    subaccount(2, 0)
}

pub fn own(subaccount: Option<ByteBuf>) -> Account {
    Account { owner: system::this_canister(), subaccount }
}

pub fn of(owner: candid::Principal) -> Account {
    Account { owner, subaccount: None }
}
