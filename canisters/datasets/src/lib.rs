//! The datasets canister: signed manifests, their status, and the buckets that hold their encrypted chunks.

pub mod buckets;
pub mod deposits;
pub mod errors;
pub mod intake;
pub mod listing;
pub mod manifest;
pub mod memory;
pub mod module;
pub mod registry;
pub mod rooms;
pub mod settings;

use buckets::{BucketView, Reserve, Reserved};
use candid::Principal;
use deposits::Deposit;
use errors::Error;
use governed::{caller_is_governor, not_anonymous, trap_with, why};
use ic_cdk::{init, post_upgrade, query, update};
use intake::{CloseDataset, OpenReads, Register};
use listing::{DatasetLine, FindDatasets};
use module::{AdoptBucketWasm, Expected, UpgradeBucket};
use registry::{AcceptDataset, Dataset, Folders, ListDatasets, RevokeDataset, SignedManifest, Status};
use rooms::{CollectExpired, Collected};
use serde_bytes::ByteBuf;
use settings::Init;

governed::door! {
    of_canisters: [
        "accept_dataset", "revoke_dataset", "adopt_bucket_wasm", "upgrade_bucket", "open_reads", "end_reads",
    ],
    large: [
        "reserve", "register", "append_bucket_wasm", "set_bucket_wasm", "deliver_bucket_wasm", "get_datasets",
        "unclaimed",
    ],
}

#[init]
fn init(init: Init) {
    open(Some(settings::set(&init)));
}

#[post_upgrade]
fn post_upgrade() {
    open(None);
    rooms::date(|uid| registry::of_uid(uid).is_some());
    registry::note_old_ones();
    listing::file_old_ones();
}

fn open(parties: Option<governed::Parties>) {
    governed::parties::open(memory::get(memory::PARTIES), parties);
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
}

/// Room in a bucket for the caller's dataset with this salt.
#[update(guard = "not_anonymous")]
async fn reserve(reserve: Reserve) -> Result<Reserved, Error> {
    intake::reserve(system::caller(), reserve).await
}

/// Takes a signed manifest in, once per contributor and salt.
#[update(guard = "not_anonymous")]
async fn register(register: Register) -> Result<Dataset, Error> {
    intake::register(system::caller(), register).await
}

/// Takes a dataset back, whatever a vote said of it, and erases its chunks.
#[update(guard = "not_anonymous")]
async fn withdraw(dataset: String) -> Result<Dataset, Error> {
    intake::withdraw(system::caller(), dataset).await
}

/// Collects what was promised to datasets that nobody registered in time, and ends those that no vote decided in time.
/// Anyone may ask; what is over follows from the time alone.
#[update(guard = "not_anonymous")]
async fn collect_expired(collect: CollectExpired) -> Collected {
    rooms::collect(system::caller(), collect).await
}

/// Marks a dataset rejected after the vote on its proposal was lost.
#[update(guard = "not_anonymous")]
async fn close_dataset(close: CloseDataset) -> Result<Dataset, Error> {
    intake::close(system::caller(), close).await
}

/// Lets a provider with a grant read the chunks. Called by the access canister.
#[update(guard = "not_anonymous")]
async fn open_reads(open: OpenReads) -> Result<(), Error> {
    intake::open_reads(system::caller(), open).await
}

/// Ends what a provider may read, when its job is over. Called by the access canister.
#[update(guard = "not_anonymous")]
async fn end_reads(end: OpenReads) -> Result<(), Error> {
    intake::end_reads(system::caller(), end).await
}

/// What voters read before they vote: the same checks, and the change in words.
#[query]
fn validate_accept_dataset(payload: AcceptDataset) -> Result<String, String> {
    registry::submitted(&payload.dataset).map(|dataset| registry::in_words(&dataset)).map_err(|error| error.to_string())
}

/// Takes a dataset in for training. Called by the governor after a passed vote; traps when it cannot.
#[update(guard = "caller_is_governor")]
fn accept_dataset(payload: AcceptDataset) {
    registry::decide(system::caller(), &payload.dataset, Status::Accepted, None)
        .map(drop)
        .unwrap_or_else(|error| trap_with(error));
}

#[query]
fn validate_revoke_dataset(payload: RevokeDataset) -> Result<String, String> {
    registry::revocable(&payload)
        .map(|dataset| registry::revoke_in_words(&dataset, &payload.reason))
        .map_err(|error| error.to_string())
}

/// Takes an accepted dataset back. Called by the governor after a passed vote, as are the next two.
#[update(guard = "caller_is_governor")]
fn revoke_dataset(payload: RevokeDataset) {
    registry::revoke(system::caller(), &payload).map(drop).unwrap_or_else(|error| trap_with(error));
}

#[query]
fn validate_adopt_bucket_wasm(payload: AdoptBucketWasm) -> Result<String, String> {
    module::checked(&payload).map(|()| module::in_words(&payload)).map_err(|error| error.to_string())
}

/// Names the Wasm of new buckets by its hash.
#[update(guard = "caller_is_governor")]
fn adopt_bucket_wasm(payload: AdoptBucketWasm) {
    module::adopt(system::caller(), payload).unwrap_or_else(|error| trap_with(error));
}

#[query]
fn validate_upgrade_bucket(payload: UpgradeBucket) -> Result<String, String> {
    module::upgradable(&payload).map(|held| module::upgrade_in_words(&payload, held)).map_err(|error| error.to_string())
}

/// Brings one bucket to the Wasm of new buckets.
#[update(guard = "caller_is_governor")]
async fn upgrade_bucket(payload: UpgradeBucket) {
    module::upgrade(system::caller(), &payload).await.unwrap_or_else(|error| trap_with(error));
}

/// Brings the next part of the bucket's Wasm that was voted for; its hash says that it is the one.
#[update(guard = "not_anonymous")]
fn deliver_bucket_wasm(part: ByteBuf) -> Result<u32, Error> {
    module::deliver(&part)
}

/// The bucket's Wasm that was voted for and is not all here yet.
#[query]
fn expected_bucket_wasm() -> Option<Expected> {
    module::expected()
}

/// Appends a part of the Wasm of new buckets. Controllers only.
#[update(guard = "not_anonymous")]
fn append_bucket_wasm(part: ByteBuf) -> Result<u64, Error> {
    caller_is_controller()?;
    buckets::append_wasm(&part)
}

/// Makes what was appended, followed by this part, the Wasm of new buckets. Controllers only.
#[update(guard = "not_anonymous")]
fn set_bucket_wasm(part: ByteBuf) -> Result<ByteBuf, Error> {
    caller_is_controller()?;
    buckets::set_wasm(&part).map(ByteBuf::from)
}

fn caller_is_controller() -> Result<(), Error> {
    let caller = system::caller();
    if system::is_controller(&caller) {
        return Ok(());
    }
    Err(Error::NotAuthorized(why(
        "wasm",
        format!("{caller} is no controller of this canister"),
        "use the identity that installed it",
    )))
}

#[query]
fn get_dataset(dataset: String) -> Option<Dataset> {
    registry::find(&dataset)
}

#[query]
fn get_manifest(dataset: String) -> Option<SignedManifest> {
    registry::manifest(&dataset)
}

/// Datasets by id, at most 100 at a time.
#[query]
fn list_datasets(list: ListDatasets) -> Vec<Dataset> {
    registry::list(list)
}

/// These datasets, in this order; at most 100 at a time.
#[query]
fn get_datasets(ids: Vec<String>) -> Vec<Option<Dataset>> {
    ids.iter().take(governed::PAGE_LIMIT).map(|id| registry::find(id)).collect()
}

/// A dataset with what its manifest says of the recordings.
#[query]
fn describe_dataset(dataset: String) -> Option<DatasetLine> {
    listing::describe(&dataset)
}

/// Datasets of a status or a contributor, or all; newest first, at most 100 at a time.
#[query]
fn newest_datasets(find: FindDatasets) -> Vec<DatasetLine> {
    listing::newest(&find)
}

/// What a contributor has stored that no vote has taken in, and the least bond that covers it.
#[query]
fn deposit_of(contributor: Principal) -> Deposit {
    deposits::of(&contributor)
}

/// How long room waits for its dataset to be registered, in seconds.
#[query]
fn reservation_seconds() -> u64 {
    settings::get().reservation_ns() / 1_000_000_000
}

/// Which of these folders of an object store hold nothing of any registered dataset. At most 1,000 at a time.
#[query]
fn unclaimed(folders: Folders) -> Vec<String> {
    registry::unclaimed(folders)
}

#[query]
fn list_buckets() -> Vec<BucketView> {
    buckets::list()
}

/// Datasets as people read them: `/datasets/<id>`, and `/datasets?status=accepted`.
#[query]
fn http_request(request: pages::HttpRequest) -> pages::HttpResponse {
    let kind = pages::Kind { name: "datasets", one: &listing::one_page, some: &listing::rows };
    pages::answer(&request, &governed::site(), &[kind])
}

audit::queries!();
system::queries!();
governed::candid_service!("../datasets.did");
ic_cdk::export_candid!();

#[cfg(test)]
mod tests {
    use candid_parser::utils::{service_equal, CandidSource};

    #[test]
    fn governed_methods_are_left_to_canisters() {
        super::DOOR.hold_to(include_str!("../datasets.did"));
    }

    #[test]
    fn candid_matches_the_code() {
        service_equal(
            CandidSource::Text(&super::__export_service()),
            CandidSource::Text(include_str!("../datasets.did")),
        )
        .unwrap();
    }
}
