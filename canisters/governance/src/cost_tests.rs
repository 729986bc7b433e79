//! Voting with very many neurons and the worst graphs of followers: what a message does is bounded, and nobody's vote
//! is lost.

use super::*;
use crate::ballots::is_cascading;
use crate::claims;
use crate::proposals::tests::{governance, motion, principal, PERIOD, START};
use crate::steps::{OF_A_MESSAGE, OF_A_TURN};

/// `npm run bench -- governance` has 100,000, with the Wasm.
const MANY: u32 = 20_000;

/// A message may overstep by what it began: one follower with all its followees, a page of neurons, and a record.
const OVERSTEP: u32 = 200;

fn id(n: u32) -> Id {
    protocol::sha256(&[&n.to_be_bytes()])
}

/// Neurons of 1,000 each, all of one principal, with a delay.
fn crowd(size: u32) {
    governance();
    for n in 0..size {
        neurons::seed(id(n), principal(9), 1_000, 60, START);
    }
}

fn follow(who: u32, whom: &[u32]) {
    crate::following::set(&id(who), constitution::EVERY_OTHER, &whom.iter().map(|n| id(*n)).collect::<Vec<_>>());
}

/// Works off what is left in messages; returns how many there were.
fn work_off(now: u64) -> u32 {
    let mut messages = 0;
    while work::is_left() {
        work::go_on(Steps::new(OF_A_MESSAGE), now, |id| {
            decide(id, now);
        });
        messages += 1;
        assert!(messages < 100_000, "the work ends");
    }
    messages
}

/// The steps that one message takes for a proposal when nothing stops it but its budget.
fn steps_of_a_turn(id: u64, now: u64) -> u32 {
    let mut steps = Steps::new(1_000_000);
    let before = steps.left();
    let mut turn = steps.turn(OF_A_TURN);
    go_on(id, now, &mut turn);
    steps.give_back(turn);
    before - steps.left()
}

#[test]
fn a_proposal_among_very_many_neurons_is_made_in_one_message_and_counted_by_timer() {
    crowd(MANY);
    let proposal = submit(id(0), motion("a"), String::new(), START);
    assert!(!get(proposal).unwrap().counted, "more neurons than steps");
    vote(proposal, &id(1), NO, START + 1).unwrap();
    assert_eq!(decide(proposal, START + PERIOD), None, "nothing is decided before the sum of all power is known");
    assert_eq!(get(proposal).unwrap().decided, 0);
    let messages = work_off(START + 2);
    assert!((MANY / OF_A_MESSAGE..MANY / OF_A_MESSAGE * 2).contains(&messages), "{messages} messages");
    let Tally { yes, no, total, .. } = get(proposal).unwrap().tally;
    assert_eq!((yes, no, total), (1_000, 1_000, u64::from(MANY) * 1_000));
}

#[test]
fn a_chain_of_very_many_followers_does_not_silence_its_first_neuron() {
    crowd(MANY);
    for n in 1..MANY {
        follow(n, &[n - 1]);
    }
    let other = neurons::id_of(&principal(1), 0);
    neurons::seed(other, principal(1), 1_000, 60, START);
    let proposal = submit(other, motion("a"), String::new(), START);
    work_off(START);
    vote(proposal, &id(0), NO, START + 1).unwrap();
    assert!(get(proposal).unwrap().tally.no >= 1_000, "the vote itself counts at once");
    assert!(is_cascading(proposal));
    while work::is_left() {
        assert!(steps_of_a_turn(proposal, START + 2) <= OF_A_TURN + OVERSTEP);
        decide(proposal, START + 2);
    }
    let record = get(proposal).unwrap();
    assert_eq!(record.status(), 2, "half of all power says no");
    assert!(record.tally.no * 2 >= record.tally.total && record.tally.yes == 1_000);
}

#[test]
fn a_star_of_very_many_followers_is_asked_in_turns() {
    crowd(MANY);
    for n in 1..MANY {
        follow(n, &[0]);
    }
    let proposal = submit(id(0), motion("a"), String::new(), START);
    let messages = work_off(START + 1);
    assert!(messages > 1);
    let record = get(proposal).unwrap();
    assert_eq!(record.status(), 4, "most of the power says yes");
    assert!(2 * record.tally.yes > record.tally.total);
    assert!(!is_cascading(proposal), "what was left to ask is forgotten with the decision");
}

#[test]
fn layers_that_follow_all_of_the_layer_before_them_are_asked_in_turns() {
    const WIDTH: u32 = 15;
    const LAYERS: u32 = 200;
    crowd(WIDTH * LAYERS);
    for layer in 1..LAYERS {
        let before: Vec<u32> = (0..WIDTH).map(|n| (layer - 1) * WIDTH + n).collect();
        for n in 0..WIDTH {
            follow(layer * WIDTH + n, &before);
        }
    }
    let whole = neurons::id_of(&principal(2), 0);
    neurons::seed(whole, principal(2), 20_000_000, 60, START);
    let proposal = submit(id(0), motion("b"), String::new(), START);
    for n in 1..8 {
        vote(proposal, &id(n), YES, START + 1).unwrap();
    }
    work_off(START + 1);
    let all_but_the_rest_of_the_first = u64::from(WIDTH * LAYERS - 7) * 1_000;
    assert_eq!(get(proposal).unwrap().tally.yes, all_but_the_rest_of_the_first, "8 of 15 are most");
}

#[test]
fn a_cycle_of_followers_ends() {
    crowd(1_000);
    for n in 0..1_000 {
        follow(n, &[(n + 1) % 1_000]);
    }
    let other = neurons::id_of(&principal(1), 0);
    neurons::seed(other, principal(1), 10_000_000, 60, START);
    let proposal = submit(id(0), motion("a"), String::new(), START);
    work_off(START + 1);
    assert_eq!(get(proposal).unwrap().tally.yes, 1_000_000);
}

#[test]
fn votes_before_the_deadline_move_their_followers_also_when_those_are_asked_after_it() {
    crowd(4_000);
    for n in 1..4_000 {
        follow(n, &[n - 1]);
    }
    let huge = neurons::id_of(&principal(2), 0);
    neurons::seed(huge, principal(2), 100_000_000, 60, START);
    let small = neurons::id_of(&principal(1), 0);
    neurons::seed(small, principal(1), 5_000_000, 60, START);
    let proposal = submit(small, motion("b"), String::new(), START);
    work_off(START);
    vote(proposal, &id(0), NO, START + PERIOD - 1).unwrap();
    assert!(is_cascading(proposal));
    assert_eq!(decide(proposal, START + PERIOD), None);
    assert_eq!(get(proposal).unwrap().decided, 0, "the decision waits for them");
    assert!(vote(proposal, &huge, NO, START + PERIOD).is_err(), "and for nobody else");
    work_off(START + PERIOD + 1);
    let record = get(proposal).unwrap();
    assert_eq!((record.tally.no, record.decided, record.status()), (4_000_000, START + PERIOD + 1, 4));
}

#[test]
fn what_two_thousand_followers_say_is_the_same_in_one_message_and_in_many() {
    let outcome = |steps: u32| {
        std::thread::spawn(move || {
            crowd(2_000);
            let mut seed = 7_u32;
            let mut next = |below: u32| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 8) % below
            };
            for n in 0..2_000 {
                let followees: Vec<u32> = (0..1 + next(5)).map(|_| next(2_000)).filter(|f| *f != n).collect();
                follow(n, &followees);
            }
            let huge = neurons::id_of(&principal(2), 0);
            neurons::seed(huge, principal(2), 100_000_000, 60, START);
            let proposal = submit(id(0), motion("a"), String::new(), START);
            for n in 1..400 {
                let _ = vote(proposal, &id(n), if n % 3 == 0 { NO } else { YES }, START + 1);
            }
            while work::is_left() {
                work::go_on(Steps::new(steps), START + 2, |_| {});
            }
            get(proposal).unwrap().tally
        })
        .join()
        .unwrap()
    };
    let (one, many) = (outcome(1_000_000), outcome(100));
    assert_eq!((one.yes, one.no), (many.yes, many.no));
    assert!(one.yes > 0 && one.no > 0);
}

#[test]
fn a_stop_is_counted_before_two_hundred_proposals_that_were_there_first() {
    crowd(20_000);
    for n in 0..20 {
        submit(id(n), motion(&format!("m{n}")), String::new(), START);
    }
    let stop = submit(id(50), crate::proposals::tests::stop(), String::new(), START);
    let mut messages = 0;
    while !get(stop).unwrap().counted {
        work::go_on(Steps::new(OF_A_MESSAGE), START, |_| {});
        messages += 1;
    }
    assert!(messages <= 10, "{messages}");
}

#[test]
fn a_neuron_that_grows_splits_or_leaves_while_voters_are_counted_weighs_what_it_was() {
    crowd(10_000);
    let proposal = submit(id(0), motion("a"), String::new(), START);
    assert!(!get(proposal).unwrap().counted);
    let late = id(20_000);
    neurons::seed(late, principal(9), 5_000_000, 60, START); // comes after
    let mut last = (0..10_000).map(id).collect::<Vec<_>>();
    last.sort_unstable();
    let grown = last[9_999];
    claims::claim_or_refresh(grown, principal(9), 7_000_000, START + 1).unwrap();
    vote(proposal, &grown, NO, START + 1).unwrap();
    assert_eq!(get(proposal).unwrap().tally.no, 1_000);
    assert!(vote(proposal, &late, NO, START + 1).is_err());
    work_off(START + 1);
    assert_eq!(get(proposal).unwrap().tally.total, 10_000_000);
}

#[test]
fn records_of_the_version_before_are_read_and_their_ballots_vote_on() {
    use serde::Serialize;
    #[derive(Serialize)]
    struct Old {
        proposal: Proposal,
        function: u64,
        rendering: String,
        proposer: Id,
        created: u64,
        deadline: u64,
        quorum_basis_points: u64,
        tally: Tally,
        decided: u64,
        executed: u64,
        failed: u64,
        failure: Option<GovernanceError>,
    }
    governance();
    let old = Old {
        proposal: motion("old"),
        function: constitution::MOTION,
        rendering: "text".into(),
        proposer: id(1),
        created: START,
        deadline: START + PERIOD,
        quorum_basis_points: 300,
        tally: Tally { no: 0, yes: 400, total: 2_000, timestamp_seconds: START },
        decided: 0,
        executed: 0,
        failed: 0,
        failure: None,
    };
    let mut bytes = Vec::new();
    ciborium::into_writer(&old, &mut bytes).unwrap();
    let record: Record = ciborium::from_reader(bytes.as_slice()).unwrap();
    put(7, record);
    crate::record::fill_indexes();
    crate::ballots::issue(7, &id(2), 1_600);
    neurons::seed(id(2), principal(2), 1, 60, START);
    neurons::seed(id(3), principal(3), 9_999, 60, START);
    assert!(vote(7, &id(3), NO, START + 1).is_err(), "who had no ballot has none");
    vote(7, &id(2), NO, START + 1).unwrap();
    decide(7, START + 1);
    assert_eq!((get(7).unwrap().tally.no, get(7).unwrap().status()), (1_600, 2));
    assert_eq!(submit(id(3), motion("new"), String::new(), START), 8);
}

#[test]
fn whom_neurons_of_the_version_before_follow_is_found_from_both_sides() {
    governance();
    let (first, second) = (id(1), id(2));
    neurons::seed_old(first, principal(1), 1_000, START, vec![]);
    neurons::seed_old(second, principal(2), 1_000, START, vec![(constitution::EVERY_OTHER, vec![first])]);
    neurons::fill_indexes();
    let whale = id(3);
    neurons::seed(whale, principal(3), 100_000, 60, START);
    let proposal = submit(first, motion("a"), String::new(), START);
    assert_eq!(get(proposal).unwrap().tally.yes, 2_000);
    assert_eq!(neurons::get(&second).unwrap().to_api(&second).followees.len(), 1);
}
