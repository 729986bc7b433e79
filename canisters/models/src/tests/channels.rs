use super::stage::*;
use crate::api::{CheckpointState, Error, ExposureState, RollbackChannel, Stable};
use crate::outbox::Message;
use crate::{channels, checkpoints, outbox};

fn stable() -> Option<u32> {
    channels::get("stable").unwrap().stable.map(|stable| stable.version)
}
fn sequence() -> u64 {
    channels::get("stable").unwrap().sequence
}

fn roll_back(version: u32) -> Result<(), Error> {
    system::set_caller(governor());
    channels::rollback(&RollbackChannel { channel: "stable".into(), version, reason: "drains batteries".into() })
}

#[test]
fn adopting_without_an_evaluation_is_refused() {
    install();
    let checkpoint = submit(&submission(&manifest(1)), &job(1)).unwrap();
    assert_eq!(refused(|| adopt(&checkpoint.id)), "NotEvaluated");
    assert_eq!(refused(|| adopt(&some_id(9))), "NotFound");
    assert!(channels::get("stable").is_none());
}

#[test]
fn an_adopted_checkpoint_is_a_candidate_once_its_release_is_open() {
    install();
    let checkpoint = adopt(&evaluated(1).id).unwrap();
    assert_eq!((checkpoint.state, checkpoint.version), (CheckpointState::Official, Some(1)));
    assert_eq!(channels::get("stable").unwrap().candidate, None);
    let Some(Message::OpenRelease { adoption, version, previous, .. }) = outbox::waiting().pop() else {
        panic!("the fleet is told")
    };
    assert_eq!((adoption, version, previous), (1, 1, None));
    channels::opened("stable", 1, 7, &checkpoint.id, 1);
    let candidate = channels::get("stable").unwrap().candidate.unwrap();
    assert_eq!((candidate.release, candidate.threshold), (7, 0));
    let before = sequence();
    channels::opened("stable", 1, 7, &checkpoint.id, 1);
    assert_eq!(sequence(), before, "an answer heard twice changes nothing");
}

#[test]
fn versions_count_per_model_in_the_order_of_adoption() {
    install();
    let (first, second) = (evaluated(1), evaluated(2));
    assert_eq!(adopt(&second.id).unwrap().version, Some(1));
    assert_eq!(adopt(&first.id).unwrap().version, Some(2));
    assert_eq!(adopt(&second.id).unwrap().version, Some(1), "a version is given once");
}

#[test]
fn a_completed_release_is_stable_and_every_step_raises_the_sequence() {
    install();
    let checkpoint = adopt(&evaluated(1).id).unwrap();
    channels::opened("stable", 1, 7, &checkpoint.id, 1);
    let mut last = sequence();
    for (threshold, state) in
        [(5, ExposureState::Rolling), (9, ExposureState::Rolling), (u64::MAX, ExposureState::Completed)]
    {
        assert_eq!(expose(7, threshold, state.clone()), Ok(true));
        assert!(sequence() > last);
        last = sequence();
        assert_eq!(expose(7, threshold, state), Ok(false), "a repeat changes nothing");
        assert_eq!(sequence(), last);
    }
    assert_eq!(channels::get("stable").unwrap().stable, Some(Stable { checkpoint: checkpoint.id, version: 1 }));
    assert_eq!(channels::get("stable").unwrap().candidate, None);
}

#[test]
fn a_stopped_release_leaves_the_stable_version() {
    install();
    released(1);
    let second = adopt(&evaluated(2).id).unwrap();
    channels::opened("stable", 2, 2, &second.id, 2);
    expose(2, 5, ExposureState::Rolling).unwrap();
    assert_eq!(expose(2, 5, ExposureState::Stopped("health gate".into())), Ok(true));
    assert_eq!((stable(), channels::get("stable").unwrap().candidate), (Some(1), None));
    assert_eq!(expose(2, 5, ExposureState::Stopped("health gate".into())), Ok(false));
    assert_eq!(refused(|| expose(2, 9, ExposureState::Rolling)), "Superseded");
    assert_eq!(refused(|| roll_back(2)), "NotFound", "it never was stable");
}

#[test]
fn a_rollback_names_an_older_version_under_a_higher_sequence() {
    install();
    released(1);
    released(2);
    let before = sequence();
    roll_back(1).unwrap();
    assert_eq!(stable(), Some(1));
    assert!(sequence() > before);
    assert_eq!(refused(|| roll_back(1)), "AlreadyExists");
    roll_back(2).unwrap();
    assert_eq!((stable(), sequence()), (Some(2), before + 2));
}

#[test]
fn a_rollback_ends_what_is_being_released() {
    install();
    released(1);
    let second = adopt(&evaluated(2).id).unwrap();
    channels::opened("stable", 2, 2, &second.id, 2);
    expose(2, 5, ExposureState::Rolling).unwrap();
    roll_back(1).unwrap();
    assert_eq!(channels::get("stable").unwrap().candidate, None);
    assert_eq!(outbox::waiting().pop(), Some(Message::Supersede { channel: "stable".into(), adoption: 2 }));
    assert_eq!(refused(|| expose(2, u64::MAX, ExposureState::Completed)), "Superseded");
    assert_eq!(stable(), Some(1));
}

#[test]
fn a_rollback_before_the_release_opens_wins() {
    install();
    released(1);
    let second = adopt(&evaluated(2).id).unwrap();
    assert_eq!(refused(|| expose(2, 5, ExposureState::Rolling)), "NotYet", "the fleet is ahead of its own answer");
    roll_back(1).unwrap();
    channels::opened("stable", 2, 2, &second.id, 2);
    assert_eq!(channels::get("stable").unwrap().candidate, None);
}

#[test]
fn a_rollback_needs_a_known_channel_and_a_reason() {
    install();
    assert_eq!(refused(|| roll_back(1)), "NotFound");
    released(1);
    released(2);
    let without = RollbackChannel { channel: "stable".into(), version: 1, reason: String::new() };
    assert_eq!(refused(|| channels::rollback(&without)), "Invalid");
}

#[test]
fn only_the_fleet_sets_exposure() {
    install();
    released(1);
    let request = crate::api::SetExposure {
        channel: "stable".into(),
        release: 1,
        threshold: 0,
        seed: None,
        state: ExposureState::Rolling,
    };
    system::set_caller(governor());
    assert_eq!(refused(|| channels::set_exposure(&request)), "NotAuthorized");
}

#[test]
fn a_bad_plan_or_channel_is_refused() {
    install();
    let id = evaluated(1).id;
    let mut plan = adoption(&id);
    plan.plan.waves = vec![3, 1];
    assert_eq!(refused(|| channels::adopt(&plan)), "Invalid");
    let mut channel = adoption(&id);
    channel.channel = "../stable".into();
    assert_eq!(refused(|| channels::adopt(&channel)), "Invalid");
    assert_eq!(checkpoints::get(&id).unwrap().state, CheckpointState::Evaluated);
}

#[test]
fn a_stable_checkpoint_is_not_adopted_again() {
    install();
    let checkpoint = released(1);
    assert_eq!(refused(|| adopt(&checkpoint.id)), "AlreadyExists");
}

#[test]
fn the_document_is_canonical_and_names_what_pods_follow() {
    install();
    let first = released(1);
    let second = adopt(&evaluated(2).id).unwrap();
    channels::opened("stable", 2, 2, &second.id, 2);
    expose(2, 0xab, ExposureState::Rolling).unwrap();
    let (_, document) = channels::documents().pop().unwrap();
    let text = String::from_utf8(document.clone()).unwrap();
    protocol::canonical::parse(&document).unwrap();
    let candidate =
        format!(r#"{{"checkpoint":"{}","release":2,"threshold":"00000000000000ab","version":2}}"#, second.id);
    let stable = format!(r#"{{"checkpoint":"{}","version":1}}"#, first.id);
    let expected = [
        format!(r#"{{"candidate":{candidate},"channel":"stable","reason":"version 2 reaches more pods","#),
        format!(r#""sequence":{},"stable":{stable},"type":"livepod.channel/v1"}}"#, sequence()),
    ]
    .concat();
    assert_eq!(text, expected);
}

/// Pods of before there were seeds read the first version, and so they do while nothing was drawn.
#[test]
fn a_candidate_whose_order_was_drawn_makes_the_document_of_the_second_version() {
    install();
    let checkpoint = adopt(&evaluated(2).id).unwrap();
    channels::opened("stable", 1, 1, &checkpoint.id, 1);
    let text = || String::from_utf8(channels::documents().pop().unwrap().1).unwrap();
    assert!(text().contains(r#""type":"livepod.channel/v1""#) && !text().contains("seed"));
    system::set_caller(governed::peers().fleet);
    let state = ExposureState::Rolling;
    let seed = Some(vec![7; 32]);
    let exposure = crate::api::SetExposure { channel: "stable".into(), release: 1, threshold: 9, seed, state };
    assert_eq!(channels::set_exposure(&exposure), Ok(true));
    let seed = "07".repeat(32);
    assert!(text().contains(&format!(r#""seed":"{seed}","threshold":"0000000000000009""#)), "{}", text());
    assert!(text().contains(r#""type":"livepod.channel/v2""#));
    protocol::canonical::parse(text().as_bytes()).unwrap();
}
