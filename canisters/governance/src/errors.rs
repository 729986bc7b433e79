//! What governance refuses: SNS's numbered errors, and three of our own above them.

use crate::api::GovernanceError;

governed::errors! {
    /// What `withdraw_proposal` refuses.
    pub enum Error { NotAuthorized, NotFound, VoteClosed }
}

/// SNS's GovernanceError.ErrorType; from `Withdrawn` on ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    NotAuthorized = 2,
    NotFound = 3,
    InvalidCommand = 4,
    RequiresNotDissolving = 5,
    RequiresDissolving = 6,
    RequiresDissolved = 7,
    ResourceExhausted = 9,
    PreconditionFailed = 10,
    External = 11,
    NeuronLocked = 12,
    InsufficientFunds = 13,
    InvalidProposal = 15,
    InvalidNeuronId = 16,
    Withdrawn = protocol::votes::WITHDRAWN_ERROR as isize,
    VoteClosed = 21,
    AlreadyVoted = 22,
}

/// Shorthand for an error of manage_neuron.
pub fn refused(error_type: ErrorType, message: impl Into<String>) -> GovernanceError {
    GovernanceError { error_type: error_type as i32, error_message: message.into() }
}
