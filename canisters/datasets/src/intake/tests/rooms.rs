use super::stage::*;

fn collects_nothing() {
    let before = audit::tip().length;
    assert_eq!(
        collected().expect("nothing is over"),
        rooms::Collected { rooms: vec![], bytes: 0, lapsed: vec![], buckets: vec![], next: None }
    );
    assert_eq!(audit::tip().length, before);
}

fn again(n: u8) -> impl Future<Output = Result<Reserved, Error>> {
    let salt: [u8; 16] = hex::decode_exact("00112233445566778899aabbccddeeff").unwrap();
    let chunks =
        chunks().into_iter().map(|(sha256, bytes)| ChunkSpec { sha256: ByteBuf::from(sha256), bytes }).collect();
    super::super::reserve(contributor(n), Reserve { salt: ByteBuf::from(salt), chunks })
}

#[test]
fn nobody_collects_a_live_reservation_early() {
    canister();
    let uid = reserved(1);
    wait(WEEK - 1);
    collects_nothing();
    assert!(rooms::find(&uid).is_some());
    assert_eq!(alone(again(1)).unwrap().bucket, bucket(), "its uploader still has it");
    wait(1);
    assert!(collected().is_none(), "now its bucket is asked to erase it");
}

#[test]
fn registering_after_the_time_is_over_is_refused_with_the_way_out() {
    canister();
    let uid = reserved(1);
    wait(WEEK);
    let name = format!("dataset {}", hex::encode(&uid));
    refused("Expired", &name, register(contributor(1), signed(&manifest(1), 1)));
    rooms::forget(&uid);
    refused("MissingChunks", "storage.bucket", register(contributor(1), signed(&manifest(1), 1)));
}

#[test]
fn a_room_that_is_over_is_not_promised_again_without_a_bond() {
    canister();
    reserved(1);
    wait(WEEK);
    assert!(answered(again(1)).is_none(), "the treasury is asked for the bond");
}

#[test]
fn an_accepted_dataset_is_never_collected() {
    canister();
    let uid = reserved(1);
    registry::decide(principal(1), &taken_in(1).id, Status::Accepted, None).unwrap();
    rooms::stays(&uid);
    wait(1_000 * WEEK);
    collects_nothing();
    assert!(rooms::find(&uid).is_some());
    assert_eq!(alone(again(1)).unwrap().bucket, bucket(), "nor does its room end");
}

#[test]
fn what_an_unfinished_withdrawal_left_is_collected() {
    canister();
    let uid = reserved(1);
    taken_in(1);
    rooms::stays(&uid);
    rooms::left(&uid);
    wait(WEEK);
    assert!(collected().is_none());
}

#[test]
fn a_room_that_somebody_works_on_is_left_to_the_next_collection() {
    canister();
    let uid = reserved(1);
    wait(WEEK);
    let held = rooms::lock(&uid).unwrap();
    collects_nothing();
    drop(held);
    assert!(collected().is_none());
}

#[test]
fn rooms_from_before_they_had_an_end_get_a_whole_week() {
    canister();
    let uid = reserved(1);
    let room = rooms::find(&uid).unwrap();
    rooms::keep(&uid, Room { reserved_at: 0, ..room });
    rooms::date(|_| false);
    wait(WEEK - 1);
    collects_nothing();
    wait(1);
    assert!(collected().is_none());
}
