//! Opening, superseding and telling.

use super::stage::*;

#[test]
fn only_an_operator_moves_a_release_and_only_models_opens_one() {
    install();
    let id = opened(1, &[1]);
    system::set_caller(principal(1));
    assert_eq!(arm(advance(&Advance { release: id, wave: 1 })), "NotAuthorized");
    assert_eq!(arm(pause(&held(id))), "NotAuthorized");
    assert_eq!(arm(abort(&Abort { release: id, reason: "x".into(), authority: None })), "NotAuthorized");
    let request = OpenRelease {
        adoption: 9,
        channel: "stable".into(),
        checkpoint: "sha256:00".into(),
        version: 1,
        previous: None,
        plan: plan(&[1]),
    };
    assert_eq!(arm(open(&request)), "NotAuthorized");
    assert_eq!(arm(supersede(&Supersede { channel: "stable".into(), adoption: 9 })), "NotAuthorized");
    assert_eq!(get(id).unwrap().state, ReleaseState::Planned);
}

#[test]
fn an_adoption_opens_one_release_and_supersedes_the_one_before() {
    install();
    let first = opened(1, &[1]);
    assert_eq!(opened(1, &[1]), first);
    let second = opened(2, &[1]);
    assert_eq!(get(first).unwrap().state, ReleaseState::Superseded);
    assert_eq!(arm(begin(first, 1)), "Closed");
    system::set_caller(models());
    supersede(&Supersede { channel: "stable".into(), adoption: 1 }).unwrap();
    assert_eq!(get(second).unwrap().state, ReleaseState::Planned, "a later adoption is untouched");
    supersede(&Supersede { channel: "stable".into(), adoption: 2 }).unwrap();
    assert_eq!(get(second).unwrap().state, ReleaseState::Superseded);
}

#[test]
fn a_change_while_models_is_told_stays_untold() {
    install();
    let id = opened(1, &[1, 2]);
    let rolling = begin(id, 1).unwrap();
    abort(&Abort { release: id, reason: "stop".into(), authority: None }).unwrap();
    mark_told(&rolling);
    assert_eq!(next_untold(None).unwrap().id, id);
    mark_told(&get(id).unwrap());
    assert_eq!(next_untold(None), None);
    assert!(get(id).unwrap().told);
}

#[test]
fn every_change_is_in_the_audit_log() {
    install();
    let id = opened(1, &[1]);
    begin(id, 1).unwrap();
    abort(&Abort { release: id, reason: "stop".into(), authority: None }).unwrap();
    let events: Vec<String> =
        audit::page(audit::AuditPage { start: 0, length: 100 }).into_iter().map(|entry| entry.event).collect();
    for (event, kind) in events.iter().zip(["releaseOpened", "waveBegun", "releaseStopped"]) {
        assert!(event.contains(kind), "{event}");
    }
    assert_eq!(events.len(), 3);
    let nothing = r#""counters":{"corrections":0,"errors":0,"installed":0,"returned":0,"windows":0}"#;
    assert!(events[1].contains(nothing) && events[2].contains(nothing), "what the gate was judged on is in the log");
}
