//! Where the operating system gives no random bytes: nothing is acknowledged that is not there, nothing is granted, and what needs none goes on.

use portward::{Clock as _, random_id};
use portward_store::store::{Refusal, StoreError, Target};
use portward_test_randomness::{Fails, Randomness};

use crate::world::{World, tenant};

/// The code; the public is not told of a refusal.
#[track_caller]
fn failed<T>(result: Result<T, StoreError>) -> &'static str {
    let error = result.err().unwrap();
    assert_eq!(error.refusal(), Refusal::Unavailable, "{error}");
    error.code()
}

/// Everything runs on the thread of the test: what it drew before, and has not used yet, is what it has left.
#[tokio::test]
async fn nothing_is_issued_or_redeemed() {
    let Some(randomness) = Randomness::here() else {
        return Randomness::again("random::nothing_is_issued_or_redeemed");
    };
    let world = World::sqlite().await;
    let (store, request) = (&world.store, world.request());
    let (token, link) = world.issue_with(2).await;
    let peeked = store.peek(token.text(), None).unwrap();
    let live = store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap();
    let again = store.peek(token.text(), None).unwrap();

    randomness.fails(Fails::From(1));
    let mut issued = Vec::new();
    let refused = loop {
        match store.issue(&request, Default::default()).await {
            Ok((_, link)) => issued.push(link.id),
            Err(error) => break error,
        }
    };
    assert!(randomness.was_felt() && refused.code() == "random_unavailable", "{refused}");
    assert_eq!(store.check().await.unwrap().links, 1 + u64::try_from(issued.len()).unwrap());
    for id in &issued {
        assert_eq!(store.link(tenant(), *id).await.unwrap().id, *id, "what was acknowledged is there");
    }
    let checked = store.check().await.unwrap();
    assert!(random_id().is_err(), "nothing is left");
    assert_eq!(failed(store.issue(&request, Default::default()).await), "random_unavailable");
    assert_eq!(failed(store.peek(token.text(), None)), "random_unavailable");
    assert_eq!(failed(store.peek(token.text(), Some(again.cookie))), "random_unavailable");
    assert_eq!(failed(store.redeem(token.text(), &again.cookie, &again.nonce).await), "random_unavailable");
    assert_eq!(failed(world.reopened().await), "random_unavailable");
    assert_eq!(store.check().await.unwrap(), checked, "no row is more");
    assert_eq!(store.link(tenant(), link.id).await.unwrap().uses, 1, "no use was spent");
    // A renewed session keeps its id, and needs no other.
    store.renew(live.session.text()).await.unwrap();
    assert!(store.is_fresh() && store.verifier().verify_link(token.text(), world.clock.now()).is_ok());

    randomness.fails(Fails::Never);
    store.redeem(token.text(), &again.cookie, &again.nonce).await.unwrap();
    world.issue().await;

    randomness.fails(Fails::From(1));
    while random_id().is_ok() {}
    store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    assert_eq!(store.renew(live.session.text()).await.unwrap_err().code(), "link_revoked");
}
