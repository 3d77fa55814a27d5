//! Where the operating system gives no random bytes, a holder is told to come again, and gets nothing.

use portward::random_id;
use portward_test_randomness::{Fails, Randomness};

use super::{World, cookies, text};

/// Everything runs on the thread of the test, which is left without what it drew before.
#[tokio::test]
async fn without_random_bytes_a_holder_comes_again() {
    let Some(randomness) = Randomness::here() else {
        return Randomness::again("random::without_random_bytes_a_holder_comes_again");
    };
    let world = World::new().await;
    let (link, id) = world.link(1).await;
    let token = format!("token={link}");
    let taken = cookies(&world.get(&format!("/portal/{link}"), "").await);
    let peeked = world.post("/portal/peek", "", &token).await;
    let carried = cookies(&peeked);
    let answer: serde_json::Value = serde_json::from_str(&text(peeked).await).unwrap();
    let fields = format!("{token}&nonce={}", answer["nonce"].as_str().unwrap());
    world.heard();

    randomness.fails(Fails::From(1));
    while random_id().is_ok() {}
    for _ in ["once", "and again"] {
        let page = world.get("/portal", &taken).await;
        let peek = world.post("/portal/peek", "", &token).await;
        let redeem = world.post("/portal/redeem", &carried, &fields).await;
        for answer in [page, peek, redeem] {
            assert_eq!((answer.status().as_u16(), cookies(&answer).as_str()), (503, ""));
            assert!(!text(answer).await.contains("pw"), "neither nonce nor session");
        }
        assert_eq!(world.heard(), ["random_unavailable"; 3]);
        assert_eq!(world.uses(id).await, 0);
    }

    randomness.fails(Fails::Never);
    assert_eq!(world.get("/portal", &taken).await.status(), 200);
    let redeemed = world.post("/portal/redeem", &carried, &fields).await;
    let session = cookies(&redeemed);
    assert_eq!((redeemed.status().as_u16(), world.uses(id).await), (303, 1));

    // Who is inside needs no random bytes.
    randomness.fails(Fails::From(1));
    while random_id().is_ok() {}
    assert_eq!(text(world.get("/portal/", &session).await).await, "42");
    assert_eq!(world.post("/portal/renew", &session, "").await.status(), 204);
}
