//! Changing a canister's code as its controller, by the module's hash, as SNS's UpgradeSnsControlledCanister does: the
//! module lies in chunks in the store of a canister that the proposer made and pays for, and that this one controls
//! too.

use candid::{CandidType, Deserialize, Principal};
use governed::{why, Why};
use ic_cdk::management_canister as management;
use protocol::hex;
use serde_bytes::ByteBuf;
use serde_json::json;

/// IC specification: a chunk store has at most 100 chunks.
const CHUNKS_LIMIT: usize = 100;

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    pub canister: Principal,
    /// SHA-256 of the module, raw or gzipped, as it is installed.
    pub wasm_hash: ByteBuf,
    /// Whose chunk store holds the module.
    pub store: Principal,
    /// SHA-256 of its chunks, in order.
    pub chunk_hashes: Vec<ByteBuf>,
    /// What `post_upgrade` is given: Candid, or nothing.
    pub arg: ByteBuf,
}

/// What can be seen of an upgrade without asking anybody.
pub fn checked(upgrade: &Upgrade) -> Result<(), Why> {
    if !(1..=CHUNKS_LIMIT).contains(&upgrade.chunk_hashes.len()) {
        let message = format!("there are {}, and 1 to {CHUNKS_LIMIT} are allowed", upgrade.chunk_hashes.len());
        return Err(why("chunk_hashes", message, "cut the module into chunks of 1 MiB"));
    }
    if upgrade.canister == Principal::management_canister() || upgrade.canister == Principal::anonymous() {
        return Err(why("canister", format!("{} is no canister with code", upgrade.canister), "name another"));
    }
    match upgrade.chunk_hashes.iter().chain([&upgrade.wasm_hash]).all(|hash| hash.len() == 32) {
        true => Ok(()),
        false => Err(why("hash", "a SHA-256 has 32 bytes", "hash the module and its chunks")),
    }
}

/// What voters read. Asks the network for the module that is there now, and whether the chunks of the new one are.
pub async fn in_words(upgrade: &Upgrade) -> Result<String, Why> {
    checked(upgrade)?;
    let canister_id = upgrade.canister;
    let remedy = "name a canister that this one controls";
    let status = management::canister_status(&management::CanisterStatusArgs { canister_id })
        .await
        .map_err(|error| why(canister_id, error.to_string(), remedy))?;
    let present = status.module_hash.map_or("none".to_owned(), |hash| hex::encode(&hash));
    let stored = management::stored_chunks(&management::StoredChunksArgs { canister_id: upgrade.store })
        .await
        .map_err(|error| why(upgrade.store, error.to_string(), "make this canister a controller of the store"))?;
    let missing = upgrade.chunk_hashes.iter().filter(|hash| !stored.iter().any(|chunk| chunk.hash[..] == hash[..]));
    if let Some(chunk) = missing.map(|hash| hex::encode(hash)).next() {
        return Err(why(upgrade.store, format!("chunk {chunk} is not in its store"), "upload the module first"));
    }
    Ok(format!(
        "Upgrade canister {canister_id} from module {present} to module {} ({} chunks in the store of {}), giving it \
         {} bytes of argument with SHA-256 {}. Anybody can build the module again and compare: npm run wasm -- --hash",
        hex::encode(&upgrade.wasm_hash),
        upgrade.chunk_hashes.len(),
        upgrade.store,
        upgrade.arg.len(),
        hex::encode(&protocol::sha256(&[&upgrade.arg])),
    ))
}

/// Stops the canister, which lets calls under way end, installs the module, and starts it again whatever happened.
pub async fn change(upgrade: &Upgrade) -> Result<(), Why> {
    checked(upgrade)?;
    let canister_id = upgrade.canister;
    let failed = |what: &str, error: String| why(canister_id, format!("{what}: {error}"), "propose it again");
    let stopped = management::stop_canister(&management::StopCanisterArgs { canister_id }).await;
    let installed = match stopped {
        Ok(()) => install(upgrade).await.map_err(|error| failed("it keeps its module", error)),
        Err(error) => Err(failed("it could not be stopped", error.to_string())),
    };
    let log = |kind: &str, reason: Option<&str>| {
        let wasm = hex::encode(&upgrade.wasm_hash);
        json!({"type": kind, "canister": canister_id.to_text(), "wasm": wasm, "reason": reason})
    };
    // Before the next call: a caller that traps on our error undoes only what comes after it.
    _ = match &installed {
        Ok(()) => audit::append(log("canisterUpgraded", None)),
        Err(why) => audit::append(log("canisterNotUpgraded", Some(&why.message))),
    };
    let started = management::start_canister(&management::StartCanisterArgs { canister_id }).await;
    installed?;
    started.map_err(|error| failed("it could not be started again", error.to_string()))
}

async fn install(upgrade: &Upgrade) -> Result<(), String> {
    let chunk = |hash: &ByteBuf| management::ChunkHash { hash: hash.to_vec() };
    management::install_chunked_code(&management::InstallChunkedCodeArgs {
        mode: management::CanisterInstallMode::Upgrade(None),
        target_canister: upgrade.canister,
        store_canister: Some(upgrade.store),
        chunk_hashes_list: upgrade.chunk_hashes.iter().map(chunk).collect(),
        wasm_module_hash: upgrade.wasm_hash.to_vec(),
        arg: upgrade.arg.to_vec(),
    })
    .await
    .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upgrade() -> Upgrade {
        let hash = ByteBuf::from([1; 32]);
        Upgrade {
            canister: Principal::from_slice(&[7; 10]),
            wasm_hash: hash.clone(),
            store: Principal::from_slice(&[8; 10]),
            chunk_hashes: vec![hash],
            arg: ByteBuf::new(),
        }
    }

    #[test]
    fn an_upgrade_names_a_canister_and_whole_hashes() {
        assert_eq!(checked(&upgrade()), Ok(()));
        for wrong in [
            Upgrade { canister: Principal::management_canister(), ..upgrade() },
            Upgrade { wasm_hash: ByteBuf::from([1; 31]), ..upgrade() },
            Upgrade { chunk_hashes: vec![], ..upgrade() },
            Upgrade { chunk_hashes: vec![ByteBuf::from([1; 32]); CHUNKS_LIMIT + 1], ..upgrade() },
            Upgrade { chunk_hashes: vec![ByteBuf::from([1; 33])], ..upgrade() },
        ] {
            assert!(checked(&wrong).is_err(), "{wrong:?}");
        }
    }
}
