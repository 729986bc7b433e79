//! What messages cost, measured by the network's own counter: the most instructions that each kind has taken since the
//! module was installed. It holds the promise of [`crate::steps`] to what is measured.

use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    static MOST: RefCell<BTreeMap<&'static str, u64>> = const { RefCell::new(BTreeMap::new()) };
}

/// Notes what the message that is running has taken so far; call it last.
pub fn note(kind: &'static str) {
    #[cfg(target_arch = "wasm32")]
    let taken = ic_cdk::api::performance_counter(ic_cdk::api::PerformanceCounterType::InstructionCounter);
    #[cfg(not(target_arch = "wasm32"))]
    let taken = 0;
    MOST.with_borrow_mut(|most| {
        let entry = most.entry(kind).or_default();
        *entry = taken.max(*entry);
    });
}

/// Kind of message and the most instructions that one of it has taken.
pub fn all() -> Vec<(String, u64)> {
    MOST.with_borrow(|most| most.iter().map(|(kind, taken)| ((*kind).to_owned(), *taken)).collect())
}
