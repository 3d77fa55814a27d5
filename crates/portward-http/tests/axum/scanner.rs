//! Whatever opens links without a person: none of it reaches a redemption.

use crate::fetchers::FETCHERS;
use crate::world::{Browser, From, World, ask};

#[tokio::test]
async fn fetching_a_link_spends_nothing() {
    let world = World::new();
    let link = world.memory.link(1);
    for method in ["HEAD", "GET", "OPTIONS"] {
        for headers in FETCHERS {
            for path in [format!("/portal/{link}"), "/portal".to_owned(), "/portal/redeem".to_owned()] {
                let request = ask(method, &path).cookie("__Host-portward-link", &link);
                let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
                assert!([200, 303, 405].contains(&request.of(&world).await.status));
            }
        }
    }
    assert_eq!((world.redeemed(), world.memory.uses(&link)), (0, 0));
    a_person_still_gets_in(&world, &link).await;
}

/// It keeps cookies, follows, and runs the script; it does not press the button.
#[tokio::test]
async fn a_sandbox_that_runs_scripts_spends_nothing() {
    let world = World::new();
    let link = world.memory.link(1);
    for _ in 0..3 {
        let mut sandbox = Browser::default();
        assert!(sandbox.open(&world, From::Nowhere, &format!("/portal/{link}")).await.nonce().starts_with("pwn_"));
        assert_eq!(sandbox.fetch(&world, "/portal/peek", &[("token", &link)]).await.status, 200);
    }
    assert_eq!((world.redeemed(), world.memory.uses(&link)), (0, 0));
    a_person_still_gets_in(&world, &link).await;
}

/// It takes the form out of the page, and posts it without the cookies of the page.
#[tokio::test]
async fn a_crawler_that_posts_forms_without_cookies_spends_nothing() {
    let world = World::new();
    let link = world.memory.link(1);
    let nonce = Browser::default().open(&world, From::Nowhere, &format!("/portal/{link}")).await.nonce();
    let mut crawler = Browser::default();
    let reply = crawler.submit(&world, From::Own, "/portal/redeem", &[("nonce", &nonce), ("token", &link)]).await;
    assert_eq!((reply.status, world.redeemed()), (400, 0));
    a_person_still_gets_in(&world, &link).await;
}

async fn a_person_still_gets_in(world: &World, link: &str) {
    let mut browser = Browser::default();
    let page = browser.open(world, From::Nowhere, &format!("/portal/{link}")).await;
    let reply = browser.submit(world, From::Own, "/portal/redeem", &[("nonce", &page.nonce())]).await;
    assert_eq!((reply.status, world.redeemed(), world.memory.uses(link)), (303, 1, 1));
}
