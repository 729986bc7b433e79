//! How voting power is distributed, certified: taken from the count of voters of the newest proposal that is decided by
//! stake. Neurons are counted one by one; who controls several is as many here, so that these figures are the least
//! that is concentrated.

use crate::memory;
use ic_stable_structures::StableCell;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use stored::{Cbor, Memory};

const LABEL: &str = "distribution";

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// The proposal whose voters these are, and when it was made, in seconds.
    pub proposal: u64,
    pub at: u64,
    pub neurons: u64,
    /// All power, in e8s.
    pub total: u64,
    /// 0: all have the same; 1,000: one has all.
    pub gini_permille: u64,
    /// How many of the greatest have more than half.
    pub nakamoto: u64,
}

thread_local! {
    /// Powers as they are counted; an upgrade in the middle loses them, and the figures of that proposal.
    static POWERS: RefCell<BTreeMap<u64, Vec<u64>>> = const { RefCell::new(BTreeMap::new()) };
    static LATEST: RefCell<StableCell<Cbor<Option<Distribution>>, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::DISTRIBUTION), Cbor(None)));
}

/// Certifies what is known; call it after the audit log is open.
pub fn open() {
    if let Some(latest) = latest() {
        audit::certify(LABEL, in_json(&latest).into_bytes());
    }
}

pub fn gather(proposal: u64, power: u64) {
    if power > 0 {
        POWERS.with_borrow_mut(|powers| powers.entry(proposal).or_default().push(power));
    }
}

pub fn forget(proposal: u64) {
    POWERS.with_borrow_mut(|powers| powers.remove(&proposal));
}

/// Draws up the figures when all are gathered.
pub fn complete(proposal: u64, at: u64, total: u64) {
    let Some(powers) = POWERS.with_borrow_mut(|powers| powers.remove(&proposal)) else { return };
    let figures = of(proposal, at, powers);
    if figures.total != total || latest().is_some_and(|latest| latest.proposal > proposal) {
        return;
    }
    audit::certify(LABEL, in_json(&figures).into_bytes());
    LATEST.with_borrow_mut(|latest| latest.set(Cbor(Some(figures))));
}

/// The figures with the network's certificate over them and the way to it (path ["distribution"]).
pub fn certified() -> Option<(String, Option<Vec<u8>>, Vec<u8>)> {
    latest().map(|latest| (in_json(&latest), system::certificate(), audit::witness(LABEL)))
}

fn latest() -> Option<Distribution> {
    LATEST.with_borrow(|latest| latest.get().0.clone())
}

fn in_json(figures: &Distribution) -> String {
    serde_json::to_string(figures).expect("figures are plain data")
}

fn of(proposal: u64, at: u64, mut powers: Vec<u64>) -> Distribution {
    powers.sort_unstable();
    let (neurons, total) = (powers.len() as u128, powers.iter().map(|power| u128::from(*power)).sum::<u128>());
    let weighted: u128 = (1_u128..).zip(&powers).map(|(rank, power)| rank * u128::from(*power)).sum();
    // G = 2 Σ i·x / (n Σ x) − (n + 1) / n, with x in ascending order from i = 1
    let gini_permille = match neurons * total {
        0 => 0,
        whole => (2_000 * weighted / whole).saturating_sub(1_000 * (neurons + 1) / neurons) as u64,
    };
    let mut above = 0_u128;
    let more_than_half = |power: &u64| {
        above += u128::from(*power);
        2 * above <= total
    };
    let nakamoto = powers.iter().rev().take_while({
        let mut more = more_than_half;
        move |power| more(power)
    });
    let nakamoto = if total == 0 { 0 } else { nakamoto.count() as u64 + 1 };
    let total = u64::try_from(total).unwrap_or(u64::MAX);
    Distribution { proposal, at, neurons: neurons as u64, total, gini_permille, nakamoto }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shares_have_no_gini_and_need_more_than_half_of_all() {
        let figures = of(1, 0, vec![5; 100]);
        assert_eq!((figures.gini_permille, figures.nakamoto, figures.total), (0, 51, 500));
    }

    #[test]
    fn a_whale_shows() {
        let mut powers = vec![1; 99];
        powers.push(901);
        let figures = of(1, 0, powers);
        assert_eq!((figures.nakamoto, figures.neurons), (1, 100));
        assert!((880..900).contains(&figures.gini_permille), "{}", figures.gini_permille);
    }

    #[test]
    fn nobody_is_no_distribution() {
        let figures = of(1, 0, vec![]);
        assert_eq!((figures.gini_permille, figures.nakamoto, figures.total), (0, 0, 0));
    }
}
