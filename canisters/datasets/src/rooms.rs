//! Rooms: what is promised in a bucket to one dataset. A room whose dataset nobody registers in time is over: anyone
//! may have it collected, which erases its chunks and gives its bytes back. The room of a registered dataset is never
//! over.

use crate::buckets;
use crate::errors::{busy, Error};
use crate::settings;
use crate::{intake, memory};
use candid::{CandidType, Deserialize, Principal};
use governed::{why, Lock};
use ic_stable_structures::StableBTreeMap;
use serde::Serialize;
use serde_bytes::ByteBuf;
use serde_json::json;
use std::cell::RefCell;
use std::ops::Bound;
use stored::{Cbor, Memory};

/// Room for one dataset. The digest covers every chunk's hash and size, in order.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Room {
    pub bucket: Principal,
    pub digest: [u8; 32],
    pub merkle_root: [u8; 32],
    pub bytes: u64,
    /// Nanoseconds since the epoch; zero in records from before rooms had an end.
    #[serde(default)]
    pub reserved_at: u64,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct CollectExpired {
    pub after: Option<ByteBuf>,
    pub limit: u32,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// uids of the datasets whose rooms were collected.
    pub rooms: Vec<ByteBuf>,
    pub bytes: u64,
    /// Datasets that no vote has decided in time.
    pub lapsed: Vec<String>,
    /// Buckets that hold nothing any more and were emptied of code and memory, until one is needed again.
    pub buckets: Vec<Principal>,
    /// What to go on after, when there may be more.
    pub next: Option<ByteBuf>,
}

type Uid = [u8; 32];

thread_local! {
    static ROOMS: RefCell<StableBTreeMap<Uid, Cbor<Room>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::ROOMS)));
    /// reserved_at u64be ‖ uid of the rooms that belong to no registered dataset, so that looking for what is over
    /// costs nothing for the others.
    static WAITING: RefCell<StableBTreeMap<Vec<u8>, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::WAITING_ROOMS)));
}

fn key(uid: &Uid, room: &Room) -> Vec<u8> {
    [&room.reserved_at.to_be_bytes()[..], uid].concat()
}

fn uid_in(key: &[u8]) -> Uid {
    key[8..].try_into().expect("a key is a time and a uid")
}

pub fn find(uid: &Uid) -> Option<Room> {
    ROOMS.with_borrow(|rooms| rooms.get(uid)).map(|record| record.0)
}

/// Keeps a room whose dataset is not registered yet. From its `reserved_at` on its time runs.
pub fn keep(uid: &Uid, room: Room) {
    if let Some(before) = find(uid) {
        WAITING.with_borrow_mut(|waiting| waiting.remove(&key(uid, &before)));
    }
    WAITING.with_borrow_mut(|waiting| waiting.insert(key(uid, &room), ()));
    ROOMS.with_borrow_mut(|rooms| rooms.insert(*uid, Cbor(room)));
}

/// Its dataset is registered: the room stays for good.
pub fn stays(uid: &Uid) {
    if let Some(room) = find(uid) {
        WAITING.with_borrow_mut(|waiting| waiting.remove(&key(uid, &room)));
    }
}

/// Its dataset was taken back: what the erasing left, the next collection takes.
pub fn left(uid: &Uid) {
    if let Some(room) = find(uid) {
        WAITING.with_borrow_mut(|waiting| waiting.insert(key(uid, &room), ()));
    }
}

pub fn forget(uid: &Uid) {
    if let Some(room) = ROOMS.with_borrow_mut(|rooms| rooms.remove(uid)) {
        WAITING.with_borrow_mut(|waiting| waiting.remove(&key(uid, &room)));
    }
}

/// Whether the time to register has passed.
pub fn is_over(uid: &Uid, room: &Room) -> bool {
    WAITING.with_borrow(|waiting| waiting.contains_key(&key(uid, room)))
        && room.reserved_at.saturating_add(settings::get().reservation_ns()) <= system::now()
}

/// Refuses a room whose time is over, whether it was collected already or not.
pub fn in_time(uid: &Uid, room: &Room) -> Result<(), Error> {
    if !is_over(uid, room) {
        return Ok(());
    }
    let seconds = settings::get().reservation_ns() / 1_000_000_000;
    let message = format!("its room was reserved more than {seconds} seconds ago and is given up");
    let subject = format!("dataset {}", protocol::hex::encode(uid));
    Err(Error::Expired(why(subject, message, "reserve room again, upload what `missing` lists, then register")))
}

/// Rooms from before they had an end get theirs from now on. Called after an upgrade.
pub fn date(is_registered: impl Fn(&Uid) -> bool) {
    let undated: Vec<(Uid, Room)> = ROOMS.with_borrow(|rooms| {
        rooms.iter().map(|entry| (*entry.key(), entry.value().0)).filter(|(_, room)| room.reserved_at == 0).collect()
    });
    for (uid, room) in undated {
        keep(&uid, Room { reserved_at: system::now(), ..room });
        if is_registered(&uid) {
            stays(&uid);
        }
    }
}

/// The lock every change of a dataset or its room holds.
pub fn lock(uid: &[u8; 32]) -> Result<Lock, Error> {
    let thing = format!("dataset {}", protocol::hex::encode(uid));
    Lock::take(&thing).ok_or_else(|| busy(thing))
}

/// Erases rooms that are over, at most a page, then empties buckets that nobody needs. Safe to repeat; what cannot be
/// erased now stays for the next time.
pub async fn collect(caller: Principal, request: CollectExpired) -> Collected {
    let due = due(request.after.as_ref().map(|after| after.as_slice()), governed::page_size(request.limit));
    let next =
        (due.len() == governed::page_size(request.limit)).then(|| due.last().cloned().map(ByteBuf::from)).flatten();
    let mut collected = Collected { rooms: vec![], bytes: 0, lapsed: vec![], buckets: vec![], next };
    for key in due {
        let uid = uid_in(&key);
        // Whoever works on it now has come in time, or comes to the next collection.
        let Ok(_lock) = lock(&uid) else { continue };
        // It may have been reserved anew or registered since the page was read.
        let Some(room) = find(&uid).filter(|room| is_over(&uid, room)) else { continue };
        if buckets::erase(&uid).await.is_err() {
            continue;
        }
        intake::erased(&uid);
        audit::append_as(
            caller,
            json!({
                "type": "roomCollected",
                "uid": protocol::hex::encode(&uid),
                "bucket": room.bucket.to_text(),
                "bytes": room.bytes
            }),
        );
        collected.rooms.push(ByteBuf::from(uid));
        collected.bytes += room.bytes;
    }
    collected.lapsed = intake::lapse(caller, governed::page_size(request.limit)).await;
    collected.buckets = buckets::empty_surplus(caller).await;
    collected
}

/// Keys of rooms that are over, oldest first.
fn due(after: Option<&[u8]>, limit: usize) -> Vec<Vec<u8>> {
    let newest = system::now().saturating_sub(settings::get().reservation_ns());
    let start = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.to_vec()));
    WAITING.with_borrow(|waiting| {
        let from = waiting.range((start, Bound::Unbounded)).map(|entry| entry.key().clone());
        from.take_while(|key| key[..8] <= newest.to_be_bytes()[..]).take(limit).collect()
    })
}
