//! How far each wave reaches, and when it may begin.

use super::stage::*;

#[test]
fn six_pods_are_exposed_as_one_then_three_then_six() {
    install();
    (1..7).for_each(enrol);
    let id = opened(1, &[1, 3, 6]);
    for (wave, expected) in [(1, 1), (2, 3), (3, 6)] {
        let release = begin(id, wave).unwrap();
        assert_eq!((release.wave, release.exposed), (wave, expected));
        assert_eq!(arm(begin(id, wave + 1)), "NotYet", "it soaks");
        healthy_wave(id, u64::from(wave));
    }
    assert_eq!(get(id).unwrap().threshold, u64::MAX);
    let release = begin(id, 4).unwrap();
    assert_eq!(release.state, ReleaseState::Completed);
    assert_eq!(begin(id, 4).unwrap(), release, "a repeat changes nothing");
}

#[test]
fn the_exposed_pods_are_those_with_the_smallest_positions() {
    install();
    (1..7).for_each(enrol);
    let id = opened(1, &[1, 3, 6]);
    let threshold = begin(id, 1).unwrap().threshold;
    let order = pods_by_position(id, 1..7);
    let exposed: Vec<u8> =
        (1..7).filter(|n| protocol::cohort::position(None, id, &principal(*n)) <= threshold).collect();
    assert_eq!(exposed, vec![order[0]]);
}

#[test]
fn a_wave_needs_its_soak_and_enough_reports() {
    install();
    (1..7).for_each(enrol);
    let id = opened(1, &[1, 3, 6]);
    begin(id, 1).unwrap();
    let first = pods_by_position(id, 1..7)[0];
    say(first, id, 1, PodEvent::Health, 39, 0).unwrap();
    soak();
    assert_eq!(arm(begin(id, 2)), "NotYet", "39 of 40 windows");
    say(first, id, 2, PodEvent::Health, 1, 0).unwrap();
    assert_eq!(begin(id, 2).unwrap().wave, 2);
    assert_eq!(arm(begin(id, 4)), "Invalid", "wave 3 cannot be skipped");
    assert_eq!(arm(begin(id, 0)), "Invalid");
}

#[test]
fn shares_reach_as_many_pods_as_the_fleet_has() {
    install();
    (1..21).for_each(enrol);
    let id = opened_by(1, Plan { shares: Some(vec![10, 200, 1_000]), ..plan(&[]) });
    for (wave, exposed) in [(1, 1), (2, 4), (3, 20)] {
        assert_eq!(begin(id, wave).unwrap().exposed, exposed, "wave {wave}");
        healthy_wave_of(id, 1..21, u64::from(wave));
    }
    assert_eq!(begin(id, 4).unwrap().state, ReleaseState::Completed);
}

#[test]
fn waves_larger_than_the_fleet_are_capped() {
    install();
    (1..3).for_each(enrol);
    let id = opened(1, &[1, 3, 6]);
    assert_eq!(begin(id, 1).unwrap().exposed, 1);
    say(pods_by_position(id, 1..3)[0], id, 1, PodEvent::Health, 40, 0).unwrap();
    soak();
    assert_eq!(begin(id, 2).unwrap().exposed, 2);
}

#[test]
fn a_release_without_pods_only_soaks() {
    install();
    let id = opened(1, &[1, 3]);
    for wave in 1..=2 {
        assert_eq!(begin(id, wave).unwrap().exposed, 0);
        soak();
    }
    assert_eq!(begin(id, 3).unwrap().state, ReleaseState::Completed);
}

#[test]
fn a_pod_that_was_exposed_stays_so_when_others_enrol_later() {
    install();
    enrol(1);
    let id = opened(1, &[1, 2, 50]);
    drawn(id, vec![7; 32]);
    let before = begin(id, 1).unwrap().threshold;
    system::set_now(system::now() + SECOND);
    (2..40).for_each(enrol);
    say(1, id, 1, PodEvent::Health, 40, 0).unwrap();
    soak();
    let release = begin(id, 2).unwrap();
    assert!(release.threshold >= before);
    assert!(release.position(&principal(1)) <= release.threshold);
}

/// Keys cost nothing: who knew the order could make thousands and enrol those that come first.
#[test]
fn keys_cannot_be_ground_into_an_early_wave() {
    install();
    (1..4).for_each(enrol);
    let id = opened(1, &[1, 2, 60]);
    system::set_now(system::now() + SECOND);
    drawn(id, vec![7; 32]);
    drawn(id, vec![8; 32]);
    let release = begin(id, 1).unwrap();
    assert_eq!(release.seed, Some(vec![7; 32]), "the first draw counts");
    let place = |n: u8| release.position(&principal(n));
    let before_the_draw = |n: u8| protocol::cohort::position(None, id, &principal(n));
    assert!((1..60).any(|n| (place(n) < place(1)) != (before_the_draw(n) < before_the_draw(1))), "another order");
    system::set_now(system::now() + SECOND);
    let ground: Vec<u8> = (4..200).filter(|n| place(*n) <= release.threshold).collect();
    assert!(!ground.is_empty());
    ground.iter().for_each(|n| enrol(*n));
    assert_eq!(get(id).unwrap().exposed, 1);
    for n in ground {
        assert_eq!(arm(say(n, id, 1, PodEvent::Installed, 0, 0)), "NotExposed");
    }
}

#[test]
fn a_pod_that_enrols_during_the_last_wave_is_in_it() {
    install();
    enrol(1);
    let id = opened(1, &[9]);
    drawn(id, vec![7; 32]);
    begin(id, 1).unwrap();
    system::set_now(system::now() + SECOND);
    enrol(2);
    assert_eq!(get(id).unwrap().exposed, 2);
    assert_eq!(say(2, id, 1, PodEvent::Installed, 0, 0), Ok(false));
}
