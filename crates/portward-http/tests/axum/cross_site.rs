//! Login CSRF: another site that wants the victim's browser to come in with the attacker's link.

use portward_http::{LINK_COOKIE, PEEK_COOKIE, SESSION_COOKIE};

use crate::world::{Browser, From, ORIGIN, World, form};

#[tokio::test]
async fn a_foreign_form_is_refused() {
    let world = World::new();
    let link = world.memory.link(9);
    // The attacker has peeked with his own browser, and has a good nonce.
    let mut attacker = Browser::default();
    let nonce = attacker.fetch(&world, "/portal/peek", &[("token", &link)]).await.nonce();
    let fields = [("nonce", &*nonce), ("token", &*link)];
    assert_eq!(attacker.clone().submit(&world, From::Own, "/portal/redeem", &fields).await.status, 303);

    let mut victim = Browser::default();
    let reply = victim.submit(&world, From::Foreign, "/portal/redeem", &fields).await;
    assert_eq!((reply.status, world.heard()), (403, vec!["site_foreign"]));
    assert!(!victim.has(SESSION_COOKIE));
}

/// Each of the defences alone, in a browser that has none of the others.
#[tokio::test]
async fn each_defence_holds_alone() {
    let world = World::new();
    let link = world.memory.link(9);
    let peeked = form("/portal/peek", &[("token", &link)]).of(&world).await;
    let (nonce, cookie) = (peeked.nonce(), peeked.set(PEEK_COOKIE).unwrap().to_owned());
    let fields = [("nonce", &*nonce), ("token", &*link)];
    let post = || form("/portal/redeem", &fields);
    let with_cookie = || post().cookie(PEEK_COOKIE, &cookie);
    for (request, status, code) in [
        (with_cookie().header("origin", "https://evil.example"), 403, "origin_foreign"),
        (with_cookie().header("origin", "null"), 403, "origin_foreign"),
        (with_cookie().header("sec-fetch-site", "cross-site"), 403, "site_foreign"),
        (with_cookie().header("sec-fetch-site", "same-site").header("origin", ORIGIN), 403, "site_foreign"),
        // A browser that sends neither still does not send the cookie with a foreign site's `POST`.
        (post(), 400, "cookie_missing"),
        // The victim's own peek cookie does not fit the attacker's nonce.
        (post().cookie(PEEK_COOKIE, &"A".repeat(43)), 403, "nonce_forged"),
    ] {
        assert_eq!((request.of(&world).await.status, world.heard()), (status, vec![code]));
    }
    assert_eq!(with_cookie().of(&world).await.status, 303);
}

/// The attacker's link is put into the victim's browser while the page of the own one is open.
#[tokio::test]
async fn a_swapped_link_cookie_does_not_fit_the_nonce() {
    let world = World::new();
    let (own, foreign) = (world.memory.link(1), world.memory.link(1));
    let mut victim = Browser::default();
    let nonce = victim.open(&world, From::Nowhere, &format!("/portal/{own}")).await.nonce();
    let reply = victim.clone().submit(&world, From::Own, "/portal/redeem", &[("nonce", &nonce)]).await;
    assert_eq!(reply.status, 303, "the control");
    let _ = victim.open(&world, From::Foreign, &format!("/portal/{foreign}")).await;
    assert_eq!(victim.value(LINK_COOKIE), foreign);
    let reply = victim.submit(&world, From::Own, "/portal/redeem", &[("nonce", &nonce)]).await;
    assert_eq!((reply.status, world.heard()), (403, vec!["nonce_forged"]));
}

/// A link clicked twice in a mail program in the browser: both pages go on working.
#[tokio::test]
async fn a_link_clicked_twice_elsewhere_leaves_both_pages_good() {
    let world = World::new();
    let link = world.memory.link(2);
    let mut browser = Browser::default();
    let first = browser.open(&world, From::Foreign, &format!("/portal/{link}")).await.nonce();
    let second = browser.open(&world, From::Foreign, &format!("/portal/{link}")).await.nonce();
    let kept = browser.clone();
    for (mut browser, nonce) in [(browser, first), (kept, second)] {
        let reply = browser.submit(&world, From::Own, "/portal/redeem", &[("nonce", &nonce)]).await;
        assert_eq!(reply.status, 303);
    }
}
