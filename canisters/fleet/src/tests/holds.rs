//! Who may hold, let go on and stop.

use super::stage::*;

#[test]
fn a_paused_release_waits_and_its_gate_goes_on() {
    install();
    (1..7).for_each(enrol);
    let id = opened(1, &[1, 3, 6]);
    begin(id, 1).unwrap();
    pause(&held(id)).unwrap();
    soak();
    assert_eq!(arm(begin(id, 2)), "Paused");
    let first = pods_by_position(id, 1..7)[0];
    say(first, id, 1, PodEvent::Health, 40, 0).unwrap();
    system::set_caller(ops());
    resume(&by(id, token("resume", id))).unwrap();
    assert_eq!(begin(id, 2).unwrap().wave, 2);
    pause(&held(id)).unwrap();
    let failed = PodEvent::Failed("modelDoesNotLoad: ".into());
    assert_eq!(say(first, id, 2, failed, 0, 0), Ok(true), "the gate stops a paused release too");
}

#[test]
fn a_driver_alone_may_stop_and_never_let_go_on() {
    install();
    let id = opened(1, &[1, 3]);
    begin(id, 1).unwrap();
    pause(&held(id)).unwrap();
    assert_eq!(arm(resume(&held(id))), "NotAuthorized");
    for (wrong, signed) in [
        ("for another action", token("pause", id)),
        ("of somebody who is no operator", Says { operator: principal(9), ..Says::now("resume", id) }.signed()),
        ("that was changed", token("resume", id).map(|token| Token { signature: vec![0; 64], ..token })),
    ] {
        assert_eq!(arm(resume(&by(id, signed))), "NotAuthorized", "{wrong}");
    }
    let good = token("resume", id);
    system::set_caller(principal(1));
    assert_eq!(arm(resume(&by(id, good.clone()))), "NotAuthorized", "a stranger who has read a token");
    system::set_caller(ops());
    assert_eq!(resume(&by(id, good)).unwrap().state, ReleaseState::Rolling);
    pause(&held(id)).unwrap();
    let late = token("resume", id);
    system::set_now(system::now() + 3_600 * SECOND);
    assert_eq!(refused(resume(&by(id, late))), "token, expires");
    system::set_caller(person());
    assert_eq!(resume(&held(id)).unwrap().state, ReleaseState::Rolling, "the operator's own call");
}

#[test]
fn a_soak_is_skipped_by_an_operator_where_voters_allowed_it_and_the_gate_stays() {
    install();
    (1..7).for_each(enrol);
    let id = opened(1, &[1, 3, 6]);
    begin(id, 1).unwrap();
    let skip = |wave| SkipSoak { release: id, wave, authority: token("skipSoak", id) };
    assert_eq!(arm(skip_soak(&skip(1))), "Invalid", "the plan does not allow it");
    let mut release = get(id).unwrap();
    release.plan.skippable_soak = Some(true);
    put(release);
    assert_eq!(arm(skip_soak(&SkipSoak { release: id, wave: 1, authority: None })), "NotAuthorized");
    assert_eq!(arm(skip_soak(&skip(2))), "Invalid", "wave 2 has not begun");
    assert_eq!(skip_soak(&skip(1)).unwrap().soak_until, system::now());
    assert_eq!(arm(begin(id, 2)), "NotYet", "the gate's windows are missing");
    say(pods_by_position(id, 1..7)[0], id, 1, PodEvent::Health, 40, 0).unwrap();
    let second = begin(id, 2).unwrap();
    assert!(second.soak_until > system::now());
    assert_eq!(skip_soak(&skip(1)).unwrap(), second, "a repeat for wave 1 leaves wave 2 alone");
}

#[test]
fn operators_are_named_anew_by_vote() {
    install();
    let lists = SetOperators { operators: vec![principal(50)], drivers: vec![principal(51)], makers: None };
    assert!(operators::checked(&lists).is_ok());
    assert!(operators::checked(&SetOperators {
        operators: vec![Principal::anonymous()],
        drivers: vec![],
        makers: None
    })
    .is_err());
    operators::set(&lists);
    assert!(operators::is_operator(&principal(50)) && !operators::is_operator(&person()));
    system::set_caller(ops());
    assert!(operators::may_drive().is_err());
}

#[test]
fn an_abort_needs_a_reason_and_happens_once() {
    install();
    let id = opened(1, &[1]);
    begin(id, 1).unwrap();
    assert_eq!(arm(abort(&Abort { release: id, reason: String::new(), authority: None })), "Invalid");
    let release = abort(&Abort { release: id, reason: "drains batteries".into(), authority: None }).unwrap();
    assert_eq!(release.state, ReleaseState::Stopped("drains batteries".into()));
    assert_eq!(abort(&Abort { release: id, reason: "again".into(), authority: None }).unwrap(), release);
    assert_eq!(arm(begin(id, 2)), "Closed", "no gate failed");
    assert_eq!(arm(checked_stop(&StopRelease { release: id, reason: "x".into() })), "Closed");
    assert_eq!(arm(checked_stop(&StopRelease { release: 77, reason: "x".into() })), "NotFound");
}
