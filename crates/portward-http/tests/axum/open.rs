//! The rows of the table for `GET` and `HEAD`.

use portward::UntrustedLink;
use portward_http::{LINK_COOKIE, PEEK_COOKIE};

use crate::world::{Ask, Reply, World, ask, form};

#[tokio::test]
async fn a_link_leads_to_the_page_without_it() {
    let world = World::new();
    let link = world.memory.link(1);
    for method in ["GET", "HEAD"] {
        for path in [format!("/portal/{link}"), format!("/portal/{link}?utm_source=mail")] {
            let reply = ask(method, &path).of(&world).await;
            assert_eq!((reply.status, reply.header("location"), &*reply.body), (303, Some("/portal"), ""));
            let cookie = format!("__Host-portward-link={link}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600");
            assert_eq!(reply.all("set-cookie"), [cookie]);
        }
    }
}

#[tokio::test]
async fn a_link_is_looked_at_for_its_form_only() {
    let world = World::new();
    let foreign = World::new().memory.link(1);
    assert!(UntrustedLink::parse(&foreign).is_ok());
    assert_eq!(ask("GET", &format!("/portal/{foreign}")).of(&world).await.status, 303);
    assert_eq!(world.heard(), [""; 0]);

    let link = world.memory.link(1);
    let cut = &link[..link.len() - 1];
    for damaged in [cut, "pwl_x", "pwl_", &format!("{link}."), &format!("{link}A")] {
        for method in ["GET", "HEAD"] {
            let reply = ask(method, &format!("/portal/{damaged}")).of(&world).await;
            assert_eq!((reply.status, reply.all("set-cookie").len()), (400, 0), "{damaged}");
            assert_eq!(reply.body.is_empty(), method == "HEAD");
        }
    }
    let heard = world.heard();
    assert_eq!(heard.len(), 10);
    assert!(heard.iter().all(|code| ["bad_base64", "bad_checksum", "too_short"].contains(code)));
}

#[tokio::test]
async fn other_paths_are_the_applications() {
    let world = World::new();
    for page in ["pwl", "pws_abc", "Peek", "redeemed", "%70wl_abc"] {
        let reply = ask("GET", &format!("/portal/{page}")).of(&world).await;
        assert_eq!((reply.status, reply.body.starts_with("the application's ")), (200, true), "{page}");
        assert_eq!(reply.header("referrer-policy"), None);
    }
    for elsewhere in ["/", "/portals", "/portal/peek/", "/portal/pwl_x/", "/portal/pwl_x/more", "/Portal", "/x/portal"]
    {
        assert_eq!(ask("GET", elsewhere).of(&world).await.status, 404, "{elsewhere}");
    }
}

#[tokio::test]
async fn a_link_cookie_is_peeked_at() {
    let world = World::new();
    let link = world.memory.link(1);
    let reply = ask("GET", "/portal").cookie(LINK_COOKIE, &link).of(&world).await;
    assert_eq!((reply.status, reply.is_page()), (200, true));
    assert!(reply.body.contains(
        r#"<form id="portward" data-portward="form" method="post" action="/portal/redeem" autocomplete="off">"#
    ));
    assert!(reply.nonce().starts_with("pwn_"));
    assert!(!reply.body.contains(&link));
    let cookie = reply.set(PEEK_COOKIE).unwrap();
    let line = format!("{PEEK_COOKIE}={cookie}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600");
    assert_eq!((reply.all("set-cookie"), cookie.len()), (vec![&*line], 43));
}

#[tokio::test]
async fn without_a_link_cookie_the_script_is_left_to_look() {
    let world = World::new();
    for reply in [
        ask("GET", "/portal").of(&world).await,
        ask("GET", "/portal?x=1").of(&world).await,
        ask("GET", "/portal").cookie(&format!("\u{2000}{LINK_COOKIE}"), "pwl_x").of(&world).await,
    ] {
        assert_eq!((reply.status, reply.is_page(), reply.cookies().len()), (200, true, 0));
        assert!(reply.body.contains("history.replaceState") && reply.body.contains("<noscript>"));
        assert!(reply.body.contains(r#"autocomplete="off" hidden>"#));
    }
    assert_eq!(world.memory.calls.peek.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_head_is_its_get_without_the_body() {
    let world = World::new();
    let link = world.memory.link(1);
    let cookie = "A".repeat(43);
    let page = |method| {
        ask(method, "/portal").cookie(LINK_COOKIE, &link).cookie(PEEK_COOKIE, &cookie).header("accept", "text/html")
    };
    let empty = |method| ask(method, "/portal");
    let refused = |method| ask(method, "/portal").cookie(LINK_COOKIE, "pwl_x");
    for request in [&page as &dyn Fn(&'static str) -> Ask, &empty, &refused] {
        let (get, head) = (request("GET").of(&world).await, request("HEAD").of(&world).await);
        assert!(!get.body.is_empty() && head.body.is_empty());
        let sorted = |reply: &Reply| {
            let mut headers = reply.headers.clone();
            headers.sort();
            (reply.status, headers)
        };
        assert_eq!(sorted(&get), sorted(&head));
        assert_eq!(head.header("content-length"), Some(&*get.body.len().to_string()));
    }
}

#[tokio::test]
async fn a_good_peek_cookie_is_used_again_and_another_is_not() {
    let world = World::new();
    let link = world.memory.link(1);
    let good = "B".repeat(42) + "A";
    let with = async |cookies: &[&str]| {
        let request = ask("GET", "/portal").cookie(LINK_COOKIE, &link);
        let request = cookies.iter().fold(request, |request, cookie| request.cookie(PEEK_COOKIE, cookie));
        let reply = request.of(&world).await;
        assert_eq!(reply.status, 200);
        reply.set(PEEK_COOKIE).unwrap().to_owned()
    };
    assert_eq!(with(&[&good]).await, good);
    for bad in [&["B"][..], &["B".repeat(43).as_str()], &[&good, &good], &[&format!("{good}=")]] {
        let new = with(bad).await;
        assert!(new != good && new.len() == 43 && !bad.contains(&&*new));
    }
}

#[tokio::test]
async fn two_link_cookies_are_damaged() {
    let world = World::new();
    let link = world.memory.link(1);
    let one = || ask("GET", "/portal").cookie(LINK_COOKIE, &link);
    let reply = one().cookie(LINK_COOKIE, &link).of(&world).await;
    assert_eq!((reply.status, world.heard()), (400, vec!["cookie_repeated"]));
    assert_eq!(reply.all("set-cookie"), [GONE]);
    assert_eq!(one().of(&world).await.status, 200, "the control");
}

/// Else the browser would be refused again and again.
#[tokio::test]
async fn a_refusal_of_the_page_takes_the_link_away() {
    let world = World::new();
    let foreign = World::new().memory.link(1);
    for (link, status) in [("", 400), ("pwl_x", 400), (&*foreign, 403)] {
        for accept in ["text/html", "application/json"] {
            let reply = ask("GET", "/portal").cookie(LINK_COOKIE, link).header("accept", accept).of(&world).await;
            assert_eq!((reply.status, reply.all("set-cookie")), (status, vec![GONE]));
        }
        let other = form("/portal/peek", &[("token", link)]).cookie(LINK_COOKIE, link).of(&world).await;
        assert_eq!((other.status, other.cookies().len()), (status, 0));
    }
    // In a moment it may be good again.
    let link = world.memory.link(1);
    let reply = ask("GET", "/portal").cookie(LINK_COOKIE, &link).of(&world).await;
    assert_eq!((reply.status, reply.set(LINK_COOKIE)), (200, None), "the control");
    world.memory.set_down(true);
    let reply = ask("GET", "/portal").cookie(LINK_COOKIE, &link).of(&world).await;
    assert_eq!((reply.status, reply.cookies().len()), (503, 0));
}

const GONE: &str = "__Host-portward-link=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0";

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let world = World::new();
    let link = format!("/portal/{}", world.memory.link(1));
    for path in ["/portal", &link] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get"] {
            let reply = ask(method, path).of(&world).await;
            assert_eq!((reply.status, reply.header("allow"), &*reply.body), (405, Some("GET, HEAD"), ""));
        }
        assert!([200, 303].contains(&ask("GET", path).of(&world).await.status), "the control");
    }
    for path in ["/portal/peek", "/portal/redeem", "/portal/renew", "/portal/leave"] {
        for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post"] {
            let reply = ask(method, path).of(&world).await;
            assert_eq!((reply.status, reply.header("allow"), &*reply.body), (405, Some("POST"), ""), "{path} {method}");
        }
        assert_ne!(ask("POST", path).of(&world).await.status, 405, "the control");
    }
}
