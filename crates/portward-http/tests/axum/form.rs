//! What every `POST` has to be.

use portward_http::{BODY_MAX, LINK_COOKIE, PEEK_COOKIE, SESSION_COOKIE};

use crate::world::{Ask, Reply, World, ask, form};

const FORM: &str = "application/x-www-form-urlencoded";
const ROUTES: [&str; 4] = ["/portal/peek", "/portal/redeem", "/portal/renew", "/portal/leave"];

#[tokio::test]
async fn the_type_is_that_of_a_form() {
    let world = World::new();
    let token = world.memory.link(1);
    let body = format!("token={token}");
    for good in [FORM, "Application/X-WWW-Form-urlencoded", &format!("{FORM};charset=UTF-8"), &format!("{FORM} ; a=b")]
    {
        let request = ask("POST", "/portal/peek").header("content-type", good).body(body.clone());
        assert_eq!(request.of(&world).await.status, 200, "{good}");
    }
    for route in ROUTES {
        for bad in [
            "",
            "text/plain",
            "application/json",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencodedx",
        ] {
            let reply = ask("POST", route).header("content-type", bad).body(body.clone()).of(&world).await;
            assert_eq!((reply.status, &*reply.body), (415, ""), "{route} {bad}");
        }
        assert_eq!(ask("POST", route).body(body.clone()).of(&world).await.status, 415);
        // Where there is no body there is nothing to be of a type.
        assert_ne!(ask("POST", route).of(&world).await.status, 415);
        let twice = ask("POST", route).header("content-type", FORM).header("content-type", FORM);
        assert_eq!(twice.body(body.clone()).of(&world).await.status, 415);
    }
}

#[tokio::test]
async fn the_body_has_an_end() {
    let world = World::new();
    let token = world.memory.link(1);
    let padded = |length: usize| {
        let start = format!("token={token}&other=");
        format!("{start}{}", "x".repeat(length - start.len()))
    };
    let send = async |body: axum::body::Body| {
        ask("POST", "/portal/peek").header("content-type", FORM).body(body).of(&world).await.status
    };
    assert_eq!(send(padded(BODY_MAX).into()).await, 200);
    assert_eq!(send(padded(BODY_MAX + 1).into()).await, 413);
    // One that says nothing of its length is read up to the limit and no further.
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>("x=".repeat(100)));
    assert_eq!(send(axum::body::Body::from_stream(endless)).await, 413);
    for route in ROUTES {
        let reply = ask("POST", route).header("content-type", FORM).body(padded(BODY_MAX + 1)).of(&world).await;
        assert_eq!((reply.status, &*reply.body), (413, ""), "{route}");
    }
}

#[tokio::test]
async fn each_field_is_there_at_most_once() {
    let world = World::new();
    let token = world.memory.link(1);
    assert_eq!(form("/portal/peek", &[("token", &token), ("other", "1")]).of(&world).await.status, 200);
    for route in ROUTES {
        for fields in [[("token", &*token), ("token", &token)], [("other", "1"), ("other", "2")]] {
            assert_eq!(form(route, &fields).of(&world).await.status, 400, "{route}");
            assert_eq!(world.heard(), ["field_repeated"]);
        }
    }
}

#[tokio::test]
async fn a_field_that_is_missing_or_empty_is_damaged() {
    let world = World::new();
    let token = world.memory.link(1);
    for fields in [&[("nonce", "pwn_x")][..], &[("token", "")], &[]] {
        // The link cookie is not for this route.
        let reply = form("/portal/peek", fields).cookie(LINK_COOKIE, &token).of(&world).await;
        assert_eq!((reply.status, world.heard()), (400, vec!["field_missing"]));
    }
    let peeked = form("/portal/peek", &[("token", &token)]).of(&world).await;
    assert_eq!(peeked.status, 200, "the control");
    let (nonce, cookie) = (peeked.nonce(), peeked.set(PEEK_COOKIE).unwrap());
    for fields in [&[("token", &*token)][..], &[("token", &token), ("nonce", "")]] {
        let reply = form("/portal/redeem", fields).cookie(PEEK_COOKIE, cookie).of(&world).await;
        assert_eq!((reply.status, world.heard()), (400, vec!["field_missing"]));
    }
    let both = form("/portal/redeem", &[("token", &token), ("nonce", &nonce)]).cookie(PEEK_COOKIE, cookie);
    assert_eq!(both.of(&world).await.status, 303, "the control");
}

#[tokio::test]
async fn the_first_of_several_faults_decides() {
    let world = World::new();
    let long = || "a=&a=&".repeat(1000);
    let foreign = |request: Ask| request.header("origin", "https://evil.example");
    let typed = |request: Ask| request.header("content-type", "text/plain");
    let status = async |request: Ask| request.of(&world).await.status;
    assert_eq!(status(foreign(typed(ask("PUT", "/portal/redeem").body(long())))).await, 405);
    assert_eq!(status(foreign(typed(ask("POST", "/portal/redeem").body(long())))).await, 403);
    assert_eq!(status(typed(ask("POST", "/portal/redeem").body(long()))).await, 413);
    assert_eq!(status(typed(ask("POST", "/portal/redeem").body("a=&a=&"))).await, 415);
    assert_eq!(status(form("/portal/redeem", &[("a", ""), ("a", "")])).await, 400);
}

#[tokio::test]
async fn only_the_own_pages_and_programs_post() {
    let world = World::new();
    let token = world.memory.link(1);
    let send = async |headers: &[(&str, &str)]| {
        let request = form("/portal/peek", &[("token", &token)]);
        headers.iter().fold(request, |request, (name, value)| request.header(name, value)).of(&world).await.status
    };
    let own = ("origin", crate::world::ORIGIN);
    assert_eq!(send(&[]).await, 200);
    assert_eq!(send(&[own]).await, 200);
    assert_eq!(send(&[own, ("sec-fetch-site", "same-origin")]).await, 200);
    assert_eq!(send(&[own, ("sec-fetch-site", "none")]).await, 200);
    assert_eq!(send(&[("origin", "https://evil.example")]).await, 403);
    assert_eq!(send(&[("origin", "null")]).await, 403);
    assert_eq!(send(&[("sec-fetch-site", "cross-site")]).await, 403);
    assert_eq!(send(&[own, ("sec-fetch-site", "same-site")]).await, 403);
    assert_eq!(world.heard(), ["origin_foreign", "origin_foreign", "site_foreign", "site_foreign"]);
    for route in ROUTES {
        let reply = form(route, &[]).header("origin", "https://evil.example").of(&world).await;
        assert_eq!((reply.status, reply.json()["error"].as_str()), (403, Some("refused")), "{route}");
    }
}

#[tokio::test]
async fn leaving_takes_the_session_away() {
    let world = World::new();
    for request in [form("/portal/leave", &[]), form("/portal/leave", &[]).cookie(SESSION_COOKIE, "pws_x")] {
        let reply: Reply = request.of(&world).await;
        let gone = "__Host-portward-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0";
        assert_eq!((reply.status, reply.all("set-cookie"), &*reply.body), (204, vec![gone], ""));
    }
}
