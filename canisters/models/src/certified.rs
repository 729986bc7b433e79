//! Certificates of the pages that a client relies on (HTTP gateway protocol: Response Verification, version 2): every
//! file of the repository, and that a file is not there. Whatever else is served (chunks, which their names prove, and
//! pages for people) is certified to need no certificate, so that all of it is served under the canister's own name.

use crate::memory;
use ic_certification::{fork, pruned};
use ic_http_certification::cel::{DefaultCelBuilder, DefaultResponseCertification, DefaultResponseOnlyCelExpression};
use ic_http_certification::utils::{build_v2_certificate_header_value, cbor_encode_to_base64};
use ic_http_certification::{
    HttpCertification, HttpCertificationPath, HttpCertificationTree, HttpCertificationTreeEntry, HttpResponse,
    StatusCode, CERTIFICATE_EXPRESSION_HEADER_NAME, CERTIFICATE_HEADER_NAME,
};
use ic_stable_structures::StableBTreeMap;
use std::cell::RefCell;
use stored::Memory;

/// Folders whose every answer is certified.
pub const FOLDERS: [&str; 2] = ["tuf", "targets"];

/// What a file hashes to, and its length: enough to certify it again after an upgrade without reading it.
#[derive(Clone, Copy)]
struct Print {
    hash: [u8; 32],
    length: u64,
}

thread_local! {
    static TREE: RefCell<HttpCertificationTree> = RefCell::new(HttpCertificationTree::default());
    /// path → hash ‖ length u64be
    static PRINTS: RefCell<StableBTreeMap<String, Vec<u8>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::FILE_HASHES)));
}

type Headers = Vec<(String, String)>;

/// How a file is answered: each of these is certified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Whole,
    HeadOnly,
    NotModified,
}

pub const ANSWERS: [Answer; 3] = [Answer::Whole, Answer::HeadOnly, Answer::NotModified];

fn print(path: &str) -> Option<Print> {
    let bytes = PRINTS.with_borrow(|prints| prints.get(&path.to_owned()))?;
    let (hash, length) = bytes.split_at(32);
    Some(Print {
        hash: hash.try_into().expect("a print begins with a hash"),
        length: u64::from_be_bytes(length.try_into().expect("a print ends in a length")),
    })
}

fn expression() -> DefaultResponseOnlyCelExpression<'static> {
    let all = DefaultResponseCertification::response_header_exclusions(vec![]);
    DefaultCelBuilder::response_only_certification().with_response_certification(all).build()
}

fn entry(path: HttpCertificationPath<'static>, status: u16, headers: &Headers, body: [u8; 32]) -> Entry {
    let status = StatusCode::from_u16(status).expect("a status that HTTP knows");
    let response = HttpResponse::builder().with_status_code(status).with_headers(headers.clone()).build();
    let certification = HttpCertification::response_only(&expression(), &response, Some(body));
    HttpCertificationTreeEntry::new(path, certification.expect("the headers name the expression"))
}

type Entry = HttpCertificationTreeEntry<'static>;

fn exact(path: &str) -> HttpCertificationPath<'static> {
    HttpCertificationPath::exact(format!("/{path}"))
}

fn with_expression(mut headers: Headers, expression: String) -> Headers {
    headers.push((CERTIFICATE_EXPRESSION_HEADER_NAME.to_ascii_lowercase(), expression));
    headers
}

fn file_entry(path: &str, print: Print, answer: Answer) -> Entry {
    let headers =
        with_expression(crate::http::headers_of(path, &print.hash, print.length, answer), expression().to_string());
    let empty = protocol::sha256(&[]);
    match answer {
        Answer::Whole => entry(exact(path), 200, &headers, print.hash),
        Answer::HeadOnly => entry(exact(path), 200, &headers, empty),
        Answer::NotModified => entry(exact(path), 304, &headers, empty),
    }
}

fn absence_entry(folder: &str) -> Entry {
    let (headers, body) = crate::http::absence();
    let headers = with_expression(headers, expression().to_string());
    entry(HttpCertificationPath::wildcard(format!("/{folder}")), 404, &headers, protocol::sha256(&[body.as_bytes()]))
}

fn rest_entry() -> Entry {
    HttpCertificationTreeEntry::new(HttpCertificationPath::wildcard("/"), HttpCertification::skip())
}

/// Certifies everything that is there. Call it in `init` and `post_upgrade`; `files` are those from before there were
/// prints.
pub fn open(files: impl Iterator<Item = (String, Vec<u8>)>) {
    files.for_each(|(path, bytes)| note(&path, &bytes));
    let paths: Vec<String> = PRINTS.with_borrow(|prints| prints.keys().collect());
    TREE.with_borrow_mut(|tree| {
        tree.clear();
        tree.insert(&rest_entry());
        FOLDERS.iter().for_each(|folder| tree.insert(&absence_entry(folder)));
    });
    paths.iter().for_each(|path| insert(path));
    publish();
}

/// True while no file's print is kept: before the first, and after the upgrade that brought this.
pub fn is_empty() -> bool {
    PRINTS.with_borrow(|prints| prints.is_empty())
}

fn note(path: &str, bytes: &[u8]) {
    let mut print = protocol::sha256(&[bytes]).to_vec();
    print.extend((bytes.len() as u64).to_be_bytes());
    PRINTS.with_borrow_mut(|prints| prints.insert(path.to_owned(), print));
}

fn insert(path: &str) {
    let print = print(path).expect("it was noted before");
    TREE.with_borrow_mut(|tree| ANSWERS.iter().for_each(|answer| tree.insert(&file_entry(path, print, *answer))));
}

fn publish() {
    audit::certify_beside(TREE.with_borrow(|tree| tree.root_hash()));
}

/// Certifies a file, in place of what was at its path.
pub fn added(path: &str, bytes: &[u8]) {
    forget(path);
    note(path, bytes);
    insert(path);
    publish();
}

pub fn removed(path: &str) {
    forget(path);
    publish();
}

fn forget(path: &str) {
    PRINTS.with_borrow_mut(|prints| prints.remove(&path.to_owned()));
    TREE.with_borrow_mut(|tree| tree.delete_by_path(&exact(path)));
}

/// The headers that prove an answer: of a file, of its absence in a certified folder, or that none are needed.
pub fn proof(path: &str, answer: Option<Answer>) -> Headers {
    let folder = FOLDERS.iter().find(|folder| path == **folder || path.starts_with(&format!("{folder}/")));
    let known = answer.and_then(|answer| Some((print(path)?, answer)));
    let (entry, expression) = match (known, folder) {
        (Some((print, answer)), _) => (file_entry(path, print, answer), expression().to_string()),
        (None, Some(folder)) => (absence_entry(folder), expression().to_string()),
        (None, None) => (rest_entry(), DefaultCelBuilder::skip_certification().to_string()),
    };
    let mut headers = with_expression(vec![], expression);
    let witness = TREE.with_borrow(|tree| tree.witness(&entry, &format!("/{path}")));
    if let (Some(certificate), Ok(witness)) = (system::certificate(), witness) {
        let tree = fork(pruned(audit::own_root()), witness);
        let expr_path = cbor_encode_to_base64(&entry.path.to_expr_path());
        let value = build_v2_certificate_header_value(&certificate, &tree, &expr_path);
        headers.push((CERTIFICATE_HEADER_NAME.to_ascii_lowercase(), value));
    }
    headers
}
