//! A fleet of pods and what happens to it.

pub(crate) use crate::api::*;
pub(crate) use crate::holds::{abort, checked_stop, pause, resume, skip_soak};
pub(crate) use crate::releases::{get, mark_told, next_untold, open, put, supersede};
pub(crate) use crate::reports::report;
pub(crate) use crate::waves::{advance, drawn, pod_enrolled, SECOND};
pub(crate) use crate::{memory, operators, pods};
pub use candid::Principal;
pub use protocol::operator::Token;
pub use rollout::{Gate, Plan};

use ed25519_dalek::{Signer, SigningKey};
use governed::{parties, Parties, Peers};

pub fn principal(n: u8) -> Principal {
    Principal::from_slice(&[n; 29])
}
pub fn models() -> Principal {
    principal(201)
}
pub fn ops() -> Principal {
    principal(200)
}

/// The operator whose key is [7; 32].
pub fn person() -> Principal {
    protocol::identity::principal_of(&key()).unwrap()
}
pub fn key() -> String {
    protocol::hex::encode(&protocol::identity::der_of(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes()))
}

/// What a token of a test says, by the key [7; 32].
pub struct Says {
    pub operator: Principal,
    pub action: &'static str,
    pub object: String,
    pub state: String,
    pub seconds: u64,
    pub nonce: u8,
}

impl Says {
    /// Good now for a release as it stands.
    pub fn now(action: &'static str, release: u64) -> Self {
        let state = get(release).unwrap().standing();
        Says { operator: person(), action, object: format!("release/{release}"), state, seconds: 3_600, nonce: 0 }
    }

    pub fn signed(&self) -> Option<Token> {
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

pub fn sealed(document: Vec<u8>) -> Option<Token> {
    let preimage = protocol::document::signing_bytes(&document).unwrap();
    let signature = SigningKey::from_bytes(&[7; 32]).sign(&preimage).to_vec();
    Some(Token { document, signature })
}

/// The operator's voucher for so many devices of the channel `stable`.
pub fn voucher(pod: &str, pods: u32) -> Option<Token> {
    voucher_by(7, pod, pods, 0)
}

/// The same by another key, `nonce` being its own.
pub fn voucher_by(seed: u8, pod: &str, pods: u32, nonce: u8) -> Option<Token> {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let public_key = protocol::hex::encode(&protocol::identity::der_of(key.verifying_key().as_bytes()));
    let issuer = protocol::identity::principal_of(&public_key).unwrap();
    let (audience, from) = (system::this_canister(), 1_699_999_999 * SECOND);
    let until = from + 400 * 86_400 * SECOND;
    let document = [
        format!(r#"{{"audience":"{audience}","channel":"stable","expires":"{until}","issuer":"{issuer}","#),
        format!(r#""nonce":"{nonce:032x}","notBefore":"{from}","pod":"{pod}","pods":{pods},"#),
        format!(r#""publicKey":"{public_key}","type":"livepod.voucher/v1"}}"#),
    ]
    .concat()
    .into_bytes();
    let signature = key.sign(&protocol::document::signing_bytes(&document).unwrap()).to_vec();
    Some(Token { document, signature })
}

/// A token that is good now.
pub fn token(action: &'static str, release: u64) -> Option<Token> {
    Says::now(action, release).signed()
}

pub fn by(release: u64, authority: Option<Token>) -> Hold {
    Hold { release, authority }
}

/// What is wrong with a token, as the canister names it.
pub fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let error = result.expect_err("an error");
    assert_eq!(error.arm(), "NotAuthorized");
    assert!(error.why().remedy.contains("livepod ops token"), "{}", error.why().remedy);
    error.why().subject.clone()
}

pub fn held(release: u64) -> Hold {
    Hold { release, authority: None }
}

pub fn install() {
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
    operators::set(&SetOperators { operators: vec![person()], drivers: vec![ops()], makers: None });
}

pub fn enrol(n: u8) {
    system::set_caller(principal(n));
    let name = format!("pod {n}");
    let (pod, new) = pods::enrol(&Enrol { name, channel: "stable".into(), voucher: voucher("any", 1_000) }).unwrap();
    if new {
        pod_enrolled(&pod.principal, &pod.channel);
    }
}

pub fn plan(waves: &[u32]) -> Plan {
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
            test: None,
        },
        skippable_soak: None,
        shares: None,
    }
}

pub fn opened(adoption: u64, waves: &[u32]) -> u64 {
    opened_by(adoption, plan(waves))
}

pub fn opened_by(adoption: u64, plan: Plan) -> u64 {
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

pub fn begin(release: u64, wave: u32) -> Result<Release, Error> {
    system::set_caller(ops());
    advance(&Advance { release, wave })
}

pub fn pods_by_position(release: u64, pods: std::ops::Range<u8>) -> Vec<u8> {
    let mut pods: Vec<u8> = pods.collect();
    pods.sort_by_key(|n| protocol::cohort::position(get(release).unwrap().seed.as_deref(), release, &principal(*n)));
    pods
}

pub fn say(
    pod: u8,
    release: u64,
    sequence: u64,
    event: PodEvent,
    windows: u32,
    corrections: u32,
) -> Result<bool, Error> {
    system::set_caller(principal(pod));
    let version = get(release).unwrap().version;
    report(&Report {
        release,
        version,
        sequence,
        event,
        windows,
        corrections,
        errors: 0,
        judged: None,
        apart: None,
        before: None,
    })
}

pub fn soak() {
    system::set_now(system::now() + 8 * SECOND);
}

/// Every pod that a wave reaches, of those numbered so, was corrected in one of ten windows; then the soak is over.
pub fn healthy_wave_of(release: u64, pods: std::ops::Range<u8>, sequence: u64) {
    let exposed = get(release).unwrap().exposed as usize;
    for pod in &pods_by_position(release, pods)[..exposed] {
        say(*pod, release, sequence, PodEvent::Health, 40, 4).unwrap();
    }
    soak();
}

pub fn healthy_wave(release: u64, sequence: u64) {
    healthy_wave_of(release, 1..7, sequence);
}

pub fn arm<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.expect_err("an error").arm()
}
