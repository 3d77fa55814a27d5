//! Peeking and redeeming.

use portward_http::{LINK_COOKIE, PEEK_COOKIE, SESSION_COOKIE};

use crate::world::{Ask, Browser, From, Reply, World, form};

const GONE: [&str; 2] = [
    "__Host-portward-link=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
    "__Host-portward-peek=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
];

/// What a program does first.
async fn peek(world: &World, token: &str) -> (String, String) {
    let reply = form("/portal/peek", &[("token", token)]).of(world).await;
    (reply.nonce(), reply.set(PEEK_COOKIE).unwrap().to_owned())
}

fn redeem(token: &str, nonce: &str, cookie: &str) -> Ask {
    form("/portal/redeem", &[("nonce", nonce), ("token", token)]).cookie(PEEK_COOKIE, cookie)
}

#[tokio::test]
async fn a_browser_redeems_a_link_in_the_path() {
    let world = World::new();
    let link = world.memory.link(1);
    let mut browser = Browser::default();
    let page = browser.open(&world, From::Nowhere, &format!("/portal/{link}")).await;
    let reply = browser.submit(&world, From::Own, "/portal/redeem", &[("nonce", &page.nonce())]).await;
    assert_eq!((reply.status, reply.header("location"), &*reply.body), (303, Some("/portal/"), ""));
    let session = reply.set(SESSION_COOKIE).unwrap();
    let line = format!("__Host-portward-session={session}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=900");
    assert_eq!(reply.all("set-cookie"), [&line, GONE[0], GONE[1]]);
    assert!(!browser.has(LINK_COOKIE) && !browser.has(PEEK_COOKIE));
    let home = browser.open(&world, From::Own, "/portal/").await;
    assert_eq!((home.status, &*home.body), (200, "42"));
    assert_eq!((world.memory.uses(&link), world.heard()), (1, vec![]));
}

#[tokio::test]
async fn a_browser_redeems_a_link_in_the_fragment() {
    let world = World::new();
    let link = world.memory.link(1);
    let mut browser = Browser::default();
    let page = browser.open(&world, From::Nowhere, "/portal").await;
    assert_eq!(page.status, 200);
    let peeked = browser.fetch(&world, "/portal/peek", &[("token", &link)]).await;
    assert_eq!(peeked.status, 200);
    let expires_at = peeked.json()["expires_at"].as_u64();
    assert_eq!((expires_at, peeked.json().as_object().unwrap().len()), (Some(1_800_000_600), 2));
    let fields = [("nonce", &*peeked.nonce()), ("token", &link)];
    let reply = browser.submit(&world, From::Own, "/portal/redeem", &fields).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/portal/")));
    assert_eq!(browser.open(&world, From::Own, "/portal/").await.body, "42");
}

#[tokio::test]
async fn a_program_gets_json_and_no_session_cookie() {
    let world = World::new();
    let link = world.memory.link(1);
    let (nonce, cookie) = peek(&world, &link).await;
    let reply = redeem(&link, &nonce, &cookie).header("accept", "application/json").of(&world).await;
    assert_eq!((reply.status, reply.all("set-cookie")), (200, GONE.to_vec()));
    let json = reply.json();
    assert!(json["session"].as_str().unwrap().starts_with("pws_"));
    assert_eq!((json["expires_at"].as_u64(), json.as_object().unwrap().len()), (Some(1_800_000_900), 2));
}

#[tokio::test]
async fn json_is_for_who_accepts_no_page() {
    let world = World::new();
    let link = world.memory.link(1);
    let (nonce, cookie) = peek(&world, &link).await;
    let status = async |accept: Option<&str>| {
        let request = redeem(&link, &nonce, &cookie);
        accept.map_or(redeem(&link, &nonce, &cookie), |accept| request.header("accept", accept)).of(&world).await.status
    };
    for json in ["application/json", "application/json, */*", "application/json, text/html;q=0"] {
        assert_eq!(status(Some(json)).await, 200, "{json}");
    }
    for page in ["text/html", "application/json, text/html", "application/*", "*/*", "image/png"] {
        assert_eq!(status(Some(page)).await, 303, "{page}");
    }
    assert_eq!(status(None).await, 303);
    assert_eq!(world.memory.uses(&link), 1);
}

#[tokio::test]
async fn the_same_nonce_again_gives_a_session_without_a_use() {
    let world = World::new();
    let link = world.memory.link(1);
    let (nonce, cookie) = peek(&world, &link).await;
    let first = redeem(&link, &nonce, &cookie).of(&world).await;
    let again = redeem(&link, &nonce, &cookie).of(&world).await;
    assert_eq!((first.status, again.status, world.memory.uses(&link)), (303, 303, 1));
    assert_ne!(first.set(SESSION_COOKIE), again.set(SESSION_COOKIE));

    let (nonce, cookie) = peek(&world, &link).await;
    assert_eq!(redeem(&link, &nonce, &cookie).of(&world).await.status, 403);
    assert_eq!(world.heard(), ["uses_exhausted"]);
}

#[tokio::test]
async fn a_nonce_is_good_for_its_link_its_cookie_and_its_time() {
    let world = World::new();
    let (link, other) = (world.memory.link(1), world.memory.link(1));
    let (nonce, cookie) = peek(&world, &link).await;
    let (_, other_cookie) = peek(&world, &link).await;
    let code = async |request: Ask| {
        let reply: Reply = request.of(&world).await;
        (reply.status, world.heard().pop())
    };
    assert_eq!(code(redeem(&other, &nonce, &cookie)).await, (403, Some("nonce_forged")));
    assert_eq!(code(redeem(&link, &nonce, &other_cookie)).await, (403, Some("nonce_forged")));
    world.memory.clock.advance(600);
    assert_eq!(code(redeem(&link, &nonce, &cookie)).await, (403, Some("nonce_expired")));
    assert_eq!((world.memory.uses(&link), world.memory.uses(&other)), (0, 0));
    let (nonce, cookie) = peek(&world, &link).await;
    world.memory.clock.advance(599);
    assert_eq!(code(redeem(&link, &nonce, &cookie)).await, (303, None));
}

#[tokio::test]
async fn what_is_missing_or_damaged_never_reaches_the_store() {
    let world = World::new();
    let link = world.memory.link(1);
    let (nonce, cookie) = peek(&world, &link).await;
    let fields = [("nonce", &*nonce), ("token", &*link)];
    let post = || form("/portal/redeem", &fields);
    for (request, status, code) in [
        (post(), 400, "cookie_missing"),
        (post().cookie(PEEK_COOKIE, ""), 400, "cookie_malformed"),
        (post().cookie("portward-peek", &cookie), 400, "cookie_missing"),
        (post().cookie(PEEK_COOKIE, &cookie[1..]), 400, "cookie_malformed"),
        (post().cookie(PEEK_COOKIE, &format!("{cookie}=")), 400, "cookie_malformed"),
        (post().cookie(PEEK_COOKIE, &cookie).cookie(PEEK_COOKIE, &cookie), 400, "cookie_repeated"),
        (form("/portal/redeem", &fields[..1]).cookie(PEEK_COOKIE, &cookie), 400, "link_missing"),
        (
            form("/portal/redeem", &fields[..1]).cookie(PEEK_COOKIE, &cookie).cookie(LINK_COOKIE, ""),
            400,
            "link_missing",
        ),
        (
            form("/portal/redeem", &[("nonce", &nonce[1..]), fields[1]]).cookie(PEEK_COOKIE, &cookie),
            400,
            "nonce_malformed",
        ),
        (form("/portal/redeem", &fields[1..]).cookie(PEEK_COOKIE, &cookie), 400, "field_missing"),
    ] {
        assert_eq!((request.of(&world).await.status, world.heard()), (status, vec![code]));
    }
    assert_eq!(world.redeemed(), 0);
    assert_eq!(post().cookie(PEEK_COOKIE, &cookie).of(&world).await.status, 303);
}

#[tokio::test]
async fn the_field_goes_before_the_cookie() {
    let world = World::new();
    let (link, other) = (world.memory.link(1), world.memory.link(1));
    let (nonce, cookie) = peek(&world, &link).await;
    assert_eq!(redeem(&link, &nonce, &cookie).cookie(LINK_COOKIE, &other).of(&world).await.status, 303);
    assert_eq!((world.memory.uses(&link), world.memory.uses(&other)), (1, 0));
    // An empty field is a field, and damaged.
    let empty = redeem("", &nonce, &cookie).cookie(LINK_COOKIE, &link).of(&world).await;
    assert_eq!((empty.status, world.heard()), (400, vec!["link_missing"]));
}

#[tokio::test]
async fn two_pages_of_one_browser_both_work() {
    let world = World::new();
    let (one, two) = (world.memory.link(1), world.memory.link(1));
    let mut browser = Browser::default();
    let first = browser.fetch(&world, "/portal/peek", &[("token", &one)]).await.nonce();
    let _ = browser.fetch(&world, "/portal/peek", &[("token", &two)]).await;
    let reply = browser.submit(&world, From::Own, "/portal/redeem", &[("nonce", &first), ("token", &one)]).await;
    assert_eq!(reply.status, 303);
}
