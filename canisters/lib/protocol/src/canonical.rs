//! Canonical JSON: RFC 8785 restricted to objects with ASCII keys, strings, integers |n| < 2^53, booleans, null and
//! arrays. There are no fractions (decimals are strings), so that the form needs no rule for printing them.

use crate::limits::MAX_DOCUMENT_DEPTH;
use crate::ProtocolError;
use serde_json::{Number, Value};

const SAFE: u64 = 1 << 53;

fn refuse<T>(message: impl Into<String>) -> Result<T, ProtocolError> {
    Err(ProtocolError::NotCanonical { message: message.into() })
}

/// True for integers that every JSON reader keeps exactly.
pub fn is_safe(number: &Number) -> bool {
    number.as_u64().is_some_and(|n| n < SAFE) || number.as_i64().is_some_and(|n| n.unsigned_abs() < SAFE)
}

/// The value's canonical bytes; an error for fractions, large integers and keys beyond ASCII.
pub fn bytes(value: &Value) -> Result<Vec<u8>, ProtocolError> {
    check(value, 0)?;
    // serde_json keeps objects in the order of their keys' bytes, which for ASCII is RFC 8785's order, and escapes as
    // it asks.
    Ok(serde_json::to_vec(value).expect("a JSON value serialises"))
}

/// Reads bytes that must be in canonical form already.
pub fn parse(input: &[u8]) -> Result<Value, ProtocolError> {
    let value: Value = match serde_json::from_slice(input) {
        Ok(value) => value,
        Err(error) => return refuse(format!("it is not JSON: {error}")),
    };
    if bytes(&value)? != input {
        return refuse("it is not in canonical form (RFC 8785: sorted keys, no spaces, no repeated keys)");
    }
    Ok(value)
}

fn check(value: &Value, depth: usize) -> Result<(), ProtocolError> {
    if depth > MAX_DOCUMENT_DEPTH {
        return refuse(format!("it is nested more than {MAX_DOCUMENT_DEPTH} deep"));
    }
    match value {
        Value::Number(number) if !is_safe(number) => {
            refuse(format!("{number} is no integer below 2^53; write fractions and large numbers as strings"))
        }
        Value::Array(items) => items.iter().try_for_each(|item| check(item, depth + 1)),
        Value::Object(fields) => fields.iter().try_for_each(|(name, field)| {
            if !name.bytes().all(|c| (b' '..=b'~').contains(&c)) {
                return refuse(format!("the key {name:?} is not printable ASCII"));
            }
            check(field, depth + 1)
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text_reads_back() {
        for text in [r#"{"a":1,"b":[true,null,"\u001fé\n"]}"#, "[]", "-7", r#""x""#, "9007199254740991"] {
            assert_eq!(bytes(&parse(text.as_bytes()).unwrap()).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            r#"{"b":1,"a":2}"#,
            r#"{"a": 1}"#,
            r#"{"a":1,"a":1}"#,
            "1.5",
            "1.0",
            "1e3",
            "-0",
            "9007199254740992",
            "-9007199254740992",
            r#"{"é":1}"#,
            r#""\u0041""#,
            r#""\/""#,
            "{",
            "",
            "[1,]",
            r#""\ud800""#,
            "1 ",
        ] {
            assert!(matches!(parse(text.as_bytes()), Err(ProtocolError::NotCanonical { .. })), "{text}");
        }
        assert!(parse(b"\"\xff\"").is_err());
    }
}
