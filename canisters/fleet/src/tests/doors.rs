//! What strangers can make this canister do: nothing.

use super::stage::*;
use crate::doors::opens;

fn argument(voucher: Option<Token>) -> Vec<u8> {
    candid::encode_one(Enrol { name: "pod".into(), channel: "stable".into(), voucher }).unwrap()
}

fn taken(method: &str, by: Principal) -> bool {
    system::set_caller(by);
    opens(method, by, &argument(None))
}

#[test]
fn a_strangers_message_is_not_taken() {
    install();
    enrol(1);
    let (stranger, pod) = (principal(90), principal(1));
    for method in [
        "enrol",
        "unenrol",
        "rotate",
        "report",
        "open_release",
        "supersede",
        "advance",
        "pause",
        "resume",
        "skip_soak",
        "abort",
        "stop_release",
        "set_operators",
        "no_such_method",
    ] {
        assert!(!taken(method, stranger), "{method}");
        assert!(!taken(method, Principal::anonymous()), "{method}, anonymous");
    }
    for method in ["enrol", "report", "rotate", "unenrol"] {
        assert!(taken(method, pod), "{method}");
    }
    for method in ["advance", "pause", "resume", "skip_soak", "abort"] {
        assert!(taken(method, ops()) && taken(method, person()) && !taken(method, pod), "{method}");
    }
    assert!(taken("open_release", models()) && taken("set_operators", principal(210)));
    assert!(taken("get_release", stranger) && taken("get_release", Principal::anonymous()));
}

#[test]
fn enrolments_are_taken_with_a_voucher_alone() {
    install();
    let by = |voucher| opens("enrol", principal(90), &argument(voucher));
    assert!(by(voucher("any", 1)));
    assert!(!by(voucher_by(8, "any", 1, 0)));
    assert!(!opens("enrol", principal(90), &[0; 1_000]));
}
