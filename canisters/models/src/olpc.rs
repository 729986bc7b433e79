//! OLPC canonical JSON, the bytes that TUF signs (TUF specification §4.2): sorted keys, no spaces, integers, and
//! strings in which only the quotation mark and the backslash are escaped.

use serde_json::Value;

/// The value's canonical bytes; None for a number that is no integer.
pub fn bytes(value: &Value) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    write(value, &mut out)?;
    Some(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> Option<()> {
    match value {
        Value::Null => out.extend(b"null"),
        Value::Bool(true) => out.extend(b"true"),
        Value::Bool(false) => out.extend(b"false"),
        Value::Number(number) if number.is_i64() || number.is_u64() => out.extend(number.to_string().as_bytes()),
        Value::Number(_) => return None,
        Value::String(text) => string(text, out),
        Value::Array(items) => list(b"[]", items.iter(), out, write)?,
        Value::Object(fields) => list(b"{}", fields.iter(), out, |(name, field), out| {
            string(name, out);
            out.push(b':');
            write(field, out)
        })?,
    }
    Some(())
}

fn list<T>(
    ends: &[u8; 2],
    items: impl Iterator<Item = T>,
    out: &mut Vec<u8>,
    mut item: impl FnMut(T, &mut Vec<u8>) -> Option<()>,
) -> Option<()> {
    out.push(ends[0]);
    for (n, each) in items.enumerate() {
        if n > 0 {
            out.push(b',');
        }
        item(each, out)?;
    }
    out.push(ends[1]);
    Some(())
}

fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' || byte == b'\\' {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn only_quote_and_backslash_are_escaped() {
        let value = json!({"b": [1, -2, true, null], "a": "line\nbreak \"q\" \\ é"});
        assert_eq!(
            super::bytes(&value).unwrap(),
            "{\"a\":\"line\nbreak \\\"q\\\" \\\\ é\",\"b\":[1,-2,true,null]}".as_bytes()
        );
        assert_eq!(super::bytes(&json!(1.5)), None);
    }
}
