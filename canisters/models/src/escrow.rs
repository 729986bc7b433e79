//! Whether a checkpoint's job is paid for. The treasury holds the escrow while the checkpoint is being adopted: nothing
//! that went back to its payer becomes official.

use crate::api::{Checkpoint, CheckpointState, Error};
use candid::CandidType;
use governed::why;

#[derive(CandidType)]
struct JobNumber {
    job: u64,
}

governed::errors! {
    /// What the treasury may refuse (treasury.did).
    pub enum TreasuryError {
        NotAuthorized, NotFound, Invalid, LimitExceeded, InsufficientAllowance, InsufficientFunds, WrongPrincipal,
        NotYet, Closed, Busy, Unavailable,
    }
}

/// Has the treasury hold the escrow of a checkpoint that is about to become official.
pub async fn hold(checkpoint: &Checkpoint) -> Result<(), Error> {
    if checkpoint.state == CheckpointState::Official {
        return Ok(()); // it was held when it became so
    }
    let job = checkpoint.job;
    let subject = format!("job {job}");
    let held: Result<u64, TreasuryError> = system::ask(governed::peers().treasury, "hold_escrow", (JobNumber { job },))
        .await
        .map_err(|no| Error::Unavailable(why(&subject, no.to_string(), "propose it again")))?;
    judge(&subject, held)
}

fn judge(subject: &str, held: Result<u64, TreasuryError>) -> Result<(), Error> {
    match held {
        Ok(until) if system::now() < until => Ok(()),
        Ok(_) => Err(Error::Unavailable(why(subject, "the treasury's word came too late", "propose it again"))),
        Err(refused) => {
            let message = format!("nobody pays for it: {refused}");
            Err(Error::Invalid(why(subject, message, "train a checkpoint in a job that is paid for")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_a_checkpoint_is_adopted_after_its_escrow_went_back() {
        let now = system::now();
        assert_eq!(judge("job 7", Ok(now + 1)), Ok(()));
        assert_eq!(judge("job 7", Ok(now)).unwrap_err().arm(), "Unavailable");
        let back = TreasuryError::Closed(why("escrow 1", "it went back to its payer", "pay for another job"));
        let refused = judge("job 7", Err(back)).unwrap_err();
        assert_eq!(refused.arm(), "Invalid");
        assert!(refused.to_string().contains("went back"), "{refused}");
    }
}
