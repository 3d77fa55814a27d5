//! Renewing.

use portward_http::{PEEK_COOKIE, SESSION_COOKIE};

use crate::world::{World, form};

async fn session(world: &World, link: &str) -> String {
    let peeked = form("/portal/peek", &[("token", link)]).of(world).await;
    let fields = [("nonce", &*peeked.nonce()), ("token", link)];
    let reply = form("/portal/redeem", &fields).cookie(PEEK_COOKIE, peeked.set(PEEK_COOKIE).unwrap()).of(world).await;
    reply.set(SESSION_COOKIE).unwrap().to_owned()
}

#[tokio::test]
async fn a_browser_renews_its_cookie() {
    let world = World::new();
    let old = session(&world, &world.memory.link(1)).await;
    world.memory.clock.advance(100);
    let reply = form("/portal/renew", &[]).cookie(SESSION_COOKIE, &old).of(&world).await;
    let new = reply.set(SESSION_COOKIE).unwrap();
    let line = format!("__Host-portward-session={new}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=900");
    assert_eq!((reply.status, reply.all("set-cookie"), &*reply.body), (204, vec![&*line], ""));
    assert_ne!(new, old);
}

#[tokio::test]
async fn a_program_renews_its_bearer_token() {
    let world = World::new();
    let old = session(&world, &world.memory.link(1)).await;
    for scheme in ["Bearer", "bearer", "BEARER "] {
        let request = form("/portal/renew", &[]).header("authorization", &format!("{scheme} {old}"));
        let reply = request.header("accept", "text/html").of(&world).await;
        assert_eq!((reply.status, reply.cookies().len()), (200, 0));
        let json = reply.json();
        assert!(json["session"].as_str().unwrap().starts_with("pws_") && json["session"] != *old);
        assert_eq!(json["expires_at"].as_u64(), Some(1_800_000_900));
    }
}

#[tokio::test]
async fn there_is_one_session_or_none() {
    let world = World::new();
    let link = world.memory.link(1);
    let session = session(&world, &link).await;
    let bearer = format!("Bearer {session}");
    let post = || form("/portal/renew", &[]);
    for (request, status, code) in [
        (post(), 400, "session_missing"),
        (post().cookie(SESSION_COOKIE, ""), 400, "bad_prefix"),
        (post().header("authorization", "Basic cHdzXzE6Mg=="), 400, "session_missing"),
        (post().header("authorization", "Bearer "), 400, "session_missing"),
        (post().header("authorization", &format!("Bearer {link}")), 403, "wrong_kind"),
        (post().header("authorization", "Bearer other"), 400, "bad_prefix"),
        (post().cookie(SESSION_COOKIE, &session).header("authorization", "Bearer other"), 403, "session_repeated"),
        (post().header("authorization", &session), 400, "session_missing"),
        (post().cookie(SESSION_COOKIE, &session).header("authorization", &bearer), 403, "session_repeated"),
        (post().header("authorization", &bearer).header("authorization", &bearer), 403, "session_repeated"),
        (post().cookie(SESSION_COOKIE, &session).cookie(SESSION_COOKIE, &session), 400, "cookie_repeated"),
        (post().cookie(SESSION_COOKIE, &session[1..]), 400, "bad_prefix"),
        (post().cookie(SESSION_COOKIE, &link), 403, "wrong_kind"),
    ] {
        assert_eq!((request.of(&world).await.status, world.heard()), (status, vec![code]));
    }
    // What else is in `Authorization` is the application's.
    let basic = post().cookie(SESSION_COOKIE, &session).header("authorization", "Basic cHdzXzE6Mg==");
    assert_eq!(basic.of(&world).await.status, 204);
}

#[tokio::test]
async fn what_has_ended_is_not_renewed() {
    let world = World::new();
    let link = world.memory.link(1);
    let old = session(&world, &link).await;
    let renew = async || form("/portal/renew", &[]).cookie(SESSION_COOKIE, &old).of(&world).await.status;
    assert_eq!(renew().await, 204);
    world.memory.revoke(&link);
    assert_eq!((renew().await, world.heard()), (403, vec!["link_revoked"]));
    world.memory.clock.advance(900);
    assert_eq!((renew().await, world.heard()), (403, vec!["expired"]));
}
