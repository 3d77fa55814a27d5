use std::sync::Arc;
use std::time::Duration;

use portward_test_vectors::bytes;
use serde_json::{Value, json};

use super::token::{mode, now, scope, verifier};
use super::{Case, Fault, Outcome, found};
use crate::codec::hex;
use crate::revocation::{body_for_vectors, history};
use crate::{FeedRequest, Follower, Identifier, Revocation, Stamp, Steady, Timestamp};

pub(super) fn run(op: &str, case: &Case<'_>) -> Option<Outcome> {
    Some(match op {
        "feed" => Ok(feed(case)),
        "history" => {
            let after = history(&case.array("before"), case.number("sequence"), &case.bytes("body"));
            Ok(json!({ "after": hex(&after) }))
        }
        "feed_request" => feed_request(case),
        _ => return None,
    })
}

fn feed_request(case: &Case<'_>) -> Outcome {
    let sent = bytes(&case.value["request"]);
    let request = FeedRequest::from_bytes(&sent).map_err(|error| error.code())?;
    assert_eq!(request.to_bytes(), sent);
    let FeedRequest { scope, since, challenge } = request;
    let texts = |tenants: &[Identifier]| tenants.iter().map(ToString::to_string).collect::<Vec<_>>();
    let scope = scope.tenants_for_vectors().map_or(json!("all"), |tenants| json!(texts(tenants)));
    let since = since.map(
        |Stamp { incarnation, sequence }| json!({ "incarnation": hex(&incarnation.to_bytes()), "sequence": sequence }),
    );
    Ok(json!({ "scope": scope, "since": since, "challenge": hex(&challenge) }))
}

/// Each step has its own expectation; the first that differs is reported as an outcome that cannot be the expected one.
fn feed(case: &Case<'_>) -> Value {
    let new =
        |highest| Follower::new(case.keyring(), scope(&case.value["scope"]), Duration::from_secs(60), highest).unwrap();
    let mut follower = new(None);
    for (index, value) in case.value["steps"].as_array().unwrap().iter().enumerate() {
        let step = Case::new(value, case.fixtures);
        let outcome = if step.has("challenge") {
            follower.request_as(step.array("challenge"), Steady::from_millis(step.number("sent_at")));
            continue;
        } else if step.has("message") {
            let stamp = follower.accept(&step.bytes("message"), Timestamp::from_unix(step.number("now")));
            found(stamp.map(|stamp| json!({ "sequence": stamp.sequence })).map_err(|error| error.code().into()))
        } else if step.has("check") {
            found(check(case, &value["check"], &follower))
        } else if step.has("collect") {
            follower.collect(Timestamp::from_unix(step.number("collect")));
            continue;
        } else if step.has("restart") {
            follower = new(follower.highest());
            continue;
        } else if step.has("export") {
            let body = body_for_vectors(&follower.cell().load().to_changes());
            json!({ "ok": { "records": hex(&body) } })
        } else {
            panic!("unknown step {value}")
        };
        if outcome != value["expect"] {
            return json!({ "step": index, "found": outcome, "expected": value["expect"] });
        }
        // A compaction between any two steps changes nothing.
        let compaction = follower.begin_compaction();
        follower.install(compaction.run());
    }
    json!({})
}

fn check(case: &Case<'_>, value: &Value, follower: &Follower) -> Outcome {
    let step = Case::new(value, case.fixtures);
    let revocation = Revocation::View(Arc::clone(&follower.cell()), mode(&value["mode"]));
    let verifier = verifier(case, revocation);
    let verified = match step.text("kind") {
        "link" => verifier.verify_link(step.text("token"), now(&step)).map(|_| ()),
        _ => verifier.verify_session(step.text("token"), now(&step)).map(|_| ()),
    };
    verified.map(|()| json!({})).map_err(Fault::from)
}
