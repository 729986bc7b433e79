//! The HTTP face (IC spec: HTTP gateway protocol): TUF metadata, target files and chunks, for pods and for any mirror.
//! Everything served proves itself by signature or hash, so that who carries it does not matter; metadata and target
//! files are certified besides, so that a gateway serves them, and their absence, as this canister's own.

use crate::api::{HttpRequest, HttpResponse};
use crate::certified::{self, Answer};
use crate::{checkpoints, chunks, listing, repository};
use protocol::hex;
use serde_bytes::ByteBuf;
use serde_json::{json, Value};

struct Content {
    bytes: Vec<u8>,
    kind: &'static str,
    cache: &'static str,
    etag: String,
}

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ALWAYS_ASK: &str = "no-cache";

pub fn serve(request: &HttpRequest) -> HttpResponse {
    match request.method.to_ascii_uppercase().as_str() {
        "GET" | "HEAD" => {}
        "OPTIONS" => return plain(204, "", vec![("access-control-allow-headers", "range, if-none-match".into())]),
        _ => return plain(405, "only GET and HEAD are served", vec![("allow", "GET, HEAD, OPTIONS".into())]),
    }
    let mut answer = served(request);
    let path = path_of(request);
    if !answer.headers.iter().any(|(name, _)| name == "ic-certificate" || name == "ic-certificateexpression") {
        answer.headers.extend(certified::proof(path, None));
    }
    answer
}

fn path_of(request: &HttpRequest) -> &str {
    request.url.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/')
}

/// A file of the repository, as it is certified: whole, whatever range was asked for.
fn certified_file(path: &str, request: &HttpRequest) -> Option<HttpResponse> {
    let bytes = repository::file(path)?;
    let hash = protocol::sha256(&[&bytes]);
    let answer = if is_known(request, &etag_of(&hash)) {
        Answer::NotModified
    } else if request.method.eq_ignore_ascii_case("HEAD") {
        Answer::HeadOnly
    } else {
        Answer::Whole
    };
    let mut headers = headers_of(path, &hash, bytes.len() as u64, answer);
    headers.extend(certified::proof(path, Some(answer)));
    let status_code = if answer == Answer::NotModified { 304 } else { 200 };
    let body = if answer == Answer::Whole { bytes } else { Vec::new() };
    Some(HttpResponse { status_code, headers, body: ByteBuf::from(body) })
}

/// The headers of a file of the repository: the same at every time, since they are certified.
pub fn headers_of(path: &str, hash: &[u8; 32], length: u64, answer: Answer) -> Vec<(String, String)> {
    let cache = if path == "tuf/timestamp.json" { ALWAYS_ASK } else { FOR_EVER };
    let mut headers =
        vec![("content-type", "application/json".into()), ("cache-control", cache.into()), ("etag", etag_of(hash))];
    if answer == Answer::HeadOnly {
        headers.push(("content-length", length.to_string()));
    }
    with_cors(headers)
}

/// What is answered where nothing is.
pub fn absence() -> (Vec<(String, String)>, &'static str) {
    let headers = vec![("content-type", "text/plain; charset=utf-8".into())];
    (with_cors(headers), "there is no such file; begin with /tuf/timestamp.json")
}

fn nothing_at(path: &str) -> HttpResponse {
    let (mut headers, body) = absence();
    headers.extend(certified::proof(path, None));
    HttpResponse { status_code: 404, headers, body: ByteBuf::from(body) }
}

fn etag_of(hash: &[u8; 32]) -> String {
    format!("\"{}\"", hex::encode(hash))
}

fn is_known(request: &HttpRequest, etag: &str) -> bool {
    header(request, "if-none-match")
        .is_some_and(|tags| tags == "*" || tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag))
}

fn served(request: &HttpRequest) -> HttpResponse {
    let path = path_of(request);
    if let Some(answer) = certified_file(path, request) {
        return answer;
    }
    let Some(content) = page(request).or_else(|| content(path)) else { return nothing_at(path) };
    let whole = content.bytes.len();
    let mut headers = vec![
        ("content-type", content.kind.to_owned()),
        ("cache-control", content.cache.to_owned()),
        ("etag", content.etag.clone()),
        ("accept-ranges", "bytes".to_owned()),
    ];
    if is_known(request, &content.etag) {
        return response(304, headers, Vec::new());
    }
    let current = header(request, "if-range").is_none_or(|tag| tag == content.etag);
    let (status, body) = match header(request, "range").filter(|_| current).and_then(|range| slice(range, whole)) {
        None => (200, content.bytes),
        Some(None) => {
            headers.push(("content-range", format!("bytes */{whole}")));
            return response(416, headers, Vec::new());
        }
        Some(Some((first, last))) => {
            headers.push(("content-range", format!("bytes {first}-{last}/{whole}")));
            (206, content.bytes[first..=last].to_vec())
        }
    };
    if request.method.eq_ignore_ascii_case("HEAD") {
        headers.push(("content-length", body.len().to_string()));
        return response(status, headers, Vec::new());
    }
    response(status, headers, body)
}

/// A checkpoint as people read it: `/checkpoints/<id>`; not certified, unlike the rest.
fn in_json(id: &str) -> Option<Value> {
    let checkpoint = checkpoints::get(id)?;
    Some(json!({
        "checkpoint": checkpoint.id,
        "model": checkpoint.model,
        "state": checkpoint.state,
        "version": checkpoint.version,
        "parent": checkpoint.parent,
        "recipe": checkpoint.recipe,
        "job": checkpoint.job,
        "provider": checkpoint.provider.to_text(),
        "datasets": checkpoint.datasets,
        "task": checkpoint.task,
        "figures": checkpoint.figures,
        "bytes": checkpoint.bytes,
        "submittedAt": pages::time(checkpoint.submitted_at),
    }))
}

fn page(request: &HttpRequest) -> Option<Content> {
    let one = |id: &str| in_json(id).map(pages::One::from);
    let kind = pages::Kind { name: "checkpoints", one: &one, some: &listing::rows };
    let asked = pages::Request::of(&request.url, &request.headers);
    if !asked.path.starts_with(kind.name) {
        return None;
    }
    let (kind, body) = pages::page(&asked, &governed::site(), &[kind])?;
    let etag = etag_of(&protocol::sha256(&[body.as_bytes()]));
    Some(Content { bytes: body.into_bytes(), kind, cache: ALWAYS_ASK, etag })
}

fn content(path: &str) -> Option<Content> {
    if let Some(digits) = path.strip_prefix("chunks/") {
        let bytes = chunks::get(&hex::decode_exact(digits)?)?;
        return Some(Content {
            bytes,
            kind: "application/octet-stream",
            cache: FOR_EVER,
            etag: format!("\"{digits}\""),
        });
    }
    None
}

/// The one range of a Range header (RFC 9110 §14.2): None to ignore it, Some(None) when it lies beyond the end.
fn slice(range: &str, whole: usize) -> Option<Option<(usize, usize)>> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = match (from.trim(), to.trim()) {
        ("", suffix) => {
            let length: usize = suffix.parse().ok()?;
            (if length == 0 { whole } else { whole.saturating_sub(length) }, usize::MAX)
        }
        (first, "") => (first.parse().ok()?, usize::MAX),
        (first, last) => (first.parse().ok()?, last.parse().ok()?),
    };
    if last < first {
        return None;
    }
    Some((first < whole).then(|| (first, last.min(whole - 1))))
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn plain(status: u16, text: &str, mut headers: Vec<(&'static str, String)>) -> HttpResponse {
    headers.push(("content-type", "text/plain; charset=utf-8".into()));
    response(status, headers, text.as_bytes().to_vec())
}

fn response(status_code: u16, headers: Vec<(&str, String)>, body: Vec<u8>) -> HttpResponse {
    HttpResponse { status_code, headers: with_cors(headers), body: ByteBuf::from(body) }
}

fn with_cors(headers: Vec<(&str, String)>) -> Vec<(String, String)> {
    let cors = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET, HEAD, OPTIONS"),
        ("access-control-expose-headers", "etag, content-range, accept-ranges"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", pages::POLICY),
    ];
    let own = headers.into_iter().map(|(name, value)| (name.to_owned(), value));
    own.chain(cors.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(method: &str, url: &str, headers: &[(&str, &str)]) -> HttpResponse {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        serve(&HttpRequest {
            method: method.into(),
            url: url.into(),
            headers,
            body: ByteBuf::new(),
            certificate_version: None,
        })
    }
    fn value<'a>(response: &'a HttpResponse, name: &str) -> Option<&'a str> {
        response.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_chunk_is_served_whole_in_part_and_not_again() {
        let digits = hex::encode(&chunks::put(1, b"0123456789").unwrap());
        let url = format!("/chunks/{digits}?mirror=1");
        let whole = get("GET", &url, &[]);
        assert_eq!((whole.status_code, whole.body.as_slice()), (200, &b"0123456789"[..]));
        assert_eq!(value(&whole, "access-control-allow-origin"), Some("*"));
        let etag = value(&whole, "etag").unwrap();
        assert_eq!(get("GET", &url, &[("If-None-Match", etag)]).status_code, 304);
        for (range, body, about) in [
            ("bytes=2-4", "234", "bytes 2-4/10"),
            ("bytes=7-", "789", "bytes 7-9/10"),
            ("bytes=-2", "89", "bytes 8-9/10"),
        ] {
            let part = get("GET", &url, &[("Range", range)]);
            assert_eq!(
                (part.status_code, part.body.as_slice(), value(&part, "content-range")),
                (206, body.as_bytes(), Some(about))
            );
        }
        assert_eq!(get("GET", &url, &[("range", "bytes=10-")]).status_code, 416);
        assert_eq!(get("GET", &url, &[("range", "bytes=2-4"), ("if-range", "\"other\"")]).status_code, 200);
        assert_eq!(get("GET", &url, &[("range", "lines=1-2")]).status_code, 200);
    }

    #[test]
    fn head_has_the_headers_only_and_the_rest_is_refused() {
        let digits = hex::encode(&chunks::put(1, b"0123456789").unwrap());
        let head = get("HEAD", &format!("/chunks/{digits}"), &[]);
        assert_eq!((head.status_code, head.body.len(), value(&head, "content-length")), (200, 0, Some("10")));
        assert_eq!(get("POST", "/tuf/timestamp.json", &[]).status_code, 405);
        assert_eq!(get("OPTIONS", "/tuf/timestamp.json", &[]).status_code, 204);
        for missing in [
            "/",
            "/tuf/timestamp.json",
            "/tuf/1.root.json",
            "/chunks/00",
            "/chunks/../x",
            &format!("/chunks/{}", "0".repeat(64)),
        ] {
            assert_eq!(get("GET", missing, &[]).status_code, 404, "{missing}");
        }
    }
}
