//! The views of the cases, by way of a feed: nobody can make one by hand.

use std::sync::Arc;
use std::time::Duration;

use portward::{Authority, Follower, Freshness, Incarnation, Keyring, Scope, Steady, Timestamp, ViewCell};
use portward_test_vectors::bytes;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A view of these records, under another stamp than the fixture's: no token is judged by that.
pub(crate) fn of(view: &Value, keyring: &Arc<Keyring>) -> Arc<ViewCell> {
    let mut authority = Authority::new(keyring.clone(), Incarnation::from_bytes([1; 16])).unwrap();
    let body = bytes(&view["records"]);
    authority.replay(1, &body, history_of_first(&body)).unwrap();
    let scope = scope(&view["scope"]);
    let mut follower = Follower::new(keyring.clone(), scope.clone(), Duration::ZERO, None).unwrap();
    let message = match view["evidence"]["live_sent_at"].as_u64() {
        Some(sent_at) => {
            let challenge = follower.request(Steady::from_millis(sent_at)).unwrap();
            authority.answer(&scope, None, challenge).unwrap()
        }
        None => {
            authority.confirm(Steady::default());
            authority.cell().load().save(keyring).unwrap()
        }
    };
    follower.accept(&message, Timestamp::default()).unwrap();
    follower.cell()
}

pub(crate) fn mode(value: &Value) -> Freshness {
    Freshness::Live { max_staleness: Duration::from_millis(value["live_max_staleness"].as_u64().unwrap()) }
}

fn scope(value: &Value) -> Scope {
    match value.as_array() {
        None => Scope::ALL,
        Some(tenants) => Scope::tenants(tenants.iter().map(|text| text.as_str().unwrap().parse().unwrap())).unwrap(),
    }
}

/// `spec/revocation.md` section 2.
fn history_of_first(body: &[u8]) -> [u8; 32] {
    let parts = [&b"portward/v1/history\0"[..], &[0; 32], &1_u64.to_be_bytes(), body];
    Sha256::digest(parts.concat()).into()
}
