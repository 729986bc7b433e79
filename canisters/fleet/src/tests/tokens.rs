//! What is tried with an operator's token that somebody has read.

use super::stage::*;

/// Two releases of two channels, both in their first wave, moved by the driver.
fn two_releases() -> (u64, u64) {
    install();
    let first = opened_by(1, skippable());
    system::set_caller(models());
    let other = OpenRelease {
        adoption: 2,
        channel: "beta".into(),
        checkpoint: "sha256:00".into(),
        version: 2,
        previous: None,
        plan: skippable(),
    };
    let second = open(&other).unwrap();
    for release in [first, second] {
        begin(release, 1).unwrap();
    }
    (first, second)
}

fn skippable() -> Plan {
    Plan { skippable_soak: Some(true), ..plan(&[1, 3]) }
}

#[test]
fn a_token_replayed_on_another_release_moves_nothing() {
    let (first, second) = two_releases();
    for release in [first, second] {
        pause(&held(release)).unwrap();
    }
    let good = token("resume", first);
    assert_eq!(refused(resume(&by(second, good.clone()))), "token, object");
    assert_eq!(get(second).unwrap().state, ReleaseState::Paused);
    resume(&by(first, good.clone())).unwrap();
    assert_eq!(refused(resume(&by(second, good))), "token, object", "used or not");
}

#[test]
fn a_token_used_twice_has_one_effect() {
    let (first, _) = two_releases();
    let skip = |wave, authority| skip_soak(&SkipSoak { release: first, wave, authority });
    let good = token("skipSoak", first);
    let skipped = skip(1, good.clone()).unwrap();
    soak();
    assert_eq!(skip(1, good.clone()).unwrap(), skipped, "an activity that was retried hears what it heard first");
    begin(first, 2).unwrap();
    assert_eq!(refused(skip(2, good.clone())), "token, nonce", "a second effect");
    assert_eq!(skip(1, good).unwrap().soak_until, system::now() + 8 * SECOND, "wave 2 soaks on");

    pause(&held(first)).unwrap();
    let good = token("resume", first);
    assert_eq!(resume(&by(first, good.clone())).unwrap().state, ReleaseState::Rolling);
    pause(&held(first)).unwrap();
    assert_eq!(resume(&by(first, good)).unwrap().state, ReleaseState::Paused, "it changes nothing a second time");
}

#[test]
fn a_token_of_another_state_moves_nothing() {
    let (first, _) = two_releases();
    pause(&held(first)).unwrap();
    let of_the_pause = [Says::now("resume", first), Says { nonce: 1, ..Says::now("resume", first) }];
    let again = of_the_pause[1].signed();
    let skip = Says { action: "skipSoak", ..Says::now("skipSoak", first) }.signed();
    resume(&by(first, of_the_pause[0].signed())).unwrap();
    assert_eq!(refused(resume(&by(first, again))), "token, state", "made while it was paused");
    let skip = SkipSoak { release: first, wave: 1, authority: skip };
    assert_eq!(refused(skip_soak(&skip)), "token, state");
    assert!(get(first).unwrap().soak_until > system::now());
    let of_wave_1 = token("abort", first);
    soak();
    begin(first, 2).unwrap();
    let abort_it = Abort { release: first, reason: "late".into(), authority: of_wave_1 };
    assert_eq!(refused(abort(&abort_it)), "token, state", "made for wave 1");
    assert_eq!(get(first).unwrap().state, ReleaseState::Rolling);
}

#[test]
fn a_token_older_than_a_persons_pause_is_void() {
    let (first, _) = two_releases();
    pause(&held(first)).unwrap();
    let before = token("resume", first);
    system::set_caller(person());
    assert_eq!(pause(&held(first)).unwrap().pauses, Some(1), "also where it is paused already");
    system::set_caller(ops());
    assert_eq!(refused(resume(&by(first, before))), "token, state");
    resume(&by(first, token("resume", first))).unwrap();

    let skip = token("skipSoak", first);
    let by_token = token("pause", first);
    assert_eq!(pause(&by(first, by_token.clone())).unwrap().pauses, Some(2));
    assert_eq!(pause(&by(first, by_token)).unwrap().pauses, Some(2), "an activity that was retried pauses once");
    resume(&by(first, token("resume", first))).unwrap();
    let skip = SkipSoak { release: first, wave: 1, authority: skip };
    assert_eq!(refused(skip_soak(&skip)), "token, state", "rolling in the same wave again, and void all the same");
}

#[test]
fn a_drivers_own_pause_voids_no_token() {
    let (first, _) = two_releases();
    let before = get(first).unwrap().standing();
    pause(&held(first)).unwrap();
    resume(&by(first, token("resume", first))).unwrap();
    assert_eq!(get(first).unwrap().standing(), before);
}

#[test]
fn a_token_longer_than_the_maximum_moves_nothing() {
    let (first, _) = two_releases();
    pause(&held(first)).unwrap();
    let eight_hours = Says { seconds: 8 * 3_600, ..Says::now("resume", first) };
    assert_eq!(refused(resume(&by(first, eight_hours.signed()))), "token, expires");
}

#[test]
fn a_token_of_the_first_version_moves_nothing_and_says_how_to_make_another() {
    let (first, _) = two_releases();
    pause(&held(first)).unwrap();
    let (now, audience, operator, public_key) = (system::now(), system::this_canister(), person(), key());
    let (expires, nonce) = (now + 3_600 * SECOND, "0".repeat(32));
    let document = [
        format!(r#"{{"actions":["resume"],"audience":"{audience}","expires":"{expires}","nonce":"{nonce}","#),
        format!(r#""notBefore":"{now}","operator":"{operator}","publicKey":"{public_key}","#),
        r#""type":"livepod.operator/v1","workflow":"*"}"#.to_owned(),
    ]
    .concat();
    assert_eq!(refused(resume(&by(first, sealed(document.into_bytes())))), "token, type");
}

#[test]
fn used_tokens_are_forgotten_when_they_have_expired() {
    let (first, _) = two_releases();
    for _ in 0..3 {
        pause(&held(first)).unwrap();
        resume(&by(first, token("resume", first))).unwrap();
        system::set_now(system::now() + 3_600 * SECOND);
    }
    assert_eq!(operators::remembered(), 1);
}
