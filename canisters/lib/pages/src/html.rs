//! A page's JSON as HTML: the same fields, in words, with links. Whatever strangers wrote is text and nothing else.

use crate::{encoded, Kind, Link, Request, Site};
use serde_json::Value;

/// Fields whose value is something that has a page.
const LINKED: [(&str, &str); 13] = [
    ("proposal", "proposals"),
    ("job", "jobs"),
    ("release", "releases"),
    ("dataset", "datasets"),
    ("checkpoint", "checkpoints"),
    ("parent", "checkpoints"),
    ("base", "checkpoints"),
    ("escrow", "escrows"),
    ("provider", "accounts"),
    ("payer", "accounts"),
    ("contributor", "accounts"),
    ("holder", "accounts"),
    ("to", "accounts"),
];

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;\
                     color:#1b1b1f;background:#fff}h1{font-size:1.5rem}a{color:#0b57d0}table{border-collapse:collapse;\
                     width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid \
                     #ddd;overflow-wrap:anywhere}th{font-weight:600}nav a{margin-right:1rem}footer{margin-top:2rem;\
                     color:#555}@media(prefers-color-scheme:dark){body{color:#e3e3e6;background:#1b1b1f}\
                     a{color:#a8c7fa}th,td{border-color:#444}footer{color:#aaa}}";

/// What turns the direction of writing or shows as nothing. TypeScript's `protocol/src/text.ts` has the same list; both
/// are held to `vectors/html.json`.
fn unseen(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'
        | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
        && c != '\n'
        && c != '\t'
}

/// Text as HTML shows it, and never as anything else.
pub fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if unseen(c) => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
            c => out.push(c),
        }
        out
    })
}

/// "registeredAt": "registered at".
fn in_words(name: &str) -> String {
    name.chars().fold(String::new(), |mut words, c| {
        if c.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
        words
    })
}

fn anchor(href: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a>", escaped(href), escaped(text))
}

fn shown(name: &str, value: &Value, site: &Site, request: &Request) -> String {
    match value {
        Value::Null => "–".into(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Number(number) => linked(name, &number.to_string(), site, request),
        Value::String(text) => linked(name, text, site, request),
        Value::Array(items) if items.iter().all(|item| item.is_object()) && !items.is_empty() => {
            table(items, site, request)
        }
        Value::Array(items) => {
            let singular = name.strip_suffix('s').unwrap_or(name);
            items.iter().map(|item| shown(singular, item, site, request)).collect::<Vec<_>>().join(", ")
        }
        Value::Object(_) => fields(value, site, request),
    }
}

fn linked(name: &str, text: &str, site: &Site, request: &Request) -> String {
    let kind = LINKED.iter().find(|(field, _)| *field == name).map(|(_, kind)| *kind);
    match kind.and_then(|kind| site.url(request, kind, &format!("/{kind}/{}", encoded(text)), "")) {
        Some(href) => anchor(&href, text),
        None => escaped(text).replace('\n', "<br>"),
    }
}

fn fields(value: &Value, site: &Site, request: &Request) -> String {
    let rows = value.as_object().into_iter().flatten().map(|(name, value)| {
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            escaped(&in_words(name)),
            shown(name, value, site, request)
        )
    });
    format!("<table>{}</table>", rows.collect::<String>())
}

fn table(rows: &[Value], site: &Site, request: &Request) -> String {
    let names: Vec<&String> = rows.first().and_then(Value::as_object).into_iter().flat_map(|row| row.keys()).collect();
    let head: String =
        names.iter().map(|name| format!("<th scope=\"col\">{}</th>", escaped(&in_words(name)))).collect();
    let body: String = rows
        .iter()
        .map(|row| {
            let cells = names.iter().map(|name| {
                format!("<td>{}</td>", shown(name, row.get(name.as_str()).unwrap_or(&Value::Null), site, request))
            });
            format!("<tr>{}</tr>", cells.collect::<String>())
        })
        .collect();
    format!("<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
}

/// The command that asks for the same and verifies the answer.
fn verifying(kind: &str, id: &str) -> String {
    match kind {
        "datasets" => format!("livepod trail {id}"),
        "proposals" => format!("livepod proposal {id}"),
        _ => "livepod trail DATASET".into(),
    }
}

fn page(title: &str, body: &str, verified_by: &str, site: &Site, request: &Request) -> String {
    let menu: String = site
        .kinds
        .iter()
        .filter(|(kind, _)| *kind != "balances")
        .filter_map(|(kind, _)| Some(anchor(&site.url(request, kind, &format!("/{kind}"), "")?, kind)))
        .collect();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body><nav>{menu}</nav>\
         <main><h1>{title}</h1>{body}</main><footer>This page is the answer of one replica, and not certified. \
         <code>{verified_by}</code> asks for the same and verifies it.</footer></body></html>\n",
        title = escaped(title),
        verified_by = escaped(verified_by),
    )
}

/// One thing.
pub fn one(kind: &str, id: &str, value: &Value, links: &[Link], site: &Site, request: &Request) -> String {
    let links: String = links
        .iter()
        .filter_map(|link| {
            let href = site.url(request, link.kind, &link.path, &link.query)?;
            Some(format!("<li>{}</li>", anchor(&href, &link.text)))
        })
        .collect();
    let trail = if links.is_empty() { links } else { format!("<h2>Where to go on</h2><ul>{links}</ul>") };
    let singular = kind.strip_suffix('s').unwrap_or(kind);
    let body = format!("{}{trail}", fields(value, site, request));
    page(&format!("{singular} {id}"), &body, &verifying(kind, id), site, request)
}

/// A page of things, newest first.
pub fn some(kind: &Kind, rows: &[Value], next: Option<u64>, site: &Site, request: &Request) -> String {
    let list = if rows.is_empty() { "<p>There are none.</p>".to_owned() } else { table(rows, site, request) };
    let more = next.and_then(|next| {
        let query = request.filters().map(|(name, value)| format!("{name}={}&", encoded(value)));
        let query = format!("{}before={next}", query.collect::<String>());
        site.url(request, kind.name, &format!("/{}", kind.name), &query)
    });
    let more = more.map(|href| format!("<p>{}</p>", anchor(&href, "earlier ones"))).unwrap_or_default();
    let about = request.get("dataset").or(request.get("about"));
    let verified_by = about.map_or_else(|| verifying(kind.name, "ID"), |dataset| verifying("datasets", dataset));
    page(kind.name, &format!("{list}{more}"), &verified_by, site, request)
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_is_shown_as_typescript_shows_it() {
        for vector in vectors::read("html").as_array().expect("a list") {
            assert_eq!(super::escaped(vector["text"].as_str().unwrap()), vector["html"].as_str().unwrap());
        }
    }
}
