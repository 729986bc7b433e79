use super::stage::*;

const TOKEN: u128 = 100_000_000;
const MIB: u64 = 1 << 20;

#[test]
fn one_bond_does_not_fill_buckets_with_fresh_salts() {
    canister();
    let (owner, bond) = (contributor(1), 10 * TOKEN);
    let mut reserved = 0;
    let refusal = loop {
        let uid = [reserved as u8; 32];
        match deposits::covered(owner, &uid, 100 * MIB, bond) {
            Ok(()) => deposits::hold(&uid, owner, 100 * MIB),
            Err(error) => break error,
        }
        reserved += 1;
    };
    assert_eq!(reserved, 10, "a token covers 100 MiB");
    assert_eq!(refusal.arm(), "BondMissing");
    assert_eq!(deposits::of(&owner), deposits::Deposit { bytes: 1_000 * MIB, bond });
    deposits::covered(owner, &[3; 32], 100 * MIB, bond).expect("a repeat counts once");
    deposits::covered(contributor(2), &[99; 32], 100 * MIB, bond).expect("others have bonds of their own");
    deposits::release(&[3; 32]);
    deposits::covered(owner, &[99; 32], 100 * MIB, bond).expect("what is erased counts no more");
}

#[test]
fn the_least_bond_is_asked_of_the_smallest_dataset() {
    canister();
    assert_eq!(deposits::of(&contributor(1)).bond, 0);
    let error = deposits::covered(contributor(1), &[1; 32], 1, 99).unwrap_err();
    assert_eq!((error.arm(), error.why().subject.clone()), ("BondMissing", contributor(1).to_text()));
    deposits::covered(contributor(1), &[1; 32], 1, 10_000).unwrap();
}

#[test]
fn an_accepted_dataset_is_stored_at_the_daos_expense() {
    canister();
    let dataset = taken_in(1);
    deposits::hold(&dataset.key(), dataset.contributor, dataset.bytes);
    registry::decide(principal(1), &dataset.id, Status::Accepted, None).unwrap();
    assert_eq!(deposits::of(&dataset.contributor).bytes, 0);
}

#[test]
fn a_dataset_never_voted_on_does_not_stay_for_ever() {
    canister();
    let uid = reserved(1);
    let dataset = taken_in(1);
    rooms::stays(&uid);
    system::set_now(dataset.registered_at + 60 * DAY - 1);
    assert!(collected().is_some_and(|collected| collected.lapsed.is_empty()));
    wait(1);
    assert!(collected().is_none(), "its bucket is asked to erase it");
    assert_eq!(registry::find(&dataset.id).unwrap().status, Status::Withdrawn);
    refused("NotYet", &dataset.id, close(principal(9), CloseDataset { dataset: dataset.id.clone(), proposal: 1 }));
    assert!(registry::decide(principal(1), &dataset.id, Status::Accepted, None).is_err(), "no late vote takes it in");
}

#[test]
fn an_accepted_dataset_does_not_lapse() {
    canister();
    let dataset = taken_in(1);
    registry::decide(principal(1), &dataset.id, Status::Accepted, None).unwrap();
    system::set_now(dataset.registered_at + 1_000 * DAY);
    assert!(collected().is_some_and(|collected| collected.lapsed.is_empty()));
}

#[test]
fn a_rejected_datasets_chunks_are_erased_and_its_manifest_counts() {
    canister();
    let uid = reserved(1);
    let dataset = taken_in(1);
    rooms::stays(&uid);
    deposits::hold(&uid, dataset.contributor, dataset.bytes);
    registry::decide(principal(9), &dataset.id, Status::Rejected, Some(3)).unwrap();
    let close = CloseDataset { dataset: dataset.id.clone(), proposal: 3 };
    assert!(answered(super::super::close(principal(9), close.clone())).is_none(), "its bucket is asked to erase it");
    rooms::forget(&uid); // as erasing does after the bucket's answer
    assert_eq!(alone(super::super::close(principal(9), close)).unwrap().status, Status::Rejected);
    let manifest = registry::manifest(&dataset.id).unwrap().manifest.len() as u64;
    assert_eq!(deposits::of(&dataset.contributor).bytes, manifest);
}

#[test]
fn its_owner_erases_a_dataset_whatever_a_vote_said() {
    canister();
    for (n, status) in [(1, Status::Accepted), (2, Status::Rejected)] {
        let dataset = taken_in(n);
        registry::decide(principal(1), &dataset.id, status, Some(1)).unwrap();
        refused("NotAuthorized", &dataset.id, withdraw(contributor(3), dataset.id.clone()));
        assert_eq!(alone(withdraw(contributor(n), dataset.id.clone())).unwrap().status, Status::Withdrawn);
        let open = OpenReads { dataset: dataset.id.clone(), reader: principal(9), until: 5 };
        refused("NotYet", &dataset.id, open_reads(principal(3), open));
    }
}

#[test]
fn datasets_from_before_are_counted_once() {
    canister();
    let dataset = taken_in(1);
    registry::note_old_ones();
    registry::note_old_ones();
    let manifest = registry::manifest(&dataset.id).unwrap().manifest.len() as u64;
    assert_eq!(deposits::of(&dataset.contributor).bytes, dataset.bytes + manifest);
    system::set_now(dataset.registered_at + 60 * DAY);
    assert_eq!(registry::undecided_until(dataset.registered_at, 10), std::slice::from_ref(&dataset.id));
}
