//! The models canister: checkpoints, their evaluations, channels, and the TUF repository that pods follow. This file
//! lists the methods and nothing else.

mod api;
mod certified;
mod channels;
mod checkpoints;
mod chunks;
mod escrow;
mod evaluation;
mod http;
mod jobs;
mod listing;
mod manifest;
mod memory;
mod olpc;
mod outbox;
mod publish;
mod repository;
mod roles;
mod room;
mod root;
mod vote;

use api::{
    AdoptCheckpoint, AppointEvaluator, Channel, Checkpoint, CheckpointLine, CloseCheckpoint, CollectChunks,
    CollectedChunks, Error, Figure, FindCheckpoints, HttpRequest, HttpResponse, InitArgs, ListChannels,
    ListCheckpoints, Publication, PublishRoot, PutChunk, RevokeEvaluator, RollbackChannel, SetExposure, SignedManifest,
    SubmitCheckpoint, SubmitEvaluation,
};
use candid::Principal;
use governed::{caller_is_governor, not_anonymous, parties, trap_with, why, Parties};
use ic_cdk::{init, post_upgrade, query, update};
use serde_bytes::ByteBuf;

governed::door! {
    of_canisters: [
        "adopt_checkpoint", "rollback_channel", "appoint_evaluator", "revoke_evaluator", "publish_root",
        "set_exposure",
    ],
    large: ["put_chunk", "submit_checkpoint", "submit_evaluation", "install_first_root"],
}

#[init]
fn init(args: InitArgs) {
    parties::open(memory::of(memory::PARTIES), Some(Parties { governor: args.governor, peers: args.peers }));
    audit::open(memory::of(memory::AUDIT_INDEX), memory::of(memory::AUDIT_DATA));
    repository::certify();
    publish::set_key_name(args.schnorr_key_name);
    if let Some(root) = args.initial_root {
        repository::install_first_root(&root, None).unwrap_or_else(|error| trap_with(error));
    }
    publish::start();
}

#[post_upgrade]
fn post_upgrade() {
    parties::open(memory::of(memory::PARTIES), None);
    audit::open(memory::of(memory::AUDIT_INDEX), memory::of(memory::AUDIT_DATA));
    listing::file_old_ones();
    repository::certify();
    publish::start();
}

/// Stores a chunk for a granted job of the caller's, and returns its SHA-256.
#[update(guard = "not_anonymous")]
async fn put_chunk(request: PutChunk) -> Result<ByteBuf, Error> {
    chunks::check_size(&request.bytes)?;
    jobs::granted_to(request.job, system::caller()).await?;
    chunks::put(request.job, &request.bytes).map(ByteBuf::from)
}

/// Frees chunks of jobs that ended without a checkpoint. Anyone may ask; access is asked about each job.
#[update(guard = "not_anonymous")]
async fn collect_chunks(collect: CollectChunks) -> Result<CollectedChunks, Error> {
    jobs::collect(collect).await
}

/// Takes a signed checkpoint from its job's provider; a repeat returns it.
#[update(guard = "not_anonymous")]
async fn submit_checkpoint(request: SubmitCheckpoint) -> Result<Checkpoint, Error> {
    let caller = system::caller();
    let submission = checkpoints::read_submission(&caller, &request)?;
    if let Some(known) = submission.repeated {
        return Ok(known);
    }
    let job = jobs::ask(submission.job).await?;
    let checkpoint = checkpoints::submit(caller, &request, submission, &job)?;
    publish::tell_peers().await;
    Ok(checkpoint)
}

/// Records what an appointed evaluator measured; a repeat returns the checkpoint.
#[update(guard = "not_anonymous")]
fn submit_evaluation(request: SubmitEvaluation) -> Result<Checkpoint, Error> {
    checkpoints::evaluate(&request)
}

/// Closes a checkpoint that voters rejected. Anyone may ask; governance is asked whether it is so.
#[update(guard = "not_anonymous")]
async fn close_checkpoint(request: CloseCheckpoint) -> Result<Checkpoint, Error> {
    let caller = system::caller();
    if let Some(closed) = checkpoints::closable(&request.checkpoint)? {
        return Ok(closed);
    }
    vote::rejected(request.proposal, &request.checkpoint).await?;
    checkpoints::reject(caller, &request.checkpoint, request.proposal)
}

/// What a release exposes. Fleet canister only.
#[update(guard = "not_anonymous")]
fn set_exposure(request: SetExposure) -> Result<(), Error> {
    if channels::set_exposure(&request)? {
        publish::soon();
    }
    Ok(())
}

/// The key that signs targets, snapshot and timestamp (Ed25519, 32 bytes).
#[update(guard = "not_anonymous")]
async fn public_key() -> Result<ByteBuf, Error> {
    publish::key().await.map(ByteBuf::from)
}

/// Installs the first TUF root. Controllers only, and once: later roots are voted in.
#[update(guard = "not_anonymous")]
async fn install_first_root(root: ByteBuf) -> Result<(), Error> {
    let caller = system::caller();
    if !system::is_controller(&caller) {
        return Err(Error::NotAuthorized(why(
            caller,
            "only a controller installs the first root",
            "propose publish_root",
        )));
    }
    let key = publish::key().await?;
    repository::install_first_root(&root, Some(&key))?;
    publish::soon();
    Ok(())
}

/// What voters read before they vote on `adopt_checkpoint`.
#[query]
fn validate_adopt_checkpoint(payload: AdoptCheckpoint) -> Result<String, String> {
    let checkpoint = channels::checked_adoption(&payload).map_err(|error| error.to_string())?;
    Ok(format!(
        "Make {} official as version {} of {} and release it on {} {}. Hold-out people: {}. Trained by {} in job {} on \
         {} datasets.",
        checkpoint.id,
        checkpoints::version_of(&checkpoint),
        checkpoint.model,
        payload.channel,
        payload.plan.in_words(),
        checkpoint.figures.iter().map(Figure::in_words).collect::<Vec<_>>().join(", "),
        checkpoint.provider,
        checkpoint.job,
        checkpoint.datasets.len(),
    ))
}

/// Makes a checkpoint official and opens its release, if its job's escrow is still there. Traps when it cannot, so that
/// the vote shows as failed.
#[update(guard = "caller_is_governor")]
async fn adopt_checkpoint(payload: AdoptCheckpoint) {
    let checkpoint = channels::checked_adoption(&payload).unwrap_or_else(|error| trap_with(error));
    escrow::hold(&checkpoint).await.unwrap_or_else(|error| trap_with(error));
    channels::adopt(&payload).unwrap_or_else(|error| trap_with(error));
    publish::tell_peers().await;
}

/// What voters read before they vote on `rollback_channel`.
#[query]
fn validate_rollback_channel(payload: RollbackChannel) -> Result<String, String> {
    let stable = channels::checked_rollback(&payload).map_err(|error| error.to_string())?;
    Ok(format!(
        "Make version {} ({}) stable on {} at once and end what is being released there. Reason: {}",
        stable.version, stable.checkpoint, payload.channel, payload.reason
    ))
}

/// Makes an earlier stable version stable again, under a higher sequence number.
#[update(guard = "caller_is_governor")]
async fn rollback_channel(payload: RollbackChannel) {
    channels::rollback(&payload).unwrap_or_else(|error| trap_with(error));
    publish::soon();
    publish::tell_peers().await;
}

/// What voters read before they vote on `appoint_evaluator`.
#[query]
fn validate_appoint_evaluator(payload: AppointEvaluator) -> Result<String, String> {
    checkpoints::appointable(&payload.evaluator).map_err(|error| error.to_string())?;
    Ok(format!("Let {} measure checkpoints on hold-out people.", payload.evaluator))
}

#[update(guard = "caller_is_governor")]
fn appoint_evaluator(payload: AppointEvaluator) {
    checkpoints::appoint(payload.evaluator).unwrap_or_else(|error| trap_with(error));
}

/// What voters read before they vote on `revoke_evaluator`.
#[query]
fn validate_revoke_evaluator(payload: RevokeEvaluator) -> Result<String, String> {
    checkpoints::dismissible(&payload).map_err(|error| error.to_string())?;
    Ok(format!("Let {} measure checkpoints no more. Reason: {}", payload.evaluator, payload.reason))
}

#[update(guard = "caller_is_governor")]
fn revoke_evaluator(payload: RevokeEvaluator) {
    checkpoints::dismiss(&payload).unwrap_or_else(|error| trap_with(error));
}

/// What voters read before they vote on `publish_root`.
#[query]
fn validate_publish_root(payload: PublishRoot) -> Result<String, String> {
    let root = checked_root(&payload).map_err(|error| error.to_string())?;
    let words = root.in_words(repository::served_root().as_ref());
    Ok(format!("Publish TUF root version {}, {}. {words}", root.version, protocol::content_id(&payload.root)))
}

/// Publishes the next TUF root.
#[update(guard = "caller_is_governor")]
fn publish_root(payload: PublishRoot) {
    let key = known_key().unwrap_or_else(|error| trap_with(error));
    repository::publish_root(&payload.root, &key).unwrap_or_else(|error| trap_with(error));
    publish::soon();
}

fn known_key() -> Result<[u8; 32], Error> {
    publish::known_key().ok_or_else(|| {
        Error::NotYet(why("chain key", "it was not fetched yet", "call public_key once, then propose again"))
    })
}

fn checked_root(payload: &PublishRoot) -> Result<root::Root, Error> {
    repository::checked_root(&payload.root, &known_key()?)
}

#[query]
fn get_checkpoint(id: String) -> Option<Checkpoint> {
    checkpoints::get(&id)
}

#[query]
fn get_manifest(id: String) -> Option<SignedManifest> {
    checkpoints::signed(&id)
}

#[query]
fn list_checkpoints(page: ListCheckpoints) -> Vec<Checkpoint> {
    checkpoints::list(&page)
}

/// Checkpoints about a dataset, a parent, a model or a job, or all; newest first, at most 100 at a time.
#[query]
fn newest_checkpoints(find: FindCheckpoints) -> Vec<CheckpointLine> {
    listing::newest(&find)
}

#[query]
fn get_channel(name: String) -> Option<Channel> {
    channels::get(&name)
}

#[query]
fn list_channels(page: ListChannels) -> Vec<Channel> {
    channels::list(&page)
}

#[query]
fn get_chunk(sha256: ByteBuf) -> Option<ByteBuf> {
    chunks::get(&sha256.into_vec().try_into().ok()?).map(ByteBuf::from)
}

#[query]
fn list_evaluators() -> Vec<Principal> {
    checkpoints::evaluators()
}

/// How far the TUF repository is.
#[query]
fn get_publication() -> Publication {
    repository::publication()
}

#[query]
fn http_request(request: HttpRequest) -> HttpResponse {
    http::serve(&request)
}

audit::queries!();
system::queries!();
governed::candid_service!("../models.did");
governed::certified_pages!();
ic_cdk::export_candid!();

#[cfg(test)]
mod tests;
