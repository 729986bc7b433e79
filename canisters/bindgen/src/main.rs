//! Writes `client/src/generated/<canister>.ts` (types, `idlFactory`, `init`) from every `<canister>/<canister>.did`.
//! `bindgen --check` writes nothing and fails when a committed file is not what would be written.

use candid_parser::bindings::{javascript, typescript};
use candid_parser::pretty_check_file;
use std::path::{Path, PathBuf};
use std::process::exit;
use std::{fs, io};

const HEADER: &str = "// Generated from the canister's .did by canisters/bindgen (npm run bindings): do not edit.\n";

fn main() {
    let canisters =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("canisters/bindgen has a parent").to_path_buf();
    let check = std::env::args().any(|argument| argument == "--check");
    let generated = canisters.join("client/src/generated");
    fs::create_dir_all(&generated).expect("client/src/generated can be made");
    let mut stale = Vec::new();
    for (name, did) in interfaces(&canisters).expect("canisters/ can be read") {
        let target = generated.join(format!("{name}.ts"));
        let text = binding(&did).unwrap_or_else(|why| panic!("{}: {why}", did.display()));
        if fs::read_to_string(&target).ok().as_deref() == Some(&text) {
            continue;
        }
        if check {
            stale.push(name);
        } else {
            fs::write(&target, text).expect("the binding can be written");
            println!("client/src/generated/{name}.ts");
        }
    }
    if !stale.is_empty() {
        eprintln!("Bindings out of date: {}. Run npm run bindings.", stale.join(", "));
        exit(1);
    }
}

/// Every `<name>/<name>.did` below `canisters`, in order of name.
fn interfaces(canisters: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(canisters)? {
        let folder = entry?.path();
        let Some(name) = folder.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
        let did = folder.join(format!("{name}.did"));
        if did.is_file() {
            found.push((name, did));
        }
    }
    found.sort();
    Ok(found)
}

fn binding(did: &Path) -> Result<String, String> {
    let (env, actor, syntax) = pretty_check_file(did).map_err(|error| error.to_string())?;
    let types = typescript::compile(&env, &actor, &syntax);
    let types: String = types
        .lines()
        .filter(|line| !line.starts_with("export declare const"))
        .map(|line| line.trim_end().replace("Uint8Array | number[]", "Uint8Array") + "\n")
        .collect();
    let values = javascript::compile(&env, &actor)
        .replace("export const idlFactory =", "export const idlFactory: IDL.InterfaceFactory =")
        .replace(
            "export const init = ({ IDL }) =>",
            "export const init = ({ IDL }: { IDL: typeof import('@dfinity/candid').IDL }): IDL.Type[] =>",
        );
    Ok(format!("{HEADER}{types}\n{}\n", values.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_bindings_are_up_to_date() {
        let canisters = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf();
        for (name, did) in interfaces(&canisters).unwrap() {
            let committed =
                fs::read_to_string(canisters.join(format!("client/src/generated/{name}.ts"))).unwrap_or_default();
            assert!(
                committed == binding(&did).unwrap(),
                "client/src/generated/{name}.ts is out of date: npm run bindings"
            );
        }
    }
}
