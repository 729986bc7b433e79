//! A canister that does one of everything, for the host's own tests.

mod management;

use candid::{CandidType, Principal};
use ic_cdk::api;
use ic_cdk::call::Call;
use ic_cdk::management_canister as ic;
use ic_cdk::{init, inspect_message, post_upgrade, query, update};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

thread_local! {
    static COUNTER: Cell<u64> = const { Cell::new(0) };
    static TICKS: Cell<u64> = const { Cell::new(0) };
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static STARTED: RefCell<String> = const { RefCell::new(String::new()) };
}

#[init]
fn init() {
    STARTED.with_borrow_mut(|how| *how = format!("init by {}", api::msg_caller()));
}

#[post_upgrade]
fn post_upgrade() {
    STARTED.with_borrow_mut(|how| *how = "post_upgrade".into());
}

#[inspect_message]
fn inspect() {
    let refused_page = || api::msg_arg_data().windows(8).any(|bytes| bytes == b"/refused");
    match api::msg_method_name().as_str() {
        "refused_at_the_door" => {}
        "http_request_update" if refused_page() => {}
        _ => api::accept_message(),
    }
}

#[update]
fn refused_at_the_door() {}

#[query]
fn started() -> String {
    STARTED.with_borrow(Clone::clone)
}

#[update]
fn increment() -> u64 {
    COUNTER.set(COUNTER.get() + 1);
    COUNTER.get()
}

#[query]
fn counter() -> u64 {
    COUNTER.get()
}

#[query]
fn increment_in_a_query() -> u64 {
    COUNTER.set(COUNTER.get() + 1);
    COUNTER.get()
}

#[update]
fn increment_and_trap() -> u64 {
    COUNTER.set(COUNTER.get() + 1);
    write_stable(0, vec![9; 8]);
    api::certified_data_set(b"never seen");
    let grown = vec![1u8; 8 << 20];
    ic_cdk::trap(format!("deliberate, after {} bytes", grown.len()))
}

#[update]
fn wasm_trap() {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable()
}

fn spin() -> u64 {
    let mut x = 1u64;
    loop {
        x = std::hint::black_box(x.wrapping_mul(6364136223846793005).wrapping_add(1));
    }
}

#[update]
fn loop_in_update() -> u64 {
    COUNTER.set(1_000_000);
    spin()
}

#[query]
fn loop_in_query() -> u64 {
    spin()
}

#[update(manual_reply = true)]
fn reply_never() {}

#[update(manual_reply = true)]
fn reject_with(text: String) {
    api::msg_reject(text)
}

#[query]
fn whoami() -> Principal {
    api::msg_caller()
}

#[query]
fn instructions_of(rounds: u64) -> u64 {
    let mut x = 1u64;
    for _ in 0..rounds {
        x = std::hint::black_box(x.wrapping_mul(3));
    }
    std::hint::black_box(x);
    api::performance_counter(0)
}

// --- stable memory ---

#[update]
fn write_stable(offset: u64, bytes: Vec<u8>) {
    let pages = (offset + bytes.len() as u64).div_ceil(65536);
    if api::stable_size() < pages {
        api::stable_grow(pages - api::stable_size());
    }
    api::stable_write(offset, &bytes)
}

#[query]
fn read_stable(offset: u64, length: u64) -> Vec<u8> {
    let mut bytes = vec![0; length as usize];
    api::stable_read(offset, &mut bytes);
    bytes
}

#[query]
fn stable_pages() -> u64 {
    api::stable_size()
}

// --- certified data ---

#[update]
fn certify(data: Vec<u8>) {
    api::certified_data_set(&data)
}

#[query]
fn certificate() -> Option<Vec<u8>> {
    api::data_certificate()
}

// --- timers ---

#[update]
fn start_timer(milliseconds: u64) {
    ic_cdk_timers::set_timer(Duration::from_millis(milliseconds), async { TICKS.set(TICKS.get() + 1) });
}

#[update]
fn start_interval(milliseconds: u64) {
    ic_cdk_timers::set_timer_interval(Duration::from_millis(milliseconds), || async { TICKS.set(TICKS.get() + 1) });
}

#[query]
fn ticks() -> u64 {
    TICKS.get()
}

// --- calls between canisters ---

#[update]
async fn increment_at(canister: Principal) -> u64 {
    Call::unbounded_wait(canister, "increment").await.expect("called").candid().expect("decoded")
}

#[update]
async fn increment_at_bounded(canister: Principal) -> u64 {
    Call::bounded_wait(canister, "increment").await.expect("called").candid().expect("decoded")
}

#[update]
async fn rejection_of(canister: Principal, method: String) -> (u32, String) {
    match Call::bounded_wait(canister, &method).await {
        Ok(_) => (0, String::new()),
        Err(ic_cdk::call::CallFailed::CallRejected(why)) => (why.raw_reject_code(), why.reject_message().to_owned()),
        Err(other) => (99, other.to_string()),
    }
}

#[update]
async fn bounded_call_that_expires(canister: Principal) -> (u32, String) {
    match Call::bounded_wait(canister, "reply_late").change_timeout(1).await {
        Ok(_) => (0, String::new()),
        Err(ic_cdk::call::CallFailed::CallRejected(why)) => (why.raw_reject_code(), why.reject_message().to_owned()),
        Err(other) => (99, other.to_string()),
    }
}

/// Answers after some two seconds.
#[update(manual_reply = true)]
async fn reply_late() {
    let late = std::rc::Rc::new(Cell::new(false));
    let done = late.clone();
    ic_cdk_timers::set_timer(Duration::from_secs(2), async move { done.set(true) });
    while !late.get() {
        let _ = Call::unbounded_wait(api::canister_self(), "counter").await;
    }
    api::msg_reply(candid::encode_args(()).unwrap());
}

/// Changes state, calls, changes it again and traps in the callback: the first change stays, the second does not.
#[update]
async fn trap_after_call(canister: Principal) {
    struct OnCleanup;
    impl Drop for OnCleanup {
        fn drop(&mut self) {
            LOG.with_borrow_mut(|log| log.push("cleanup".into()));
        }
    }
    let _guard = OnCleanup;
    COUNTER.set(100);
    let _: u64 = Call::unbounded_wait(canister, "increment").await.unwrap().candid().unwrap();
    COUNTER.set(200);
    ic_cdk::trap("after the await")
}

#[query]
fn log() -> Vec<String> {
    LOG.with_borrow(Clone::clone)
}

#[query(composite = true)]
async fn counter_of(canister: Principal) -> u64 {
    Call::unbounded_wait(canister, "counter").await.expect("called").candid().expect("decoded")
}

// --- cycles ---

#[query]
fn balance() -> u128 {
    api::canister_cycle_balance()
}

#[update]
fn accept_cycles(at_most: u128) -> u128 {
    api::msg_cycles_accept(at_most)
}

#[update]
async fn send_cycles(canister: Principal, amount: u128, at_most: u128) -> (u128, u128) {
    let response =
        Call::unbounded_wait(canister, "accept_cycles").with_arg(at_most).with_cycles(amount).await.expect("called");
    (response.candid().expect("decoded"), api::msg_cycles_refunded())
}

// --- management canister ---

#[update]
async fn random() -> Vec<u8> {
    ic::raw_rand().await.expect("raw_rand")
}

#[update]
async fn create_child(cycles: u128, wasm: Vec<u8>) -> Principal {
    let arg = ic::CreateCanisterArgs { settings: None };
    let child = ic::create_canister_with_extra_cycles(&arg, cycles).await.expect("created").canister_id;
    ic::install_code(&ic::InstallCodeArgs {
        mode: ic::CanisterInstallMode::Install,
        canister_id: child,
        wasm_module: wasm,
        arg: vec![],
    })
    .await
    .expect("installed");
    child
}

#[update]
async fn status_of(canister: Principal) -> String {
    let status = ic::canister_status(&ic::CanisterStatusArgs { canister_id: canister }).await.expect("status");
    format!("{:?}, {} controllers", status.status, status.settings.controllers.len())
}

#[update]
async fn vetkd_public_key(context: Vec<u8>) -> Vec<u8> {
    let key_id = ic::VetKDKeyId { curve: ic::VetKDCurve::Bls12_381_G2, name: "test_key_1".into() };
    ic::vetkd_public_key(&ic::VetKDPublicKeyArgs { canister_id: None, context, key_id }).await.expect("key").public_key
}

#[update]
async fn vetkd_derive_key(context: Vec<u8>, input: Vec<u8>, transport_public_key: Vec<u8>) -> Vec<u8> {
    let key_id = ic::VetKDKeyId { curve: ic::VetKDCurve::Bls12_381_G2, name: "test_key_1".into() };
    let arg = ic::VetKDDeriveKeyArgs { input, context, transport_public_key, key_id };
    ic::vetkd_derive_key(&arg).await.expect("derived").encrypted_key
}

fn ed25519() -> ic::SchnorrKeyId {
    ic::SchnorrKeyId { algorithm: ic::SchnorrAlgorithm::Ed25519, name: "test_key_1".into() }
}

#[update]
async fn schnorr_public_key() -> Vec<u8> {
    let arg =
        ic::SchnorrPublicKeyArgs { canister_id: None, derivation_path: vec![b"test".to_vec()], key_id: ed25519() };
    ic::schnorr_public_key(&arg).await.expect("key").public_key
}

#[update]
async fn schnorr_sign(message: Vec<u8>) -> Vec<u8> {
    let arg =
        ic::SignWithSchnorrArgs { message, derivation_path: vec![b"test".to_vec()], key_id: ed25519(), aux: None };
    ic::sign_with_schnorr(&arg).await.expect("signed").signature
}

// --- HTTP ---

#[derive(CandidType, serde::Deserialize)]
struct HttpRequest {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    certificate_version: Option<u16>,
}

#[derive(CandidType, serde::Deserialize, Clone)]
struct HttpResponse {
    status_code: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    upgrade: Option<bool>,
    streaming_strategy: Option<StreamingStrategy>,
}

#[derive(CandidType, serde::Deserialize, Clone)]
struct Token {
    part: u32,
    path: String,
}

candid::define_function!(StreamingCallback : (Token) -> (StreamedPart) query);

#[derive(CandidType, serde::Deserialize, Clone)]
enum StreamingStrategy {
    Callback { callback: StreamingCallback, token: Token },
}

#[derive(CandidType, serde::Deserialize)]
struct StreamedPart {
    body: Vec<u8>,
    token: Option<Token>,
}

thread_local! {
    static PAGES: RefCell<BTreeMap<String, HttpResponse>> = const { RefCell::new(BTreeMap::new()) };
}

/// Sets what is answered to a request: its method and path, and ` ` and the range if it asks for one.
#[update]
fn serve(request: String, page: HttpResponse) {
    PAGES.with_borrow_mut(|pages| pages.insert(request, page));
}

#[query]
fn http_request(request: HttpRequest) -> HttpResponse {
    let path = request.url.split('?').next().unwrap_or_default();
    let range = request
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("range"))
        .map(|(_, range)| format!(" {range}"));
    let key = format!("{} {path}{}", request.method, range.unwrap_or_default());
    if let Some(page) = PAGES.with_borrow(|pages| pages.get(&key).cloned()) {
        return page;
    }
    let page = |body: String, upgrade| HttpResponse {
        status_code: 200,
        headers: vec![("content-type".into(), "text/plain".into())],
        body: body.into_bytes(),
        upgrade,
        streaming_strategy: None,
    };
    match path {
        "/trap" => ic_cdk::trap("no page"),
        "/increment" | "/refused" => page(String::new(), Some(true)),
        "/echo" => page(echo(&request), None),
        _ if path.starts_with("/stream") => {
            let callback = StreamingCallback::new(api::canister_self(), "http_streaming".into());
            let streaming_strategy =
                Some(StreamingStrategy::Callback { callback, token: Token { part: 1, path: path.into() } });
            HttpResponse { streaming_strategy, ..page("part 0, ".into(), None) }
        }
        _ => page(format!("{} {} {}", request.method, request.url, request.body.len()), None),
    }
}

/// Everything that the gateway says of a request, a line each.
fn echo(request: &HttpRequest) -> String {
    let headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let body = String::from_utf8_lossy(&request.body);
    format!(
        "{} {} version {:?}\n{}\n\n{body}",
        request.method,
        request.url,
        request.certificate_version,
        headers.join("\n")
    )
}

/// The parts of `/stream/<parts>`, three unless it says how many.
#[query]
fn http_streaming(token: Token) -> StreamedPart {
    let parts = token.path.rsplit('/').next().and_then(|parts| parts.parse().ok()).unwrap_or(3);
    if token.path.contains("trap") && token.part == parts {
        ic_cdk::trap("no more parts");
    }
    if token.part == parts {
        return StreamedPart { body: b"end".to_vec(), token: None };
    }
    StreamedPart {
        body: format!("part {}, ", token.part).into_bytes(),
        token: Some(Token { part: token.part + 1, ..token }),
    }
}

#[update]
fn http_request_update(request: HttpRequest) -> HttpResponse {
    let headers =
        vec![("x-seen".into(), format!("{} {} {:?}", request.method, request.url, request.certificate_version))];
    HttpResponse {
        status_code: 201,
        headers,
        body: increment().to_string().into_bytes(),
        upgrade: Some(true),
        streaming_strategy: None,
    }
}
