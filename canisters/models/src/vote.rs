//! Whether voters rejected a checkpoint, as the governor tells it.

use crate::api::{AdoptCheckpoint, Error};
use candid::Decode;
use governed::votes::{self, Outcome, Vote};
use governed::why;
use protocol::functions::ADOPT_CHECKPOINT;

/// Ok when proposal `id` was to adopt `checkpoint` and voters rejected it.
pub async fn rejected(id: u64, checkpoint: &str) -> Result<(), Error> {
    let vote = votes::ask(id).await.map_err(Error::Unavailable)?;
    judge(id, &vote, checkpoint)
}

fn judge(id: u64, vote: &Vote, checkpoint: &str) -> Result<(), Error> {
    let subject = format!("proposal {id}");
    let adoption =
        (vote.function_id == ADOPT_CHECKPOINT).then(|| Decode!(&vote.payload, AdoptCheckpoint).ok()).flatten();
    if adoption.is_none_or(|adoption| adoption.checkpoint != checkpoint) {
        return Err(Error::Invalid(why(
            subject,
            format!("it is not about adopting {checkpoint}"),
            "name the proposal on this checkpoint",
        )));
    }
    match vote.outcome {
        Outcome::Rejected => Ok(()),
        Outcome::Open => Err(Error::NotYet(why(subject, "its vote is still open", "wait for the decision"))),
        Outcome::Adopted | Outcome::Executed | Outcome::Failed | Outcome::Withdrawn => {
            Err(Error::Invalid(why(subject, "voters did not reject it", "only a rejected checkpoint is closed")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candid::Encode;
    use rollout::{Gate, Plan};

    fn vote(checkpoint: &str, outcome: Outcome) -> Vote {
        let plan = Plan {
            waves: vec![1],
            soak_seconds: 1,
            gate: Gate {
                min_windows: 1,
                max_correction_permille: 1,
                max_errors: 0,
                min_pods: None,
                min_pod_windows: None,
                max_bad_permille: None,
                test: None,
            },
            skippable_soak: None,
            shares: None,
        };
        let payload =
            Encode!(&AdoptCheckpoint { checkpoint: checkpoint.into(), channel: "stable".into(), plan }).unwrap();
        Vote { function_id: ADOPT_CHECKPOINT, payload, outcome }
    }

    #[test]
    fn only_a_rejected_vote_on_this_checkpoint_closes_it() {
        assert_eq!(judge(1, &vote("a", Outcome::Rejected), "a"), Ok(()));
        let arm = |vote: &Vote| judge(1, vote, "a").unwrap_err().arm();
        assert_eq!(arm(&vote("a", Outcome::Open)), "NotYet");
        assert_eq!(arm(&vote("a", Outcome::Adopted)), "Invalid");
        assert_eq!(arm(&vote("a", Outcome::Failed)), "Invalid");
        assert_eq!(arm(&vote("b", Outcome::Rejected)), "Invalid");
        assert_eq!(arm(&Vote { function_id: 1_005, ..vote("a", Outcome::Rejected) }), "Invalid");
    }
}
