//! The outcome of a vote: SNS's rule (`ProposalData::is_accepted`, `can_make_decision`), for whoever decides or reads a
//! proposal.

/// SNS's default quorum, 3 %.
pub const QUORUM_BASIS_POINTS: u64 = 300;
/// The error type by which a proposal says that its proposer took it back; SNS has none above 19.
pub const WITHDRAWN_ERROR: i32 = 20;

/// Power that voted, and the quorum: how much of all power must say yes at the deadline, in 1/10000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub yes: u64,
    pub no: u64,
    pub total: u64,
    pub quorum_basis_points: u64,
}

impl Count {
    /// More than half of all power says yes; or at the deadline more yes than no, and yes reaches the quorum.
    pub fn is_carried(&self) -> bool {
        let (yes, total) = (u128::from(self.yes), u128::from(self.total));
        2 * yes > total || (self.yes > self.no && 10_000 * yes >= u128::from(self.quorum_basis_points) * total)
    }

    /// True when no vote that may still come changes the outcome: it may be decided before its deadline.
    pub fn is_settled(&self) -> bool {
        let (yes, no, total) = (u128::from(self.yes), u128::from(self.no), u128::from(self.total));
        2 * yes > total || 2 * no >= total
    }
}

/// How a vote went. `Adopted` lasts only until the execution has ended as `Executed` or `Failed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Open,
    Rejected,
    Adopted,
    Executed,
    Failed,
    Withdrawn,
}

/// How far a proposal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub count: Count,
    pub decided: bool,
    pub executed: bool,
    pub failed: bool,
    /// Taken back by its proposer, which governance records as a failure of its own kind.
    pub withdrawn: bool,
}

impl Standing {
    pub fn outcome(&self) -> Outcome {
        match () {
            () if self.withdrawn => Outcome::Withdrawn,
            () if !self.decided => Outcome::Open,
            () if self.failed => Outcome::Failed,
            () if self.executed => Outcome::Executed,
            () if self.count.is_carried() => Outcome::Adopted,
            () => Outcome::Rejected,
        }
    }
}
