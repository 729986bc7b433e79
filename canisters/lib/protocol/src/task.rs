//! What documents say about a task and a model's tensors. A canister carries tasks and does not know them: of a task's
//! description it reads the kind alone.

use crate::shape::{Integer, List, Name, Text};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// What version 1 of every document was about.
pub const CLASSIFICATION: &str = "classification";

/// A kind of task, and whatever that kind says of itself.
#[derive(Deserialize, Debug)]
pub struct Task {
    pub kind: Text<40>,
    #[serde(flatten)]
    pub description: Map<String, Value>,
}

type Samples = Integer<0, 1_000_000>;
type Length = Integer<1, 1_000_000>;

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    pub name: Text<40>,
    pub unit: Text<20>,
}

/// Which samples of a recording make one window.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Window {
    pub before: Samples,
    pub judged: Length,
    pub after: Samples,
    pub step: Length,
}

#[derive(Deserialize, Debug)]
pub enum Number {
    #[serde(rename = "float32")]
    Float32,
}

/// A tensor that a model gives; its shape is without the batch.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Tensor {
    pub name: Name<40>,
    #[serde(rename = "type")]
    pub number: Number,
    pub shape: List<Length, 1, 8>,
}

/// A tensor that a model takes: samples of the window by channels.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct InputTensor {
    pub name: Name<40>,
    #[serde(rename = "type")]
    pub number: Number,
    pub shape: List<Length, 1, 8>,
    pub channels: List<Channel, 1, 64>,
}

/// How a modality's records become a model's tensors.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    pub modality: Text<40>,
    pub rate_milli_hz: Integer<1, 1_000_000_000>,
    pub window: Window,
    pub tensors: List<InputTensor, 1, 8>,
}

/// The same, before a dataset's schema is known.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct RecipeInput {
    pub modality: Text<40>,
    pub window: Window,
    pub tensors: List<RecipeTensor, 1, 8>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct RecipeTensor {
    pub name: Name<40>,
    #[serde(rename = "type")]
    pub number: Number,
    /// None: all channels of the datasets' schema.
    #[serde(deserialize_with = "nullable")]
    pub channels: Option<List<Text<40>, 1, 64>>,
}

/// Null is allowed, leaving the field out is not.
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// `macroF1` as people read it: "macro F1"; `worstPerson`: "worst person". TypeScript says the same.
pub fn figure_in_words(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut words = String::new();
    for (at, letter) in letters.iter().enumerate() {
        if !letter.is_ascii_uppercase() {
            words.push(*letter);
            continue;
        }
        words.push(' ');
        let word = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        words.push(if word { letter.to_ascii_lowercase() } else { *letter });
    }
    words
}
