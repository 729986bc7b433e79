//! Plans of the third version: pods are judged by a sequential test.

use super::stage::*;
use rollout::PodTest;

const MINUTE: u64 = 60 * SECOND;

/// Three pods, then nine; each is judged when it has answered for 14 windows apart and a minute.
fn tested() -> Plan {
    let mut plan = plan(&[3, 9]);
    plan.gate.test = Some(PodTest {
        healthy_permille: 20,
        unhealthy_permille: 800,
        false_alarm_permille: 10,
        miss_permille: 10,
        margin_permille: 50,
        min_new_pods: 3,
        min_pod_seconds: 60,
    });
    plan
}

/// A release on nine pods in its first wave, which three of them run since now: they, and the others.
fn running() -> (u64, Vec<u8>) {
    install();
    (1..10).for_each(enrol);
    let id = opened_by(1, tested());
    begin(id, 1).unwrap();
    let order = pods_by_position(id, 1..10);
    installed(id, &order[..3]);
    (id, order)
}

fn installed(id: u64, pods: &[u8]) {
    for pod in pods {
        say(*pod, id, 1, PodEvent::Installed, 0, 0).unwrap();
    }
}

fn counted(windows: u32, corrections: u32) -> Option<Counted> {
    Some(Counted { windows, corrections })
}

/// What a pod counted: windows apart now, of twice as many that overlap, and with its version before.
fn compares(pod: u8, id: u64, sequence: u64, now: (u32, u32), before: (u32, u32)) -> Result<bool, Error> {
    system::set_caller(principal(pod));
    let (windows, corrections) = (2 * now.0, 2 * now.1);
    report(&Report {
        release: id,
        version: 1,
        sequence,
        event: PodEvent::Health,
        windows,
        corrections,
        errors: 0,
        judged: Some(windows),
        apart: counted(now.0, now.1),
        before: counted(before.0, before.1),
    })
}

fn wait(time: u64) {
    system::set_now(system::now() + time);
}

fn why(error: Error) -> String {
    error.why().message.clone()
}

/// What stopped a healthy release once: half-overlapping windows of three pods, pooled, within their first minute.
#[test]
fn a_healthy_release_is_not_stopped_by_25_of_51_half_overlapping_windows_of_three_pods() {
    let (id, order) = running();
    wait(MINUTE - SECOND);
    for (pod, corrections) in order[..3].iter().zip([17, 4, 4]) {
        system::set_caller(principal(*pod));
        let said = Report {
            release: id,
            version: 1,
            sequence: 2,
            event: PodEvent::Health,
            windows: 17,
            corrections,
            errors: 0,
            judged: Some(17),
            apart: counted(9, corrections.div_ceil(2)),
            before: counted(900, 200),
        };
        assert_eq!(report(&said), Ok(false), "{corrections} of 17");
    }
    wait(MINUTE);
    for pod in &order[..3] {
        assert_eq!(compares(*pod, id, 3, (100, 15), (900, 200)), Ok(false));
    }
    assert_eq!(get(id).unwrap().state, ReleaseState::Rolling);
    assert_eq!(begin(id, 2).unwrap().wave, 2);
}

#[test]
fn a_version_that_is_worse_for_two_of_three_pods_is_stopped_in_the_first_wave() {
    let (id, order) = running();
    wait(MINUTE);
    assert_eq!(compares(order[0], id, 2, (400, 80), (400, 40)), Ok(false), "one worse pod may be chance");
    assert_eq!(compares(order[1], id, 2, (400, 40), (400, 40)), Ok(false));
    assert_eq!(compares(order[2], id, 2, (400, 80), (400, 40)), Ok(true));
    assert!(matches!(get(id).unwrap().state, ReleaseState::Stopped(why) if why.contains("2 of 3 newly switched pods")));
}

/// People differ: who was corrected often before is no sign of a worse version, nor is a bad version hidden by others.
#[test]
fn each_pod_is_compared_with_its_own_version_before() {
    let (id, order) = running();
    wait(MINUTE);
    for (pod, rate) in order[..3].iter().zip([160, 4, 80]) {
        assert_eq!(compares(*pod, id, 2, (400, rate), (400, rate)), Ok(false));
    }
    assert_eq!(begin(id, 2).unwrap().wave, 2, "40 % of corrections are as many as before");
}

#[test]
fn a_pod_without_a_version_before_is_held_to_what_was_voted() {
    let (id, order) = running();
    wait(MINUTE);
    say(order[0], id, 2, PodEvent::Health, 100, 26).unwrap();
    say(order[1], id, 2, PodEvent::Health, 100, 25).unwrap();
    assert_eq!(say(order[2], id, 2, PodEvent::Health, 100, 26), Ok(true), "250 of 1000 are borne");
}

#[test]
fn a_pod_is_one_observation_however_often_it_reports() {
    let (id, order) = running();
    wait(MINUTE);
    for sequence in 2..50 {
        assert_eq!(compares(order[0], id, sequence, (20, 20), (400, 0)), Ok(false), "one pod stops nothing");
    }
    let judged = crate::gate::judged(id);
    assert_eq!((judged.well, judged.worse), (0, 1));
}

#[test]
fn windows_of_a_minute_are_not_judged_before_their_pod_has_run_for_long_enough() {
    let (id, order) = running();
    for pod in &order[..3] {
        assert_eq!(compares(*pod, id, 2, (400, 400), (400, 0)), Ok(false));
    }
    wait(MINUTE);
    assert_eq!(compares(order[0], id, 3, (1, 1), (400, 0)), Ok(false));
    assert_eq!(compares(order[1], id, 3, (1, 1), (400, 0)), Ok(true));
}

#[test]
fn pods_that_left_by_themselves_for_corrections_are_worse_off_at_once() {
    let (id, order) = running();
    let left = || PodEvent::Returned("corrected: corrections 40, windows 60".into());
    assert_eq!(say(order[0], id, 2, left(), 0, 0), Ok(false));
    assert_eq!(say(order[0], id, 3, left(), 0, 0), Ok(false), "once");
    assert_eq!(say(order[1], id, 2, left(), 0, 0), Ok(true));
}

#[test]
fn a_gate_that_cannot_tell_waits_and_then_asks_an_operator() {
    let (id, order) = running();
    wait(MINUTE);
    for (pod, corrections) in order[..3].iter().zip([80, 40, 40]) {
        assert_eq!(compares(*pod, id, 2, (400, corrections), (400, 40)), Ok(false));
    }
    let waits = begin(id, 2).expect_err("one of three is worse");
    assert_eq!(waits.arm(), "NotYet");
    assert!(why(waits).contains("2 of 3 judged pods are well and 1 are worse off"));
    let early = token("resume", id);
    wait(MINUTE);
    assert_eq!(arm(begin(id, 2)), "Paused");
    let asked = get(id).unwrap();
    assert_eq!((&asked.state, asked.pauses), (&ReleaseState::Paused, Some(1)));
    assert_eq!(crate::listing::in_json(id).unwrap()["gateAsks"], true);
    assert_eq!(arm(resume(&held(id))), "NotAuthorized", "a driver does not answer");
    assert_eq!(refused(resume(&by(id, early))), "token, state");
    assert_eq!(arm(begin(id, 2)), "Paused");
    resume(&by(id, token("resume", id))).unwrap();
    assert_eq!(begin(id, 2).unwrap().wave, 2, "the operator has answered for wave 1");
    soak();
    assert_eq!(arm(begin(id, 3)), "NotYet", "and for no other");
}

#[test]
fn an_operators_word_does_not_outlive_what_pods_say_next() {
    let (id, order) = running();
    wait(2 * MINUTE);
    assert_eq!(arm(begin(id, 2)), "Paused", "nobody has reported");
    resume(&by(id, token("resume", id))).unwrap();
    compares(order[0], id, 2, (400, 80), (400, 40)).unwrap();
    assert_eq!(compares(order[1], id, 2, (400, 80), (400, 40)), Ok(true));
    assert_eq!(arm(begin(id, 2)), "GateFailed");
}

#[test]
fn one_pod_with_a_full_disk_is_no_observation_of_the_version() {
    let (id, order) = running();
    say(order[0], id, 2, PodEvent::Failed("diskFull: ".into()), 0, 0).unwrap();
    wait(MINUTE);
    for pod in &order[1..3] {
        compares(*pod, id, 2, (400, 40), (400, 40)).unwrap();
    }
    let waits = begin(id, 2).expect_err("two pods are too few");
    assert!(why(waits).contains("2 of 2 judged pods are well"), "the third is neither");
    assert_eq!(get(id).unwrap().state, ReleaseState::Rolling);
}

#[test]
fn pods_of_a_release_that_has_ended_are_forgotten() {
    let (id, _) = running();
    let known = || {
        let mut pods = 0;
        crate::gate::each(id, |_, _| pods += 1);
        pods
    };
    assert_eq!(known(), 3);
    system::set_caller(ops());
    abort(&Abort { release: id, reason: "stop".into(), authority: None }).unwrap();
    assert_eq!(known(), 0);
}

/// What was stored before there was a test.
#[test]
fn counts_of_the_version_before_are_read() {
    use crate::gate::{Count, Judged};
    let count: Count = serde_json::from_str(r#"{"windows":7,"corrections":2,"blamed":true}"#).unwrap();
    assert_eq!((count.windows, count.corrections, count.blamed), (7, 2, true));
    let judged: Judged =
        serde_json::from_str(r#"{"half_way":true,"end":false,"troubles":3,"last_trouble":"other: "}"#).unwrap();
    assert_eq!((judged.half_way, judged.troubles, judged.new_pods), (true, 3, 0));
}
