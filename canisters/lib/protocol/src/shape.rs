//! Field types of documents: each checks its own form when it is read, so that an error names the field. The same
//! limits are in the TypeScript package (`protocol/src/manifests`).

use crate::strict::Strict;
use crate::{hex, is_id};
use candid::Principal;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Deref;

macro_rules! readable {
    ([$($generics:tt)*] $name:ty, $inner:ty) => {
        impl<$($generics)*> Deref for $name {
            type Target = $inner;
            fn deref(&self) -> &$inner {
                &self.0
            }
        }
    };
}

/// Text of 1 to `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text<const MAX: usize>(pub String);
readable!([const MAX: usize] Text<MAX>, String);

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        // UTF-16 units, as JavaScript counts.
        match text.encode_utf16().count() {
            n if (1..=MAX).contains(&n) => Ok(Text(text)),
            n => Err(D::Error::custom(format!("text of 1 to {MAX} characters is expected, and it has {n}"))),
        }
    }
}

/// `N` bytes as lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hex<const N: usize>(pub [u8; N]);
readable!([const N: usize] Hex<N>, [u8; N]);

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let bytes = hex::decode_exact(&String::deserialize(input)?);
        bytes.map(Hex).ok_or_else(|| D::Error::custom(format!("{} lower-case hexadecimal digits are expected", 2 * N)))
    }
}

/// 1 to `MAX` bytes as lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HexUpTo<const MAX: usize>(pub Vec<u8>);
readable!([const MAX: usize] HexUpTo<MAX>, Vec<u8>);

impl<'de, const MAX: usize> Deserialize<'de> for HexUpTo<MAX> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let bytes = hex::decode(&String::deserialize(input)?).filter(|bytes| (1..=MAX).contains(&bytes.len()));
        bytes
            .map(HexUpTo)
            .ok_or_else(|| D::Error::custom(format!("lower-case hexadecimal digits are expected, at most {}", 2 * MAX)))
    }
}

/// "sha256:" and 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(pub String);
readable!([] Id, String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        if is_id(&text) {
            Ok(Id(text))
        } else {
            Err(D::Error::custom("an id is expected, sha256: and 64 hexadecimal digits"))
        }
    }
}

/// A principal as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalText(pub Principal);
readable!([] PrincipalText, Principal);

impl<'de> Deserialize<'de> for PrincipalText {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        let principal = Principal::from_text(&text).ok().filter(|principal| principal.to_text() == text);
        principal.map(PrincipalText).ok_or_else(|| D::Error::custom("a principal is expected"))
    }
}

/// A number of decimal digits without leading zeros: amounts and times, which may pass 2^53.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digits<T>(pub T);
readable!([T] Digits<T>, T);
/// An amount in the smallest unit (e8s).
pub type Amount = Digits<u128>;
/// Nanoseconds since 1970-01-01 UTC.
pub type Nanoseconds = Digits<u64>;

impl<'de, T: std::str::FromStr + ToString> Deserialize<'de> for Digits<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        let number = text.parse::<T>().ok().filter(|number| number.to_string() == text && text.len() <= 30);
        number
            .map(Digits)
            .ok_or_else(|| D::Error::custom("decimal digits in quotes are expected, without leading zeros"))
    }
}

/// An integer from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer<const MIN: i64, const MAX: i64>(pub i64);
readable!([const MIN: i64, const MAX: i64] Integer<MIN, MAX>, i64);

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Integer<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(input)?;
        if (MIN..=MAX).contains(&number) {
            Ok(Integer(number))
        } else {
            Err(D::Error::custom(format!("an integer from {MIN} to {MAX} is expected")))
        }
    }
}

/// A list of `MIN` to `MAX` entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T, const MIN: usize, const MAX: usize>(pub Vec<T>);
readable!([T, const MIN: usize, const MAX: usize] List<T, MIN, MAX>, Vec<T>);

impl<'de, T: DeserializeOwned, const MIN: usize, const MAX: usize> Deserialize<'de> for List<T, MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let items = Vec::<T>::deserialize(input)?;
        match items.len() {
            n if (MIN..=MAX).contains(&n) => Ok(List(items)),
            n => Err(D::Error::custom(format!("a list of {MIN} to {MAX} entries is expected, and it has {n}"))),
        }
    }
}

/// An object of at most `MAX` entries, whatever their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries<T, const MAX: usize>(pub BTreeMap<String, T>);
readable!([T, const MAX: usize] Entries<T, MAX>, BTreeMap<String, T>);

impl<'de, T: DeserializeOwned, const MAX: usize> Deserialize<'de> for Entries<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let entries = BTreeMap::<String, T>::deserialize(input)?;
        match entries.len() {
            n if n <= MAX => Ok(Entries(entries)),
            n => Err(D::Error::custom(format!("an object of at most {MAX} entries is expected, and it has {n}"))),
        }
    }
}

/// What a hyper-parameter is set to: an integer, or a decimal number written as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument(pub Value);
readable!([] Argument, Value);

impl<'de> Deserialize<'de> for Argument {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(input)?;
        if value.is_i64() || value.as_str().and_then(Decimal::parse).is_some() {
            return Ok(Argument(value));
        }
        Err(D::Error::custom("an integer, or a decimal number written as text, is expected"))
    }
}

/// Text of 1 to `MAX` letters, digits and underscores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name<const MAX: usize>(pub String);
readable!([const MAX: usize] Name<MAX>, String);

impl<'de, const MAX: usize> Deserialize<'de> for Name<MAX> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        if (1..=MAX).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
            return Ok(Name(text));
        }
        Err(D::Error::custom(format!("a name of 1 to {MAX} letters, digits and underscores is expected")))
    }
}

/// An object of one of several kinds, an enum with `tag = "kind"`: serde by itself takes the list of its fields too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOf<T>(pub T);
readable!([T] OneOf<T>, T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for OneOf<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(input)?;
        // Its kind as text: serde by itself takes the number of the kind too.
        if !value.get("kind").is_some_and(Value::is_string) {
            return Err(D::Error::custom("an object with a kind is expected"));
        }
        T::deserialize(Strict(value)).map(OneOf).map_err(D::Error::custom)
    }
}

/// For a field that only one version has, with `default`: it is there or left out, and null is neither.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Option<T>, D::Error> {
    T::deserialize(input).map(Some)
}

/// A name that is a plain file's everywhere: letters, digits, dot, dash, underscore, and neither "." nor "..".
pub fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c))
        && name.bytes().any(|c| c != b'.')
}

/// A decimal number written as text, kept exactly: -?(0|[1-9][0-9]*)(.[0-9]+)?, at most 24 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal(pub String);
readable!([] Decimal, String);

impl Decimal {
    pub fn parse(text: &str) -> Option<Decimal> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let plain = digits(whole) && digits(fraction) && (whole == "0" || !whole.starts_with('0'));
        (plain && text.len() <= 24).then(|| Decimal(text.to_owned()))
    }

    /// The number in units of 10^-24: 24 characters fit 128 bits only when whole and fraction are kept apart.
    fn parts(&self) -> (bool, u128, u128) {
        let negative = self.0.starts_with('-');
        let unsigned = self.0.trim_start_matches('-');
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let fraction = format!("{fraction:0<24}");
        (negative, whole.parse().expect("digits"), fraction.parse().expect("digits"))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let magnitude = |(_, whole, fraction): (bool, u128, u128)| (whole, fraction);
        let (a, b) = (self.parts(), other.parts());
        let negative = |parts: (bool, u128, u128)| parts.0 && magnitude(parts) != (0, 0);
        Some(match (negative(a), negative(b)) {
            (false, false) => magnitude(a).cmp(&magnitude(b)),
            (true, true) => magnitude(b).cmp(&magnitude(a)),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        })
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        Decimal::parse(&text).ok_or_else(|| D::Error::custom("a decimal number written as text is expected"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads<T: DeserializeOwned>(json: &str) -> bool {
        serde_json::from_str::<T>(json).is_ok()
    }

    #[test]
    fn each_shape_takes_its_own_form_only() {
        assert!(reads::<Text<3>>(r#""abc""#) && !reads::<Text<3>>(r#""abcd""#) && !reads::<Text<3>>(r#""""#));
        assert!(reads::<Hex<2>>(r#""00ff""#) && !reads::<Hex<2>>(r#""00FF""#) && !reads::<Hex<2>>(r#""00""#));
        assert!(reads::<HexUpTo<2>>(r#""00""#) && !reads::<HexUpTo<2>>(r#""000000""#) && !reads::<HexUpTo<2>>(r#""""#));
        assert!(
            reads::<Amount>(r#""100""#)
                && !reads::<Amount>(r#""0100""#)
                && !reads::<Amount>("100")
                && !reads::<Amount>(r#""+1""#)
        );
        assert!(reads::<PrincipalText>(r#""aaaaa-aa""#) && !reads::<PrincipalText>(r#""aaaaa-ab""#));
        assert!(reads::<Integer<1, 9>>("9") && !reads::<Integer<1, 9>>("0") && !reads::<Integer<1, 9>>(r#""5""#));
        assert!(
            reads::<List<u8, 1, 2>>("[1]") && !reads::<List<u8, 1, 2>>("[]") && !reads::<List<u8, 1, 2>>("[1,2,3]")
        );
        assert!(!reads::<Id>(r#""sha256:00""#));
    }

    #[test]
    fn decimals_compare_as_numbers() {
        let decimal = |text| Decimal::parse(text).unwrap();
        for (a, b) in [("0.001", "0.01"), ("9", "10"), ("-2", "-1.5"), ("-0.1", "0"), ("0.9999999999999999999999", "1")]
        {
            assert!(decimal(a) < decimal(b), "{a} < {b}");
        }
        assert!(decimal("1.50") <= decimal("1.5") && decimal("-0") >= decimal("0"));
        for text in ["", "1.", ".5", "01", "1e3", "--1", "+1", "0x1", "1234567890123456789012345"] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }
}
