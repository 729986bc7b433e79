//! The manifest document `livepod.dataset/v2`, and those of version 1, which name at least one label: its shape, and
//! that its parts agree with each other and with the signature.

use crate::errors::Error;
use crate::registry::{Access, Dataset, Split, Status, Storage, S3};
use candid::Principal;
use governed::why;
use protocol::limits::{CHUNK_TAG_BYTES, MAX_CHUNK_BYTES, MAX_DATASET_CHUNKS, MAX_MANIFEST_BYTES, PLAIN_CHUNK_BYTES};
use protocol::shape::{is_file_name, Amount, Entries, Hex, HexUpTo, Integer, List, OneOf, PrincipalText, Text};
use protocol::{document, hex, identity, merkle};
use serde::Deserialize;
use serde_bytes::ByteBuf;
use std::collections::BTreeSet;

const FIRST: &str = "livepod.dataset/v1";
const SECOND: &str = "livepod.dataset/v2";
/// Plain bytes in every chunk of a file but the last, and the tag after them (protocol: chunk cipher).
const PLAIN_CHUNK: u64 = PLAIN_CHUNK_BYTES as u64;
const TAG: u64 = CHUNK_TAG_BYTES as u64;

type Count = Integer<0, 9_007_199_254_740_991>;

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Manifest {
    pub title: Text<200>,
    pub modality: Text<40>,
    pub schema: Schema,
    pub salt: Hex<16>,
    pub contributor: PrincipalText,
    pub public_key: String,
    pub key_epoch: Integer<0, 0>,
    pub files: List<File, 1, MAX_DATASET_CHUNKS>,
    pub merkle_root: Hex<32>,
    pub storage: OneOf<Place>,
    #[allow(dead_code)]
    pub wrapped_key: HexUpTo<1024>,
    pub licence: Licence,
    pub statistics: Statistics,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Schema {
    pub channels: List<Channel, 1, 64>,
    pub rate_milli_hz: Integer<1, 1_000_000_000>,
    pub labels: List<Text<40>, 0, 64>,
    pub device: Text<40>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    pub name: Text<40>,
    pub unit: Text<20>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct File {
    pub name: Text<200>,
    pub bytes: Integer<0, 1_099_511_627_776>,
    pub chunks: List<Chunk, 1, MAX_DATASET_CHUNKS>,
    pub merkle_root: Hex<32>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    pub sha256: Hex<32>,
    pub bytes: Integer<{ CHUNK_TAG_BYTES as i64 }, { MAX_CHUNK_BYTES as i64 }>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
pub enum Place {
    Bucket { bucket: PrincipalText },
    S3 { bucket: Text<63>, prefix: Text<400> },
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Licence {
    pub fee: Amount,
    pub access: AccessKind,
    pub purposes: List<Text<60>, 1, 16>,
    pub provider_classes: List<ProviderClass, 1, 3>,
    pub term_days: Integer<1, 36_500>,
    pub splits: List<Share, 1, 16>,
}

#[derive(Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum AccessKind {
    Fee,
    Vote,
}

#[derive(Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum ProviderClass {
    Open,
    Bonded,
    Enclave,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Share {
    pub account: PrincipalText,
    pub basis_points: Integer<1, 10_000>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    pub records: Count,
    pub milliseconds: Count,
    pub labels: Entries<Count, 64>,
}

/// A manifest whose parts agree, with what follows from it.
#[derive(Debug)]
pub struct Checked {
    pub manifest: Manifest,
    pub id: String,
    pub uid: [u8; 32],
    /// Hash and stored bytes of every chunk, in order.
    pub chunks: Vec<([u8; 32], u32)>,
}

/// Reads a manifest and checks everything that needs no other canister: canonical form, shape, sizes, roots,
/// contributor, shares, and the contributor's signature. `caller` registers it.
pub fn check(bytes: &[u8], signature: &[u8], caller: Principal) -> Result<Checked, Error> {
    let checked = read_and_agree(bytes)?;
    let contributor = *checked.manifest.contributor;
    if contributor != caller {
        let message = format!("the caller {caller} is not the contributor {contributor}");
        return Err(Error::WrongPrincipal(why("contributor", message, "register with the contributor's own identity")));
    }
    document::verify(bytes, signature, &checked.manifest.public_key)?;
    payable(&checked.manifest.licence)?;
    Ok(checked)
}

/// Whom a licence pays can be paid: each account once, and none of nobody's.
fn payable(licence: &Licence) -> Result<(), Error> {
    let mut named = BTreeSet::new();
    for (index, share) in licence.splits.iter().enumerate() {
        let (account, field) = (*share.account, format!("licence.splits[{index}].account"));
        if account == Principal::anonymous() || account == Principal::management_canister() {
            return Err(wrong(field, format!("{account} is nobody's account"), "name an account that somebody holds"));
        }
        if !named.insert(account) {
            return Err(wrong(field, format!("{account} has a share already"), "give each account one share"));
        }
    }
    Ok(())
}

/// Everything that a manifest says by itself, and that its parts agree.
fn read_and_agree(bytes: &[u8]) -> Result<Checked, Error> {
    if bytes.len() > MAX_MANIFEST_BYTES {
        let message = format!("it has {} bytes, and at most {MAX_MANIFEST_BYTES} are allowed", bytes.len());
        return Err(Error::LimitExceeded(why("manifest", message, "split the recordings into several datasets")));
    }
    let manifest = read(bytes)?;
    let chunks = chunks_of(&manifest)?;
    let contributor = identity::principal_of(&manifest.public_key)?;
    if contributor != *manifest.contributor {
        let message = format!("{} is not the principal {contributor} of the public key", *manifest.contributor);
        return Err(Error::WrongPrincipal(why("contributor", message, "name the principal of the key that signs")));
    }
    let shares: i64 = manifest.licence.splits.iter().map(|share| *share.basis_points).sum();
    if shares != 10_000 {
        return Err(wrong(
            "licence.splits",
            format!("the shares add up to {shares} basis points"),
            "make them add up to 10000",
        ));
    }
    let id = document::id(bytes)?;
    let uid = protocol::dataset::uid(&contributor, &manifest.salt);
    if let Place::S3 { bucket, prefix } = &*manifest.storage {
        let plain = bucket.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b".-".contains(&c));
        if !plain {
            let remedy = "name a bucket of lower-case letters, digits, dots and dashes";
            return Err(wrong("storage.bucket", "it is no name of an S3 bucket", remedy));
        }
        // Whoever reads or deletes objects goes by this name: it is the dataset's own and no other's.
        let own = format!("datasets/{}/", hex::encode(&uid));
        if **prefix != own {
            return Err(wrong("storage.prefix", "it is not the dataset's own", &format!("store it below {own}")));
        }
    }
    Ok(Checked { manifest, id, uid, chunks })
}

/// Reads a manifest of either version.
pub fn read(bytes: &[u8]) -> Result<Manifest, Error> {
    let kind = document::type_of(bytes, &[FIRST, SECOND])?;
    let manifest: Manifest = document::read(bytes, kind)?;
    if kind == FIRST && manifest.schema.labels.is_empty() {
        let remedy = format!("write a {SECOND} document");
        return Err(Error::Invalid(why("schema.labels", "version 1 names at least one label", remedy)));
    }
    Ok(manifest)
}

fn wrong(subject: impl ToString, message: impl Into<String>, remedy: &str) -> Error {
    Error::Invalid(why(subject, message, remedy))
}

fn chunks_of(manifest: &Manifest) -> Result<Vec<([u8; 32], u32)>, Error> {
    let mut chunks = vec![];
    let mut names = BTreeSet::new();
    for (index, file) in manifest.files.iter().enumerate() {
        let field = |name: &str| format!("files[{index}].{name}");
        if !is_file_name(&file.name) {
            return Err(wrong(
                field("name"),
                "it is only dots, or has other characters than letters, digits, dot, dash and underscore",
                "rename the file",
            ));
        }
        // Some file systems keep one file for both spellings.
        if !names.insert(file.name.to_ascii_lowercase()) {
            return Err(wrong(field("name"), format!("two files are called {}", *file.name), "rename one of them"));
        }
        let bytes = *file.bytes as u64;
        let expected = bytes.div_ceil(PLAIN_CHUNK).max(1);
        if file.chunks.len() as u64 != expected {
            let message = format!("a file of {bytes} bytes has {expected} chunks, and {} are named", file.chunks.len());
            return Err(wrong(field("chunks"), message, "cut the file with the protocol package"));
        }
        for (n, chunk) in file.chunks.iter().enumerate() {
            let plain = if n as u64 + 1 < expected { PLAIN_CHUNK } else { bytes - PLAIN_CHUNK * (expected - 1) };
            if *chunk.bytes as u64 != plain + TAG {
                let message = format!("it has {} bytes, and {} are expected", *chunk.bytes, plain + TAG);
                return Err(wrong(
                    field(&format!("chunks[{n}].bytes")),
                    message,
                    "cut the file with the protocol package",
                ));
            }
        }
        let hashes: Vec<[u8; 32]> = file.chunks.iter().map(|chunk| *chunk.sha256).collect();
        root_matches(&field("merkleRoot"), &hashes, &file.merkle_root)?;
        chunks.extend(file.chunks.iter().map(|chunk| (*chunk.sha256, *chunk.bytes as u32)));
    }
    if chunks.len() > MAX_DATASET_CHUNKS {
        let message = format!("it names {} chunks, and at most {MAX_DATASET_CHUNKS} are allowed", chunks.len());
        return Err(Error::LimitExceeded(why("files", message, "split the recordings into several datasets")));
    }
    let hashes: Vec<[u8; 32]> = chunks.iter().map(|(sha256, _)| *sha256).collect();
    root_matches("merkleRoot", &hashes, &manifest.merkle_root)?;
    Ok(chunks)
}

fn root_matches(subject: &str, hashes: &[[u8; 32]], named: &[u8; 32]) -> Result<(), Error> {
    if merkle::root(hashes) == *named {
        return Ok(());
    }
    Err(Error::WrongHash(why(
        subject,
        "it is not the RFC 6962 root of the chunk hashes in their order",
        "compute it again from the chunks as stored",
    )))
}

impl Checked {
    /// The record that others see.
    pub fn dataset(&self, registered_at: u64) -> Dataset {
        let manifest = &self.manifest;
        Dataset {
            id: self.id.clone(),
            uid: ByteBuf::from(self.uid),
            contributor: *manifest.contributor,
            title: manifest.title.to_string(),
            status: Status::Submitted,
            key_epoch: *manifest.key_epoch as u32,
            storage: match &*manifest.storage {
                Place::Bucket { bucket } => Storage::Bucket(**bucket),
                Place::S3 { bucket, prefix } => {
                    Storage::S3(S3 { bucket: bucket.to_string(), prefix: prefix.to_string() })
                }
            },
            fee: *manifest.licence.fee,
            access: match manifest.licence.access {
                AccessKind::Fee => Access::Fee,
                AccessKind::Vote => Access::Vote,
            },
            provider_classes: manifest
                .licence
                .provider_classes
                .iter()
                .map(|class| match class {
                    ProviderClass::Open => "open".into(),
                    ProviderClass::Bonded => "bonded".into(),
                    ProviderClass::Enclave => "enclave".into(),
                })
                .collect(),
            purposes: manifest.licence.purposes.iter().map(|purpose| purpose.to_string()).collect(),
            splits: manifest
                .licence
                .splits
                .iter()
                .map(|share| Split { account: *share.account, basis_points: *share.basis_points as u32 })
                .collect(),
            chunks: self.chunks.len() as u32,
            bytes: self.chunks.iter().map(|(_, bytes)| u64::from(*bytes)).sum(),
            registered_at,
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn mutated_manifests_are_read_as_in_typescript() {
        vectors::hold_to_mutants("dataset", |document| super::read_and_agree(document).map(|_| ()));
    }
}
