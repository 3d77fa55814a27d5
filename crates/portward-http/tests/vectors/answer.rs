//! An answer, as the vectors tell it: `testkit/README.md`, "An answer".

use portward_http::Answer;
use serde_json::{Map, Value, json};

/// What is not told of the expected answer is not told of this one.
pub(crate) fn told(answer: Answer, expect: &Value) -> Value {
    let expected = expect.get("ok").or(expect.get("answer")).unwrap();
    let all = |name: &'static str| {
        answer.headers.iter().filter(move |(held, _)| *held == name).map(|(_, value)| value.as_str())
    };
    let mut cookies: Vec<_> = all("set-cookie").collect();
    cookies.sort_unstable();
    let mut told = json!({ "status": answer.status, "headers": headers(&answer, expected), "cookies": cookies });
    let kind = all("content-type").next().and_then(|value| value.split(';').next());
    if expected.get("type").is_some() {
        told["type"] = json!(kind);
    }
    if let Some(body) = expected.get("body") {
        let is_json = body.get("json").is_some();
        told["body"] = if is_json { json!({ "json": parsed(&answer.body) }) } else { json!({ "text": answer.body }) };
    }
    match answer.reason {
        _ if answer.status < 400 => json!({ "ok": told }),
        Some(reason) => json!({ "error": reason.refusal.word(), "answer": told }),
        None => json!({ "error": answer.status.to_string(), "answer": told }),
    }
}

fn headers(answer: &Answer, expected: &Value) -> Map<String, Value> {
    let mut headers = Map::new();
    for (name, value) in &answer.headers {
        let value = match *name {
            "content-security-policy" if expected["headers"].get(name).is_some() => policy(value),
            name if TOLD.contains(&name) => value.clone(),
            _ => continue,
        };
        assert!(headers.insert((*name).to_owned(), json!(value)).is_none(), "{name} is there twice");
    }
    headers
}

/// Without the style sheet's directive, and without the script's hash.
fn policy(value: &str) -> String {
    let directives = value.split("; ").map(|directive| {
        let (name, sources) = directive.split_once(' ').unwrap_or((directive, ""));
        let sources: Vec<_> =
            sources.split(' ').map(|source| if is_hash(source) { "'sha256-*'" } else { source }).collect();
        (name, sources)
    });
    let is_style =
        |name: &str, sources: &[&str]| name == "style-src" && sources.iter().all(|source| *source == "'sha256-*'");
    let kept = directives.filter(|(name, sources)| !is_style(name, sources));
    kept.map(|(name, sources)| format!("{name} {}", sources.join(" "))).collect::<Vec<_>>().join("; ")
}

/// `'sha256-`, the base64 of 32 bytes, `'`.
fn is_hash(source: &str) -> bool {
    use base64::Engine as _;
    let encoded = source.strip_prefix("'sha256-").and_then(|rest| rest.strip_suffix('\''));
    let decoded = encoded.map(|encoded| base64::engine::general_purpose::STANDARD.decode(encoded));
    decoded.is_some_and(|hash| hash.is_ok_and(|hash| hash.len() == 32))
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

/// Of others the vectors say nothing.
const TOLD: [&str; 7] =
    ["cache-control", "referrer-policy", "x-robots-tag", "x-content-type-options", "location", "allow", "retry-after"];
