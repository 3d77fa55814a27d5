//! The extractor and the guard: no store is asked.

use std::sync::atomic::Ordering;

use portward_http::{PEEK_COOKIE, SESSION_COOKIE};

use crate::world::{ORIGIN, World, ask, form};

async fn session(world: &World) -> String {
    session_of(world, &world.memory.link(1)).await
}

async fn session_of(world: &World, link: &str) -> String {
    let peeked = form("/portal/peek", &[("token", link)]).of(world).await;
    let fields = [("nonce", &*peeked.nonce()), ("token", link)];
    let reply = form("/portal/redeem", &fields).cookie(PEEK_COOKIE, peeked.set(PEEK_COOKIE).unwrap()).of(world).await;
    reply.set(SESSION_COOKIE).unwrap().to_owned()
}

#[tokio::test]
async fn a_session_comes_as_cookie_or_as_bearer_token() {
    let world = World::new();
    let session = session(&world).await;
    world.memory.set_down(true);
    let bearer = format!("Bearer {session}");
    let home = || ask("GET", "/portal/");
    assert_eq!(home().cookie(SESSION_COOKIE, &session).of(&world).await.body, "42");
    assert_eq!(home().header("authorization", &bearer).of(&world).await.body, "42");
    for (request, code) in [
        (home(), "session_missing"),
        (home().cookie(SESSION_COOKIE, &session).header("authorization", &bearer), "session_repeated"),
        (home().cookie(SESSION_COOKIE, &world.memory.link(1)), "wrong_kind"),
        (home().cookie(&format!("\u{2000}{SESSION_COOKIE}"), &session), "session_missing"),
    ] {
        let reply = request.of(&world).await;
        assert_eq!((reply.status, reply.body.as_str(), world.heard()), (403, r#"{"error":"refused"}"#, vec![code]));
    }
    assert_eq!(world.memory.calls.renew.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_session_ends() {
    let world = World::new();
    let session = session(&world).await;
    let status = async || ask("GET", "/portal/").cookie(SESSION_COOKIE, &session).of(&world).await.status;
    world.memory.clock.advance(899);
    assert_eq!(status().await, 200);
    world.memory.clock.advance(1);
    assert_eq!((status().await, world.heard()), (403, vec!["expired"]));
}

#[tokio::test]
async fn a_change_with_a_cookie_comes_from_the_own_pages() {
    let world = World::new();
    let session = session(&world).await;
    let change = || ask("POST", "/portal/change").cookie(SESSION_COOKIE, &session);
    assert_eq!(change().of(&world).await.status, 200);
    assert_eq!(change().header("origin", ORIGIN).header("sec-fetch-site", "same-origin").of(&world).await.status, 200);
    let null = change().header("origin", "null").header("sec-fetch-site", "same-origin");
    assert_eq!(null.of(&world).await.status, 200);
    for (name, value, code) in [
        ("origin", "https://evil.portal.example", "origin_foreign"),
        ("origin", "null", "origin_foreign"),
        ("sec-fetch-site", "same-site", "site_foreign"),
    ] {
        assert_eq!((change().header(name, value).of(&world).await.status, world.heard()), (403, vec![code]));
    }
    // Nobody's browser sends a bearer token by itself, and nothing is changed by looking.
    let bearer = ask("POST", "/portal/change").header("authorization", &format!("Bearer {session}"));
    assert_eq!(bearer.header("origin", "https://app.example").of(&world).await.status, 200);
    let look = ask("GET", "/portal/").cookie(SESSION_COOKIE, &session).header("sec-fetch-site", "cross-site");
    assert_eq!(look.of(&world).await.status, 200);
}

/// A cache gives what one client was answered to nobody else.
#[tokio::test]
async fn what_lies_behind_the_guard_is_kept_apart() {
    let world = World::new();
    let session = session(&world).await;
    for (path, kept) in [("/portal/files", &["private"][..]), ("/portal/kept", &["max-age=60", "private"])] {
        let answer = ask("GET", path).cookie(SESSION_COOKIE, &session).of(&world).await;
        assert_eq!(
            (answer.all("cache-control"), answer.header("vary")),
            (kept.to_vec(), Some("Cookie, Authorization"))
        );
    }
    let refused = ask("GET", "/portal/files").of(&world).await;
    assert_eq!((refused.status, refused.header("cache-control")), (403, Some("no-store")));
}

#[tokio::test]
async fn the_guard_and_the_handler_ask_for_permissions() {
    let world = World::new();
    let session = session(&world).await;
    let open = |path: &str| ask("GET", path).cookie(SESSION_COOKIE, &session);
    assert_eq!(open("/portal/files").of(&world).await.body, "guarded");
    assert_eq!(open("/portal/file/contract.pdf").of(&world).await.body, "the file contract.pdf");
    let refused = open("/portal/invoices").of(&world).await;
    assert_eq!((refused.status, world.heard()), (403, vec!["permission_denied"]));
    let anybody = ask("GET", "/portal/files").of(&world).await;
    assert_eq!((anybody.status, world.heard()), (403, vec!["session_missing"]));
    assert_eq!(refused, anybody);
}

/// A session that is good for one resource opens that, no other, and nothing that names none.
#[tokio::test]
async fn guard_and_handler_ask_for_the_resource() {
    let world = World::new();
    let whole = world.memory.link(1);
    let narrowing = portward::Narrowing::new().resources(["contract.pdf".parse().unwrap()]).unwrap();
    let narrowed = portward::UntrustedLink::parse(&whole).unwrap().narrow(&narrowing).unwrap();
    let session = session_of(&world, &narrowed).await;
    let open = |path: &str| ask("GET", path).cookie(SESSION_COOKIE, &session);
    assert_eq!(open("/portal/file/contract.pdf").of(&world).await.body, "the file contract.pdf");
    let refused = open("/portal/file/other.pdf").of(&world).await;
    assert_eq!((refused.status, world.heard()), (403, vec!["resource_denied"]));
    let unnamed = open("/portal/files").of(&world).await;
    assert_eq!((unnamed.status, world.heard()), (403, vec!["resource_required"]));
    assert_eq!(refused, unnamed);
}
