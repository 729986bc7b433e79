//! Telling the models canister what each release exposes. The last state counts, so that a call that failed is simply
//! made again by the timer, and a call that was made twice changes nothing.

use crate::api::{Release, ReleaseState};
use crate::{gate, releases, silent};
use candid::{CandidType, Deserialize};
use governed::{Lock, Why};
use std::cell::Cell;
use std::time::Duration;

/// How long after a failed call the next one follows.
const RETRY: Duration = Duration::from_secs(3);
/// How often the timer looks for what is still untold.
const SWEEP: Duration = Duration::from_secs(60);

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
enum ExposureState {
    #[serde(rename = "rolling")]
    Rolling,
    #[serde(rename = "completed")]
    Completed,
    #[serde(rename = "stopped")]
    Stopped(String),
}

#[derive(CandidType, Deserialize, Clone, Debug)]
struct SetExposure {
    channel: String,
    release: u64,
    threshold: u64,
    seed: Option<Vec<u8>>,
    state: ExposureState,
}

/// The part of models' errors that matters here.
#[derive(CandidType, Deserialize, Clone, Debug)]
enum Refusal {
    Superseded(Why),
    NotAuthorized(Why),
    NotFound(Why),
    AlreadyExists(Why),
    Invalid(Why),
    NotCanonical(Why),
    LimitExceeded(Why),
    WrongSignature(Why),
    WrongSigner(Why),
    WrongHash(Why),
    MissingChunks(Why),
    JobMismatch(Why),
    NotGranted(Why),
    NotAppointed(Why),
    NotEvaluated(Why),
    NotYet(Why),
    Unavailable(Why),
}

thread_local! {
    /// A retry is on its way, and one is enough.
    static RETRYING: Cell<bool> = const { Cell::new(false) };
}

/// Sets the timers. Call it in `init` and `post_upgrade`.
pub fn start() {
    ic_cdk_timers::set_timer_interval(SWEEP, models);
    ic_cdk_timers::set_timer_interval(SWEEP, async || {
        gate::forget_some();
        silent::free_some();
    });
    ic_cdk_timers::set_timer(Duration::ZERO, models());
}

/// Tells the models canister of every untold release; what fails is tried again by a timer.
pub async fn models() {
    let Some(_lock) = Lock::take("telling the models canister") else { return };
    let (mut after, mut failed) = (None, false);
    while let Some(release) = releases::next_untold(after) {
        if !tell(&release).await {
            failed = true;
            after = Some(release.id);
        }
    }
    if failed && !RETRYING.replace(true) {
        ic_cdk_timers::set_timer(RETRY, async {
            RETRYING.set(false);
            models().await;
        });
    }
}

/// True when nothing is left to say of this state.
async fn tell(release: &Release) -> bool {
    let Some(state) = exposure(&release.state) else {
        releases::mark_told(release);
        return true;
    };
    let message = SetExposure {
        channel: release.channel.clone(),
        release: release.id,
        threshold: release.threshold,
        seed: release.seed.clone(),
        state,
    };
    let answer = system::ask::<_, Result<(), Refusal>>(governed::peers().models, "set_exposure", (message,)).await;
    match answer {
        Ok(Ok(())) => {
            releases::mark_told(release);
            true
        }
        Ok(Err(Refusal::Superseded(_))) => {
            // A rollback or another release has taken the channel since.
            match releases::get(release.id) {
                Some(current) if current.state.is_open() => releases::end_superseded(current),
                Some(current) => releases::mark_told(&current),
                None => {}
            }
            true
        }
        Ok(Err(refusal)) => {
            ic_cdk::println!("release {}: models refused: {refusal:?}", release.id);
            false
        }
        Err(no_answer) => {
            ic_cdk::println!("release {}: {no_answer}", release.id);
            false
        }
    }
}

fn exposure(state: &ReleaseState) -> Option<ExposureState> {
    match state {
        ReleaseState::Planned | ReleaseState::Superseded => None,
        ReleaseState::Rolling | ReleaseState::Paused => Some(ExposureState::Rolling),
        ReleaseState::Completed => Some(ExposureState::Completed),
        ReleaseState::Stopped(reason) => Some(ExposureState::Stopped(reason.clone())),
    }
}
