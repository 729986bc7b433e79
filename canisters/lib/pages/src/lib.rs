//! One thing of a canister (a proposal, a job, a release, a dataset) as a page of JSON, for people who follow a link
//! (IC spec: HTTP gateway protocol). It is not certified: whoever decides by it asks the canister.

use candid::{CandidType, Deserialize};
use serde_bytes::ByteBuf;
use serde_json::Value;

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct HttpRequest {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: ByteBuf,
    pub certificate_version: Option<u16>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct HttpResponse {
    pub status_code: u16,
    pub headers: Vec<(String, String)>,
    pub body: ByteBuf,
}

/// Answers `GET /<kind>/<id>` with what `find` finds under that id.
pub fn answer(request: &HttpRequest, kind: &str, find: impl Fn(&str) -> Option<Value>) -> HttpResponse {
    if !matches!(request.method.to_ascii_uppercase().as_str(), "GET" | "HEAD") {
        return response(405, "text/plain; charset=utf-8", "only GET and HEAD are served\n".into());
    }
    match found(&request.url, kind, find) {
        Some(value) => {
            response(200, "application/json; charset=utf-8", serde_json::to_string_pretty(&value).expect("JSON") + "\n")
        }
        None => response(404, "text/plain; charset=utf-8", format!("there is nothing here; ask for /{kind}/<id>\n")),
    }
}

/// What a path names, for a canister that serves other pages too.
pub fn found(url: &str, kind: &str, find: impl Fn(&str) -> Option<Value>) -> Option<Value> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let (first, id) = path.trim_start_matches('/').split_once('/')?;
    if first == kind {
        find(&id.replace("%3A", ":"))
    } else {
        None
    }
}

fn response(status_code: u16, kind: &str, body: String) -> HttpResponse {
    let headers = [
        ("content-type", kind),
        ("cache-control", "no-cache"),
        ("access-control-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    HttpResponse { status_code, headers, body: ByteBuf::from(body.into_bytes()) }
}

/// Nanoseconds since 1970 as UTC text, to the second (days to civil: H. Hinnant, chrono-compatible date algorithms).
pub fn time(nanoseconds: u64) -> String {
    let seconds = nanoseconds / 1_000_000_000;
    let (days, of_day) = ((seconds / 86_400) as i64 + 719_468, seconds % 86_400);
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ask(method: &str, url: &str) -> (u16, String) {
        let request = HttpRequest {
            method: method.into(),
            url: url.into(),
            headers: vec![],
            body: ByteBuf::new(),
            certificate_version: None,
        };
        let answer = answer(&request, "jobs", |id| (id == "7" || id == "sha256:00").then(|| json!({"job": id})));
        (answer.status_code, String::from_utf8(answer.body.into_vec()).unwrap())
    }

    #[test]
    fn a_thing_has_a_page_and_nothing_else_has() {
        assert_eq!(ask("GET", "/jobs/7?canisterId=aaaaa-aa"), (200, "{\n  \"job\": \"7\"\n}\n".into()));
        assert_eq!(ask("GET", "/jobs/sha256%3A00").0, 200);
        for path in ["/jobs/8", "/jobs", "/", "/grants/7", "/jobs/7/../8"] {
            assert_eq!(ask("GET", path).0, 404, "{path}");
        }
        assert_eq!(ask("POST", "/jobs/7").0, 405);
    }

    #[test]
    fn times_are_written_as_people_read_them() {
        assert_eq!(time(0), "1970-01-01T00:00:00Z");
        assert_eq!(time(951_827_696_000_000_000), "2000-02-29T12:34:56Z");
        assert_eq!(time(1_798_761_599_999_999_999), "2026-12-31T23:59:59Z");
    }
}
