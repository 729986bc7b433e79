//! Which messages are taken at all (IC spec: canister_inspect_message): one that its method would refuse is not, so
//! that no stranger makes this canister spend. A method checks the same again: other canisters' calls do not pass here.

use crate::api::Enrol;
use crate::{operators, pods, vouchers};
use candid::Principal;

/// Whether a message from outside is taken.
pub fn opens(method: &str, caller: Principal, argument: &[u8]) -> bool {
    if caller == Principal::anonymous() {
        return is_query(method);
    }
    let is_enrolled = || pods::get(&caller).is_some();
    match method {
        "enrol" => is_enrolled() || may_enrol(caller, argument),
        "report" | "rotate" => is_enrolled(),
        "unenrol" => is_enrolled() || operators::is_operator(&caller) || vouchers::vouches(&caller),
        "advance" | "pause" | "resume" | "skip_soak" | "abort" => operators::may_drive().is_ok(),
        "open_release" | "supersede" => caller == governed::peers().models,
        "stop_release" | "set_operators" => governed::caller_is_governor().is_ok(),
        query => is_query(query),
    }
}

fn may_enrol(caller: Principal, argument: &[u8]) -> bool {
    candid::decode_one::<Enrol>(argument)
        .is_ok_and(|enrol| vouchers::checked(enrol.voucher.as_ref(), caller, &enrol.channel).is_ok())
}

/// What only reads; it may be asked for under the whole subnet's certificate, and then costs cycles (replicated
/// queries).
fn is_query(method: &str) -> bool {
    method.starts_with("get_")
        || method.starts_with("list_")
        || method.starts_with("validate_")
        || ["newest_releases", "is_operator", "http_request", "cycles", "audit_log", "audit_tip"].contains(&method)
}
