//! Replays the vectors of `testkit/`, which the Python reference wrote from the specification. Every case, by equality.

mod envelope;
mod feed;
mod keys;
mod redeem;
mod store;
mod token;
mod vault;
mod wrapped;

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use portward_test_vectors::{Input, Vectors, of_part, unhex};
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

/// One case, with the fixtures of its file.
struct Case<'a> {
    input: Input<'a>,
    fixtures: &'a Fixtures,
}

impl<'a> Deref for Case<'a> {
    type Target = Input<'a>;

    fn deref(&self) -> &Input<'a> {
        &self.input
    }
}

impl<'a> Case<'a> {
    fn new(value: &'a Value, fixtures: &'a Fixtures) -> Self {
        Self { input: Input { value }, fixtures }
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

    fn deployment(&self) -> Arc<Deployment> {
        Arc::clone(&self.fixtures.deployments[self.text("deployment")])
    }

    fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.fixtures.keyrings[self.text("keyring")])
    }
}

fn run(case: &Case<'_>) -> Outcome {
    let op = case.text("op");
    keys::run(op, case)
        .or_else(|| token::run(op, case))
        .or_else(|| feed::run(op, case))
        .or_else(|| envelope::run(op, case))
        .or_else(|| store::run(op, case))
        .or_else(|| redeem::run(op, case))
        .or_else(|| wrapped::run(op, case))
        .or_else(|| vault::run(op, case))
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
    let vectors = Vectors::read(env!("CARGO_PKG_NAME"), subject);
    let fixtures = fixtures(&vectors.fixtures);
    vectors.replay(|case| found(run(&Case::new(case, &fixtures))));
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

#[test]
fn vault() {
    replay("vault");
}

#[test]
fn links() {
    replay("links");
}

#[test]
fn redeem() {
    replay("redeem");
}

#[test]
fn no_subject_is_left_out() {
    let replayed = ["envelope", "keys", "links", "redeem", "revocation", "store", "token", "vault", "wrapped"];
    assert_eq!(portward_test_vectors::subjects(env!("CARGO_PKG_NAME")), replayed);
}
