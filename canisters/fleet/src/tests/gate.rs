//! What the gate judges, and when.

use super::stage::*;

#[test]
fn the_gate_waits_for_the_minimum_sample() {
    install();
    (1..7).for_each(enrol);
    let id = opened(1, &[1, 3, 6]);
    begin(id, 1).unwrap();
    let first = pods_by_position(id, 1..7)[0];
    assert_eq!(say(first, id, 1, PodEvent::Health, 13, 13), Ok(false), "13 of 14 windows say nothing yet");
    soak();
    assert_eq!(say(first, id, 2, PodEvent::Health, 0, 0), Ok(false), "whatever the time");
    assert_eq!(say(first, id, 3, PodEvent::Health, 1, 0), Ok(true));
    let release = get(id).unwrap();
    assert!(
        matches!(&release.state, ReleaseState::Stopped(reason) if reason.contains("1 of 1 pods")),
        "{:?}",
        release.state
    );
    assert!(!release.told, "the models canister has to hear of it");
    assert_eq!(next_untold(None).map(|release| release.id), Some(id));
    assert_eq!(arm(begin(id, 2)), "GateFailed");
}

#[test]
fn exactly_the_bearable_share_of_corrections_passes() {
    install();
    (1..7).for_each(enrol);
    let id = opened(1, &[1, 3, 6]);
    begin(id, 1).unwrap();
    let first = pods_by_position(id, 1..7)[0];
    assert_eq!(say(first, id, 1, PodEvent::Health, 40, 10), Ok(false), "250 of 1000 is allowed");
    soak();
    assert_eq!(say(first, id, 2, PodEvent::Health, 0, 0), Ok(false));
    assert_eq!(get(id).unwrap().state, ReleaseState::Rolling);
    assert_eq!(begin(id, 2).unwrap().wave, 2);
}

#[test]
fn a_bad_wave_stops_although_the_release_as_a_whole_is_good() {
    install();
    (1..7).for_each(enrol);
    let id = opened(1, &[1, 3, 6]);
    begin(id, 1).unwrap();
    let order = pods_by_position(id, 1..7);
    say(order[0], id, 1, PodEvent::Health, 1_000, 0).unwrap();
    soak();
    begin(id, 2).unwrap();
    soak();
    assert_eq!(say(order[0], id, 2, PodEvent::Health, 40, 20), Ok(false));
    assert_eq!(say(order[1], id, 1, PodEvent::Health, 40, 20), Ok(false));
    assert_eq!(say(order[2], id, 1, PodEvent::Health, 40, 0), Ok(true), "two of three pods");
}

#[test]
fn a_failed_installation_counts_as_an_error() {
    install();
    (1..7).for_each(enrol);
    let id = opened(1, &[1, 3, 6]);
    begin(id, 1).unwrap();
    let first = pods_by_position(id, 1..7)[0];
    assert_eq!(
        say(first, id, 1, PodEvent::Failed(format!("selfTestDiffers: {}errors 1", "errors 1, ".repeat(1_000))), 0, 0),
        Ok(true)
    );
    let release = get(id).unwrap();
    assert_eq!(release.errors, 1);
    assert!(matches!(
        release.state,
        ReleaseState::Stopped(reason) if reason.contains("selfTestDiffers: errors 1") && reason.len() < 340
    ));
    assert_eq!(
        say(first, id, 2, PodEvent::Returned("other: ".into()), 0, 0),
        Ok(false),
        "pods still say that they went back"
    );
    assert_eq!(get(id).unwrap().returned, 1);
}

/// A healthy release was stopped so: windows that overlap, pooled, judged at every report.
#[test]
fn pods_with_few_windows_and_unlucky_moments_stop_nothing() {
    install();
    (1..10).for_each(enrol);
    let id = opened(1, &[3, 9]);
    begin(id, 1).unwrap();
    let order = pods_by_position(id, 1..10);
    assert_eq!(say(order[0], id, 1, PodEvent::Health, 17, 17), Ok(false), "one person corrects all at first");
    for (pod, corrections) in [(1, 4), (2, 4)] {
        assert_eq!(say(order[pod], id, 1, PodEvent::Health, 17, corrections), Ok(false), "25 of 51 in all");
    }
    soak();
    assert_eq!(say(order[1], id, 2, PodEvent::Health, 17, 0), Ok(false), "one bad pod of three");
    assert_eq!(begin(id, 2).unwrap().wave, 2);
}

/// Who reads the log believes that what it calls judged was: a look between the points is none, and costs no pass over
/// all pods.
#[test]
fn nothing_is_judged_between_the_points_of_a_soak() {
    install();
    (1..4).for_each(enrol);
    let id = opened(1, &[3]);
    begin(id, 1).unwrap();
    let judged = || -> usize {
        let log = audit::page(audit::AuditPage { start: 0, length: 100 });
        log.iter().filter(|entry| entry.event.contains("gateJudged")).count()
    };
    let all_say = |sequence| {
        (1..4).for_each(|pod| assert_eq!(say(pod, id, sequence, PodEvent::Health, 40, 4), Ok(false)));
    };
    all_say(1);
    assert_eq!(judged(), 0, "enough is known, and it is too early");
    system::set_now(system::now() + 4 * SECOND);
    all_say(2);
    all_say(3);
    assert_eq!(judged(), 1, "half-way, once");
    system::set_now(system::now() + 4 * SECOND);
    all_say(4);
    all_say(5);
    assert_eq!(judged(), 2, "at the end, once");
}

#[test]
fn windows_without_labels_give_no_verdict() {
    install();
    (1..4).for_each(enrol);
    let id = opened(1, &[3]);
    begin(id, 1).unwrap();
    soak();
    for (sequence, judged, stops) in [(1, 0, false), (2, 13, false), (3, 1, true)] {
        for pod in 1..4 {
            system::set_caller(principal(pod));
            let said = Report {
                release: id,
                version: 1,
                sequence,
                event: PodEvent::Health,
                windows: 100,
                corrections: judged,
                errors: 0,
                judged: Some(judged),
                apart: None,
                before: None,
            };
            assert_eq!(report(&said), Ok(stops && pod == 3), "{judged} of pod {pod}");
        }
    }
}

#[test]
fn trouble_that_is_not_the_checkpoints_is_told_and_judges_nothing() {
    install();
    (1..4).for_each(enrol);
    let id = opened(1, &[3]);
    begin(id, 1).unwrap();
    for (sequence, pod) in [(1, 1), (1, 2), (2, 2)] {
        let unknown = PodEvent::Failed("other: ".into());
        assert_eq!(say(pod, id, sequence, unknown, 0, 0), Ok(false));
    }
    system::set_caller(principal(3));
    let run_time = Report {
        release: id,
        version: 1,
        sequence: 1,
        event: PodEvent::Health,
        windows: 5,
        corrections: 0,
        errors: 7,
        judged: None,
        apart: None,
        before: None,
    };
    assert_eq!(report(&run_time), Ok(false));
    assert_eq!((get(id).unwrap().errors, crate::gate::judged(id).troubles), (0, 10));
    assert_eq!(crate::listing::in_json(id).unwrap()["lastTrouble"], "other: ");
}

#[test]
fn a_pod_blames_a_checkpoint_once_however_often_it_says_so() {
    install();
    (1..4).for_each(enrol);
    let mut lenient = plan(&[3]);
    lenient.gate.max_errors = 1;
    let id = opened_by(1, lenient);
    begin(id, 1).unwrap();
    let fault = || PodEvent::Failed("runtimeDied: ".into());
    assert_eq!(say(1, id, 1, fault(), 0, 0), Ok(false));
    assert_eq!(say(1, id, 2, fault(), 0, 0), Ok(false));
    assert_eq!(get(id).unwrap().errors, 1);
    assert_eq!(say(2, id, 1, fault(), 0, 0), Ok(true));
}

#[test]
fn the_gate_looks_again_before_the_next_wave() {
    install();
    (1..4).for_each(enrol);
    let id = opened(1, &[2, 3]);
    begin(id, 1).unwrap();
    let order = pods_by_position(id, 1..4);
    for pod in &order[..2] {
        say(*pod, id, 1, PodEvent::Health, 40, 40).unwrap();
    }
    soak();
    assert_eq!(arm(begin(id, 2)), "GateFailed");
    assert!(matches!(get(id).unwrap().state, ReleaseState::Stopped(_)));
    assert!(next_untold(None).is_some(), "the models canister has to hear of it");
}
