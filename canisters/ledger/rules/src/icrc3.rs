//! The block log as ICRC-3 has it: every block as a `Value` that covers the one before it, and a certificate for the
//! last. Blocks of ICRC-1 and ICRC-2 say only what the caller said; what the ledger added (time, fee) stands beside it.

use crate::api::{Account, Block, Operation};
use crate::{blocks, memory};
use candid::{define_function, CandidType, Deserialize, Int, Nat, Principal};
use governed::PAGE_LIMIT;
use ic_stable_structures::StableBTreeMap;
use serde_bytes::ByteBuf;
use std::cell::RefCell;
use stored::Memory;

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Blob(ByteBuf),
    Text(String),
    Nat(Nat),
    Int(Int),
    Array(Vec<Value>),
    Map(Vec<(String, Value)>),
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Range {
    pub start: Nat,
    pub length: Nat,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct NumberedBlock {
    pub id: Nat,
    pub block: Value,
}

define_function!(pub ArchivedBlocks : (Vec<Range>) -> (BlocksResult) query);

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Archived {
    pub args: Vec<Range>,
    pub callback: ArchivedBlocks,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct BlocksResult {
    pub log_length: Nat,
    pub blocks: Vec<NumberedBlock>,
    pub archived_blocks: Vec<Archived>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct AskArchives {
    pub from: Option<Principal>,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    pub canister_id: Principal,
    pub start: Nat,
    pub end: Nat,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct TipCertificate {
    pub certificate: ByteBuf,
    /// CBOR; leaves `last_block_index` (leb128) and `last_block_hash`.
    pub hash_tree: ByteBuf,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct BlockType {
    pub block_type: String,
    pub url: String,
}

const LAST_HASH: &str = "last_block_hash";
const LAST_INDEX: &str = "last_block_index";

thread_local! {
    static HASHES: RefCell<StableBTreeMap<u64, [u8; 32], Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::BLOCK_HASHES)));
}

impl Value {
    /// The representation-independent hash (ICRC-3: Value Hash).
    pub fn hash(&self) -> [u8; 32] {
        match self {
            Value::Blob(bytes) => protocol::sha256(&[bytes]),
            Value::Text(text) => protocol::sha256(&[text.as_bytes()]),
            Value::Nat(number) => protocol::sha256(&[&leb128(number)]),
            Value::Int(number) => {
                let mut bytes = vec![];
                number.encode(&mut bytes).expect("a vector takes bytes");
                protocol::sha256(&[&bytes])
            }
            Value::Array(items) => {
                let hashes: Vec<[u8; 32]> = items.iter().map(Value::hash).collect();
                protocol::sha256(&hashes.iter().map(|hash| &hash[..]).collect::<Vec<_>>())
            }
            Value::Map(fields) => {
                let mut hashes: Vec<[u8; 64]> = fields
                    .iter()
                    .map(|(name, value)| {
                        let mut pair = [0; 64];
                        pair[..32].copy_from_slice(&protocol::sha256(&[name.as_bytes()]));
                        pair[32..].copy_from_slice(&value.hash());
                        pair
                    })
                    .collect();
                hashes.sort_unstable();
                protocol::sha256(&hashes.iter().map(|hash| &hash[..]).collect::<Vec<_>>())
            }
        }
    }
}

fn leb128(number: &Nat) -> Vec<u8> {
    let mut bytes = vec![];
    number.encode(&mut bytes).expect("a vector takes bytes");
    bytes
}

fn blob(bytes: &[u8]) -> Value {
    Value::Blob(ByteBuf::from(bytes))
}

fn nat(number: impl Into<Nat>) -> Value {
    Value::Nat(number.into())
}

/// An account as it was sent: a subaccount only if there was one, be it 32 zero bytes.
fn account(account: &Account) -> Value {
    let subaccount = account.subaccount.iter().map(|subaccount| blob(subaccount));
    Value::Array([blob(account.owner.as_slice())].into_iter().chain(subaccount).collect())
}

/// What the caller asked for, and the fee that was taken where the caller named none.
fn transaction(block: &Block) -> (Vec<(String, Value)>, Option<u128>) {
    let mut fields: Vec<(&str, Value)> = vec![];
    let mut taken = None;
    match &block.operation {
        Operation::Mint { to, amount } => {
            fields.extend([("op", Value::Text("mint".into())), ("to", account(to)), ("amt", nat(*amount))]);
        }
        Operation::Burn { from, amount, spender } => {
            fields.extend([("op", Value::Text("burn".into())), ("from", account(from)), ("amt", nat(*amount))]);
            fields.extend(spender.iter().map(|spender| ("spender", account(spender))));
        }
        Operation::Transfer { from, to, amount, fee, spender } => {
            taken = Some(*fee);
            fields.extend([("op", Value::Text("xfer".into())), ("from", account(from)), ("to", account(to))]);
            fields.push(("amt", nat(*amount)));
            fields.extend(spender.iter().map(|spender| ("spender", account(spender))));
            fields.extend(block.offered_fee.map(|fee| ("fee", nat(fee))));
        }
        Operation::Approve { from, spender, amount, expires_at, fee } => {
            taken = Some(*fee);
            fields.extend([("op", Value::Text("approve".into())), ("from", account(from))]);
            fields.extend([("spender", account(spender)), ("amt", nat(*amount))]);
            fields.extend(block.expected_allowance.map(|expected| ("expected_allowance", nat(expected))));
            fields.extend(expires_at.map(|at| ("expires_at", nat(at))));
            fields.extend(block.offered_fee.map(|fee| ("fee", nat(fee))));
        }
    }
    fields.extend(block.memo.as_ref().map(|memo| ("memo", blob(memo))));
    fields.extend(block.created_at_time.map(|at| ("ts", nat(at))));
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    (fields, taken.filter(|_| block.offered_fee.is_none()))
}

/// A block over the one before it.
fn value(block: &Block, parent: Option<[u8; 32]>) -> Value {
    let (transaction, fee) = transaction(block);
    let parent = parent.map(|hash| ("phash", blob(&hash)));
    let fee = fee.map(|fee| ("fee", nat(fee)));
    let rest = [("ts", nat(block.at)), ("tx", Value::Map(transaction))];
    let fields = parent.into_iter().chain(fee).chain(rest);
    Value::Map(fields.map(|(name, value)| (name.to_owned(), value)).collect())
}

fn hash_of(index: u64) -> Option<[u8; 32]> {
    HASHES.with_borrow(|hashes| hashes.get(&index))
}

fn parent_of(index: u64) -> Option<[u8; 32]> {
    index.checked_sub(1).and_then(hash_of)
}

/// Chains a new block and certifies it as the last.
pub fn chain(block: &Block) {
    let hash = value(block, parent_of(block.index)).hash();
    HASHES.with_borrow_mut(|hashes| hashes.insert(block.index, hash));
    certify(block.index, hash);
}

fn certify(index: u64, hash: [u8; 32]) {
    audit::certify(LAST_INDEX, leb128(&index.into()));
    audit::certify(LAST_HASH, hash.to_vec());
}

/// Chains what was appended before blocks were chained, and certifies the last. Called after an upgrade.
pub fn chain_old_ones() {
    let first = HASHES.with_borrow(|hashes| hashes.len());
    blocks::each_from(first, |block| {
        let hash = value(block, parent_of(block.index)).hash();
        HASHES.with_borrow_mut(|hashes| hashes.insert(block.index, hash));
    });
    if let Some((index, hash)) = HASHES.with_borrow(|hashes| hashes.last_key_value()) {
        certify(index, hash);
    }
}

/// The blocks of some ranges, at most 100 in all.
pub fn get_blocks(ranges: &[Range]) -> BlocksResult {
    let log_length = blocks::length();
    let number = |nat: &Nat| u64::try_from(&nat.0).unwrap_or(u64::MAX);
    let indices = ranges.iter().flat_map(|range| {
        let start = number(&range.start);
        start..start.saturating_add(number(&range.length)).min(log_length)
    });
    let found = indices.take(PAGE_LIMIT).filter_map(blocks::get);
    let blocks = found
        .map(|block| NumberedBlock { id: block.index.into(), block: value(&block, parent_of(block.index)) })
        .collect();
    BlocksResult { log_length: log_length.into(), blocks, archived_blocks: vec![] }
}

/// The certificate of the last block; only a query has one.
pub fn tip_certificate() -> Option<TipCertificate> {
    let certificate = system::certificate().filter(|_| blocks::length() > 0)?;
    let hash_tree = audit::witness_of(LAST_HASH, LAST_INDEX);
    Some(TipCertificate { certificate: ByteBuf::from(certificate), hash_tree: ByteBuf::from(hash_tree) })
}

/// Kinds of blocks, by the names that the standard gives to those without `btype`.
pub fn block_types() -> Vec<BlockType> {
    let of = |standard: u8, names: [&str; 3]| {
        names.map(|name| BlockType {
            block_type: format!("{standard}{name}"),
            url: format!("https://github.com/dfinity/ICRC-1/tree/main/standards/ICRC-{standard}"),
        })
    };
    of(1, ["burn", "mint", "xfer"]).into_iter().chain(of(2, ["approve", "burn", "xfer"])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transactions::tests::{ledger, to, FEE, NOW};
    use crate::transactions::transfer;

    fn hex_of(value: Value) -> String {
        protocol::hex::encode(&value.hash())
    }

    fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
        let Value::Map(fields) = value else { panic!("a map") };
        fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    #[test]
    fn values_hash_as_the_standards_vectors_do() {
        let bytes = |hex: &str| Value::Blob(ByteBuf::from(protocol::hex::decode(hex).unwrap()));
        assert_eq!(hex_of(nat(42_u8)), "684888c0ebb17f374298b65ee2807526c066094c701bcc7ebbe1c1095f494fc1");
        assert_eq!(
            hex_of(Value::Int((-42).into())),
            "de5a6f78116eca62d7fc5ce159d23ae6b889b365a1739ad2cf36f925a140d0cc"
        );
        assert_eq!(
            hex_of(Value::Text("Hello, World!".into())),
            "dffd6021bb2bd5b0af676290809ec3a53191dd81c7f70a4b28688a362182986f"
        );
        assert_eq!(
            hex_of(Value::Array(vec![nat(3_u8), Value::Text("foo".into()), bytes("0506")])),
            "514a04011caa503990d446b7dec5d79e19c221ae607fb08b2848c67734d468d6"
        );
        let map = [
            ("from", bytes("00abcdef0012340056789a00bcdef000012345678900abcdef01")),
            ("to", bytes("00ab0def0012340056789a00bcdef000012345678900abcdef01")),
            ("amount", nat(42_u8)),
            ("created_at", nat(1_699_218_263_u64)),
            ("memo", nat(0_u8)),
        ];
        assert_eq!(
            hex_of(Value::Map(map.map(|(name, value)| (name.to_owned(), value)).to_vec())),
            "c56ece650e1de4269c5bdeff7875949e3e2033f85b2d193c2ff4f7f78bdcfc75"
        );
    }

    #[test]
    fn every_block_covers_the_one_before_and_says_what_the_caller_said() {
        ledger();
        let caller = Principal::from_slice(&[2; 29]);
        transfer(caller, NOW, to(3, 5)).unwrap();
        let offered = crate::api::TransferArg { fee: Some(FEE), memo: Some(ByteBuf::new()), ..to(3, 6) };
        transfer(caller, NOW, offered).unwrap();
        let all = get_blocks(&[Range { start: 0_u8.into(), length: 9_u8.into() }]);
        assert_eq!((all.log_length, all.blocks.len()), (Nat::from(3_u8), 3));
        assert_eq!(field(&all.blocks[0].block, "phash"), None, "the first covers none");
        for pair in all.blocks.windows(2) {
            assert_eq!(field(&pair[1].block, "phash"), Some(&blob(&pair[0].block.hash())));
        }
        assert_eq!(hash_of(2), Some(all.blocks[2].block.hash()));
        let of = |block: usize, name: &str| field(&all.blocks[block].block, name).cloned();
        assert_eq!(of(1, "fee"), Some(nat(FEE)), "the ledger's, since the caller named none");
        assert_eq!(of(2, "fee"), None);
        let (first, second) = (of(1, "tx").unwrap(), of(2, "tx").unwrap());
        assert_eq!((field(&first, "fee"), field(&first, "memo")), (None, None));
        assert_eq!((field(&second, "fee"), field(&second, "memo")), (Some(&nat(FEE)), Some(&blob(b""))));
    }

    #[test]
    fn blocks_from_before_the_chain_are_chained_by_an_upgrade() {
        ledger();
        transfer(Principal::from_slice(&[2; 29]), NOW, to(3, 5)).unwrap();
        let before = (hash_of(0), hash_of(1));
        HASHES.with_borrow_mut(|hashes| hashes.clear_new());
        chain_old_ones();
        assert_eq!((hash_of(0), hash_of(1)), before);
    }
}
