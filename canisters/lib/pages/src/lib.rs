//! Things of a canister (proposals, jobs, releases, datasets) as pages: HTML for people who follow a link, the same as
//! JSON for programs (IC spec: HTTP gateway protocol). They are not certified, and say so: each names the
//! command that asks for the same and verifies it.

mod html;

use candid::{CandidType, Deserialize, Principal};
use serde_bytes::ByteBuf;
use serde_json::{json, Value};

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

/// What a canister has pages of: one thing by its id, and a list of them.
pub struct Kind<'a> {
    /// In the plural, as in the path: `/jobs/7`, `/jobs`.
    pub name: &'a str,
    pub one: &'a dyn Fn(&str) -> Option<One>,
    pub some: &'a dyn Fn(&Request) -> Vec<(u64, Value)>,
}

/// One thing, and what its page links to besides.
pub struct One {
    pub value: Value,
    pub links: Vec<Link>,
}

impl From<Value> for One {
    fn from(value: Value) -> One {
        One { value, links: vec![] }
    }
}

/// Another page: `/<path>?<query>` of the canister that has such a kind.
pub struct Link {
    pub text: String,
    pub kind: &'static str,
    pub path: String,
    pub query: String,
}

impl Link {
    /// The things of a kind that are about something: `/jobs?dataset=<id>`.
    pub fn about(text: &str, kind: &'static str, name: &str, id: &str) -> Link {
        let query = format!("{name}={}", encoded(id));
        Link { text: text.into(), kind, path: format!("/{kind}"), query }
    }
}

/// Which canister has pages of which kind.
#[derive(Default)]
pub struct Site {
    pub kinds: Vec<(&'static str, Principal)>,
}

/// A request for a page, taken apart.
pub struct Request<'a> {
    pub path: &'a str,
    query: Vec<(String, String)>,
    host: &'a str,
    html: bool,
}

/// Rows of a list on one page.
pub const ROWS: u32 = 50;

impl<'a> Request<'a> {
    pub fn of(url: &'a str, headers: &'a [(String, String)]) -> Request<'a> {
        let url = url.split('#').next().unwrap_or_default();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let query: Vec<(String, String)> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), decoded(value)))
            .collect();
        let header = |name: &str| {
            headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
        };
        let html = header("accept").contains("text/html") && !query.contains(&("format".into(), "json".into()));
        Request { path: path.trim_start_matches('/'), query, host: header("host"), html }
    }

    /// What the query says under a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    pub fn before(&self) -> Option<u64> {
        self.get("before")?.parse().ok()
    }

    fn filters(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = ["before", "canisterId", "format"];
        self.query
            .iter()
            .filter(move |(name, _)| !own.contains(&name.as_str()))
            .map(|(name, value)| (&**name, &**value))
    }
}

impl Site {
    /// Where a page is, said in the way that this one was asked for: by the host's name or by the query.
    fn url(&self, request: &Request, kind: &str, path: &str, query: &str) -> Option<String> {
        let (_, canister) = self.kinds.iter().find(|(name, _)| *name == kind)?;
        let path = path.replace(':', "%3A");
        let join = |query: String| if query.is_empty() { path.clone() } else { format!("{path}?{query}") };
        if let Some(asked) = request.get("canisterId") {
            let raw = if asked.ends_with(".raw") { ".raw" } else { "" };
            let and = if query.is_empty() { "" } else { "&" };
            return Some(join(format!("{query}{and}canisterId={canister}{raw}")));
        }
        let (first, rest) = request.host.split_once('.')?;
        Principal::from_text(first).ok()?;
        Some(format!("//{canister}.{rest}{}", join(query.to_owned())))
    }
}

/// Answers for a canister's pages: `/<kind>/<id>` and `/<kind>`, for people as HTML, for programs as JSON.
pub fn answer(request: &HttpRequest, site: &Site, kinds: &[Kind]) -> HttpResponse {
    if !matches!(request.method.to_ascii_uppercase().as_str(), "GET" | "HEAD") {
        return response(405, TEXT, "only GET and HEAD are served\n".into());
    }
    let asked = Request::of(&request.url, &request.headers);
    match page(&asked, site, kinds) {
        Some((kind, body)) => response(200, kind, body),
        None => {
            let names: Vec<String> = kinds.iter().map(|kind| format!("/{0} or /{0}/<id>", kind.name)).collect();
            response(404, TEXT, format!("there is nothing here; ask for {}\n", names.join(", ")))
        }
    }
}

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";

/// A page, if the path names one: its content type and body.
pub fn page(request: &Request, site: &Site, kinds: &[Kind]) -> Option<(&'static str, String)> {
    let (name, id) = request.path.split_once('/').unwrap_or((request.path, ""));
    let kind = kinds.iter().find(|kind| kind.name == name)?;
    if id.is_empty() {
        let rows = (kind.some)(request);
        let next = rows.last().filter(|_| rows.len() == ROWS as usize).map(|(number, _)| *number);
        let rows: Vec<Value> = rows.into_iter().map(|(_, row)| row).collect();
        return Some(match request.html {
            true => (HTML, html::some(kind, &rows, next, site, request)),
            false => (JSON, in_json(&json!({ name: rows, "before": next }))),
        });
    }
    let id = decoded(id);
    let One { value, links } = (kind.one)(&id)?;
    Some(match request.html {
        true => (HTML, html::one(name, &id, &value, &links, site, request)),
        false => (JSON, in_json(&value)),
    })
}

fn in_json(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON") + "\n"
}

/// RFC 3986: percent-encoding; what is no encoding of UTF-8 stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = vec![];
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn response(status_code: u16, kind: &str, body: String) -> HttpResponse {
    let headers = [
        ("content-type", kind),
        ("cache-control", "no-cache"),
        ("access-control-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", POLICY),
        ("vary", "accept"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    HttpResponse { status_code, headers, body: ByteBuf::from(body.into_bytes()) }
}

/// A page runs nothing and loads nothing.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                          frame-ancestors 'none'";

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

    fn id(n: u8) -> Principal {
        Principal::from_slice(&[n; 10])
    }

    fn ask(method: &str, url: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let body = ByteBuf::new();
        let request = HttpRequest { method: method.into(), url: url.into(), headers, body, certificate_version: None };
        let site = Site { kinds: vec![("jobs", id(1)), ("datasets", id(2))] };
        let one = |asked: &str| {
            let value =
                json!({"job": asked, "title": "<script>alert('x')</script> & \"more\"", "dataset": "sha256:aa"});
            let links = vec![Link::about("jobs that read it", "jobs", "dataset", "sha256:aa")];
            (asked == "7" || asked == "sha256:00").then_some(One { value, links })
        };
        let some = |request: &Request| {
            let first = request.before().unwrap_or(1_000);
            (1..=u64::from(ROWS)).map(|n| (first - n, json!({"job": first - n, "why": "<b>"}))).collect()
        };
        let answer = answer(&request, &site, &[Kind { name: "jobs", one: &one, some: &some }]);
        (answer.status_code, String::from_utf8(answer.body.into_vec()).unwrap())
    }

    const BROWSER: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");

    #[test]
    fn a_thing_has_a_page_and_nothing_else_has() {
        let (status, json) = ask("GET", "/jobs/7?canisterId=aaaaa-aa", &[]);
        assert!(status == 200 && json.contains("\"job\": \"7\""), "{json}");
        assert_eq!(ask("GET", "/jobs/sha256%3A00", &[]).0, 200);
        for path in ["/jobs/8", "/", "/grants/7", "/jobs/7/../8"] {
            assert_eq!(ask("GET", path, &[]).0, 404, "{path}");
        }
        assert_eq!(ask("POST", "/jobs/7", &[]).0, 405);
    }

    #[test]
    fn what_strangers_wrote_is_text_on_a_page() {
        let (_, html) = ask("GET", "/jobs/7?canisterId=aaaaa-aa", &[BROWSER]);
        assert!(html.starts_with("<!doctype html>"), "{html}");
        assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;more&quot;"), "{html}");
        assert!(!html.contains("<script") && !ask("GET", "/jobs", &[BROWSER]).1.contains("<b>"));
        let (_, hostile) = ask("GET", "/jobs?dataset=%22%3E%3Cscript%3E&canisterId=x\"onclick=y", &[BROWSER]);
        assert!(!hostile.contains("<script") && !hostile.contains("\"onclick"), "{hostile}");
        assert!(hostile.contains("<code>livepod trail &quot;&gt;&lt;script&gt;</code>"), "{hostile}");
    }

    #[test]
    fn links_are_said_in_the_way_that_the_page_was_asked_for() {
        let (jobs, datasets) = (id(1), id(2));
        let (_, by_query) = ask("GET", "/jobs/7?canisterId=aaaaa-aa.raw", &[BROWSER]);
        assert!(by_query.contains(&format!("href=\"/datasets/sha256%3Aaa?canisterId={datasets}.raw\"")), "{by_query}");
        assert!(
            by_query.contains(&format!("href=\"/jobs?dataset=sha256%3Aaa&amp;canisterId={jobs}.raw\"")),
            "{by_query}"
        );
        let (_, by_name) = ask("GET", "/jobs/7", &[BROWSER, ("host", &format!("{jobs}.raw.icp0.io"))]);
        assert!(by_name.contains(&format!("href=\"//{datasets}.raw.icp0.io/datasets/sha256%3Aaa\"")), "{by_name}");
    }

    #[test]
    fn a_list_goes_on_where_its_page_ends() {
        let (_, html) = ask("GET", "/jobs?dataset=a%26b&canisterId=aaaaa-aa", &[BROWSER]);
        assert!(html.contains("/jobs?dataset=a%26b&amp;before=950&amp;canisterId="), "{html}");
        let (_, json) = ask("GET", "/jobs?before=100", &[]);
        let read: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&read["jobs"][0]["job"], &read["before"]), (&json!(99), &json!(50)));
    }

    #[test]
    fn times_are_written_as_people_read_them() {
        assert_eq!(time(0), "1970-01-01T00:00:00Z");
        assert_eq!(time(951_827_696_000_000_000), "2000-02-29T12:34:56Z");
        assert_eq!(time(1_798_761_599_999_999_999), "2026-12-31T23:59:59Z");
    }
}
