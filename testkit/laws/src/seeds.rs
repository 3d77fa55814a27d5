//! What the corpora begin with: inputs of the shared vectors, in the form that each law takes.

use std::collections::BTreeMap;

use portward::LinkHead;
use portward_test_vectors::{Vectors, bytes, of_part, unhex};
use serde_json::Value;

use crate::sign;

/// A seed: the name of its law, its own, and its bytes.
pub type Seed = (&'static str, String, Vec<u8>);

/// Longest seed, in bytes: a corpus is read often.
const LONGEST: usize = 2048;
/// Most seeds of one op, unless it has more outcomes.
const MOST: usize = 40;

/// All of them.
///
/// # Panics
/// If a vector is not of its form.
pub fn all() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut add = |law, case: &Value, bytes: Vec<u8>| {
        let name = case["id"].as_str().unwrap().replace('/', "-");
        if bytes.len() <= LONGEST {
            seeds.push((law, name, bytes));
        }
    };
    for case in some("token", &["verify_link", "verify_session"]) {
        let text = case["token"].as_str().unwrap();
        add("token", &case, text.into());
        add("reference", &case, asked(u8::from(text.starts_with(sign::SESSION)), text.as_bytes()));
        if let Some((kind, parts)) = token_parts(text) {
            add("blocks", &case, asked(kind, &parts));
            add("reference", &renamed(&case, "signed"), asked(4 + kind, &parts));
        }
    }
    // Each of what is said about blocks: a law that has not seen it cannot tell.
    let about_blocks = |case: &Value| case["id"].as_str().unwrap().starts_with("token/verify/block/");
    for case in Vectors::read("portward", "token").cases.into_iter().filter(about_blocks) {
        if let Some((kind, parts)) = token_parts(case["token"].as_str().unwrap()) {
            add("blocks", &case, asked(kind, &parts));
        }
    }
    for (op, law, asked_as) in [("header", "header", 6), ("slot", "slot", 7)] {
        for case in some("envelope", &[op]) {
            let bytes = unhex(case[op].as_str().unwrap());
            add(law, &case, bytes.clone());
            add("reference", &case, asked(asked_as, &bytes));
        }
    }
    for case in some("envelope", &["context"]) {
        let pairs = case["pairs"].as_array().unwrap().iter().flat_map(|pair| pair.as_array().unwrap());
        let bytes = prefixed(pairs.map(|part| part.as_str().unwrap().as_bytes()));
        add("context", &case, bytes.clone());
        add("reference", &case, asked(8, &bytes));
    }
    for (subject, op, asked_as) in [("envelope", "scope", 9), ("keys", "identifier", 10)] {
        for case in some(subject, &[op]) {
            let text = case["text"].as_str().unwrap().as_bytes();
            add("name", &case, text.into());
            add("reference", &case, asked(asked_as, text));
        }
    }
    for (subject, op, law, asked_as) in [
        ("keys", "keyring_file", "keyring", Some(11)),
        ("keys", "deployment_file", "deployment", Some(12)),
        ("keys", "sealed_keyring", "sealed", None),
        ("vault", "vault_file", "vault", Some(13)),
        ("wrapped", "wrapped_keyring", "wrapped", None),
    ] {
        for case in some(subject, &[op]) {
            let Some(bytes) = file(&case) else { continue };
            add(law, &case, bytes.clone());
            if let Some(op) = asked_as {
                add("reference", &case, asked(op, &bytes));
            }
        }
    }
    for case in some("revocation", &["feed_request"]) {
        let request = bytes(&case["request"]);
        add("request", &case, request.clone());
        add("reference", &case, asked(14, &request));
    }
    for (number, (name, view)) in
        fixtures("revocation", "views").into_iter().enumerate().filter(|(number, _)| number % 3 == 0)
    {
        let case = serde_json::json!({ "id": format!("revocation/view/{number}-{name}") });
        let body = unhex(view["records"].as_str().unwrap());
        add("snapshot", &case, asked(0, &body));
        add("reference", &case, asked(15, &asked(0, &body)));
        add("reference", &renamed(&case, "delta"), asked(16, &asked(0, &prefixed([&body[..], &body].into_iter()))));
    }
    for case in some("http", &["http"]) {
        add("http", &case, request(&case));
    }
    for case in some("backup", &["backup_manifest"]) {
        let manifest = bytes(&case["manifest"]);
        add("manifest", &case, manifest.clone());
        add("reference", &case, asked(17, &manifest));
    }
    for case in some("redeem", &["nonce_check"]) {
        add("nonce", &case, case["nonce"].as_str().unwrap().into());
    }
    for case in some("token", &["issue_link"]) {
        let Some((_, bytes)) = case["expect"]["ok"]["token"].as_str().and_then(sign::untext) else { continue };
        add("stored", &case, asked(1, &bytes[..bytes.len() - 32]));
    }
    seeds.extend(MADE_UP.iter().flat_map(|law| (0..6).map(|number| made_up(law, number))));
    seeds
}

/// Laws whose inputs are no bytes of a format: anything will do.
const MADE_UP: [&str; 10] =
    ["answer", "damage", "delta", "forgery", "narrow", "revocation", "roots", "row", "session", "stream"];

fn made_up(law: &'static str, number: u8) -> Seed {
    let length = 24_usize << (number % 4);
    let bytes = (0..u8::MAX).flat_map(|block| sign::sha256(&[law.as_bytes(), &[number, block]].concat()));
    (law, format!("made-up-{number}"), bytes.take(length).collect())
}

/// Some of the cases of an op, spread over those of each outcome.
fn some(subject: &str, ops: &[&str]) -> Vec<Value> {
    let of_crate = match subject {
        "backup" => "portward-store",
        "http" => "portward-http",
        _ => "portward",
    };
    let cases = Vectors::read(of_crate, subject).cases;
    let mut chosen = Vec::new();
    for op in ops {
        let mut outcomes: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for case in cases.iter().filter(|case| case["op"] == *op) {
            outcomes.entry(case["expect"]["error"].as_str().unwrap_or("ok")).or_default().push(case);
        }
        let each = (MOST / outcomes.len().max(1)).max(1);
        for of_outcome in outcomes.values() {
            let step = of_outcome.len().div_ceil(each);
            chosen.extend(of_outcome.iter().step_by(step).map(|case| (*case).clone()));
        }
    }
    chosen
}

fn fixtures(subject: &str, of: &str) -> Vec<(String, Value)> {
    let fixtures = Vectors::read("portward", subject).fixtures;
    fixtures[of].as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn renamed(case: &Value, what: &str) -> Value {
    serde_json::json!({ "id": format!("{}/{what}", case["id"].as_str().unwrap()) })
}

fn asked(op: u8, bytes: &[u8]) -> Vec<u8> {
    [&[op], bytes].concat()
}

fn prefixed<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let prefixed = |part: &[u8]| [&u16::try_from(part.len()).unwrap().to_be_bytes(), part].concat();
    parts.flat_map(prefixed).collect()
}

/// As the law `http` takes it.
fn request(case: &Value) -> Vec<u8> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let mut text = format!("{} {}\n", word(&case["request"]["method"]), word(&case["request"]["target"]));
    for line in case["request"]["headers"].as_array().unwrap() {
        text.push_str(&format!("{}: {}\n", word(&line[0]), line[1].as_str().unwrap_or_default()));
    }
    text.push('\n');
    text.push_str(case["request"]["body"].as_str().unwrap_or_default());
    text.into_bytes()
}

/// Text, or parts that are all here.
fn file(case: &Value) -> Option<Vec<u8>> {
    match case["parts"].as_array() {
        None => Some(case["text"].as_str()?.into()),
        Some(parts) if parts.iter().any(|part| part["file"].is_string()) => None,
        Some(parts) => Some(parts.iter().flat_map(of_part).collect()),
    }
}

/// Kind, then head and blocks behind their lengths, of a token that can be taken apart.
fn token_parts(text: &str) -> Option<(u8, Vec<u8>)> {
    let (prefix, bytes) = sign::untext(text)?;
    let content = bytes.get(..bytes.len().checked_sub(32)?)?;
    if prefix == sign::SESSION {
        return Some((1, prefixed([content].into_iter())));
    }
    let head = (0..=content.len()).find(|end| LinkHead::from_bytes(&content[..*end]).is_ok())?;
    let (head, blocks) = content.split_at(head);
    let mut parts = vec![head];
    let mut rest = blocks;
    // Blocks that are short, and whatever is left.
    while let [_, length, ..] = rest {
        let (block, behind) = rest.split_at((2 + usize::from(*length)).min(rest.len()));
        parts.push(block);
        rest = behind;
    }
    Some((0, prefixed(parts.into_iter())))
}
