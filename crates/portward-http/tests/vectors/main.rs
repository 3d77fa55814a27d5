//! Replays `testkit/vectors/http.json`, which the Python reference wrote from the specification. Every case, by equality.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod answer;
mod fixtures;
mod store;
mod view;

use portward_http::{Action, Carrier, PageOptions, Reason, Request, Rules, RulesOptions};
use portward_test_vectors::{Input, Vectors, of_part, subjects};
use serde_json::{Value, json};

use crate::fixtures::{Fixtures, now};
use crate::store::{NOT_ASKED, Store};

#[test]
fn every_case() {
    let vectors = Vectors::read(env!("CARGO_PKG_NAME"), "http");
    let fixtures = Fixtures::of(&vectors.fixtures);
    vectors.replay(|value| {
        let (case, parts) = (Input { value }, Input { value: &value["request"] });
        let (headers, body) = (headers(&parts.value["headers"]), body(&parts.value["body"]));
        let request =
            Request { method: parts.text("method"), path: parts.text("target"), headers: &headers, body: &body };
        match case.text("op") {
            "http" => http(case, &fixtures, &request),
            "http_session" => session(case, &fixtures, &request),
            op => panic!("unknown op {op}"),
        }
    });
}

#[test]
fn no_subject_is_left_out() {
    assert_eq!(subjects(env!("CARGO_PKG_NAME")), ["http"]);
}

/// What is answered on a route of the rules.
fn http(case: Input<'_>, fixtures: &Fixtures<'_>, request: &Request<'_>) -> Value {
    let (rules, store, now) = (rules(case), Store::of(case, fixtures), now(case).wall);
    let answer = match rules.read(request) {
        Action::NotOurs => return json!({ "ok": "application" }),
        Action::Answer(answer) => answer,
        Action::Peek(ask) => rules.answer_peek(&ask, store.peek(ask.token(), ask.cookie())),
        Action::Redeem(ask) => rules.answer_redeem(&ask, store.redeem(ask.token(), ask.cookie(), ask.nonce()), now),
        Action::Renew(ask) => rules.answer_renew(&ask, store.renew(ask.session()), now),
    };
    if answer.reason.is_some_and(|reason| reason.code == NOT_ASKED) {
        return json!(NOT_ASKED);
    }
    answer::told(answer, &case.value["expect"])
}

/// What a route of the application takes.
fn session(case: Input<'_>, fixtures: &Fixtures<'_>, request: &Request<'_>) -> Value {
    let refused = |reason: Reason| json!({ "error": reason.refusal.word() });
    let (session, carrier) = match rules(case).session(request) {
        Ok(carried) => carried,
        Err(answer) => return refused(answer.reason.unwrap()),
    };
    match fixtures.verifier(case).verify_session(session, now(case)) {
        Ok(access) => json!({ "ok": { "token_id": hex(&access.token_id()), "bearer": carrier == Carrier::Bearer } }),
        Err(error) => refused(error.into()),
    }
}

/// With a style sheet, which the vectors leave to the application.
fn rules(case: Input<'_>) -> Rules {
    let page = PageOptions { style: "p { color: #123 }".to_owned(), ..PageOptions::default() };
    Rules::new(case.text("origin"), RulesOptions { path: case.text("path").to_owned(), page }).unwrap()
}

fn headers(pairs: &Value) -> Vec<(&str, &[u8])> {
    let pair = |index: usize| pairs[index][0].as_str().zip(pairs[index][1].as_str()).unwrap();
    let pairs = (0..pairs.as_array().unwrap().len()).map(pair);
    pairs.map(|(name, value)| (name, value.as_bytes())).collect()
}

fn body(value: &Value) -> Vec<u8> {
    match value["parts"].as_array() {
        Some(parts) => parts.iter().flat_map(of_part).collect(),
        None => value.as_str().unwrap().into(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
