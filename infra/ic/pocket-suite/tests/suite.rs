//! Canister tests as strangers write them, with the `pocket-ic` crate. POCKET_IC_BIN names the server: this host's
//! `bin/pocket-ic-server.mjs`, or the real one. TEST_CANISTER names the module to test with.

use candid::{Principal, decode_one, encode_args, encode_one};
use pocket_ic::common::rest::{BlobCompression, CanisterHttpReply, CanisterHttpResponse, MockCanisterHttpResponse};
use pocket_ic::{PocketIc, PocketIcBuilder, RejectCode};
use std::time::Duration;

type Fetched = Result<(u64, Vec<String>, Vec<u8>), (u32, String)>;

fn alice() -> Principal {
    Principal::self_authenticating([1; 44])
}

fn wasm() -> Vec<u8> {
    let path = std::env::var("TEST_CANISTER").expect("TEST_CANISTER names the test canister's module");
    std::fs::read(path).expect("the module is there")
}

fn deployed(pic: &PocketIc) -> Principal {
    let canister = pic.create_canister_with_settings(Some(alice()), None);
    pic.install_canister(canister, wasm(), encode_args(()).unwrap(), Some(alice()));
    canister
}

fn update<T: for<'a> candid::Deserialize<'a> + candid::CandidType>(
    pic: &PocketIc,
    canister: Principal,
    method: &str,
    arg: Vec<u8>,
) -> T {
    decode_one(&pic.update_call(canister, alice(), method, arg).expect("replied")).expect("decoded")
}

fn query<T: for<'a> candid::Deserialize<'a> + candid::CandidType>(
    pic: &PocketIc,
    canister: Principal,
    method: &str,
    arg: Vec<u8>,
) -> T {
    decode_one(&pic.query_call(canister, alice(), method, arg).expect("replied")).expect("decoded")
}

fn nothing() -> Vec<u8> {
    encode_args(()).unwrap()
}

#[test]
fn installs_updates_queries_and_upgrades() {
    let pic = PocketIc::new();
    let canister = deployed(&pic);
    assert_eq!(update::<u64>(&pic, canister, "increment", nothing()), 1);
    assert_eq!(query::<u64>(&pic, canister, "counter", nothing()), 1);
    pic.update_call(canister, alice(), "write_stable", encode_args((0u64, vec![1u8, 2, 3])).unwrap()).unwrap();
    pic.upgrade_canister(canister, wasm(), nothing(), Some(alice())).unwrap();
    assert_eq!(query::<u64>(&pic, canister, "counter", nothing()), 0);
    assert_eq!(query::<Vec<u8>>(&pic, canister, "read_stable", encode_args((0u64, 3u64)).unwrap()), [1, 2, 3]);
    assert_eq!(pic.get_controllers(canister), [alice()]);
    assert_eq!(query::<Principal>(&pic, canister, "whoami", nothing()), alice());
}

#[test]
fn rejects_with_the_codes_of_the_network() {
    let pic = PocketIc::new();
    let canister = deployed(&pic);
    let trapped = pic.update_call(canister, alice(), "increment_and_trap", nothing()).unwrap_err();
    assert_eq!(trapped.reject_code, RejectCode::CanisterError);
    assert_eq!(format!("{:?}", trapped.error_code), "CanisterCalledTrap");
    assert!(trapped.reject_message.contains("deliberate"), "{trapped}");
    let refused = pic.update_call(canister, alice(), "reject_with", encode_one("no").unwrap()).unwrap_err();
    assert_eq!(refused.reject_code, RejectCode::CanisterReject);
    let missing = pic.update_call(canister, alice(), "no_such_method", nothing()).unwrap_err();
    assert_eq!(format!("{:?}", missing.error_code), "CanisterMethodNotFound");
    pic.stop_canister(canister, Some(alice())).unwrap();
    assert_eq!(
        format!("{:?}", pic.query_call(canister, alice(), "counter", nothing()).unwrap_err().error_code),
        "CanisterStopped"
    );
    pic.delete_canister(canister, Some(alice())).unwrap();
    assert!(!pic.canister_exists(canister));
}

#[test]
fn moves_the_time_by_hand() {
    let pic = PocketIc::new();
    let canister = deployed(&pic);
    pic.update_call(canister, alice(), "start_timer", encode_one(60_000u64).unwrap()).unwrap();
    pic.tick();
    assert_eq!(query::<u64>(&pic, canister, "ticks", nothing()), 0);
    let before = pic.get_time();
    pic.advance_time(Duration::from_secs(61));
    for _ in 0..3 {
        pic.tick();
    }
    assert_eq!(query::<u64>(&pic, canister, "ticks", nothing()), 1);
    assert!(pic.get_time() >= before + Duration::from_secs(61));
}

#[test]
fn lets_canisters_call_each_other_and_counts_their_cycles() {
    let pic = PocketIc::new();
    let (a, b) = (deployed(&pic), deployed(&pic));
    assert_eq!(update::<u64>(&pic, a, "increment_at", encode_one(b).unwrap()), 1);
    assert_eq!(query::<u64>(&pic, b, "counter", nothing()), 1);
    let before = pic.cycle_balance(a);
    assert_eq!(pic.add_cycles(a, 5_000_000_000_000_000_000_000), before + 5_000_000_000_000_000_000_000);
}

#[test]
fn reads_and_writes_stable_memory_from_outside() {
    let pic = PocketIc::new();
    let canister = deployed(&pic);
    pic.set_stable_memory(canister, vec![9, 8, 7], BlobCompression::NoCompression);
    assert_eq!(query::<Vec<u8>>(&pic, canister, "read_stable", encode_args((0u64, 3u64)).unwrap()), [9, 8, 7]);
    assert_eq!(&pic.get_stable_memory(canister)[..3], [9, 8, 7]);
}

#[test]
fn takes_and_loads_snapshots() {
    let pic = PocketIc::new();
    let canister = deployed(&pic);
    update::<u64>(&pic, canister, "increment", nothing());
    pic.stop_canister(canister, Some(alice())).unwrap();
    let snapshot = pic.take_canister_snapshot(canister, Some(alice()), None).unwrap();
    pic.start_canister(canister, Some(alice())).unwrap();
    update::<u64>(&pic, canister, "increment", nothing());
    pic.stop_canister(canister, Some(alice())).unwrap();
    pic.load_canister_snapshot(canister, Some(alice()), snapshot.id.clone()).unwrap();
    pic.start_canister(canister, Some(alice())).unwrap();
    assert_eq!(query::<u64>(&pic, canister, "counter", nothing()), 1);
    assert_eq!(pic.list_canister_snapshots(canister, Some(alice())).unwrap().len(), 1);
}

#[test]
fn answers_http_outcalls_as_the_test_wants() {
    let pic = PocketIc::new();
    let canister = deployed(&pic);
    let arg = encode_args(("https://example.com/price", None::<u64>, Some("without_headers"))).unwrap();
    let call = pic.submit_call(canister, alice(), "fetch", arg).unwrap();
    pic.tick();
    pic.tick();
    let pending = pic.get_canister_http();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].url, "https://example.com/price");
    pic.mock_canister_http_response(MockCanisterHttpResponse {
        subnet_id: pending[0].subnet_id,
        request_id: pending[0].request_id,
        response: CanisterHttpResponse::CanisterHttpReply(CanisterHttpReply {
            status: 200,
            headers: vec![],
            body: b"42".to_vec(),
        }),
        additional_responses: vec![],
    });
    let fetched: Fetched = decode_one(&pic.await_call(call).unwrap()).unwrap();
    assert_eq!(fetched.unwrap().2, b"seen: 42");
}

#[test]
fn creates_canisters_under_given_ids_and_reads_logs() {
    let pic = PocketIcBuilder::new().with_application_subnet().build();
    let id = Principal::from_text("rwlgt-iiaaa-aaaaa-aaaaa-cai").unwrap();
    let subnet = pic.topology().get_app_subnets()[0];
    let own = pic.create_canister_on_subnet(Some(alice()), None, subnet);
    assert_eq!(pic.get_subnet(own), Some(subnet));
    assert_ne!(own, id);
    pic.install_canister(own, wasm(), nothing(), Some(alice()));
    pic.update_call(own, alice(), "print", encode_one("a line").unwrap()).unwrap();
    let logs = pic.fetch_canister_logs(own, alice()).unwrap();
    assert_eq!(logs.last().unwrap().content, b"a line");
}
