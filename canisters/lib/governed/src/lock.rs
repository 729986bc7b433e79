//! One message at a time per thing: a method that awaits holds the thing's lock, so that no other message changes it in
//! between.

use std::cell::RefCell;
use std::collections::BTreeSet;

thread_local! {
    static HELD: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// A lock on one thing. Dropped with the method that holds it, also when a callback traps. An upgrade forgets all
/// locks, and cannot run while a call is under way.
#[derive(Debug)]
pub struct Lock(String);

impl Lock {
    /// Takes the lock of `thing` (a kind and an id: `format!("job {job}")`), or None while another message holds it.
    pub fn take(thing: impl ToString) -> Option<Lock> {
        let thing = thing.to_string();
        HELD.with_borrow_mut(|held| held.insert(thing.clone())).then_some(Lock(thing))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        HELD.with_borrow_mut(|held| held.remove(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_until_it_is_dropped() {
        let first = Lock::take("job 1");
        assert!(first.is_some());
        assert!(Lock::take("job 1").is_none());
        assert!(Lock::take("job 2").is_some());
        drop(first);
        assert!(Lock::take("job 1").is_some());
    }
}
