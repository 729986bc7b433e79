//! Recipes: what can be trained. Anyone submits one; only those the DAO has approved get grants.

use crate::errors::Error;
use crate::memory;
use candid::{CandidType, Deserialize, Principal};
use governed::why;
use ic_stable_structures::StableBTreeMap;
use protocol::document;
use protocol::limits::MAX_RECIPE_BYTES;
use protocol::shape::{given, Argument, Decimal, Entries, Id, Integer, List, OneOf, Text};
use protocol::task::{RecipeInput, Task};
use serde::Serialize;
use serde_bytes::ByteBuf;
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;
use stored::{Cbor, Memory};

const FIRST: &str = "livepod.recipe/v1";
const SECOND: &str = "livepod.recipe/v2";
/// The most recipes of one author that wait for a vote.
const WAITING_LIMIT: usize = 20;
const HYPERPARAMETERS_LIMIT: usize = 64;

#[derive(CandidType, Deserialize, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    #[serde(rename = "submitted")]
    Submitted,
    #[serde(rename = "approved")]
    Approved,
    /// Approved once, and taken back by a vote; another vote may approve it again.
    #[serde(rename = "revoked")]
    Revoked,
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Status::Submitted => "submitted",
            Status::Approved => "approved",
            Status::Revoked => "revoked",
        }
    }
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    pub id: String,
    pub name: String,
    pub version: String,
    pub bundle: String,
    pub purposes: Vec<String>,
    pub status: Status,
    pub author: Principal,
    pub submitted_at: u64,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct RecipeView {
    pub recipe: Recipe,
    pub document: ByteBuf,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct SubmitRecipe {
    pub document: ByteBuf,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ApproveRecipe {
    pub recipe: String,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct RevokeRecipe {
    pub recipe: String,
    pub reason: String,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ListRecipes {
    pub after: Option<String>,
    pub limit: u32,
}

/// The document `livepod.recipe/v2`, or one of version 1: `task` and `input` are of version 2.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub name: Text<60>,
    pub version: Text<20>,
    pub bundle: Id,
    pub hyperparameters: Entries<OneOf<Range>, HYPERPARAMETERS_LIMIT>,
    pub resources: Resources,
    #[allow(dead_code)]
    pub outputs: List<Text<100>, 1, 16>,
    pub purposes: List<Text<60>, 1, 16>,
    #[serde(default, deserialize_with = "given")]
    pub task: Option<Task>,
    #[serde(default, deserialize_with = "given")]
    pub input: Option<RecipeInput>,
}

/// What a hyper-parameter may be, both ends included.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
pub enum Range {
    Integer { min: i64, max: i64, default: i64 },
    Decimal { min: Decimal, max: Decimal, default: Decimal },
}

/// Ceilings of a job.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    #[serde(rename = "memoryMiB")]
    pub memory_mib: Integer<1, 16_777_216>,
    pub seconds: Integer<1, 16_777_216>,
}

thread_local! {
    static RECIPES: RefCell<StableBTreeMap<String, Cbor<Recipe>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::RECIPES)));
    static DOCUMENTS: RefCell<StableBTreeMap<String, Vec<u8>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::RECIPE_DOCUMENTS)));
}

pub fn find(id: &str) -> Option<Recipe> {
    RECIPES.with_borrow(|recipes| recipes.get(&id.to_owned())).map(|record| record.0)
}

pub fn view(id: &str) -> Option<RecipeView> {
    let document = DOCUMENTS.with_borrow(|documents| documents.get(&id.to_owned()))?;
    Some(RecipeView { recipe: find(id)?, document: ByteBuf::from(document) })
}

pub fn list(list: ListRecipes) -> Vec<Recipe> {
    let start = list.after.map_or(Bound::Unbounded, Bound::Excluded);
    RECIPES.with_borrow(|recipes| {
        recipes
            .range((start, Bound::Unbounded))
            .map(|entry| entry.value().0)
            .take(governed::page_size(list.limit))
            .collect()
    })
}

/// The approved recipe and its document.
pub fn approved(id: &str) -> Result<(Recipe, Document), Error> {
    let view = view(id).ok_or_else(|| {
        Error::UnknownRecipe(why(
            id,
            "no recipe is known under this id",
            "submit the recipe and have it approved, or check the id",
        ))
    })?;
    if view.recipe.status != Status::Approved {
        return Err(Error::NotApproved(why(
            id,
            format!("the recipe is {}, not approved", view.recipe.status.word()),
            "propose it and wait for the vote",
        )));
    }
    Ok((view.recipe, read(&view.document)?))
}

/// Keeps a recipe for the DAO to vote on; a repeat returns it as it is now.
pub fn submit(author: Principal, submit: SubmitRecipe) -> Result<Recipe, Error> {
    if submit.document.len() > MAX_RECIPE_BYTES {
        let message = format!("it has {} bytes, and at most {MAX_RECIPE_BYTES} are allowed", submit.document.len());
        return Err(Error::LimitExceeded(why("recipe", message, "keep code and data in the bundle")));
    }
    let document = read(&submit.document)?;
    ranges_are_sound(&document)?;
    let id = document::id(&submit.document)?;
    if let Some(first) = find(&id) {
        return Ok(first);
    }
    let waiting = RECIPES.with_borrow(|recipes| {
        recipes
            .values()
            .filter(|recipe| recipe.author == author && recipe.status == Status::Submitted)
            .take(WAITING_LIMIT)
            .count()
    });
    if waiting == WAITING_LIMIT {
        return Err(Error::LimitExceeded(why(
            author,
            format!("{WAITING_LIMIT} of its recipes wait for a vote"),
            "wait until some are approved",
        )));
    }
    let recipe = Recipe {
        id: id.clone(),
        name: document.name.to_string(),
        version: document.version.to_string(),
        bundle: document.bundle.to_string(),
        purposes: document.purposes.iter().map(|purpose| purpose.to_string()).collect(),
        status: Status::Submitted,
        author,
        submitted_at: system::now(),
    };
    DOCUMENTS.with_borrow_mut(|documents| documents.insert(id.clone(), submit.document.into_vec()));
    RECIPES.with_borrow_mut(|recipes| recipes.insert(id.clone(), Cbor(recipe.clone())));
    audit::append_as(author, json!({"type": "recipeSubmitted", "recipe": id}));
    Ok(recipe)
}

fn read(bytes: &[u8]) -> Result<Document, Error> {
    let kind = document::type_of(bytes, &[FIRST, SECOND])?;
    let document: Document = document::read(bytes, kind)?;
    for (field, given) in [("task", document.task.is_some()), ("input", document.input.is_some())] {
        if given != (kind == SECOND) {
            return Err(Error::Invalid(why(
                field,
                format!("version 2 has it, and this is {kind}"),
                "name both or none",
            )));
        }
    }
    Ok(document)
}

fn ranges_are_sound(document: &Document) -> Result<(), Error> {
    for (name, range) in document.hyperparameters.iter() {
        let sound = match &**range {
            Range::Integer { min, max, default } => min <= default && default <= max,
            Range::Decimal { min, max, default } => min <= default && default <= max,
        };
        if !sound {
            return Err(Error::Invalid(why(
                format!("hyperparameters.{name}"),
                "its default is not between min and max",
                "correct the range",
            )));
        }
    }
    Ok(())
}

/// Checks that every hyper-parameter has a value in its range, and nothing else has one.
pub fn check_arguments(document: &Document, arguments: &BTreeMap<String, Argument>) -> Result<(), Error> {
    let out = |name: &str, message: String| {
        Error::OutOfRange(why(format!("arguments.{name}"), message, "choose a value the recipe allows"))
    };
    if let Some(name) = arguments.keys().find(|name| !document.hyperparameters.contains_key(*name)) {
        return Err(out(name, "the recipe has no such hyper-parameter".into()));
    }
    for (name, range) in document.hyperparameters.iter() {
        let value = arguments.get(name).ok_or_else(|| out(name, "it is missing".into()))?;
        let (allowed, words) = match &**range {
            Range::Integer { min, max, .. } => (
                value.as_i64().is_some_and(|value| (*min..=*max).contains(&value)),
                format!("an integer from {min} to {max}"),
            ),
            Range::Decimal { min, max, .. } => (
                value.as_str().and_then(Decimal::parse).is_some_and(|value| *min <= value && value <= *max),
                format!("a decimal in quotes from {} to {}", **min, **max),
            ),
        };
        if !allowed {
            return Err(out(name, format!("it is {}, and {words} is expected", **value)));
        }
    }
    Ok(())
}

/// The recipe a vote is about, while it waits for one.
pub fn waiting(id: &str) -> Result<Recipe, Error> {
    let recipe =
        find(id).ok_or_else(|| Error::UnknownRecipe(why(id, "no recipe is known under this id", "submit it first")))?;
    if recipe.status == Status::Approved {
        return Err(Error::NotYet(why(id, "it is approved already", "nothing needs to be done")));
    }
    Ok(recipe)
}

pub fn in_words(recipe: &Recipe) -> String {
    format!(
        "Approve recipe {} {} ({}), bundle {}, by {}, for {}.",
        recipe.name,
        recipe.version,
        recipe.id,
        recipe.bundle,
        recipe.author,
        recipe.purposes.join(", ")
    )
}

pub fn approve(caller: Principal, id: &str) -> Result<(), Error> {
    let recipe = Recipe { status: Status::Approved, ..waiting(id)? };
    RECIPES.with_borrow_mut(|recipes| recipes.insert(id.to_owned(), Cbor(recipe)));
    audit::append_as(caller, json!({"type": "recipeApproved", "recipe": id}));
    Ok(())
}

/// An approved recipe that a vote may take back.
pub fn revocable(revoke: &RevokeRecipe) -> Result<Recipe, Error> {
    crate::grants::reasoned(&revoke.reason)?;
    approved(&revoke.recipe).map(|(recipe, _)| recipe)
}

pub fn revoke_in_words(recipe: &Recipe, reason: &str) -> String {
    format!(
        "Take back the approval of recipe {} {} ({}): no further job may name it, and jobs that do get no further key. \
         Reason: {reason}",
        recipe.name, recipe.version, recipe.id
    )
}

pub fn revoke(caller: Principal, revoke: &RevokeRecipe) -> Result<(), Error> {
    let recipe = Recipe { status: Status::Revoked, ..revocable(revoke)? };
    RECIPES.with_borrow_mut(|recipes| recipes.insert(recipe.id.clone(), Cbor(recipe)));
    audit::append_as(caller, json!({"type": "recipeRevoked", "recipe": revoke.recipe, "reason": revoke.reason}));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn mutated_recipes_are_read_as_in_typescript() {
        vectors::hold_to_mutants("recipe", |document| read(document).and_then(|recipe| ranges_are_sound(&recipe)));
    }

    #[test]
    fn recipes_of_both_versions_read_as_in_typescript() {
        let path = format!("{}/../../protocol/vectors/recipe.json", env!("CARGO_MANIFEST_DIR"));
        let vectors: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).unwrap();
        for vector in vectors {
            let read = read(vector["document"].as_str().unwrap().as_bytes()).ok();
            assert_eq!(read.is_some(), !vector["reads"].is_null(), "{vector}");
            if let Some(document) = read {
                let kind = document.task.map(|task| task.kind.to_string());
                assert_eq!(kind.as_deref(), vector["reads"]["task"]["kind"].as_str());
            }
        }
    }
}
