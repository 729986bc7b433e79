//! What the management canister does for canisters only, and what it calls in them.

use candid::Principal;
use ic_cdk::api;
use ic_cdk::call::Error;
use ic_cdk::management_canister as ic;
use ic_cdk::{query, update};
use std::cell::{Cell, RefCell};

thread_local! {
    static LOW_MEMORY: Cell<u64> = const { Cell::new(0) };
    static BALLAST: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

#[ic_cdk::on_low_wasm_memory]
fn on_low_wasm_memory() {
    LOW_MEMORY.set(LOW_MEMORY.get() + 1);
}

#[query]
fn low_memory_calls() -> u64 {
    LOW_MEMORY.get()
}

#[update]
fn grow_heap(bytes: u64) {
    BALLAST.with_borrow_mut(|ballast| ballast.push(vec![1; bytes as usize]));
}

#[update]
fn print(text: String) {
    api::debug_print(text)
}

#[update]
fn print_and_trap(text: String) {
    api::debug_print(&text);
    ic_cdk::trap(format!("after {text}"))
}

fn secp256k1() -> ic::EcdsaKeyId {
    ic::EcdsaKeyId { curve: ic::EcdsaCurve::Secp256k1, name: "key_1".into() }
}

#[update]
async fn ecdsa_public_key() -> Vec<u8> {
    let arg =
        ic::EcdsaPublicKeyArgs { canister_id: None, derivation_path: vec![b"test".to_vec()], key_id: secp256k1() };
    ic::ecdsa_public_key(&arg).await.expect("key").public_key
}

#[update]
async fn ecdsa_sign(message_hash: Vec<u8>) -> Result<Vec<u8>, String> {
    let arg = ic::SignWithEcdsaArgs { message_hash, derivation_path: vec![b"test".to_vec()], key_id: secp256k1() };
    ic::sign_with_ecdsa(&arg).await.map(|reply| reply.signature).map_err(|why| why.to_string())
}

fn bip340() -> ic::SchnorrKeyId {
    ic::SchnorrKeyId { algorithm: ic::SchnorrAlgorithm::Bip340secp256k1, name: "key_1".into() }
}

#[update]
async fn bip340_public_key() -> Vec<u8> {
    let arg = ic::SchnorrPublicKeyArgs { canister_id: None, derivation_path: vec![], key_id: bip340() };
    ic::schnorr_public_key(&arg).await.expect("key").public_key
}

#[update]
async fn bip340_sign(message: Vec<u8>, merkle_root_hash: Option<Vec<u8>>) -> Result<Vec<u8>, String> {
    let aux = merkle_root_hash.map(|merkle_root_hash| ic::SchnorrAux::Bip341(ic::Bip341 { merkle_root_hash }));
    let arg = ic::SignWithSchnorrArgs { message, derivation_path: vec![], key_id: bip340(), aux };
    ic::sign_with_schnorr(&arg).await.map(|reply| reply.signature).map_err(|why| why.to_string())
}

/// Fetches a page, through a transform that leaves out the headers and puts the context before the body; the error is
/// code and text.
#[update]
async fn fetch(
    url: String,
    max_response_bytes: Option<u64>,
    transform: Option<String>,
) -> Result<(u64, Vec<String>, Vec<u8>), (u32, String)> {
    let transform = transform.map(|method| ic::transform_context_from_query(method, b"seen: ".to_vec()));
    let header = ic::HttpHeader { name: "X-Test".into(), value: "yes".into() };
    let arg = ic::HttpRequestArgs {
        url,
        max_response_bytes,
        method: ic::HttpMethod::POST,
        headers: vec![header],
        body: Some(b"ping".to_vec()),
        transform,
        is_replicated: None,
    };
    match ic::http_request(&arg).await {
        Ok(reply) => Ok((
            u64::try_from(reply.status.0).unwrap(),
            reply.headers.into_iter().map(|header| format!("{}: {}", header.name, header.value)).collect(),
            reply.body,
        )),
        Err(Error::CallRejected(why)) => Err((why.raw_reject_code(), why.reject_message().to_owned())),
        Err(other) => Err((99, other.to_string())),
    }
}

#[query]
fn without_headers(arg: ic::TransformArgs) -> ic::HttpRequestResult {
    assert_eq!(api::msg_caller(), Principal::management_canister());
    let body = [arg.context, arg.response.body].concat();
    ic::HttpRequestResult { status: arg.response.status, headers: vec![], body }
}

#[query]
fn longer_transform(arg: ic::TransformArgs) -> ic::HttpRequestResult {
    ic::HttpRequestResult { status: arg.response.status, headers: vec![], body: vec![b'x'; 1000] }
}

#[query]
fn trapping_transform(_arg: ic::TransformArgs) -> ic::HttpRequestResult {
    ic_cdk::trap("in the transform")
}

/// The kinds of the last changes of a canister, oldest first.
#[update]
async fn history_of(canister: Principal) -> Vec<String> {
    let arg = ic::CanisterInfoArgs { canister_id: canister, num_requested_changes: Some(20) };
    let info = ic::canister_info(&arg).await.expect("info");
    info.recent_changes
        .into_iter()
        .map(|change| match change.details {
            Some(ic::ChangeDetails::Creation(creation)) => {
                format!("creation, {} controllers", creation.controllers.len())
            }
            Some(ic::ChangeDetails::CodeUninstall) => "uninstall".into(),
            Some(ic::ChangeDetails::CodeDeployment(deployment)) => format!("{:?}", deployment.mode).to_lowercase(),
            Some(ic::ChangeDetails::LoadSnapshot(_)) => "load snapshot".into(),
            Some(ic::ChangeDetails::ControllersChange(change)) => format!("{} controllers", change.controllers.len()),
            None => "unknown".into(),
        })
        .collect()
}
