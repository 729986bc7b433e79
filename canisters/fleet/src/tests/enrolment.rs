//! Who enrols, and how an enrolment ends.

use super::stage::*;
use crate::{silent, vouchers};

fn enrols(n: u8, voucher: Option<Token>) -> Result<(Pod, bool), Error> {
    system::set_caller(principal(n));
    pods::enrol(&Enrol { name: format!("pod {n}"), channel: "stable".into(), voucher })
}

fn maker() -> Principal {
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let der = protocol::identity::der_of(key.verifying_key().as_bytes());
    protocol::identity::principal_of(&protocol::hex::encode(&der)).unwrap()
}

fn subject<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let error = result.expect_err("an error");
    assert_eq!(error.arm(), "NotAuthorized");
    error.why().subject.clone()
}

fn wait_days(days: u64) {
    system::set_now(system::now() + days * 86_400 * SECOND);
}

#[test]
fn a_stranger_fills_no_slot() {
    install();
    assert_eq!(subject(enrols(1, None)), "voucher");
    assert_eq!(subject(enrols(1, voucher_by(8, "any", 1_000, 0))), "voucher, issuer", "by nobody's voucher");
    let changed = voucher("any", 1_000).map(|token| Token { signature: vec![0; 64], ..token });
    assert_eq!(subject(enrols(1, changed)), "voucher, signature");
    assert!(pods::get(&principal(1)).is_none());
}

#[test]
fn a_voucher_lets_so_many_devices_enrol_as_it_says() {
    install();
    for pod in 1..=3 {
        assert!(enrols(pod, voucher("any", 3)).unwrap().1);
    }
    assert!(!enrols(3, None).unwrap().1, "who is enrolled needs none");
    assert_eq!(subject(enrols(4, voucher("any", 3))), "voucher, pods");
    assert!(enrols(4, voucher_by(7, "any", 1, 1)).unwrap().1, "another voucher");
}

#[test]
fn a_voucher_for_one_device_or_channel_is_none_for_another() {
    install();
    let named = voucher(&principal(2).to_text(), 1_000);
    assert_eq!(subject(enrols(1, named.clone())), "voucher, pod");
    assert!(enrols(2, named).unwrap().1);
    system::set_caller(principal(3));
    let elsewhere = Enrol { name: "x".into(), channel: "beta".into(), voucher: voucher("any", 9) };
    assert_eq!(subject(pods::enrol(&elsewhere)), "voucher, channel");
    wait_days(400);
    assert_eq!(subject(enrols(3, voucher("any", 9))), "voucher, expires");
}

#[test]
fn a_manufacturer_enrols_the_devices_that_it_names_and_no_more_than_voters_allowed() {
    install();
    let certificate = |pod: u8| voucher_by(9, &principal(pod).to_text(), 1, 0);
    assert_eq!(subject(enrols(1, certificate(1))), "voucher, issuer", "voters have not named it");
    vouchers::set_makers(&[Maker { principal: maker(), pods: 2 }]);
    assert_eq!(subject(enrols(1, voucher_by(9, "any", 9, 0))), "voucher, pod");
    assert!(enrols(1, certificate(1)).unwrap().1 && enrols(2, certificate(2)).unwrap().1);
    assert_eq!(arm(enrols(3, certificate(3))), "LimitExceeded");
    system::set_caller(maker());
    pods::unenrol(&principal(1)).unwrap();
    assert!(enrols(3, certificate(3)).unwrap().1, "the slot of one that left");
}

#[test]
fn a_pod_leaves_by_its_own_word_its_operators_or_its_makers_and_nobody_elses() {
    install();
    (1..4).for_each(enrol);
    system::set_caller(principal(2));
    assert_eq!(arm(pods::unenrol(&principal(1))), "NotAuthorized");
    assert_eq!(arm(pods::unenrol(&principal(9))), "NotFound");
    system::set_caller(ops());
    assert_eq!(arm(pods::unenrol(&principal(1))), "NotAuthorized", "a driver is no operator");
    system::set_caller(principal(1));
    pods::unenrol(&principal(1)).unwrap();
    system::set_caller(person());
    pods::unenrol(&principal(2)).unwrap();
    assert!([1, 2].iter().all(|n| pods::get(&principal(*n)).is_none()));
    let id = opened(1, &[9]);
    assert_eq!(begin(id, 1).unwrap().exposed, 1, "they count in no wave");
}

#[test]
fn a_rotated_key_keeps_the_enrolment_and_wins_no_place() {
    install();
    (1..4).for_each(enrol);
    let id = opened(1, &[3, 9]);
    drawn(id, vec![7; 32]);
    begin(id, 1).unwrap();
    system::set_now(system::now() + SECOND);
    system::set_caller(principal(1));
    let pod = pods::rotate(principal(50)).unwrap();
    assert_eq!((pod.name.as_str(), pod.enrolled_at), ("pod 1", system::now()));
    assert_eq!(arm(pods::rotate(principal(51))), "NotAuthorized", "the old key is none any more");
    assert_eq!(arm(say(1, id, 1, PodEvent::Installed, 0, 0)), "NotAuthorized");
    assert_eq!(arm(say(50, id, 1, PodEvent::Installed, 0, 0)), "NotExposed", "it would count twice");
    system::set_caller(principal(2));
    assert_eq!(arm(pods::rotate(principal(3))), "AlreadyExists");
}

#[test]
fn slots_of_pods_that_say_nothing_are_freed() {
    install();
    (1..4).for_each(enrol);
    wait_days(100);
    enrols(2, None).unwrap();
    let id = opened(1, &[3]);
    begin(id, 1).unwrap();
    say(3, id, 1, PodEvent::Health, 1, 0).unwrap();
    wait_days(80);
    silent::free_some();
    assert!(pods::get(&principal(1)).is_none());
    assert!([2, 3].iter().all(|n| pods::get(&principal(*n)).is_some()), "these were heard of");
    let log = audit::page(audit::AuditPage { start: 0, length: 100 });
    assert_eq!(log.iter().filter(|entry| entry.event.contains("podFreed")).count(), 1);
}
