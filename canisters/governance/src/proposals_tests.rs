use super::*;
use crate::admission::check;
use crate::api::{Nothing, Operation};
use crate::claims;
use crate::listing::{in_json, page, page_of, rows};
use crate::neurons::Dissolve;
use governed::{parties, Parties, Peers};
use serde_bytes::ByteBuf;

pub(crate) const START: u64 = 1_700_000_000;
pub(crate) const PERIOD: u64 = 120;
const YEAR: u64 = 31_557_600;

pub(crate) fn principal(n: u8) -> Principal {
    Principal::from_slice(&[n; 29])
}

pub(crate) fn rules() -> Parameters {
    Parameters {
        voting_period_seconds: PERIOD,
        quorum_basis_points: 300,
        neuron_minimum_stake_e8s: 100,
        neuron_minimum_dissolve_delay_to_vote_seconds: 60,
        max_dissolve_delay_seconds: 8 * YEAR,
        max_dissolve_delay_bonus_percentage: 100,
        max_neuron_age_for_age_bonus: 4 * YEAR,
        max_age_bonus_percentage: 25,
        reject_cost_e8s: None,
        max_open_proposals_per_neuron: None,
        max_neurons: None,
        wait_for_quiet_deadline_increase_seconds: None,
        time_lock_seconds: None,
    }
}

pub(crate) fn governance() {
    governance_with(rules());
}

pub(crate) fn governance_with(rules: Parameters) {
    governance_under(rules, None);
}

pub(crate) fn governance_under(rules: Parameters, articles: Option<Articles>) {
    let peer = principal(100);
    let peers = Peers {
        governance: peer,
        datasets: peer,
        access: peer,
        models: peer,
        fleet: peer,
        treasury: peer,
        ledger: peer,
    };
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
    parties::open(memory::get(memory::PARTIES), Some(Parties { governor: peer, peers: peers.clone() }));
    let function_type = |name: &str| {
        Some(FunctionType::GenericNervousSystemFunction(GenericNervousSystemFunction {
            validator_canister_id: Some(peer),
            target_canister_id: Some(peer),
            validator_method_name: Some("validate_accept_dataset".into()),
            target_method_name: Some(name.into()),
        }))
    };
    let function = |id: u64, name: &str| NervousSystemFunction {
        id,
        name: name.into(),
        description: None,
        function_type: function_type(name),
    };
    let functions =
        vec![function(1001, "accept_dataset"), function(1007, "stop_release"), function(1102, "set_articles")];
    constitution::set(rules, functions, articles);
}

/// A neuron of principal `n`, without bonuses worth mentioning (60 s of delay).
pub(crate) fn neuron(n: u8, stake: u64) -> Id {
    let id = neurons::id_of(&principal(n), 0);
    claims::claim_or_refresh(id, principal(n), stake, START).unwrap();
    let increase = Operation::IncreaseDissolveDelay(IncreaseDissolveDelay { additional_dissolve_delay_seconds: 60 });
    neurons::configure(id, neurons::get(&id).unwrap(), &increase, START).unwrap();
    id
}

pub(crate) fn motion(reference: &str) -> Proposal {
    Proposal {
        url: format!("livepod:{reference}"),
        title: "A motion".into(),
        summary: "Why".into(),
        action: Some(Action::Motion(Motion { motion_text: "We do".into() })),
    }
}

pub(crate) fn governed_call() -> Proposal {
    let call = ExecuteGenericNervousSystemFunction { function_id: 1001, payload: ByteBuf::from("DIDL\0\0") };
    Proposal { action: Some(Action::ExecuteGenericNervousSystemFunction(call)), ..motion("call") }
}

/// A proposal to stop a release.
pub(crate) fn stop() -> Proposal {
    let call = ExecuteGenericNervousSystemFunction { function_id: 1007, payload: ByteBuf::from("DIDL\0\0") };
    Proposal { action: Some(Action::ExecuteGenericNervousSystemFunction(call)), ..motion("stop") }
}

pub(crate) fn kind(result: Result<(), GovernanceError>) -> i32 {
    result.unwrap_err().error_type
}

#[test]
fn voting_power_grows_with_delay_and_age_up_to_their_limits() {
    governance();
    let some = neuron(1, 1_000);
    let of = |delay: u64, age: u64| {
        let created = START - age;
        neurons::Neuron {
            controller: principal(1),
            stake: 1_000,
            aging_since: created,
            dissolve: Dissolve::Delay(delay),
            ..neurons::get(&some).unwrap()
        }
        .voting_power(START)
    };
    assert_eq!(of(59, 0), 0, "too short a delay has no vote");
    assert_eq!(of(4 * YEAR, 0), 1_500);
    assert_eq!(of(8 * YEAR, 4 * YEAR), 2_500);
    assert_eq!(of(80 * YEAR, 40 * YEAR), 2_500);
}

#[test]
fn a_dissolving_neuron_loses_its_age_and_then_its_vote() {
    governance();
    let id = neuron(1, 1_000);
    let start = Operation::StartDissolving(Nothing {});
    neurons::configure(id, neurons::get(&id).unwrap(), &start, START + 10).unwrap();
    let dissolving = neurons::get(&id).unwrap();
    assert_eq!((dissolving.age(START + 20), dissolving.voting_power(START + 20)), (0, 0));
    assert!(neurons::configure(id, dissolving, &start, START + 20).is_err());
}

#[test]
fn stake_leaves_only_a_dissolved_neuron() {
    governance();
    let id = neuron(1, 1_000);
    assert_eq!(kind(neurons::take_out(id, neurons::get(&id).unwrap(), 1, START)), ErrorType::RequiresDissolved as i32);
    neurons::configure(id, neurons::get(&id).unwrap(), &Operation::StartDissolving(Nothing {}), START).unwrap();
    assert_eq!(
        kind(neurons::take_out(id, neurons::get(&id).unwrap(), 1_001, START + 60)),
        ErrorType::InsufficientFunds as i32
    );
    neurons::take_out(id, neurons::get(&id).unwrap(), 400, START + 60).unwrap();
    assert_eq!(neurons::get(&id).unwrap().stake, 600);
}

#[test]
fn a_top_up_averages_the_age() {
    governance();
    let id = neuron(1, 1_000);
    claims::claim_or_refresh(id, principal(1), 4_000, START + 400).unwrap();
    assert_eq!(neurons::get(&id).unwrap().age(START + 400), 100);
}

#[test]
fn too_little_stake_makes_no_neuron() {
    governance();
    let id = neurons::id_of(&principal(1), 0);
    assert_eq!(kind(claims::claim_or_refresh(id, principal(1), 99, START)), ErrorType::InsufficientFunds as i32);
    assert!(neurons::get(&id).is_none());
}

#[test]
fn the_proposer_has_voted_yes_and_an_absolute_majority_decides_at_once() {
    governance();
    let (small, large) = (neuron(1, 1_000), neuron(2, 3_000));
    let id = submit(small, motion("a"), "text".into(), START);
    assert_eq!(get(id).unwrap().tally.yes, 1_000);
    assert_eq!(decide(id, START + 1), None);
    assert_eq!(get(id).unwrap().decided, 0, "a quarter of the power decides nothing yet");
    vote(id, &large, YES, START + 2).unwrap();
    decide(id, START + 2);
    let record = get(id).unwrap();
    assert_eq!((record.decided, record.executed, record.status()), (START + 2, START + 2, 4));
}

#[test]
fn half_of_the_power_against_decides_at_once() {
    governance();
    let (first, second) = (neuron(1, 1_000), neuron(2, 1_000));
    let id = submit(first, motion("a"), String::new(), START);
    vote(id, &second, NO, START + 1).unwrap();
    assert_eq!(decide(id, START + 1), None);
    assert_eq!(get(id).unwrap().status(), 2);
}

#[test]
fn at_the_deadline_the_simple_majority_with_quorum_carries() {
    governance();
    let (yes, no, _silent) = (neuron(1, 200), neuron(2, 100), neuron(3, 5_000));
    let id = submit(yes, governed_call(), String::new(), START);
    vote(id, &no, NO, START + 5).unwrap();
    assert_eq!(decide(id, START + PERIOD - 1), None);
    let adopted = decide(id, START + PERIOD).expect("200 of 5,300 is above 3 %");
    assert_eq!((adopted.proposal, adopted.call.function_id), (id, 1001));
    assert_eq!(get(id).unwrap().status(), 3);
    assert_eq!(decide(id, START + PERIOD + 1), None, "a decision is made once");
}

#[test]
fn without_a_quorum_the_deadline_rejects() {
    governance();
    let (yes, _silent) = (neuron(1, 100), neuron(3, 5_000));
    let id = submit(yes, governed_call(), String::new(), START);
    assert_eq!(decide(id, START + PERIOD), None);
    assert_eq!(get(id).unwrap().status(), 2);
    assert_eq!(in_json(id).unwrap()["state"], "rejected", "voters read the same on its page");
}

#[test]
fn a_page_says_what_a_proposal_is_about_and_the_list_finds_it_by_that() {
    #[derive(candid::CandidType)]
    struct Accept {
        dataset: String,
    }
    governance();
    let proposer = neuron(1, 200);
    let about = |dataset: &str| {
        let payload = ByteBuf::from(candid::encode_one(Accept { dataset: dataset.into() }).unwrap());
        let call = ExecuteGenericNervousSystemFunction { function_id: 1001, payload };
        Proposal { action: Some(Action::ExecuteGenericNervousSystemFunction(call)), ..motion(dataset) }
    };
    let first = submit(proposer, about("sha256:aa"), String::new(), START);
    let again = submit(proposer, about("sha256:aa"), String::new(), START);
    let other = submit(proposer, about("sha256:bb"), String::new(), START);
    let words = submit(proposer, motion("sha256:aa"), String::new(), START);
    assert_eq!(page_of(other).unwrap().value["dataset"], "sha256:bb");
    assert_eq!(page_of(words).unwrap().value.get("dataset"), None, "a motion is about nothing that has a page");
    let of = |url: &str| {
        let found = rows(&pages::Request::of(url, &[]));
        found.into_iter().map(|(id, _)| id).collect::<Vec<u64>>()
    };
    assert_eq!(of("/proposals?about=sha256%3Aaa"), [again, first]);
    assert_eq!(of(&format!("/proposals?about=sha256%3Aaa&before={again}")), [first]);
    assert!(of("/proposals?about=sha256%3Acc").is_empty());
}

#[test]
fn a_vote_after_the_deadline_is_refused_and_counts_nothing() {
    governance();
    let (first, second) = (neuron(1, 1_000), neuron(2, 3_000));
    let id = submit(first, motion("a"), String::new(), START);
    assert_eq!(kind(vote(id, &second, NO, START + PERIOD)), ErrorType::VoteClosed as i32);
    assert_eq!(get(id).unwrap().tally.no, 0);
    decide(id, START + PERIOD);
    assert_eq!(kind(vote(id, &second, NO, START + PERIOD)), ErrorType::VoteClosed as i32);
    assert_eq!(get(id).unwrap().status(), 4);
}

#[test]
fn a_vote_after_an_early_decision_is_refused() {
    governance();
    let (large, small) = (neuron(1, 3_000), neuron(2, 1_000));
    let id = submit(large, motion("a"), String::new(), START);
    decide(id, START);
    assert_eq!(kind(vote(id, &small, NO, START + 1)), ErrorType::VoteClosed as i32);
}

#[test]
fn a_second_vote_is_refused_also_for_the_proposer() {
    governance();
    let (first, second) = (neuron(1, 1_000), neuron(2, 1_000));
    let _third = neuron(3, 9_000);
    let id = submit(first, motion("a"), String::new(), START);
    assert_eq!(kind(vote(id, &first, NO, START)), ErrorType::AlreadyVoted as i32);
    vote(id, &second, NO, START).unwrap();
    assert_eq!(kind(vote(id, &second, YES, START)), ErrorType::AlreadyVoted as i32);
    assert_eq!((get(id).unwrap().tally.yes, get(id).unwrap().tally.no), (1_000, 1_000));
}

#[test]
fn stake_that_comes_after_the_proposal_does_not_vote_on_it() {
    governance();
    let first = neuron(1, 1_000);
    let other = neuron(3, 5_000);
    let id = submit(first, motion("a"), String::new(), START);
    let late = neuron(2, 9_000);
    assert_eq!(kind(vote(id, &late, YES, START)), ErrorType::PreconditionFailed as i32);
    claims::claim_or_refresh(other, principal(3), 50_000, START).unwrap();
    vote(id, &other, NO, START).unwrap();
    assert_eq!(get(id).unwrap().tally.no, 5_000);
    assert!(matches!(kind(vote(99, &other, NO, START)), n if n == ErrorType::NotFound as i32));
    assert_eq!(kind(vote(id, &late, 3, START)), ErrorType::InvalidCommand as i32);
}

#[test]
fn a_repeat_with_the_same_reference_finds_the_first_proposal() {
    governance();
    let (first, second) = (neuron(1, 1_000), neuron(2, 5_000));
    let id = submit(first, motion("round-1"), String::new(), START);
    assert_eq!(made_before(&first, &motion("round-1")), Ok(Some(id)));
    assert_eq!(made_before(&first, &motion("round-2")), Ok(None));
    assert_eq!(made_before(&second, &motion("round-1")), Ok(None));
    let other = Proposal { summary: "Something else.".into(), ..motion("round-1") };
    let refused = made_before(&first, &other).unwrap_err().error_message;
    assert!(refused.contains(&format!("made proposal {id} “")), "it names the first: {refused}");
}

#[test]
fn malformed_proposals_are_refused() {
    governance();
    let id = neuron(1, 1_000);
    let proposer = neurons::get(&id).unwrap();
    let refused_as = |proposal: Proposal| kind(check(&proposer, &proposal, START));
    let invalid = ErrorType::InvalidProposal as i32;
    assert!(check(&proposer, &governed_call(), START).is_ok());
    assert_eq!(refused_as(Proposal { action: None, ..motion("a") }), invalid);
    assert_eq!(refused_as(Proposal { title: "x".repeat(257), ..motion("a") }), invalid);
    assert_eq!(refused_as(motion(&"x".repeat(51))), invalid);
    let unknown = ExecuteGenericNervousSystemFunction { function_id: 1999, payload: ByteBuf::new() };
    assert_eq!(
        refused_as(Proposal { action: Some(Action::ExecuteGenericNervousSystemFunction(unknown)), ..motion("a") }),
        invalid
    );
    let mut unlocked = proposer.clone();
    unlocked.dissolve = Dissolve::Delay(59);
    assert_eq!(kind(check(&unlocked, &motion("a"), START)), ErrorType::PreconditionFailed as i32);
}

#[test]
fn a_failed_execution_keeps_its_reason() {
    governance();
    let first = neuron(1, 1_000);
    let id = submit(first, governed_call(), String::new(), START);
    assert!(decide(id, START).is_some());
    carried_out(id, Err("the dataset is withdrawn".into()), START + 3);
    let record = get(id).unwrap();
    assert_eq!((record.executed, record.failed, record.status()), (0, START + 3, 5));
    assert_eq!(record.failure.unwrap().error_message, "the dataset is withdrawn");
}

#[test]
fn only_the_proposer_withdraws_and_only_while_it_is_open() {
    governance();
    let (first, _other) = (neuron(1, 1_000), neuron(2, 5_000));
    let id = submit(first, motion("a"), String::new(), START);
    assert_eq!(withdraw(&principal(2), id, START).unwrap_err().arm(), "NotAuthorized");
    assert_eq!(withdraw(&principal(1), id + 1, START).unwrap_err().arm(), "NotFound");
    withdraw(&principal(1), id, START + 1).unwrap();
    withdraw(&principal(1), id, START + 2).unwrap();
    let record = get(id).unwrap();
    assert_eq!((record.status(), record.failure.unwrap().error_type), (5, ErrorType::Withdrawn as i32));
    let late = submit(first, motion("b"), String::new(), START);
    assert_eq!(withdraw(&principal(1), late, START + PERIOD).unwrap_err().arm(), "VoteClosed");
}

#[test]
fn followers_vote_with_most_of_their_followees() {
    governance();
    let ids: Vec<Id> = (1..=5).map(|n| neuron(n, 1_000)).collect();
    let follow = |who: usize, function: u64, whom: &[usize]| {
        neurons::follow(ids[who], function, whom.iter().map(|n| ids[*n]).collect())
    };
    follow(2, constitution::EVERY_OTHER, &[0, 1]).unwrap();
    follow(3, constitution::MOTION, &[2]).unwrap();
    assert!(follow(4, 77, &[0]).is_err(), "an unknown function");
    assert!(follow(4, 1001, &[4]).is_err(), "itself");
    let id = submit(ids[0], motion("a"), String::new(), START);
    assert_eq!(get(id).unwrap().tally.yes, 1_000, "one of two followees is not most");
    vote(id, &ids[1], YES, START).unwrap();
    assert_eq!(get(id).unwrap().tally.yes, 4_000, "the follower, and the follower's follower");
}

#[test]
fn the_log_names_every_vote_with_its_power_and_they_add_up_to_the_decision() {
    governance();
    let ids: Vec<Id> = (1..=4).map(|n| neuron(n, 1_000 * u64::from(n))).collect();
    neurons::follow(ids[2], constitution::EVERY_OTHER, vec![ids[1]]).unwrap();
    let id = submit(ids[0], governed_call(), "Take it in".into(), START);
    vote(id, &ids[1], YES, START).unwrap();
    decide(id, START).unwrap();
    let log: Vec<serde_json::Value> = audit::page(audit::AuditPage { start: 0, length: 100 })
        .iter()
        .map(|entry| serde_json::from_str(&entry.event).unwrap())
        .collect();
    let of = |kind: &str| log.iter().filter(|event| event["type"] == kind).cloned().collect::<Vec<_>>();
    let votes: Vec<_> = of("voted")
        .iter()
        .map(|vote| {
            (vote["neuron"].as_str().unwrap().to_owned(), vote["power"].as_u64().unwrap(), vote["follows"] == true)
        })
        .collect();
    let name = |n: usize| neurons::hex(&ids[n]);
    assert_eq!(votes, [(name(0), 1_000, false), (name(1), 2_000, false), (name(2), 3_000, true)]);
    let (made, decided) = (&of("proposal_made")[0], &of("proposal_decided")[0]);
    assert_eq!((&decided["yes"], &decided["total"], &made["total"]), (&6_000.into(), &10_000.into(), &10_000.into()));
    assert_eq!((&made["reference"], &made["deadline"]), (&"call".into(), &(START + PERIOD).into()));
    assert_eq!(made["payload"], protocol::hex::encode(&protocol::sha256(&[b"DIDL\0\0"])));
    assert_eq!(made["rendering"], protocol::hex::encode(&protocol::sha256(&[b"Take it in"])));
}

#[test]
fn lists_go_newest_first_and_by_status() {
    governance();
    let (first, _other) = (neuron(1, 1_000), neuron(2, 5_000));
    for reference in ["a", "b", "c"] {
        submit(first, motion(reference), String::new(), START);
    }
    withdraw(&principal(1), 2, START).unwrap();
    let list = |include_status: Vec<i32>, before: Option<u64>| -> Vec<u64> {
        let before_proposal = before.map(|id| ProposalId { id });
        let request = ListProposals {
            include_reward_status: vec![],
            before_proposal,
            limit: 10,
            exclude_type: vec![],
            include_status,
        };
        page(&principal(1), &request).iter().map(|data| data.id.as_ref().unwrap().id).collect()
    };
    assert_eq!(list(vec![], None), [3, 2, 1]);
    assert_eq!(list(vec![1], None), [3, 1]);
    assert_eq!(list(vec![], Some(2)), [1]);
    assert_eq!(open(), [(1, START + PERIOD), (3, START + PERIOD)]);
}
