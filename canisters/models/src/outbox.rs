//! What this canister has to tell the fleet and access canisters. A message is written down in the same step as the
//! change that causes it, sent in order, and sent again by a timer until the other side has answered; the other side
//! takes a repeat as one.

use crate::{channels, memory};
use candid::{CandidType, Deserialize, Principal, Reserved};
use governed::Lock;
use ic_stable_structures::StableBTreeMap;
use rollout::Plan;
use serde::Serialize;
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::ops::Bound;
use std::time::Duration;
use stored::{Cbor, Memory};

const RETRY: Duration = Duration::from_secs(3);

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Message {
    OpenRelease { adoption: u64, channel: String, checkpoint: String, version: u32, previous: Option<u32>, plan: Plan },
    Supersede { channel: String, adoption: u64 },
    CheckpointSubmitted { job: u64, checkpoint: String },
}

#[derive(CandidType)]
struct OpenRelease {
    adoption: u64,
    channel: String,
    checkpoint: String,
    version: u32,
    previous: Option<u32>,
    plan: Plan,
}
#[derive(CandidType)]
struct Supersede {
    channel: String,
    adoption: u64,
}
#[derive(CandidType)]
struct CheckpointSubmitted {
    job: u64,
    checkpoint: String,
}

thread_local! {
    /// A retry is on its way, and one is enough.
    static RETRYING: Cell<bool> = const { Cell::new(false) };
    static OUTBOX: RefCell<StableBTreeMap<u64, Cbor<Message>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::OUTBOX)));
}

/// Writes a message down. It is sent when the method calls [`deliver`], or by the timer.
pub fn push(message: Message) {
    OUTBOX.with_borrow_mut(|outbox| {
        let next = outbox.last_key_value().map_or(1, |(last, _)| last + 1);
        outbox.insert(next, Cbor(message));
    });
}

fn next(after: Option<u64>) -> Option<(u64, Message)> {
    let after = after.map_or(Bound::Unbounded, Bound::Excluded);
    OUTBOX.with_borrow(|outbox| {
        outbox.range((after, Bound::Unbounded)).next().map(|entry| (*entry.key(), entry.value().0))
    })
}

/// Sends what is written down. A canister that does not answer gets nothing more until the next try, so that order
/// holds.
pub async fn deliver() {
    let Some(_lock) = Lock::take("outbox") else { return };
    let (mut after, mut silent) = (None, Vec::<Principal>::new());
    while let Some((number, message)) = next(after) {
        let peer = addressee(&message);
        if silent.contains(&peer) || !send(peer, &message).await {
            silent.push(peer);
            after = Some(number);
        } else {
            OUTBOX.with_borrow_mut(|outbox| outbox.remove(&number));
        }
    }
    if !silent.is_empty() && !RETRYING.replace(true) {
        ic_cdk_timers::set_timer(RETRY, async {
            RETRYING.set(false);
            deliver().await;
        });
    }
}

fn addressee(message: &Message) -> Principal {
    match message {
        Message::CheckpointSubmitted { .. } => governed::peers().access,
        _ => governed::peers().fleet,
    }
}

/// True when the message was answered.
async fn send(peer: Principal, message: &Message) -> bool {
    let refused = match message.clone() {
        Message::OpenRelease { adoption, channel, checkpoint, version, previous, plan } => {
            let request = OpenRelease {
                adoption,
                channel: channel.clone(),
                checkpoint: checkpoint.clone(),
                version,
                previous,
                plan,
            };
            match system::ask::<_, Result<u64, Reserved>>(peer, "open_release", (request,)).await {
                Ok(Ok(release)) => {
                    channels::opened(&channel, adoption, release, &checkpoint, version);
                    crate::publish::soon();
                    false
                }
                Ok(Err(_)) => {
                    channels::not_opened(&channel, adoption);
                    true
                }
                Err(no_answer) => return unanswered(&no_answer),
            }
        }
        Message::Supersede { channel, adoption } => {
            match system::ask::<_, Result<Reserved, Reserved>>(peer, "supersede", (Supersede { channel, adoption },))
                .await
            {
                Ok(answer) => answer.is_err(),
                Err(no_answer) => return unanswered(&no_answer),
            }
        }
        Message::CheckpointSubmitted { job, checkpoint } => {
            let request = CheckpointSubmitted { job, checkpoint };
            match system::ask::<_, Result<Reserved, Reserved>>(peer, "checkpoint_submitted", (request,)).await {
                Ok(answer) => answer.is_err(),
                Err(no_answer) => return unanswered(&no_answer),
            }
        }
    };
    if refused {
        let this = system::this_canister();
        audit::append_as(
            this,
            json!({"type": "messageRefused", "by": peer.to_text(), "message": format!("{message:?}")}),
        );
    }
    true
}

fn unanswered(no_answer: &system::NoAnswer) -> bool {
    ic_cdk::println!("outbox: {no_answer}");
    false
}

#[cfg(test)]
pub fn waiting() -> Vec<Message> {
    OUTBOX.with_borrow(|outbox| outbox.iter().map(|entry| entry.value().0).collect())
}
