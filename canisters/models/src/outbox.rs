//! What this canister has to tell the fleet and access canisters. A message is written down in the same step as the
//! change that causes it, sent in order, and sent again by a timer until the other side has answered; the other side
//! takes a repeat as one. What an answer means is the caller's business: [`deliver`] hands each one over.

use crate::memory;
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

/// What the other side said. A refusal is in the audit log before it is handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Taken,
    /// The fleet opened the release of this number, or had opened it.
    Opened(u64),
    Refused,
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

/// Sends what is written down, and hands over what is answered. A canister that does not answer gets nothing more until
/// the next try, so that order holds.
pub async fn deliver(answered: fn(&Message, Answer)) {
    let Some(_lock) = Lock::take("outbox") else { return };
    let (mut after, mut silent) = (None, Vec::<Principal>::new());
    while let Some((number, message)) = next(after) {
        let peer = addressee(&message);
        let answer = if silent.contains(&peer) { None } else { send(peer, &message).await };
        match answer {
            Some(answer) => {
                answered(&message, answer);
                OUTBOX.with_borrow_mut(|outbox| outbox.remove(&number));
            }
            None => {
                silent.push(peer);
                after = Some(number);
            }
        }
    }
    if !silent.is_empty() && !RETRYING.replace(true) {
        ic_cdk_timers::set_timer(RETRY, async move {
            RETRYING.set(false);
            deliver(answered).await;
        });
    }
}

fn addressee(message: &Message) -> Principal {
    match message {
        Message::CheckpointSubmitted { .. } => governed::peers().access,
        _ => governed::peers().fleet,
    }
}

/// The answer, or nothing where none came.
async fn send(peer: Principal, message: &Message) -> Option<Answer> {
    let answer = match message.clone() {
        Message::OpenRelease { adoption, channel, checkpoint, version, previous, plan } => {
            let request = OpenRelease { adoption, channel, checkpoint, version, previous, plan };
            let opened = ask::<_, u64>(peer, "open_release", request).await?;
            opened.map_or(Answer::Refused, Answer::Opened)
        }
        Message::Supersede { channel, adoption } => {
            taken(ask(peer, "supersede", Supersede { channel, adoption }).await?)
        }
        Message::CheckpointSubmitted { job, checkpoint } => {
            taken(ask(peer, "checkpoint_submitted", CheckpointSubmitted { job, checkpoint }).await?)
        }
    };
    if answer == Answer::Refused {
        let event = json!({"type": "messageRefused", "by": peer.to_text(), "message": format!("{message:?}")});
        audit::append_as(system::this_canister(), event);
    }
    Some(answer)
}

fn taken(answer: Result<Reserved, Reserved>) -> Answer {
    answer.map_or(Answer::Refused, |_| Answer::Taken)
}

async fn ask<Request, Reply>(peer: Principal, method: &str, request: Request) -> Option<Result<Reply, Reserved>>
where
    Request: CandidType,
    Reply: CandidType + for<'a> Deserialize<'a>,
{
    match system::ask(peer, method, (request,)).await {
        Ok(answer) => Some(answer),
        Err(no_answer) => {
            ic_cdk::println!("outbox: {no_answer}");
            None
        }
    }
}

#[cfg(test)]
pub fn waiting() -> Vec<Message> {
    OUTBOX.with_borrow(|outbox| outbox.iter().map(|entry| entry.value().0).collect())
}
