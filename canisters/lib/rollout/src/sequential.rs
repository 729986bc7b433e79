//! The test by which a gate of the third version judges pods: a sequential probability ratio test (A. Wald, "Sequential
//! Tests of Statistical Hypotheses", Ann. Math. Statist. 16, 1945). One pod is one observation: worse off than with its
//! own version before, or not. It may be looked at after every pod, however many there are: under either hypothesis the
//! likelihood ratio is a supermartingale, and passes a bound of 1/α with a probability of at most α (J. Ville, "Étude
//! critique de la notion de collectif", 1939).
//!
//! The chance of a false alarm is spent on waves as α/2, α/4, α/8, …, which is never more than α in all. Everything is
//! counted in bits, 2^-32 of them exactly, so that every replica and TypeScript (`protocol/src/podTest.ts`) agree; both
//! are held to `protocol/vectors/podTests.json`.

use candid::{CandidType, Deserialize};
use governed::{why, Why};
use serde::Serialize;

/// What the test has to keep to. Shares are of 1,000.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct PodTest {
    /// Pods that a good version makes worse, by chance and because people differ.
    pub healthy_permille: u32,
    /// Pods that a version makes worse which has to be stopped.
    pub unhealthy_permille: u32,
    /// Releases of good versions that may be stopped.
    pub false_alarm_permille: u32,
    /// Waves of bad versions that may pass.
    pub miss_permille: u32,
    /// How much more often than with its version before a pod's windows are corrected, for it to be worse off.
    pub margin_permille: u32,
    /// Newly switched pods that a wave reaches, and that a verdict needs, as far as the fleet has so many.
    pub min_new_pods: u32,
    /// How long a pod must have run the version before it is judged: windows of a minute hang together.
    pub min_pod_seconds: u32,
}

/// Windows that share no sample, and how many of them were corrected.
#[derive(CandidType, Deserialize, Serialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    pub windows: u64,
    pub corrections: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Healthy,
    Unhealthy,
    /// Not yet, or never: an operator is asked.
    Inconclusive,
}

impl PodTest {
    pub fn check(&self) -> Result<(), Why> {
        let wrong = |field: &str, message: String| {
            Err(why(format!("plan.gate.test.{field}"), message, "propose a test such as the default plan's"))
        };
        let (healthy, unhealthy) = (self.healthy_permille, self.unhealthy_permille);
        if healthy == 0 || healthy >= 1_000 {
            return wrong("healthy_permille", format!("{healthy} is not from 1 to 999"));
        }
        if unhealthy <= healthy || unhealthy >= 1_000 {
            return wrong("unhealthy_permille", format!("{unhealthy} is not from {} to 999", healthy + 1));
        }
        for (field, rate) in
            [("false_alarm_permille", self.false_alarm_permille), ("miss_permille", self.miss_permille)]
        {
            if rate == 0 || rate > 500 {
                return wrong(field, format!("{rate} is not from 1 to 500"));
            }
        }
        if self.margin_permille > 1_000 {
            return wrong("margin_permille", format!("{} is more than 1000", self.margin_permille));
        }
        if self.min_new_pods == 0 || self.min_new_pods > 1_000 {
            return wrong("min_new_pods", format!("{} is not from 1 to 1000", self.min_new_pods));
        }
        if self.min_pod_seconds > protocol::limits::MAX_SOAK_SECONDS {
            return wrong("min_pod_seconds", format!("{} is longer than a soak may be", self.min_pod_seconds));
        }
        Ok(())
    }

    /// What a wave's pods say together; waves count from 1.
    pub fn outcome(&self, wave: u32, well: u64, worse: u64) -> Outcome {
        let (healthy, unhealthy) = (self.healthy_permille, self.unhealthy_permille);
        let for_worse = bits(unhealthy, healthy);
        let for_well = bits(1_000 - healthy, 1_000 - unhealthy);
        let evidence = i128::from(worse) * for_worse - i128::from(well) * for_well;
        if evidence >= bits(1_000, self.false_alarm_permille) + (i128::from(wave) << FRACTION) {
            return Outcome::Unhealthy;
        }
        if evidence <= -bits(1_000, self.miss_permille) {
            return Outcome::Healthy;
        }
        Outcome::Inconclusive
    }

    /// Whether a pod is worse off than with its version before; against `most` of 1,000 windows where it had none.
    pub fn is_worse(&self, now: Sample, before: Option<Sample>, most: u32) -> bool {
        let Some(before) = before else {
            return u128::from(now.corrections) * 1_000 > u128::from(now.windows) * u128::from(most);
        };
        let [n, c, n0, c0] = [now.windows, now.corrections, before.windows, before.corrections].map(i128::from);
        (c * n0 - c0 * n) * 1_000 > i128::from(self.margin_permille) * n * n0
    }
}

/// Binary digits after the point.
const FRACTION: u32 = 32;

/// log2(part / whole) in 2^-32 bits.
fn bits(part: u32, whole: u32) -> i128 {
    log2(part) - log2(whole)
}

/// log2 by squaring: each square that passes 2 is one more binary digit (D. Knuth, TAOCP vol. 1, 1.2.2, exercise 25).
fn log2(number: u32) -> i128 {
    let whole = number.ilog2();
    let mut rest = u128::from(number) << (63 - whole); // 1 to 2, with 63 digits after the point
    let mut digits = i128::from(whole);
    for _ in 0..FRACTION {
        rest = (rest * rest) >> 63;
        let digit = rest >> 64;
        rest >>= digit;
        digits = digits << 1 | digit as i128;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    pub const TEST: PodTest = PodTest {
        healthy_permille: 20,
        unhealthy_permille: 800,
        false_alarm_permille: 10,
        miss_permille: 10,
        margin_permille: 50,
        min_new_pods: 3,
        min_pod_seconds: 86_400,
    };

    #[test]
    fn logarithms_are_right_to_nine_digits() {
        for number in [1_u32, 2, 3, 20, 980, 999, 1_000] {
            let exact = f64::from(number).log2() * f64::from(FRACTION).exp2();
            assert!((log2(number) as f64 - exact).abs() < 4.0, "{number}");
        }
    }

    #[test]
    fn three_pods_that_are_well_pass_and_two_worse_of_three_stop_the_first_wave() {
        assert_eq!(TEST.outcome(1, 3, 0), Outcome::Healthy);
        assert_eq!(TEST.outcome(1, 2, 0), Outcome::Inconclusive);
        assert_eq!(TEST.outcome(1, 2, 1), Outcome::Inconclusive);
        assert_eq!(TEST.outcome(1, 1, 2), Outcome::Unhealthy);
        assert_eq!(TEST.outcome(2, 1, 2), Outcome::Inconclusive, "later waves have less of the false alarms to spend");
        assert_eq!(TEST.outcome(2, 0, 3), Outcome::Unhealthy);
    }

    /// Exactly, by going through every number of worse pods: the chance to be stopped at any look at all.
    #[test]
    fn looking_after_every_pod_stops_no_more_healthy_waves_than_was_said() {
        let (p, pods) = (0.02, 400);
        let mut alive = vec![1.0_f64];
        let mut stopped = 0.0;
        for seen in 1..=pods {
            let mut next = vec![0.0; alive.len() + 1];
            for (worse, chance) in alive.iter().enumerate() {
                next[worse] += chance * (1.0 - p);
                next[worse + 1] += chance * p;
            }
            for (worse, chance) in next.iter_mut().enumerate() {
                if TEST.outcome(1, (seen - worse) as u64, worse as u64) == Outcome::Unhealthy {
                    stopped += *chance;
                    *chance = 0.0;
                }
            }
            alive = next;
        }
        assert!(stopped <= 0.005, "{stopped}");
    }

    #[test]
    fn a_pod_is_compared_with_its_own_version_before() {
        let sample = |windows, corrections| Sample { windows, corrections };
        let judged = |now, before| TEST.is_worse(now, before, 150);
        assert!(!judged(sample(100, 35), Some(sample(200, 60))), "30 % before, 35 % now: the margin is borne");
        assert!(judged(sample(100, 36), Some(sample(200, 60))));
        assert!(!judged(sample(100, 15), None) && judged(sample(100, 16), None), "nothing before");
        assert!(judged(sample(100, 6), Some(sample(1_000, 0))), "a version that was never corrected is one, too");
        let many = u64::from(u32::MAX);
        assert!(!judged(sample(many, 0), Some(sample(many, many))));
    }

    #[test]
    fn a_test_that_tells_nothing_is_refused() {
        assert!(TEST.check().is_ok());
        for (field, wrong) in [
            ("healthy_permille", PodTest { healthy_permille: 0, ..TEST }),
            ("unhealthy_permille", PodTest { unhealthy_permille: 20, ..TEST }),
            ("unhealthy_permille", PodTest { unhealthy_permille: 1_000, ..TEST }),
            ("false_alarm_permille", PodTest { false_alarm_permille: 0, ..TEST }),
            ("miss_permille", PodTest { miss_permille: 501, ..TEST }),
            ("margin_permille", PodTest { margin_permille: 1_001, ..TEST }),
            ("min_new_pods", PodTest { min_new_pods: 0, ..TEST }),
            ("min_pod_seconds", PodTest { min_pod_seconds: u32::MAX, ..TEST }),
        ] {
            assert_eq!(wrong.check().unwrap_err().subject, format!("plan.gate.test.{field}"));
        }
    }
}
