//! Replays those vectors of `testkit/` that need rows, through the store on SQLite. Every case, by equality.
#![expect(clippy::arithmetic_side_effects, reason = "test code")]

mod feed;
mod message;
mod redeem;
mod rows;
pub(crate) mod scratch;

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use portward::{Deployment, Keyring};
use portward_test_vectors::{Input, Vectors};
use serde_json::{Value, json};

use crate::database::record::RecordError;
use crate::store::StoreError;

/// What came out, or the code of the refusal.
pub(crate) type Outcome = Result<Value, &'static str>;

pub(crate) struct Fixtures {
    pub(crate) deployments: HashMap<String, Arc<Deployment>>,
    pub(crate) keyrings: HashMap<String, Arc<Keyring>>,
    /// As they stand in the file, keys and all.
    pub(crate) value: Value,
}

/// One case, with the fixtures of its file.
pub(crate) struct Case<'a> {
    input: Input<'a>,
    pub(crate) fixtures: &'a Fixtures,
}

impl<'a> Deref for Case<'a> {
    type Target = Input<'a>;

    fn deref(&self) -> &Input<'a> {
        &self.input
    }
}

impl Case<'_> {
    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.fixtures.keyrings[self.text("keyring")])
    }

    fn keyring_file(&self) -> &Value {
        &self.fixtures.value["keyrings"][self.text("keyring")]
    }
}

impl Fixtures {
    fn of(value: &Value) -> Self {
        let entries = |name: &str| value[name].as_object().cloned().unwrap_or_default().into_iter();
        let deployment = |value: &Value| Deployment::from_json(value.to_string().as_bytes()).unwrap();
        let deployments: HashMap<_, _> =
            entries("deployments").map(|(name, value)| (name, Arc::new(deployment(&value)))).collect();
        let mut fixtures = Self { deployments, keyrings: HashMap::new(), value: value.clone() };
        let keyrings = entries("keyrings").map(|(name, value)| (name, fixtures.keyring(&value))).collect();
        fixtures.keyrings = keyrings;
        fixtures
    }

    fn keyring(&self, file: &Value) -> Arc<Keyring> {
        let of = self.deployments.values().find(|known| file["deployment"] == known.id.to_string()).unwrap();
        Arc::new(Keyring::from_json(file.to_string().as_bytes(), of).unwrap())
    }
}

pub(crate) async fn run(case: &Case<'_>) -> Outcome {
    match case.text("op") {
        "row_read" => rows::row_read(case).await,
        "link_show" => rows::link_show(case).await,
        "feed_commit" => feed::commit(case).await,
        "feed_read" => feed::read(case).await,
        "feed_place" => feed::place(case).await,
        "recovered_generation" => feed::recovered_generation(case).await,
        "recovered_state" => feed::recovered_state(case).await,
        "redeem" => redeem::redeem(case).await,
        "renew" => redeem::renew(case).await,
        op => panic!("unknown op {op}"),
    }
}

fn replay(subject: &str) {
    replay_by(subject, run);
}

/// Replays a subject by what runs its cases.
pub(crate) fn replay_by(subject: &str, run: impl AsyncFn(&Case<'_>) -> Outcome) {
    let vectors = Vectors::read(env!("CARGO_PKG_NAME"), subject);
    let fixtures = Fixtures::of(&vectors.fixtures);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    vectors.replay(|value| {
        let case = Case { input: Input { value }, fixtures: &fixtures };
        match runtime.block_on(run(&case)) {
            Ok(ok) => json!({ "ok": ok }),
            Err(code) => json!({ "error": code }),
        }
    });
}

fn code(error: impl Into<StoreError>) -> &'static str {
    error.into().code()
}

fn record_code(error: RecordError) -> &'static str {
    code(error)
}

pub(crate) use crate::hex::hex;

#[test]
fn links() {
    replay("links");
}

#[test]
fn redeem() {
    replay("redeem");
}

#[test]
fn store_feed() {
    replay("store_feed");
}

#[test]
fn no_subject_is_left_out() {
    // Those of `backup` are replayed beside what they test.
    assert_eq!(portward_test_vectors::subjects(env!("CARGO_PKG_NAME")), ["backup", "links", "redeem", "store_feed"]);
}
