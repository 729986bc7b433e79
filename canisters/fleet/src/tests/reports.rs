//! What a pod may say.

use super::stage::*;

#[test]
fn a_repeated_report_is_counted_once() {
    install();
    (1..7).for_each(enrol);
    let id = opened(1, &[1, 3, 6]);
    begin(id, 1).unwrap();
    let first = pods_by_position(id, 1..7)[0];
    for sequence in [1, 1, 2, 1, 2] {
        say(first, id, sequence, PodEvent::Health, 5, 1).unwrap();
    }
    assert_eq!((get(id).unwrap().windows, get(id).unwrap().corrections), (10, 2));
}

#[test]
fn a_report_from_outside_the_wave_or_the_fleet_changes_nothing() {
    install();
    (1..7).for_each(enrol);
    let id = opened(1, &[1, 3, 6]);
    let order = pods_by_position(id, 1..7);
    assert_eq!(arm(say(order[0], id, 1, PodEvent::Health, 5, 1)), "NotExposed", "no wave has begun");
    begin(id, 1).unwrap();
    let before = get(id);
    assert_eq!(arm(say(order[5], id, 1, PodEvent::Failed("other: ".into()), 0, 0)), "NotExposed");
    assert_eq!(arm(say(99, id, 1, PodEvent::Health, 5, 1)), "NotAuthorized");
    assert_eq!(arm(say(order[0], id, 1, PodEvent::Health, 5, 6)), "Invalid");
    assert_eq!(arm(say(order[0], id, 0, PodEvent::Health, 5, 1)), "Invalid");
    system::set_caller(principal(order[0]));
    let other = Report {
        release: id,
        version: 77,
        sequence: 1,
        event: PodEvent::Health,
        windows: 1,
        corrections: 0,
        errors: 0,
        judged: None,
        apart: None,
        before: None,
    };
    assert_eq!(arm(report(&other)), "Invalid");
    assert_eq!(get(id), before);
    assert_eq!(pods::last_sequence(&principal(order[0])), 0);
}

#[test]
fn a_report_of_a_million_windows_in_a_minute_is_refused() {
    install();
    (1..4).for_each(enrol);
    let id = opened(1, &[3]);
    begin(id, 1).unwrap();
    assert_eq!(say(1, id, 1, PodEvent::Installed, 0, 0), Ok(false));
    system::set_now(system::now() + 60 * SECOND);
    assert_eq!(arm(say(1, id, 2, PodEvent::Health, 1_000_000, 0)), "LimitExceeded");
    assert_eq!(say(1, id, 2, PodEvent::Health, 7_000, 0), Ok(false), "a hundred for each second are borne");
    assert_eq!(arm(say(1, id, 3, PodEvent::Health, 1, 0)), "LimitExceeded", "in however many reports");
    system::set_now(system::now() + SECOND);
    assert_eq!(say(1, id, 3, PodEvent::Health, 100, 0), Ok(false));
    assert_eq!(get(id).unwrap().windows, 7_100);
}

#[test]
fn one_pod_that_claims_every_window_does_not_begin_the_next_wave() {
    install();
    (1..10).for_each(enrol);
    let id = opened(1, &[3, 9]);
    begin(id, 1).unwrap();
    let order = pods_by_position(id, 1..10);
    say(order[0], id, 1, PodEvent::Health, 1_000, 0).unwrap();
    soak();
    assert_eq!(arm(begin(id, 2)), "NotYet");
    assert_eq!(get(id).unwrap().wave_windows, 14, "its part of 40 among three");
    for pod in &order[1..3] {
        say(*pod, id, 1, PodEvent::Health, 20, 0).unwrap();
    }
    assert_eq!(begin(id, 2).unwrap().wave, 2);
}

#[test]
fn text_that_is_no_code_is_refused() {
    install();
    enrol(1);
    let id = opened(1, &[1]);
    begin(id, 1).unwrap();
    for text in [
        "",
        "ada's disk is full",
        "diskFull",
        "diskFull: /home/ada",
        "ENOSPC: no space left on device, open '/home/ada/pod'",
        "corrected: corrections 40, windows 60 of ada's",
        "modelDoesNotLoad: errors 1234567890",
    ] {
        for event in [PodEvent::Failed(text.into()), PodEvent::Returned(text.into())] {
            assert_eq!(arm(say(1, id, 1, event, 0, 0)), "Invalid", "{text}");
        }
    }
    assert_eq!(say(1, id, 1, PodEvent::Failed("corrected: corrections 40, windows 60".into()), 0, 0), Ok(false));
}

#[test]
fn one_pod_with_a_full_disk_does_not_stop_a_release_on_nine() {
    install();
    (1..10).for_each(enrol);
    let mut strict = plan(&[9]);
    strict.gate.max_errors = 0;
    let id = opened_by(1, strict);
    begin(id, 1).unwrap();
    let full = || PodEvent::Failed("diskFull: ".into());
    assert_eq!(say(1, id, 1, PodEvent::Installed, 0, 0), Ok(false));
    assert_eq!(say(1, id, 1, full(), 0, 0), Ok(false), "a full disk keeps no numbers of reports");
    assert_eq!(say(1, id, 1, full(), 0, 0), Ok(false));
    for pod in 2..10 {
        say(pod, id, 1, PodEvent::Health, 40, 4).unwrap();
    }
    soak();
    let release = get(id).unwrap();
    assert_eq!((&release.state, release.errors), (&ReleaseState::Rolling, 0));
    let told = crate::listing::in_json(id).unwrap();
    assert_eq!((&told["deviceFaults"]["diskFull"], &told["troubles"]), (&1.into(), &0.into()), "once for each pod");
    assert_eq!(begin(id, 2).unwrap().state, ReleaseState::Completed);
}
