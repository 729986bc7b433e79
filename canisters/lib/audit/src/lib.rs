//! The audit log that every canister keeps: each change of state appends an entry whose hash covers the entry before
//! it, and the hash of the last entry is certified data. Whoever fetched the whole chain can check it against one
//! certificate.
//!
//! A canister uses it in three lines: [`open`] in `init` and `post_upgrade`, [`append`] with each change, and
//! [`queries!`] in its `lib.rs`.
//!
//! hash = SHA-256(len8("livepod.audit/v1") ‖ "livepod.audit/v1" ‖ previous hash (zeros first) ‖ index u64be ‖ at u64be
//! ‖ len8(caller) ‖ caller ‖ event)

use candid::{CandidType, Deserialize, Principal};
use ic_certified_map::{fork, fork_hash, AsHashTree, HashTree, RbTree};
use ic_stable_structures::StableLog;
use serde::Serialize;
use serde_bytes::ByteBuf;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use stored::{Cbor, Memory};

const DOMAIN: &str = "livepod.audit/v1";
const TIP: &str = "audit_tip";

/// One recorded change.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub index: u64,
    /// Nanoseconds since 1970-01-01 UTC.
    pub at: u64,
    pub caller: Principal,
    /// Canonical JSON.
    pub event: String,
    pub hash: ByteBuf,
}

/// The end of the chain and the proof that the network certifies it.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct AuditTip {
    pub length: u64,
    /// The last entry's hash; 32 zero bytes for an empty log.
    pub hash: ByteBuf,
    /// The network's certificate over this canister's certified data; absent in an update call.
    pub certificate: Option<ByteBuf>,
    /// CBOR hash tree whose root is the certified data, with the hash at path ["audit_tip"] (IC spec: Certification).
    pub witness: ByteBuf,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct AuditPage {
    pub start: u64,
    pub length: u32,
}

type Log = StableLog<Cbor<AuditEntry>, Memory, Memory>;
type Tree = RbTree<String, Vec<u8>>;

thread_local! {
    static LOG: RefCell<Option<Log>> = const { RefCell::new(None) };
    static BESIDE: Cell<Option<[u8; 32]>> = const { Cell::new(None) };
    static TREE: RefCell<Tree> = const { RefCell::new(Tree::new()) };
}

/// Opens the log on its two memories and certifies its tip. Call it in `init` and `post_upgrade`.
pub fn open(index: Memory, data: Memory) {
    let log = Log::init(index, data);
    let tip = tip_of(&log);
    LOG.set(Some(log));
    certify(TIP, tip.to_vec());
}

/// Puts `value` under `label` next to the audit tip in the certified tree (a canister's own certified content).
pub fn certify(label: &str, value: Vec<u8>) {
    TREE.with_borrow_mut(|tree| {
        tree.insert(label.to_owned(), value);
    });
    publish();
}

/// Certifies another tree beside this one; all of its labels come after those here.
pub fn certify_beside(root: [u8; 32]) {
    BESIDE.set(Some(root));
    publish();
}

/// The root of what is certified here, without what stands beside it.
pub fn own_root() -> [u8; 32] {
    TREE.with_borrow(|tree| tree.root_hash())
}

fn publish() {
    let own = own_root();
    system::certify(&BESIDE.get().map_or(own, |beside| fork_hash(&own, &beside)));
}

/// CBOR of the certified tree, pruned to `label`.
pub fn witness(label: &str) -> Vec<u8> {
    TREE.with_borrow(|tree| in_cbor(tree.witness(label.as_bytes())))
}

/// The same for all labels from one to another, which are next to each other.
pub fn witness_of(first: &str, last: &str) -> Vec<u8> {
    TREE.with_borrow(|tree| in_cbor(tree.value_range(first.as_bytes(), last.as_bytes())))
}

fn in_cbor(own: HashTree) -> Vec<u8> {
    let tree = match BESIDE.get() {
        Some(beside) => fork(own, HashTree::Pruned(beside)),
        None => own,
    };
    let mut bytes = vec![0xd9, 0xd9, 0xf7]; // self-described CBOR, RFC 8949 §3.4.6
    ciborium::into_writer(&tree, &mut bytes).expect("a hash tree serialises");
    bytes
}

/// Records `event` as done by the caller of the running message. See [`append_as`] after an await.
pub fn append(event: impl Serialize) -> u64 {
    append_as(system::caller(), event)
}

/// Records `event` as done by `caller`, and returns its index. Integers of 2^53 and more become decimal strings.
pub fn append_as(caller: Principal, event: impl Serialize) -> u64 {
    let value = safe(serde_json::to_value(event).expect("an event is plain data"));
    let event = String::from_utf8(protocol::canonical::bytes(&value).expect("an event holds no fractions"))
        .expect("JSON is UTF-8");
    let (index, hash) = LOG.with_borrow(|log| {
        let log = log.as_ref().expect("audit::open runs in init and post_upgrade");
        let (index, at) = (log.len(), system::now());
        let hash = entry_hash(&tip_of(log), index, at, caller, &event);
        let entry = AuditEntry { index, at, caller, event, hash: ByteBuf::from(hash) };
        log.append(&Cbor(entry)).expect("stable memory for the audit log");
        (index, hash)
    });
    certify(TIP, hash.to_vec());
    index
}

/// Entries from `start` on, at most 100.
pub fn page(page: AuditPage) -> Vec<AuditEntry> {
    LOG.with_borrow(|log| {
        let log = log.as_ref().expect("audit::open runs in init and post_upgrade");
        let end = page.start.saturating_add(governed::page_size(page.length) as u64).min(log.len());
        (page.start..end).filter_map(|index| log.get(index)).map(|entry| entry.0).collect()
    })
}

/// The tip with its certificate and witness.
pub fn tip() -> AuditTip {
    let (length, hash) = LOG.with_borrow(|log| {
        let log = log.as_ref().expect("audit::open runs in init and post_upgrade");
        (log.len(), tip_of(log))
    });
    AuditTip {
        length,
        hash: ByteBuf::from(hash),
        certificate: system::certificate().map(ByteBuf::from),
        witness: ByteBuf::from(witness(TIP)),
    }
}

/// An entry's hash, from the hash before it.
pub fn entry_hash(previous: &[u8; 32], index: u64, at: u64, caller: Principal, event: &str) -> [u8; 32] {
    let caller = caller.as_slice();
    protocol::sha256(&[
        &[DOMAIN.len() as u8],
        DOMAIN.as_bytes(),
        previous,
        &index.to_be_bytes(),
        &at.to_be_bytes(),
        &[caller.len() as u8],
        caller,
        event.as_bytes(),
    ])
}

fn tip_of(log: &Log) -> [u8; 32] {
    log.last().map_or([0; 32], |entry| entry.0.hash.as_slice().try_into().expect("a hash has 32 bytes"))
}

fn safe(value: Value) -> Value {
    match value {
        Value::Number(n) if !protocol::canonical::is_safe(&n) => Value::String(n.to_string()),
        Value::Array(items) => Value::Array(items.into_iter().map(safe).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, field)| (name, safe(field))).collect()),
        other => other,
    }
}

/// Defines the queries `audit_log` and `audit_tip`. (`export_candid!` reads the types as text and knows no `$crate`.)
#[macro_export]
macro_rules! queries {
    () => {
        /// Entries of the audit log from `start` on, at most 100.
        #[ic_cdk::query]
        fn audit_log(page: audit::AuditPage) -> Vec<audit::AuditEntry> {
            audit::page(page)
        }

        /// The audit log's certified tip.
        #[ic_cdk::query]
        fn audit_tip() -> audit::AuditTip {
            audit::tip()
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
    use ic_stable_structures::DefaultMemoryImpl;
    use serde_json::json;

    fn memories() -> (Memory, Memory) {
        let manager = MemoryManager::init(DefaultMemoryImpl::default());
        (manager.get(MemoryId::new(0)), manager.get(MemoryId::new(1)))
    }

    #[test]
    fn each_hash_covers_the_entry_before_it() {
        let (index, data) = memories();
        open(index, data);
        system::set_caller(Principal::from_slice(&[7; 29]));
        append(json!({"type": "first", "amount": 1_u64 << 60}));
        append(json!({"type": "second"}));

        let entries = page(AuditPage { start: 0, length: 100 });
        assert_eq!(entries[0].event, r#"{"amount":"1152921504606846976","type":"first"}"#);
        let mut previous = [0; 32];
        for entry in &entries {
            let hash = entry_hash(&previous, entry.index, entry.at, entry.caller, &entry.event);
            assert_eq!(entry.hash.as_slice(), hash);
            previous = hash;
        }
        assert_eq!(tip().hash.as_slice(), previous);
        assert_eq!(tip().length, 2);
    }

    #[test]
    fn the_tip_is_certified_and_survives_a_reopening() {
        let (index, data) = memories();
        open(index.clone(), data.clone());
        let empty = system::certified();
        append(json!({"type": "event"}));
        let root = system::certified();
        assert_ne!(root, empty);
        assert_eq!(TREE.with_borrow(|tree| tree.witness(TIP.as_bytes()).reconstruct()), root);

        let before = tip();
        open(index, data);
        assert_eq!(tip(), before);
        assert_eq!(system::certified(), root);
    }
}
