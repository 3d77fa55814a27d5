//! Replays the vectors of `testkit/`, which the Python reference wrote from the specification. Every case, by equality.

mod envelope;
mod feed;
mod keys;
mod store;
mod token;
mod wrapped;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::{Deployment, Keyring};

type Outcome = Result<Value, Fault>;

/// A code, and for tokens what the public is told.
struct Fault {
    code: &'static str,
    public: Option<String>,
}

impl From<&'static str> for Fault {
    fn from(code: &'static str) -> Self {
        Self { code, public: None }
    }
}

struct Fixtures {
    deployments: HashMap<String, Arc<Deployment>>,
    keyrings: HashMap<String, Arc<Keyring>>,
    views: HashMap<String, Value>,
    objects: HashMap<String, Value>,
    files: HashMap<String, String>,
}

/// One case, with short ways to its inputs.
struct Case<'a> {
    value: &'a Value,
    fixtures: &'a Fixtures,
}

impl Case<'_> {
    fn text(&self, name: &str) -> &str {
        self.value[name].as_str().unwrap_or_else(|| panic!("{name} is no text in {}", self.value["id"]))
    }

    fn number(&self, name: &str) -> u64 {
        self.value[name].as_u64().unwrap_or_else(|| panic!("{name} is no number in {}", self.value["id"]))
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        unhex(self.text(name))
    }

    /// A file: `text`, or `parts` where it is long or no text.
    fn file(&self) -> Vec<u8> {
        let Some(parts) = self.value["parts"].as_array() else { return self.text("text").into() };
        parts.iter().flat_map(|part| self.part(part)).collect()
    }

    /// A piece of a fixture, or a part of its own.
    fn part(&self, part: &Value) -> Vec<u8> {
        let Some(file) = part["file"].as_str() else { return of_part(part) };
        let at = |place: usize| usize::try_from(part["range"][place].as_u64().unwrap()).unwrap();
        self.fixtures.files[file].as_bytes()[at(0)..at(1)].to_vec()
    }

    fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().expect("the right length")
    }

    fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some_and(|value| !value.is_null())
    }

    fn deployment(&self) -> Arc<Deployment> {
        Arc::clone(&self.fixtures.deployments[self.text("deployment")])
    }

    fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.fixtures.keyrings[self.text("keyring")])
    }
}

/// Text, bytes, or a text repeated, in which each `%` stands for the number of the repetition.
fn of_part(part: &Value) -> Vec<u8> {
    let text = |name: &str| part[name].as_str();
    match (text("text"), text("hex"), text("repeat")) {
        (Some(text), None, None) => text.into(),
        (None, Some(hex), None) => unhex(hex),
        (None, None, Some(repeat)) => {
            let times = part["times"].as_u64().unwrap();
            (0..times).flat_map(|number| repeat.replace('%', &format!("{number:08x}")).into_bytes()).collect()
        }
        _ => panic!("no such part: {part}"),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn run(case: &Case<'_>) -> Outcome {
    let op = case.text("op");
    keys::run(op, case)
        .or_else(|| token::run(op, case))
        .or_else(|| feed::run(op, case))
        .or_else(|| envelope::run(op, case))
        .or_else(|| store::run(op, case))
        .or_else(|| wrapped::run(op, case))
        .unwrap_or_else(|| panic!("unknown op {op}"))
}

fn found(outcome: Outcome) -> Value {
    match outcome {
        Ok(ok) => json!({ "ok": ok }),
        Err(Fault { code, public: None }) => json!({ "error": code }),
        Err(Fault { code, public: Some(public) }) => json!({ "error": code, "public": public }),
    }
}

fn replay(subject: &str) {
    let path = format!("{}/../../testkit/vectors/{subject}.json", env!("CARGO_MANIFEST_DIR"));
    let file: Value = serde_json::from_slice(&std::fs::read(path).expect("the vectors are in the repository")).unwrap();
    assert_eq!((&file["format"], &file["version"]), (&json!("portward-vectors"), &json!(1)));
    let fixtures = fixtures(&file["fixtures"]);
    let cases = file["cases"].as_array().unwrap();
    let wrong: Vec<_> = cases
        .iter()
        .filter_map(|value| {
            let found = found(run(&Case { value, fixtures: &fixtures }));
            (found != value["expect"]).then(|| format!("{}: expected {}, found {found}", value["id"], value["expect"]))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    let refused = cases.iter().filter(|value| value["expect"].get("error").is_some()).count();
    assert!(cases.len() > 100 && refused > 100, "{} cases, {refused} refusals", cases.len());
}

fn fixtures(value: &Value) -> Fixtures {
    let entries = |name: &str| value[name].as_object().cloned().unwrap_or_default().into_iter();
    let deployment = |value: &Value| Deployment::from_json(value.to_string().as_bytes()).unwrap();
    let deployments: HashMap<_, _> =
        entries("deployments").map(|(name, value)| (name, Arc::new(deployment(&value)))).collect();
    let keyring = |value: &Value| {
        let deployment = deployments.values().find(|known| value["deployment"] == known.id.to_string()).unwrap();
        Keyring::from_json(value.to_string().as_bytes(), deployment).unwrap()
    };
    let keyrings = entries("keyrings").map(|(name, value)| (name, Arc::new(keyring(&value)))).collect();
    let files = entries("files").map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect();
    let (views, objects) = (entries("views").collect(), entries("objects").collect());
    Fixtures { keyrings, views, objects, files, deployments }
}

#[test]
fn keys() {
    replay("keys");
}

#[test]
fn token() {
    replay("token");
}

#[test]
fn revocation() {
    replay("revocation");
}

#[test]
fn store() {
    replay("store");
}

#[test]
fn envelope() {
    replay("envelope");
}

#[test]
fn wrapped() {
    replay("wrapped");
}
