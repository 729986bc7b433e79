//! Reading the documents that providers and evaluators sign, and checking a manifest against its job and its chunks.

use crate::api::Error;
use crate::chunks;
use crate::jobs::Job;
use candid::Principal;
use governed::why;
use protocol::limits::{MAX_CHUNK_BYTES, MAX_JOB_DATASETS, MAX_MANIFEST_BYTES};
use protocol::shape::{given, is_file_name, Argument, Decimal, Entries, Integer, List, Text};
use protocol::task::{self, nullable, Input, Task, Tensor};
use protocol::{document, hex, identity, is_id};
use serde::Deserialize;
use serde_json::{json, Map, Value};
use std::collections::BTreeMap;

const FIRST: &str = "livepod.checkpoint/v1";
const SECOND: &str = "livepod.checkpoint/v2";
const MODEL: &str = "model.onnx";
/// Of ONNX's operators, those that the reader of models knows (runtime/src/onnx/limits.ts).
const OPSETS: std::ops::RangeInclusive<u32> = 17..=21;
const FLAT_BUFFER: std::ops::Range<usize> = 4..8;

/// A `livepod.checkpoint/v2` document, or one of version 1: `task` and `input` are of version 2.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Manifest {
    pub model: String,
    #[serde(deserialize_with = "nullable")]
    pub parent: Option<String>,
    pub recipe: String,
    pub job: u64,
    pub approval_digest: String,
    pub datasets: Vec<String>,
    pub arguments: Entries<Argument, 64>,
    pub seed: u32,
    pub metrics: BTreeMap<String, String>,
    pub files: Vec<File>,
    #[serde(default, deserialize_with = "given")]
    pub task: Option<Task>,
    #[serde(default, deserialize_with = "given")]
    pub input: Option<Input>,
    pub runtime: Runtime,
    pub provider: String,
    pub public_key: String,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
    pub chunks: Vec<Chunk>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    pub sha256: String,
    pub bytes: u32,
}

/// Version 1 has `input` and `labels`, version 2 has `outputs`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    pub format: String,
    pub opset: u32,
    #[serde(default, deserialize_with = "given")]
    pub input: Option<List<Integer<1, 1_000_000>, 1, 8>>,
    #[serde(default, deserialize_with = "given")]
    pub labels: Option<List<Text<40>, 1, 64>>,
    #[serde(default, deserialize_with = "given")]
    pub outputs: Option<List<Tensor, 1, 8>>,
}

/// The part of a `livepod.approval/v1` document that a checkpoint repeats.
#[derive(Deserialize)]
struct Approval {
    arguments: Entries<Argument, 64>,
    seed: u32,
}

impl Manifest {
    /// The kind of its task.
    pub fn task(&self) -> &str {
        self.task.as_ref().map_or(task::CLASSIFICATION, |task| task.kind.as_str())
    }
}

pub fn invalid<T>(field: impl ToString, message: impl Into<String>) -> Result<T, Error> {
    Err(Error::Invalid(why(field, message, "correct the document and sign it again")))
}

pub fn sized(bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() <= MAX_MANIFEST_BYTES {
        return Ok(());
    }
    Err(Error::LimitExceeded(why(
        "document",
        format!("it has {} bytes", bytes.len()),
        format!("{MAX_MANIFEST_BYTES} are allowed"),
    )))
}

/// Reads a manifest and checks its shape: everything that needs no one else.
pub fn read(bytes: &[u8]) -> Result<Manifest, Error> {
    sized(bytes)?;
    let kind = document::type_of(bytes, &[FIRST, SECOND])?;
    let manifest: Manifest = document::read(bytes, kind)?;
    text("model", &manifest.model, 60)?;
    for (field, id) in [("recipe", &manifest.recipe), ("approvalDigest", &manifest.approval_digest)] {
        check_id(field, id)?;
    }
    manifest.parent.iter().try_for_each(|id| check_id("parent", id))?;
    if manifest.datasets.is_empty() || manifest.datasets.len() > MAX_JOB_DATASETS {
        return invalid("datasets", format!("a checkpoint names 1 to {MAX_JOB_DATASETS} datasets"));
    }
    manifest.datasets.iter().enumerate().try_for_each(|(n, id)| check_id(&format!("datasets[{n}]"), id))?;
    if manifest.metrics.len() > 64 {
        return invalid("metrics", "they have at most 64 entries");
    }
    names_signer("provider", &manifest.provider, &manifest.public_key)?;
    manifest.metrics.iter().try_for_each(|(name, value)| decimal(&format!("metrics.{name}"), value))?;
    files(&manifest.files)?;
    runtime(&manifest, kind)?;
    Ok(manifest)
}

fn files(files: &[File]) -> Result<(), Error> {
    if files.is_empty() || files.len() > 16 {
        return invalid("files", "a checkpoint has 1 to 16 files");
    }
    let mut total = 0_u64;
    for (n, file) in files.iter().enumerate() {
        let field = |name: &str| format!("files[{n}].{name}");
        if file.name.len() > 100 || !is_file_name(&file.name) {
            return invalid(field("name"), "it is not a plain file name");
        }
        if files[..n].iter().any(|other| other.name.eq_ignore_ascii_case(&file.name)) {
            return invalid(field("name"), format!("{} is named twice", file.name));
        }
        hash(&field("sha256"), &file.sha256)?;
        if file.chunks.is_empty() || file.chunks.len() > 1_024 {
            return invalid(field("chunks"), "a file has 1 to 1024 chunks");
        }
        let mut sum = 0_u64;
        for (m, chunk) in file.chunks.iter().enumerate() {
            hash(&field(&format!("chunks[{m}].sha256")), &chunk.sha256)?;
            if chunk.bytes == 0 || chunk.bytes as usize > MAX_CHUNK_BYTES {
                return invalid(
                    field(&format!("chunks[{m}].bytes")),
                    format!("{} is not 1 to {}", chunk.bytes, MAX_CHUNK_BYTES),
                );
            }
            sum += u64::from(chunk.bytes);
        }
        if sum != file.bytes {
            return invalid(field("bytes"), format!("{} is not {sum}, the sum of its chunks", file.bytes));
        }
        total += sum;
    }
    if total > chunks::JOB_LIMIT {
        return Err(Error::LimitExceeded(why(
            "files",
            format!("they have {total} bytes"),
            format!("{} are allowed", chunks::JOB_LIMIT),
        )));
    }
    Ok(())
}

fn runtime(manifest: &Manifest, kind: &str) -> Result<(), Error> {
    let Runtime { format, opset, input, labels, outputs } = &manifest.runtime;
    if format != "onnx" {
        return invalid("runtime.format", format!("{format:?} is not \"onnx\""));
    }
    if !(17..=30).contains(opset) {
        return invalid("runtime.opset", format!("{opset} is not 17 to 30"));
    }
    let first = [("runtime.input", input.is_some()), ("runtime.labels", labels.is_some())];
    let second = [
        ("runtime.outputs", outputs.is_some()),
        ("task", manifest.task.is_some()),
        ("input", manifest.input.is_some()),
    ];
    for (wanted, fields) in [(kind == FIRST, &first[..]), (kind == SECOND, &second[..])] {
        if let Some((field, _)) = fields.iter().find(|(_, given)| *given != wanted) {
            return invalid(field, format!("{kind} {}", if wanted { "names it" } else { "does not have it" }));
        }
    }
    manifest.input.iter().flat_map(|input| input.tensors.iter()).try_for_each(|tensor| {
        let window = &manifest.input.as_ref().expect("it has tensors").window;
        let length = *window.before + *window.judged + *window.after;
        let shape: Vec<i64> = tensor.shape.iter().map(|size| **size).collect();
        if shape == [length, tensor.channels.len() as i64] {
            return Ok(());
        }
        invalid("input.tensors", format!("{} is not of {length} samples by its channels", tensor.name.as_str()))
    })
}

/// What of a manifest decides how its model runs, as one id: the model's hash, task, input and runtime. The TypeScript
/// of it is `ranBy`.
pub fn ran_by(manifest: &[u8]) -> Result<String, Error> {
    let document: Value = serde_json::from_slice(manifest).expect("a manifest that was read is JSON");
    let files = document["files"].as_array().expect("it has files");
    let model = files.iter().find(|file| file["name"] == MODEL).map_or(&Value::Null, |file| &file["sha256"]);
    let decides = json!({
        "model": model, "task": document["task"], "input": document["input"], "runtime": document["runtime"],
    });
    Ok(protocol::content_id(&protocol::canonical::bytes(&decides)?))
}

/// Checks what can be checked of a model without reading all of it: the reader that evaluators and pods have does. Its
/// file is there, it is not of ONNX Runtime's own format, and its operators are of a set that the reader knows.
pub fn is_runnable(manifest: &Manifest) -> Result<(), Error> {
    let Some(model) = manifest.files.iter().find(|file| file.name == MODEL) else {
        return invalid("files", format!("a checkpoint brings {MODEL}"));
    };
    if !OPSETS.contains(&manifest.runtime.opset) {
        let (from, to) = (OPSETS.start(), OPSETS.end());
        return invalid("runtime.opset", format!("{} is not {from} to {to}", manifest.runtime.opset));
    }
    let start: Vec<u8> = model
        .chunks
        .iter()
        .flat_map(|chunk| chunks::get(&digest(&chunk.sha256)).expect("the chunk is stored"))
        .take(FLAT_BUFFER.end)
        .collect();
    // FlatBuffers put their identifier there
    if start.get(FLAT_BUFFER) == Some(&b"ORTM"[..]) {
        return invalid("files", format!("{MODEL} is of ONNX Runtime's own format; export it as ONNX"));
    }
    Ok(())
}

/// Checks that a document names its signer in the form of a principal, and a key.
pub fn names_signer(field: &str, principal: &str, public_key: &str) -> Result<(), Error> {
    if Principal::from_text(principal).is_ok_and(|read| read.to_text() == principal) {
        return match hex::decode_exact::<44>(public_key) {
            Some(_) => Ok(()),
            None => invalid("publicKey", "it is not 88 lower-case hexadecimal digits"),
        };
    }
    invalid(field, "it is not a principal")
}

/// Checks that the document was signed by `caller`'s own key, over these bytes.
pub fn signed_by(
    caller: &Principal,
    named: &str,
    public_key: &str,
    bytes: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let signer = identity::principal_of(public_key)?;
    if signer != *caller || named != caller.to_text() {
        let message = format!("the document names {named} and a key of {signer}, and {caller} sent it");
        return Err(Error::WrongSigner(why(
            "publicKey",
            message,
            "send your own document under the identity that signed it",
        )));
    }
    Ok(document::verify(bytes, signature, public_key)?)
}

/// Checks that the checkpoint is what its job was approved for.
pub fn matches_job(manifest: &Manifest, job: &Job) -> Result<(), Error> {
    let differs = |field: &str, wanted: String| {
        Err(Error::JobMismatch(why(
            field,
            format!("job {} was approved with {wanted}", job.id),
            "train what was approved, or ask for access anew",
        )))
    };
    if manifest.job != job.id {
        return differs("job", format!("number {}", job.id));
    }
    if manifest.approval_digest != job.approval_digest {
        return differs("approvalDigest", job.approval_digest.clone());
    }
    if manifest.recipe != job.recipe {
        return differs("recipe", job.recipe.clone());
    }
    let (mut named, mut approved) =
        (manifest.datasets.clone(), job.datasets.iter().map(|d| d.dataset.clone()).collect::<Vec<_>>());
    named.sort();
    approved.sort();
    if named != approved {
        return differs("datasets", format!("{} datasets: {}", approved.len(), approved.join(", ")));
    }
    if manifest.parent != job.base {
        return differs("parent", job.base.clone().unwrap_or("no base".into()));
    }
    let approval = approval(&job.approval)?;
    if manifest.arguments != approval.arguments {
        return differs("arguments", json_of(&approval.arguments));
    }
    if manifest.seed != approval.seed {
        return differs("seed", approval.seed.to_string());
    }
    Ok(())
}

fn json_of(arguments: &BTreeMap<String, Argument>) -> String {
    let fields: Map<String, Value> = arguments.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect();
    Value::Object(fields).to_string()
}

fn approval(bytes: &[u8]) -> Result<Approval, Error> {
    serde_json::from_slice(bytes)
        .or_else(|error| invalid("approval", format!("the job's approval cannot be read: {error}")))
}

fn digest(hex: &str) -> [u8; 32] {
    hex::decode_exact(hex).expect("a manifest that was read has hashes")
}

/// The hashes of all its chunks, file by file.
pub fn chunks(manifest: &Manifest) -> impl Iterator<Item = [u8; 32]> + '_ {
    manifest.files.iter().flat_map(|file| &file.chunks).map(|chunk| digest(&chunk.sha256))
}

/// Checks that every chunk is stored with the size the manifest says, and that each file is its chunks.
pub fn matches_chunks(manifest: &Manifest) -> Result<(), Error> {
    let mut missing = Vec::new();
    for chunk in manifest.files.iter().flat_map(|file| &file.chunks) {
        match chunks::size(&digest(&chunk.sha256)) {
            None => missing.push(chunk.sha256.as_str()),
            Some(size) if size != chunk.bytes => {
                return Err(Error::WrongHash(why(
                    format!("chunk {}", chunk.sha256),
                    format!("it has {size} bytes, and the manifest says {}", chunk.bytes),
                    "write the sizes of the stored chunks into the manifest",
                )))
            }
            Some(_) => {}
        }
    }
    if let Some(first) = missing.first() {
        let message = format!("{} of its chunks are not stored, the first is {first}", missing.len());
        return Err(Error::MissingChunks(why("files", message, "put the missing chunks, then submit again")));
    }
    for file in &manifest.files {
        let parts: Vec<Vec<u8>> =
            file.chunks.iter().map(|chunk| chunks::get(&digest(&chunk.sha256)).expect("the chunk is stored")).collect();
        let whole = protocol::sha256(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
        if whole != digest(&file.sha256) {
            let message = format!("its chunks hash to {}, and the manifest says {}", hex::encode(&whole), file.sha256);
            return Err(Error::WrongHash(why(
                format!("file {}", file.name),
                message,
                "name the chunks in their order, with the file's own hash",
            )));
        }
    }
    Ok(())
}

fn check_id(field: &str, id: &str) -> Result<(), Error> {
    if is_id(id) {
        return Ok(());
    }
    invalid(field, "it is not sha256: and 64 hexadecimal digits")
}

fn hash(field: &str, digits: &str) -> Result<(), Error> {
    if hex::decode_exact::<32>(digits).is_some() {
        return Ok(());
    }
    invalid(field, "it is not 64 lower-case hexadecimal digits")
}

fn text(field: &str, value: &str, limit: usize) -> Result<(), Error> {
    if !value.is_empty() && value.encode_utf16().count() <= limit {
        return Ok(());
    }
    invalid(field, format!("it is not text of 1 to {limit} characters"))
}

/// A decimal number as text, such as "-0.5".
fn decimal(field: &str, value: &str) -> Result<(), Error> {
    if Decimal::parse(value).is_some() {
        return Ok(());
    }
    invalid(field, format!("{value:?} is not a decimal number as text"))
}
