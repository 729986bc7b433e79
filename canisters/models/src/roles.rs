//! TUF metadata as documents (TUF specification §4.2–4.6): keys, targets, snapshot, timestamp, and their signed form.

use crate::olpc;
use protocol::hex;
use serde_json::{json, Map, Value};

pub const SPEC_VERSION: &str = "1.0.31";

/// What a file is listed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    pub length: usize,
    pub sha256: [u8; 32],
}

impl Listing {
    pub fn of(bytes: &[u8]) -> Self {
        Listing { length: bytes.len(), sha256: protocol::sha256(&[bytes]) }
    }
}

/// An Ed25519 key as TUF writes it.
pub fn key(public: &[u8; 32]) -> Value {
    json!({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": hex::encode(public)}})
}

/// A key's id: the SHA-256 of its canonical form.
pub fn key_id(public: &[u8; 32]) -> String {
    hex::encode(&protocol::sha256(&[&bytes(&key(public))]))
}

/// The bytes that are signed.
pub fn bytes(signed: &Value) -> Vec<u8> {
    olpc::bytes(signed).expect("roles have integers only")
}

fn role(kind: &str, version: u64, expires_at: u64) -> Map<String, Value> {
    let fields =
        json!({"_type": kind, "spec_version": SPEC_VERSION, "version": version, "expires": rfc3339(expires_at)});
    fields.as_object().expect("an object").clone()
}

/// The targets role: every file that pods may download, by its name without the hash prefix.
pub fn targets(version: u64, expires_at: u64, files: &[(String, Listing)]) -> Value {
    let mut role = role("targets", version, expires_at);
    let targets: Map<String, Value> = files
        .iter()
        .map(|(name, file)| {
            (name.clone(), json!({"length": file.length, "hashes": {"sha256": hex::encode(&file.sha256)}}))
        })
        .collect();
    role.insert("targets".into(), Value::Object(targets));
    Value::Object(role)
}

fn naming(kind: &str, version: u64, expires_at: u64, name: &str, named_version: u64, named: &Listing) -> Value {
    let mut role = role(kind, version, expires_at);
    let hashes = json!({"sha256": hex::encode(&named.sha256)});
    let meta = json!({name: {"version": named_version, "length": named.length, "hashes": hashes}});
    role.insert("meta".into(), meta);
    Value::Object(role)
}

/// The snapshot role, of the same version as the targets it names.
pub fn snapshot(version: u64, expires_at: u64, targets: &Listing) -> Value {
    naming("snapshot", version, expires_at, "targets.json", version, targets)
}

pub fn timestamp(version: u64, expires_at: u64, snapshot_version: u64, snapshot: &Listing) -> Value {
    naming("timestamp", version, expires_at, "snapshot.json", snapshot_version, snapshot)
}

/// A role with its one signature, as it is served.
pub fn envelope(signed: &Value, key_id: &str, signature: &[u8]) -> Vec<u8> {
    let envelope = json!({"signatures": [{"keyid": key_id, "sig": hex::encode(signature)}], "signed": signed});
    serde_json::to_vec(&envelope).expect("JSON serialises")
}

/// Where a target file is stored when snapshots are consistent: the hash goes before the base name (TUF specification
/// §5.7.3).
pub fn hashed_path(name: &str, sha256: &[u8; 32]) -> String {
    let hash = hex::encode(sha256);
    match name.rsplit_once('/') {
        Some((folder, file)) => format!("{folder}/{hash}.{file}"),
        None => format!("{hash}.{name}"),
    }
}

/// Nanoseconds since 1970 as UTC in whole seconds, such as 2026-11-22T17:30:00Z (RFC 3339).
pub fn rfc3339(nanoseconds: u64) -> String {
    let seconds = nanoseconds / 1_000_000_000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days to a date in 400-year eras that begin on 1 March, after Howard Hinnant's civil_from_days.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest % 3_600 / 60, rest % 60)
}

/// The time of an RFC 3339 text in UTC and whole seconds, in nanoseconds.
pub fn from_rfc3339(text: &str) -> Option<u64> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if shape != "0000-00-00T00:00:00Z" {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    let seconds = days * 86_400 + number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?;
    seconds.checked_mul(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_seconds_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_795_368_600, "2026-11-22T17:30:00Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds * 1_000_000_000 + 999), text);
            assert_eq!(from_rfc3339(text), Some(seconds * 1_000_000_000));
        }
        for bad in [
            "2026-11-22",
            "2026-11-22T17:30:00+01:00",
            "2026-13-22T17:30:00Z",
            "1969-01-01T00:00:00Z",
            "é026-11-22T17:30:00Z",
        ] {
            assert_eq!(from_rfc3339(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_hash_goes_before_the_base_name() {
        let zeros = "0".repeat(64);
        assert_eq!(hashed_path("channels/stable.json", &[0; 32]), format!("channels/{zeros}.stable.json"));
        assert_eq!(hashed_path("x", &[0; 32]), format!("{zeros}.x"));
    }
}
