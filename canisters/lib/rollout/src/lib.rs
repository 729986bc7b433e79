//! How a checkpoint reaches the fleet: waves, the soak between them, and the health gate. The models canister checks a
//! plan before the vote, and the fleet canister follows it.

use candid::{CandidType, Deserialize};
use governed::{why, Why};
use serde::Serialize;

/// The most waves a plan may have.
pub const WAVES_LIMIT: usize = 20;
/// The longest soak: 30 days, in seconds.
pub const SOAK_LIMIT: u32 = 30 * 86_400;

/// When a release has failed.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Windows that pods must have answered for before the corrections count. What a correction is, the task says.
    pub min_windows: u32,
    /// Of 1,000 windows, how many people may correct.
    pub max_correction_permille: u32,
    /// Failed installations and run-time errors that are still bearable.
    pub max_errors: u32,
}

/// The waves of a release.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Pods exposed once each wave has begun; the last wave is the whole fleet, whatever its number.
    pub waves: Vec<u32>,
    /// Seconds that each wave lasts at least.
    pub soak_seconds: u32,
    pub gate: Gate,
    /// Whether an operator may end a wave's soak early; the gate's windows are needed all the same. Not unless voters
    /// said so.
    #[serde(default)]
    pub skippable_soak: Option<bool>,
}

impl Plan {
    /// Checks that a release can follow this plan.
    pub fn check(&self) -> Result<(), Why> {
        let wrong = |field: &str, message: String| {
            Err(why(format!("plan.{field}"), message, "propose a plan such as waves 1, 3, 6"))
        };
        if self.waves.is_empty() || self.waves.len() > WAVES_LIMIT {
            return wrong("waves", format!("there are {} waves, and 1 to {WAVES_LIMIT} are allowed", self.waves.len()));
        }
        if self.waves[0] == 0 || self.waves.windows(2).any(|pair| pair[0] >= pair[1]) {
            return wrong("waves", format!("{:?} does not grow from at least one pod", self.waves));
        }
        if self.soak_seconds > SOAK_LIMIT {
            return wrong("soak_seconds", format!("{} is longer than {SOAK_LIMIT} seconds", self.soak_seconds));
        }
        if self.gate.max_correction_permille > 1_000 {
            return wrong(
                "gate.max_correction_permille",
                format!("{} is more than 1000", self.gate.max_correction_permille),
            );
        }
        Ok(())
    }

    pub fn soak_may_be_skipped(&self) -> bool {
        self.skippable_soak == Some(true)
    }

    /// The plan as voters read it.
    pub fn in_words(&self) -> String {
        let waves: Vec<String> = self.waves.iter().map(u32::to_string).collect();
        let soak = if self.soak_may_be_skipped() { " unless an operator ends a soak early" } else { "" };
        format!(
            "in waves of {} pods, {} s each{soak}, stopped when after {} windows more than {} of 1000 are corrected \
             or after more than {} errors",
            waves.join(", "),
            self.soak_seconds,
            self.gate.min_windows,
            self.gate.max_correction_permille,
            self.gate.max_errors
        )
    }
}

/// Checks a channel's name: 1 to 32 of a–z, 0–9 and dash, so that it can be a file name anywhere.
pub fn channel_name(name: &str) -> Result<(), Why> {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    if (1..=32).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('-') {
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
            gate: Gate { min_windows: 40, max_correction_permille: 250, max_errors: 0 },
            skippable_soak: None,
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
    fn soak_and_gate_have_limits() {
        let mut long = plan(&[1]);
        long.soak_seconds = SOAK_LIMIT + 1;
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
