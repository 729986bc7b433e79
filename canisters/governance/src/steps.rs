//! How much a message may still do. A step is one access to a map in stable memory: what a step costs does not depend
//! on how many neurons, followers or proposals there are, so a message of so many steps stays below a fixed number of
//! instructions (measured on the IC host: `client/src/governance.slow.test.ts`, `npm run bench -- governance`).

/// What one message does of work that may be longer: about a fifth of 1 B instructions.
pub const OF_A_MESSAGE: u32 = 3_000;
/// What it does for one proposal before another has its turn.
pub const OF_A_TURN: u32 = 600;
/// A neuron that is written with all its indexes.
pub const OF_A_NEURON: u32 = 15;
/// An entry of the audit log, which hashes and certifies.
pub const OF_AN_ENTRY: u32 = 6;

#[derive(Debug)]
pub struct Steps {
    left: u32,
}

impl Steps {
    pub fn new(left: u32) -> Steps {
        Steps { left }
    }

    pub fn take(&mut self, steps: u32) {
        self.left = self.left.saturating_sub(steps);
    }

    pub fn are_spent(&self) -> bool {
        self.left == 0
    }

    pub fn left(&self) -> u32 {
        self.left
    }

    /// Splits off a turn of at most so many; what the turn leaves comes back by [`Steps::give_back`].
    pub fn turn(&mut self, most: u32) -> Steps {
        let left = self.left.min(most);
        self.left -= left;
        Steps { left }
    }

    pub fn give_back(&mut self, turn: Steps) {
        self.left += turn.left;
    }
}
