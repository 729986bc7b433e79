//! What TypeScript and Rust are both held to, for tests alone: the files of `protocol/vectors/`.

use serde_json::Value;

/// One file of vectors, by its name.
pub fn read(name: &str) -> Value {
    let path = format!("{}/../../../protocol/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}; the protocol package makes it"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Holds a reader to every mutated document of a format: it takes those that TypeScript takes, and refuses the others.
///
/// # Panics
/// Naming the first documents on which the two disagree.
pub fn hold_to_mutants<E: std::fmt::Debug>(format: &str, reads: impl Fn(&[u8]) -> Result<(), E>) {
    let all = read("mutants");
    let bases = list(&all["bases"]);
    let mut seen = 0;
    let mut wrong = vec![];
    for mutant in list(&all["mutants"]) {
        let base = &bases[number(&mutant[0])];
        if base["format"] != format {
            continue;
        }
        seen += 1;
        let document = spliced(base["document"].as_str().expect("a document"), &mutant[1]);
        let verdict = reads(&document);
        // null: what TypeScript refuses there, a canister need not know.
        let expected = match mutant[2].as_u64() {
            Some(read) => read == 1,
            None => continue,
        };
        if verdict.is_ok() != expected {
            let ours = verdict.err().map_or("taken".into(), |error| format!("refused ({error:?})"));
            wrong.push(format!("{ours} here: {}", String::from_utf8_lossy(&document)));
        }
    }
    assert!(seen > 100, "there are {seen} mutants of {format}");
    let shown: Vec<&str> = wrong.iter().take(20).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} of {seen}, and the other way in TypeScript:\n{}", wrong.len(), shown.join("\n"));
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

fn number(value: &Value) -> usize {
    value.as_u64().expect("a number") as usize
}

fn spliced(base: &str, splice: &Value) -> Vec<u8> {
    let (at, removed) = (number(&splice[0]), number(&splice[1]));
    let inserted = splice[2].as_str().expect("hexadecimal").as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("two digits");
    let base = base.as_bytes();
    [&base[..at], &inserted.chunks(2).map(byte).collect::<Vec<_>>(), &base[at + removed..]].concat()
}
