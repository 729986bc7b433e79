//! Kinds of evidence over which a bond may be slashed. Each names something that stands where anybody can look it up,
//! and that its author signed or a canister recorded. What pods count is none of them: a full disk is no harm done by a
//! provider.

use crate::api::Error;
use governed::why;

/// How a piece of evidence begins, and what follows.
const KINDS: [(&str, &str); 4] = [
    ("evaluation", "the id of a checkpoint whose signed evaluation shows it"),
    ("document", "the id of a document that its author signed"),
    ("recording", "the id of a dataset, and which recording of it"),
    ("entry", "the canister and the number of an entry of its audit log"),
];

/// Checks that evidence is of a known kind: `evaluation sha256:…`, `document sha256:…`, `recording sha256:… s1.csv`,
/// `entry access 17`; what follows in the text explains it.
pub fn checked(evidence: &str) -> Result<(), Error> {
    let mut words = evidence.split_whitespace();
    let (kind, first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""), words.next().unwrap_or(""));
    let sound = match kind {
        "evaluation" | "document" => is_id(first),
        "recording" => is_id(first) && !second.is_empty(),
        "entry" => {
            let canister = ["governance", "datasets", "access", "models", "treasury", "ledger"].contains(&first);
            canister && second.trim_end_matches([',', '.', ';', ':']).parse::<u64>().is_ok()
        }
        _ => false,
    };
    if sound {
        return Ok(());
    }
    let kinds: Vec<String> = KINDS.iter().map(|(kind, what)| format!("\"{kind}\" and {what}")).collect();
    Err(Error::Invalid(why(
        "evidence",
        "it names nothing that can be looked up; what pods count is no evidence",
        format!("begin with {}", kinds.join(", or ")),
    )))
}

fn is_id(text: &str) -> bool {
    let digits = text.trim_end_matches([',', '.', ';', ':']).strip_prefix("sha256:").unwrap_or("");
    digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_an_honest_provider_loses_its_bond_to_one_pods_full_disk() {
        let id = format!("sha256:{}", "0a".repeat(32));
        let counters = format!("Job 3, checkpoint {id}, release 2: 26 corrections and 25 errors in 51 windows. ENOSPC");
        for no in
            [counters.as_str(), "", "release 2", "entry fleet 12", "evaluation", "entry access", "recording sha256:0"]
        {
            let refused = checked(no).unwrap_err();
            assert_eq!((refused.arm(), refused.why().subject.as_str()), ("Invalid", "evidence"), "{no}");
        }
        for yes in [
            format!("evaluation {id}: F1 of 0.31 on the hold-out people"),
            format!("document {id}."),
            format!("recording {id} s1.csv is that of another person"),
            "entry access 17, a key asked for after the job".into(),
        ] {
            assert_eq!(checked(&yes), Ok(()), "{yes}");
        }
    }
}
