//! The access canister: recipes, providers, jobs and grants, and the release of dataset keys to the provider of a live
//! grant.

pub mod approval;
pub mod errors;
pub mod extension;
pub mod grants;
pub mod jobs;
pub mod keys;
pub mod leases;
pub mod listing;
pub mod memory;
pub mod permits;
pub mod providers;
pub mod recipes;
pub mod requests;
pub mod settings;

use candid::Principal;
use errors::Error;
use extension::ExtendDeadline;
use governed::{caller_is_governor, not_anonymous, trap_with};
use grants::{Grant, ListGrants, RevokeGrant};
use ic_cdk::{init, post_upgrade, query, update};
use jobs::{CheckpointSubmitted, FailJob, FindJob, Job, JobClosed, ListJobs};
use keys::{ReleaseKey, ReleasedKey};
use listing::{FindJobs, GrantLine, GrantsOfDataset, JobLine};
use providers::{ApproveProvider, ListProviders, Provider, RegisterProvider, RevokeProvider};
use recipes::{ApproveRecipe, ListRecipes, Recipe, RecipeView, RevokeRecipe, SubmitRecipe};
use requests::{GrantAccess, PaymentReceived, RequestAccess};
use serde_bytes::ByteBuf;
use settings::Init;

governed::door! {
    of_canisters: [
        "approve_recipe", "approve_provider", "grant_access", "revoke_provider", "revoke_recipe",
        "revoke_grant", "payment_received", "job_closed", "checkpoint_submitted",
    ],
    large: ["submit_recipe", "request_access"],
}

#[init]
fn init(init: Init) {
    open(Some(settings::set(&init)));
}

#[post_upgrade]
fn post_upgrade() {
    open(None);
    jobs::list_open_ones();
    listing::file_old_ones();
    leases::end_soon();
}

fn open(parties: Option<governed::Parties>) {
    governed::parties::open(memory::get(memory::PARTIES), parties);
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
}

/// Keeps a recipe for the DAO to vote on.
#[update(guard = "not_anonymous")]
fn submit_recipe(submit: SubmitRecipe) -> Result<Recipe, Error> {
    recipes::submit(system::caller(), submit)
}

/// Registers the caller as a provider for the DAO to vote on.
#[update(guard = "not_anonymous")]
fn register_provider(register: RegisterProvider) -> Result<Provider, Error> {
    providers::register(system::caller(), register)
}

/// Asks for a job under an approval document.
#[update(guard = "not_anonymous")]
async fn request_access(request: RequestAccess) -> Result<Job, Error> {
    requests::request(system::caller(), request).await
}

/// Counts a use of a grant, then derives the dataset's key for its provider.
#[update(guard = "not_anonymous")]
async fn release_key(release: ReleaseKey) -> Result<ReleasedKey, Error> {
    keys::release(system::caller(), release).await
}

/// Gives a job up; its grants are revoked.
#[update(guard = "not_anonymous")]
fn fail_job(fail: FailJob) -> Result<Job, Error> {
    let failed = jobs::fail(system::caller(), fail)?;
    leases::end_soon();
    Ok(failed)
}

/// Moves a job's deadline. An operator, by call or by the token that the caller hands on.
#[update(guard = "not_anonymous")]
async fn extend_deadline(request: ExtendDeadline) -> Result<Job, Error> {
    extension::extend(system::caller(), request).await
}

/// The public key data keys are wrapped to.
#[update(guard = "not_anonymous")]
async fn dataset_public_key() -> Result<ByteBuf, Error> {
    keys::public_key().await
}

/// Notes a job's payment and grants what it buys. Called by the treasury.
#[update(guard = "not_anonymous")]
async fn payment_received(payment: PaymentReceived) -> Result<Job, Error> {
    requests::payment_received(system::caller(), payment).await
}

/// Ends a job. Called by the treasury.
#[update(guard = "not_anonymous")]
fn job_closed(closed: JobClosed) -> Result<Job, Error> {
    let closed = jobs::close(system::caller(), closed)?;
    leases::end_soon();
    Ok(closed)
}

/// Notes a job's checkpoint. Called by the models canister.
#[update(guard = "not_anonymous")]
fn checkpoint_submitted(submitted: CheckpointSubmitted) -> Result<Job, Error> {
    jobs::checkpoint_submitted(system::caller(), submitted)
}

#[query]
fn validate_approve_recipe(payload: ApproveRecipe) -> Result<String, String> {
    recipes::waiting(&payload.recipe).map(|recipe| recipes::in_words(&recipe)).map_err(|error| error.to_string())
}

/// Approves a recipe. Called by the governor after a passed vote; traps when it cannot, as do the other governed
/// methods.
#[update(guard = "caller_is_governor")]
fn approve_recipe(payload: ApproveRecipe) {
    recipes::approve(system::caller(), &payload.recipe).unwrap_or_else(|error| trap_with(error));
}

#[query]
fn validate_approve_provider(payload: ApproveProvider) -> Result<String, String> {
    providers::waiting(&payload.provider)
        .map(|provider| providers::in_words(&provider))
        .map_err(|error| error.to_string())
}

#[update(guard = "caller_is_governor")]
fn approve_provider(payload: ApproveProvider) {
    providers::approve(system::caller(), &payload.provider).unwrap_or_else(|error| trap_with(error));
}

#[query]
fn validate_grant_access(payload: GrantAccess) -> Result<String, String> {
    requests::awaiting_vote(payload.job).map(|job| requests::in_words(&job)).map_err(|error| error.to_string())
}

#[update(guard = "caller_is_governor")]
async fn grant_access(payload: GrantAccess) {
    requests::grant_access(payload.job).await.map(drop).unwrap_or_else(|error| trap_with(error));
}

#[query]
fn validate_revoke_provider(payload: RevokeProvider) -> Result<String, String> {
    providers::revocable(&payload)
        .map(|provider| providers::revoke_in_words(&provider, &payload.reason))
        .map_err(|error| error.to_string())
}

/// Takes a provider's approval back. What was granted to it stays on record, and releases no key.
#[update(guard = "caller_is_governor")]
fn revoke_provider(payload: RevokeProvider) {
    providers::revoke(system::caller(), &payload).unwrap_or_else(|error| trap_with(error));
}

#[query]
fn validate_revoke_recipe(payload: RevokeRecipe) -> Result<String, String> {
    recipes::revocable(&payload)
        .map(|recipe| recipes::revoke_in_words(&recipe, &payload.reason))
        .map_err(|error| error.to_string())
}

#[update(guard = "caller_is_governor")]
fn revoke_recipe(payload: RevokeRecipe) {
    recipes::revoke(system::caller(), &payload).unwrap_or_else(|error| trap_with(error));
}

#[query]
fn validate_revoke_grant(payload: RevokeGrant) -> Result<String, String> {
    grants::revocable(&payload)
        .map(|grant| grants::revoke_in_words(&grant, &payload.reason))
        .map_err(|error| error.to_string())
}

#[update(guard = "caller_is_governor")]
fn revoke_grant(payload: RevokeGrant) {
    grants::revoke(system::caller(), &payload).unwrap_or_else(|error| trap_with(error));
}

#[query]
fn cached_public_key() -> Option<ByteBuf> {
    keys::cached_public_key()
}

#[query]
fn get_job(job: u64) -> Option<Job> {
    jobs::find(job).map(jobs::with_consumed)
}

#[query]
fn get_grant(grant: u64) -> Option<Grant> {
    grants::find(grant)
}

/// Jobs by number, at most 100 at a time.
#[query]
fn list_jobs(list: ListJobs) -> Vec<Job> {
    jobs::list(list)
}

/// Jobs that are not over, by number, at most 100 at a time.
#[query]
fn list_open_jobs(list: ListJobs) -> Vec<Job> {
    jobs::list_open(list)
}

/// The job that a provider asked for under this reference.
#[query]
fn find_job(find: FindJob) -> Option<Job> {
    jobs::of_client_ref(&find.provider, &find.client_ref)
}

/// Jobs about a dataset, a provider or a payer, or all; newest first, at most 100 at a time.
#[query]
fn newest_jobs(find: FindJobs) -> Vec<JobLine> {
    listing::jobs(&find)
}

/// The grants of a dataset's key, newest first, at most 100 at a time.
#[query]
fn grants_of_dataset(find: GrantsOfDataset) -> Vec<GrantLine> {
    listing::grants(&find)
}

/// The grants of one job.
#[query]
fn list_grants(list: ListGrants) -> Vec<Grant> {
    jobs::find(list.job).map(|job| grants::of_job(&job)).unwrap_or_default()
}

#[query]
fn get_recipe(recipe: String) -> Option<RecipeView> {
    recipes::view(&recipe)
}

/// Recipes by id, at most 100 at a time.
#[query]
fn list_recipes(list: ListRecipes) -> Vec<Recipe> {
    recipes::list(list)
}

/// Providers by principal, at most 100 at a time.
#[query]
fn list_providers(list: ListProviders) -> Vec<Provider> {
    providers::list(&list)
}

#[query]
fn get_provider(provider: Principal) -> Option<Provider> {
    providers::find(&provider)
}

/// Jobs and grants as people read them: `/jobs/<number>`, `/jobs?dataset=<id>`, `/grants?dataset=<id>`.
#[query]
fn http_request(request: pages::HttpRequest) -> pages::HttpResponse {
    let job = |id: &str| jobs::in_json(id.parse().ok()?).map(pages::One::from);
    let grant = |id: &str| listing::grant_in_json(id.parse().ok()?).map(pages::One::from);
    let kinds = [
        pages::Kind { name: "jobs", one: &job, some: &listing::job_rows },
        pages::Kind { name: "grants", one: &grant, some: &listing::grant_rows },
    ];
    pages::answer(&request, &governed::site(), &kinds)
}

audit::queries!();
system::queries!();
governed::candid_service!("../access.did");
ic_cdk::export_candid!();

#[cfg(test)]
mod tests {
    use candid_parser::utils::{service_equal, CandidSource};

    #[test]
    fn governed_methods_are_left_to_canisters() {
        super::DOOR.hold_to(include_str!("../access.did"));
    }

    #[test]
    fn candid_matches_the_code() {
        service_equal(
            CandidSource::Text(&super::__export_service()),
            CandidSource::Text(include_str!("../access.did")),
        )
        .unwrap();
    }
}
