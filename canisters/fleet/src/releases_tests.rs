use super::*;
use crate::api::{Enrol, PodEvent, Report, SetOperators};
use crate::reports::report;
use ed25519_dalek::{Signer, SigningKey};
use governed::{parties, Parties, Peers};
use protocol::operator::Token;
use rollout::{Gate, Plan};

fn principal(n: u8) -> Principal {
    Principal::from_slice(&[n; 29])
}
fn models() -> Principal {
    principal(201)
}
fn ops() -> Principal {
    principal(200)
}

/// The operator whose key is [7; 32].
fn person() -> Principal {
    protocol::identity::principal_of(&key()).unwrap()
}
fn key() -> String {
    protocol::hex::encode(&protocol::identity::der_of(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes()))
}

/// What a token of a test says, by the key [7; 32].
struct Says {
    operator: Principal,
    action: &'static str,
    object: String,
    state: String,
    seconds: u64,
    nonce: u8,
}

impl Says {
    /// Good now for a release as it stands.
    fn now(action: &'static str, release: u64) -> Self {
        let state = get(release).unwrap().standing();
        Says { operator: person(), action, object: format!("release/{release}"), state, seconds: 3_600, nonce: 0 }
    }

    fn signed(&self) -> Option<Token> {
        let Says { operator, action, object, state, seconds, nonce } = self;
        let (now, audience, public_key) = (system::now(), system::this_canister(), key());
        let expires = now + seconds * SECOND;
        let document = [
            format!(r#"{{"action":"{action}","audience":"{audience}","expires":"{expires}","nonce":"{nonce:032x}","#),
            format!(r#""notBefore":"{now}","object":"{object}","operator":"{operator}","publicKey":"{public_key}","#),
            format!(r#""state":"{state}","type":"livepod.operator/v2","workflow":"rollout-1"}}"#),
        ]
        .concat()
        .into_bytes();
        sealed(document)
    }
}

fn sealed(document: Vec<u8>) -> Option<Token> {
    let preimage = protocol::document::signing_bytes(&document).unwrap();
    let signature = SigningKey::from_bytes(&[7; 32]).sign(&preimage).to_vec();
    Some(Token { document, signature })
}

/// A token that is good now.
fn token(action: &'static str, release: u64) -> Option<Token> {
    Says::now(action, release).signed()
}

fn by(release: u64, authority: Option<Token>) -> Hold {
    Hold { release, authority }
}

/// What is wrong with a token, as the canister names it.
fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let error = result.expect_err("an error");
    assert_eq!(error.arm(), "NotAuthorized");
    assert!(error.why().remedy.contains("livepod ops token"), "{}", error.why().remedy);
    error.why().subject.clone()
}

fn held(release: u64) -> Hold {
    Hold { release, authority: None }
}

fn install() {
    let peers = Peers {
        governance: principal(210),
        datasets: principal(211),
        access: principal(212),
        models: models(),
        fleet: principal(213),
        treasury: principal(214),
        ledger: principal(215),
    };
    parties::open(memory::of(memory::PARTIES), Some(Parties { governor: principal(210), peers }));
    audit::open(memory::of(memory::AUDIT_INDEX), memory::of(memory::AUDIT_DATA));
    operators::set(&SetOperators { operators: vec![person()], drivers: vec![ops()] });
}

fn enrol(n: u8) {
    system::set_caller(principal(n));
    let (pod, new) = pods::enrol(&Enrol { name: format!("pod {n}"), channel: "stable".into() }).unwrap();
    if new {
        pod_enrolled(&pod.principal, &pod.channel);
    }
}

fn plan(waves: &[u32]) -> Plan {
    Plan {
        waves: waves.to_vec(),
        soak_seconds: 8,
        gate: Gate {
            min_windows: 40,
            max_correction_permille: 250,
            max_errors: 0,
            min_pods: None,
            min_pod_windows: None,
            max_bad_permille: None,
        },
        skippable_soak: None,
        shares: None,
    }
}

fn opened(adoption: u64, waves: &[u32]) -> u64 {
    opened_by(adoption, plan(waves))
}

fn opened_by(adoption: u64, plan: Plan) -> u64 {
    system::set_caller(models());
    let request = OpenRelease {
        adoption,
        channel: "stable".into(),
        checkpoint: "sha256:00".into(),
        version: adoption as u32,
        previous: None,
        plan,
    };
    open(&request).unwrap()
}

fn begin(release: u64, wave: u32) -> Result<Release, Error> {
    system::set_caller(ops());
    advance(&Advance { release, wave })
}

fn pods_by_position(release: u64, pods: std::ops::Range<u8>) -> Vec<u8> {
    let mut pods: Vec<u8> = pods.collect();
    pods.sort_by_key(|n| protocol::cohort::position(release, &principal(*n)));
    pods
}

fn say(pod: u8, release: u64, sequence: u64, event: PodEvent, windows: u32, corrections: u32) -> Result<bool, Error> {
    system::set_caller(principal(pod));
    let version = get(release).unwrap().version;
    report(&Report { release, version, sequence, event, windows, corrections, errors: 0, judged: None })
}

fn soak() {
    system::set_now(system::now() + 8 * SECOND);
}

fn healthy_wave(release: u64, sequence: u64) {
    let first = pods_by_position(release, 1..7)[0];
    say(first, release, sequence, PodEvent::Health, 40, 4).unwrap();
    soak();
}

fn arm<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.expect_err("an error").arm()
}

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
    let exposed: Vec<u8> = (1..7).filter(|n| protocol::cohort::position(id, &principal(*n)) <= threshold).collect();
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
    let first = pods_by_position(id, 1..21)[0];
    for (wave, exposed) in [(1, 1), (2, 4), (3, 20)] {
        assert_eq!(begin(id, wave).unwrap().exposed, exposed, "wave {wave}");
        say(first, id, u64::from(wave), PodEvent::Health, 40, 4).unwrap();
        soak();
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
    let before = begin(id, 1).unwrap().threshold;
    (2..40).for_each(enrol);
    say(1, id, 1, PodEvent::Health, 40, 0).unwrap();
    soak();
    let release = begin(id, 2).unwrap();
    assert!(release.threshold >= before);
    assert!(protocol::cohort::position(id, &principal(1)) <= release.threshold);
}

#[test]
fn a_late_pod_below_the_threshold_is_counted_as_exposed() {
    install();
    enrol(1);
    let id = opened(1, &[1, 2, 60]);
    let threshold = begin(id, 1).unwrap().threshold;
    (2..60).for_each(enrol);
    let expected = (1..60).filter(|n| protocol::cohort::position(id, &principal(*n)) <= threshold).count();
    assert_eq!(get(id).unwrap().exposed as usize, expected);
}

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
        say(first, id, 1, PodEvent::Failed(format!("selfTestDiffers: it differs {}", "x".repeat(10_000))), 0, 0),
        Ok(true)
    );
    let release = get(id).unwrap();
    assert_eq!(release.errors, 1);
    assert!(matches!(
        release.state,
        ReleaseState::Stopped(reason) if reason.contains("selfTestDiffers: it differs") && reason.len() < 340
    ));
    assert_eq!(
        say(first, id, 2, PodEvent::Returned("stopped".into()), 0, 0),
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
        let full = PodEvent::Failed("ENOSPC: no space left on device".into());
        assert_eq!(say(pod, id, sequence, full, 0, 0), Ok(false));
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
    };
    assert_eq!(report(&run_time), Ok(false));
    assert_eq!((get(id).unwrap().errors, gate::troubles(id).0), (0, 10));
    assert_eq!(in_json(id).unwrap()["lastTrouble"], "ENOSPC: no space left on device");
}

#[test]
fn a_pod_blames_a_checkpoint_once_however_often_it_says_so() {
    install();
    (1..4).for_each(enrol);
    let mut lenient = plan(&[3]);
    lenient.gate.max_errors = 1;
    let id = opened_by(1, lenient);
    begin(id, 1).unwrap();
    let fault = || PodEvent::Failed("runtimeDied: the process of the model ended".into());
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
    assert_eq!(arm(say(order[5], id, 1, PodEvent::Failed("mischief".into()), 0, 0)), "NotExposed");
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
    };
    assert_eq!(arm(report(&other)), "Invalid");
    assert_eq!(get(id), before);
    assert_eq!(pods::last_sequence(&principal(order[0])), 0);
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
    let failed = PodEvent::Failed("modelDoesNotLoad: it has no graph".into());
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
    let lists = SetOperators { operators: vec![principal(50)], drivers: vec![principal(51)] };
    assert!(operators::checked(&lists).is_ok());
    assert!(operators::checked(&SetOperators { operators: vec![Principal::anonymous()], drivers: vec![] }).is_err());
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

#[path = "tokens_tests.rs"]
mod tokens;
