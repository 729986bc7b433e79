//! How a checkpoint reaches the fleet: waves, the soak between them, and the health gate. The models canister checks a
//! plan before the vote, and the fleet canister follows it. The TypeScript of it, with the product's default, is
//! `protocol/src/plan.ts`; both are held to `protocol/vectors/plans.json`.

mod sequential;

pub use sequential::{Outcome, PodTest, Sample};

use candid::{CandidType, Deserialize};
use governed::{why, Why};
use protocol::limits::{MAX_CHANNEL_NAME_BYTES, MAX_SOAK_SECONDS, MAX_WAVES};
use serde::Serialize;

/// When a release has failed.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Windows that the pods of a wave must have answered for before the next one.
    pub min_windows: u32,
    /// Of 1,000 windows of a pod, how many its person may correct. What a correction is, the task says.
    pub max_correction_permille: u32,
    /// Pods that may find the checkpoint itself at fault.
    pub max_errors: u32,
    /// Pods that a verdict on corrections needs, as far as the wave reaches so many. Unsaid: 3.
    #[serde(default)]
    pub min_pods: Option<u32>,
    /// Windows that a pod needs to be judged. Unsaid: its part of `min_windows` among `min_pods`.
    #[serde(default)]
    pub min_pod_windows: Option<u32>,
    /// Of 1,000 judged pods, how many may be corrected too often. Unsaid: 500.
    #[serde(default)]
    pub max_bad_permille: Option<u32>,
    /// The third version of a plan: how pods are judged, in the place of `min_pods` and `max_bad_permille`.
    #[serde(default)]
    pub test: Option<PodTest>,
}

pub const MIN_PODS: u32 = 3;
pub const MAX_BAD_PERMILLE: u32 = 500;

impl Gate {
    fn pods(&self) -> u32 {
        self.min_pods.unwrap_or(MIN_PODS).max(1)
    }

    /// Pods that a verdict needs in a wave that reaches so many.
    pub fn pods_needed(&self, exposed: u32) -> u32 {
        self.pods().min(exposed.max(1))
    }

    /// Windows that a pod needs to be judged.
    pub fn windows_of_each(&self) -> u32 {
        self.min_pod_windows.unwrap_or_else(|| self.min_windows.div_ceil(self.pods())).max(1)
    }

    /// Of 1,000 judged pods, how many may be corrected too often.
    pub fn bad_permille(&self) -> u32 {
        self.max_bad_permille.unwrap_or(MAX_BAD_PERMILLE)
    }

    fn check(&self) -> Result<(), Why> {
        let wrong = |field: &str, message: String| {
            Err(why(format!("plan.gate.{field}"), message, "propose a gate such as the default plan's"))
        };
        if self.max_correction_permille > 1_000 {
            return wrong("max_correction_permille", format!("{} is more than 1000", self.max_correction_permille));
        }
        if self.min_pods == Some(0) {
            return wrong("min_pods", "0 pods cannot judge".into());
        }
        if self.max_bad_permille.is_some_and(|share| share > 1_000) {
            return wrong("max_bad_permille", format!("{} is more than 1000", self.bad_permille()));
        }
        let Some(test) = &self.test else { return Ok(()) };
        for (field, given) in [("min_pods", self.min_pods), ("max_bad_permille", self.max_bad_permille)] {
            if given.is_some() {
                return wrong(field, "a test is given too, which says how pods are judged".into());
            }
        }
        test.check()
    }

    fn in_words(&self) -> String {
        let (pods, errors) = (self.pods(), self.max_errors);
        let finds = if errors == 1 { "1 pod finds".into() } else { format!("{errors} pods find") };
        if let Some(test) = &self.test {
            return format!(
                "stopped when too many pods are worse off than with their own version before, by more than {} of 1000 \
                 windows, or, where there was none, on more than {} of 1000; a sequential test of at least {} newly \
                 switched with {} and {} each stops at most {} of 1000 releases that make {} of 1000 pods worse, lets \
                 at most {} of 1000 waves pass that make {} worse, and asks an operator where it cannot tell; or when \
                 more than {finds} the checkpoint itself at fault",
                test.margin_permille,
                self.max_correction_permille,
                counted(test.min_new_pods, "pod"),
                counted(self.windows_of_each(), "window"),
                span_in_words(test.min_pod_seconds),
                test.false_alarm_permille,
                test.healthy_permille,
                test.miss_permille,
                test.unhealthy_permille,
            );
        }
        format!(
            "stopped when, half-way through a soak or at its end, more than {} of 1000 pods are corrected on more than \
             {} of 1000 windows, judged by at least {} with {} each where the wave reaches so many, or when more than \
             {finds} the checkpoint itself at fault",
            self.bad_permille(),
            self.max_correction_permille,
            counted(pods, "pod"),
            counted(self.windows_of_each(), "window"),
        )
    }
}

fn counted(number: u32, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The waves of a release.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The first version of a plan: pods exposed once each wave has begun; the last wave is the whole fleet, whatever
    /// its number. Empty where `shares` are given.
    pub waves: Vec<u32>,
    /// Seconds that each wave lasts at least.
    pub soak_seconds: u32,
    pub gate: Gate,
    /// Whether an operator may end a wave's soak early; the gate's windows are needed all the same. Not unless voters
    /// said so.
    #[serde(default)]
    pub skippable_soak: Option<bool>,
    /// Of 1,000 enrolled pods, how many are exposed once each wave has begun, growing to 1,000.
    #[serde(default)]
    pub shares: Option<Vec<u32>>,
}

impl Plan {
    /// Checks that a release can follow this plan.
    pub fn check(&self) -> Result<(), Why> {
        let wrong = |field: &str, message: String| {
            Err(why(format!("plan.{field}"), message, "propose a plan such as shares 10, 50, 200, 1000"))
        };
        let field = if self.shares.is_some() { "shares" } else { "waves" };
        if self.shares.is_some() && !self.waves.is_empty() {
            return wrong("waves", "shares of the fleet are given too".into());
        }
        let steps = self.steps();
        if steps.is_empty() || steps.len() > MAX_WAVES {
            return wrong(field, format!("there are {} waves, and 1 to {MAX_WAVES} are allowed", steps.len()));
        }
        if steps[0] == 0 || steps.windows(2).any(|pair| pair[0] >= pair[1]) {
            return wrong(field, format!("{steps:?} does not grow from at least one"));
        }
        if self.shares.is_some() && steps.last() != Some(&1_000) {
            return wrong(field, format!("{steps:?} does not end in 1000, the whole fleet"));
        }
        if self.soak_seconds > MAX_SOAK_SECONDS {
            return wrong("soak_seconds", format!("{} is longer than {MAX_SOAK_SECONDS} seconds", self.soak_seconds));
        }
        self.gate.check()
    }

    pub fn soak_may_be_skipped(&self) -> bool {
        self.skippable_soak == Some(true)
    }

    fn steps(&self) -> &[u32] {
        self.shares.as_ref().unwrap_or(&self.waves)
    }

    /// How many waves there are.
    pub fn waves(&self) -> u32 {
        self.steps().len() as u32
    }

    /// How many of `pods` enrolled pods a wave reaches, the first being 1. At least one, while there is one; with a
    /// test at least so many more than the wave before that it can tell, and never leaving fewer for the next.
    pub fn pods_of_wave(&self, wave: u32, pods: usize) -> usize {
        let step = match self.steps().get(wave as usize - 1) {
            Some(step) if wave < self.waves() => *step as usize,
            _ => return pods,
        };
        let reached = if self.shares.is_some() { (pods * step).div_ceil(1_000) } else { step };
        let least = self.gate.test.as_ref().map_or(0, |test| test.min_new_pods as usize);
        let reached = reached.max(least * wave as usize).min(pods);
        if pods - reached < least {
            return pods;
        }
        reached
    }

    /// The plan as voters read it.
    pub fn in_words(&self) -> String {
        let waves = self.waves();
        let noun = if waves == 1 { "wave" } else { "waves" };
        let mut reach: Vec<String> = self.steps().iter().map(|step| self.reach_in_words(*step)).collect();
        reach.pop();
        reach.push("every pod".into());
        let soak = if self.soak_may_be_skipped() { " unless an operator ends a soak early" } else { "" };
        format!(
            "in {waves} {noun} ({}), {} and {} {} each{soak}, {}",
            reach.join(", "),
            span_in_words(self.soak_seconds),
            self.gate.min_windows,
            if self.gate.min_windows == 1 { "window" } else { "windows" },
            self.gate.in_words()
        )
    }

    fn reach_in_words(&self, step: u32) -> String {
        match (&self.shares, step) {
            (Some(_), share) if share % 10 == 0 => format!("{} %", share / 10),
            (Some(_), share) => format!("{}.{} %", share / 10, share % 10),
            (None, 1) => "1 pod".into(),
            (None, pods) => format!("{pods} pods"),
        }
    }
}

fn span_in_words(seconds: u32) -> String {
    match seconds {
        0 => "0 s".into(),
        _ if seconds.is_multiple_of(86_400) => format!("{} d", seconds / 86_400),
        _ if seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        _ => format!("{seconds} s"),
    }
}

/// Checks a channel's name: 1 to 32 of a–z, 0–9 and dash, so that it can be a file name anywhere.
pub fn channel_name(name: &str) -> Result<(), Why> {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    if (1..=MAX_CHANNEL_NAME_BYTES).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('-') {
        return Ok(());
    }
    Err(why("channel", "its name is not 1 to 32 of a-z, 0-9 and dash", "use a name such as stable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(waves: &[u32]) -> Plan {
        Plan {
            waves: waves.to_vec(),
            soak_seconds: 8,
            gate: Gate {
                min_windows: 40,
                max_correction_permille: 250,
                max_errors: 0,
                min_pods: None,
                min_pod_windows: None,
                max_bad_permille: None,
                test: None,
            },
            skippable_soak: None,
            shares: None,
        }
    }

    #[test]
    fn waves_must_grow() {
        assert!(plan(&[1, 3, 6]).check().is_ok());
        assert!(plan(&[1]).check().is_ok());
        for bad in [&[][..], &[0, 1], &[3, 3], &[3, 1], &[1; 21]] {
            assert!(plan(bad).check().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn shares_grow_to_the_whole_fleet() {
        let shares = |given: &[u32]| Plan { shares: Some(given.to_vec()), ..plan(&[]) };
        assert!(shares(&[10, 1_000]).check().is_ok());
        for bad in [&[][..], &[0, 1_000], &[10, 500], &[10, 10, 1_000], &[1_000, 1_001]] {
            assert!(shares(bad).check().is_err(), "{bad:?}");
        }
        let both = Plan { shares: Some(vec![1_000]), ..plan(&[1]) };
        assert_eq!(both.check().unwrap_err().subject, "plan.waves");
    }

    /// What was stored before there were shares.
    #[test]
    fn a_plan_of_the_first_version_is_read() {
        let stored = r#"{"waves":[1,3],"soak_seconds":8,
            "gate":{"min_windows":40,"max_correction_permille":250,"max_errors":0}}"#;
        assert_eq!(serde_json::from_str::<Plan>(stored).unwrap(), plan(&[1, 3]));
    }

    #[test]
    fn soak_and_gate_have_limits() {
        let mut long = plan(&[1]);
        long.soak_seconds = MAX_SOAK_SECONDS + 1;
        assert_eq!(long.check().unwrap_err().subject, "plan.soak_seconds");
        let mut lax = plan(&[1]);
        lax.gate.max_correction_permille = 1_001;
        assert_eq!(lax.check().unwrap_err().subject, "plan.gate.max_correction_permille");
    }

    #[test]
    fn voters_read_that_a_soak_may_be_skipped() {
        assert!(!plan(&[1]).soak_may_be_skipped() && !plan(&[1]).in_words().contains("operator"));
        let skippable = Plan { skippable_soak: Some(true), ..plan(&[1]) };
        assert!(skippable.in_words().contains("unless an operator ends a soak early"));
    }

    #[test]
    fn a_channel_name_is_a_plain_file_name() {
        assert!(channel_name("stable").is_ok());
        for bad in ["", "../x", "Stable", "a/b", "-x", &"x".repeat(33)] {
            assert!(channel_name(bad).is_err(), "{bad}");
        }
    }
}
