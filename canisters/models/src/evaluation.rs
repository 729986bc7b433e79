//! What evaluators sign: `livepod.evaluation/v3` documents. Those of versions 1 and 2 are read where they were taken
//! before; since they do not say what was run, no new one is taken. The canister carries figures and does not know
//! them: which there are is the task's to say.

use crate::api::{Error, Figure};
use crate::manifest::{invalid, names_signer, sized};
use protocol::document;
use protocol::shape::{Decimal, Hex, Id, Integer, List, Nanoseconds, Text};
use protocol::task::{nullable, CLASSIFICATION};
use serde::{Deserialize, Deserializer};

const FIRST: &str = "livepod.evaluation/v1";
const SECOND: &str = "livepod.evaluation/v2";
const THIRD: &str = "livepod.evaluation/v3";

type People = Integer<1, 1_000_000>;
type Windows = Integer<1, 9_007_199_254_740_991>;

/// A report of any version.
#[derive(Debug)]
pub struct Evaluation {
    pub checkpoint: String,
    pub evaluator: String,
    pub public_key: String,
    pub task: String,
    pub figures: Vec<Figure>,
    /// What was run, as [`crate::manifest::ran_by`] says it; versions 1 and 2 do not.
    pub ran: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[allow(dead_code)]
struct First {
    checkpoint: Id,
    evaluator: String,
    public_key: String,
    people: People,
    windows: Windows,
    accuracy: Decimal,
    #[serde(rename = "macroF1")]
    macro_f1: Decimal,
    worst_person: Decimal,
    #[serde(deserialize_with = "nullable")]
    parent_accuracy: Option<Decimal>,
    at: Nanoseconds,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[allow(dead_code)]
struct Later {
    checkpoint: Id,
    evaluator: String,
    public_key: String,
    people: People,
    windows: Windows,
    task: Text<40>,
    figures: List<Measured, 1, 16>,
    deciding: Deciding,
    worst_person: String,
    at: Nanoseconds,
    /// Of version 3, as `vectors` is.
    #[serde(default, deserialize_with = "given")]
    ran: Option<Id>,
    #[serde(default, deserialize_with = "given")]
    vectors: Option<Vectors>,
}

/// What the model gave for windows that follow from the seed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Vectors {
    seed: Hex<32>,
    outputs: List<List<Decimal, 1, 64>, 1, 16>,
}

/// A field that may be left out, and is not null where it is there.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Measured {
    name: Text<40>,
    value: Decimal,
    #[serde(deserialize_with = "nullable")]
    unit: Option<Text<20>>,
    #[serde(deserialize_with = "nullable")]
    parent: Option<Decimal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Deciding {
    figure: String,
    better: Better,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Better {
    Higher,
    Lower,
}

/// Reads an evaluation and checks its shape.
pub fn read(bytes: &[u8]) -> Result<Evaluation, Error> {
    sized(bytes)?;
    let evaluation = match document::type_of(bytes, &[FIRST, SECOND, THIRD])? {
        FIRST => first(document::read(bytes, FIRST)?),
        kind => later(document::read(bytes, kind)?, kind),
    }?;
    names_signer("evaluator", &evaluation.evaluator, &evaluation.public_key)?;
    Ok(evaluation)
}

fn first(report: First) -> Result<Evaluation, Error> {
    let shares = [("accuracy", report.accuracy), ("macroF1", report.macro_f1), ("worstPerson", report.worst_person)];
    shares.iter().try_for_each(|(name, value)| share(name, value))?;
    report.parent_accuracy.iter().try_for_each(|value| share("parentAccuracy", value))?;
    let figure = |(name, value): (&str, Decimal)| Figure { name: name.into(), value: value.0, unit: None };
    Ok(Evaluation {
        checkpoint: report.checkpoint.0,
        evaluator: report.evaluator,
        public_key: report.public_key,
        task: CLASSIFICATION.into(),
        figures: shares.into_iter().map(figure).collect(),
        ran: None,
    })
}

fn later(report: Later, kind: &str) -> Result<Evaluation, Error> {
    for (field, is_given) in [("ran", report.ran.is_some()), ("vectors", report.vectors.is_some())] {
        if is_given != (kind == THIRD) {
            return invalid(field, format!("{kind} {}", if is_given { "does not have it" } else { "names it" }));
        }
    }
    let figures = &report.figures;
    for (n, figure) in figures.iter().enumerate() {
        let name = figure.name.as_str();
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.bytes().all(|c| c.is_ascii_alphanumeric()) {
            return invalid(format!("figures[{n}].name"), format!("{name:?} is no name such as macroF1"));
        }
        if figures[..n].iter().any(|other| other.name == figure.name) {
            return invalid(format!("figures[{n}].name"), format!("{name} is named twice"));
        }
        if figure.unit.is_none() {
            share(&format!("figures[{n}].value"), &figure.value)?;
            figure.parent.iter().try_for_each(|value| share(&format!("figures[{n}].parent"), value))?;
        }
    }
    for (field, name) in [("deciding.figure", &report.deciding.figure), ("worstPerson", &report.worst_person)] {
        if !figures.iter().any(|figure| figure.name.as_str() == name) {
            return invalid(field, format!("{name:?} is none of the figures"));
        }
    }
    let figure = |Measured { name, value, unit, .. }: Measured| Figure {
        name: name.0,
        value: value.0,
        unit: unit.map(|unit| unit.0),
    };
    Ok(Evaluation {
        checkpoint: report.checkpoint.0,
        evaluator: report.evaluator,
        public_key: report.public_key,
        task: report.task.0,
        figures: report.figures.0.into_iter().map(figure).collect(),
        ran: report.ran.map(|id| id.0),
    })
}

/// Checks that a figure without a unit is from 0 to 1.
fn share(field: &str, value: &Decimal) -> Result<(), Error> {
    let bound = |text: &str| Decimal::parse(text).expect("a decimal");
    if bound("0") <= *value && *value <= bound("1") {
        return Ok(());
    }
    invalid(field, format!("{} is not from 0 to 1", value.as_str()))
}
