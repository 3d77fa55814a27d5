//! The page in Chromium, with a real store behind it. Chromium is the judge of cookies, policies and what is in the address bar.

use axum::response::Html;
use axum::routing::get;
use axum::{Router, http::HeaderName};
use portward_http::SESSION_COOKIE;
use portward_store::store::Target;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::World;
use crate::chromium::Driver;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and chromedriver; `cargo xtask test browser` installs and runs it"]
async fn links_in_chromium() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let world = World::at(&origin).await;
    // Forms of a page of the application that sends no referrer have `Origin: null`.
    let leave = r#"<form method="post" action="/portal/leave"><button>Leave</button></form>"#;
    let policy = (HeaderName::from_static("referrer-policy"), "no-referrer");
    let app = world.app.clone().route("/leave", get(async move || ([policy], Html(leave))));
    tokio::spawn(axum::serve(listener, app).into_future());

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    let (attack, attack_id) = world.link(9).await;
    let (mailed, mailed_id) = world.link(1).await;
    let page = format!(
        r#"<form method="post" action="{origin}/portal/redeem"><input name="token" value="{attack}"><input name="nonce" value="pwn_1-x"><button>Win</button></form><a href="{origin}/portal/{mailed}">Portal</a>"#
    );
    tokio::spawn(axum::serve(listener, Router::new().route("/", get(async || Html(page)))).into_future());

    let driver = Driver::start();
    let portal = format!("{origin}/portal");
    let home = format!("{origin}/portal/");

    // A link in the path.
    let (link, link_id) = world.link(1).await;
    let chromium = driver.chromium();
    chromium.open(&format!("{portal}/{link}"));
    assert_eq!((chromium.address(), chromium.shown()), (portal.clone(), "form".to_owned()));
    assert_eq!((world.uses(link_id).await, chromium.run("return document.cookie")), (0, json!("")));
    // No other script runs, not even one that is put into the page.
    let inject = "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); return window.ran";
    assert_eq!(chromium.run(inject), Value::Null);
    chromium.click("button");
    chromium.wait("the application's page", || chromium.address() == home);
    assert_eq!((chromium.text(), world.uses(link_id).await, world.heard()), ("42".to_owned(), 1, vec![]));
    assert_eq!(chromium.cookies(), [SESSION_COOKIE]);
    // And out again, from a page of the application.
    chromium.open(&format!("{origin}/leave"));
    chromium.click("button");
    chromium.wait("leaving", || chromium.cookies().is_empty());
    chromium.close();

    // A link in a mail, in the browser.
    let chromium = driver.chromium();
    chromium.open(&elsewhere);
    chromium.click("a");
    chromium.wait("the form", || chromium.address() == portal && chromium.shown() == "form");
    chromium.click("button");
    chromium.wait("the application's page", || chromium.address() == home);
    assert_eq!((chromium.text(), world.uses(mailed_id).await, world.heard()), ("42".to_owned(), 1, vec![]));
    chromium.close();

    // A link in the fragment.
    let (link, link_id) = world.link(1).await;
    let chromium = driver.chromium();
    chromium.open(&format!("{portal}#{link}"));
    chromium.wait("the form", || chromium.shown() == "form");
    assert_eq!(chromium.address(), portal);
    assert_eq!((world.uses(link_id).await, chromium.run("return history.state")), (0, Value::Null));
    chromium.click("button");
    chromium.wait("the application's page", || chromium.address() == home);
    assert_eq!((chromium.text(), world.uses(link_id).await, world.heard()), ("42".to_owned(), 1, vec![]));
    // The tenant has had enough.
    world.store.revoke(world.tenant, Target::Link(link_id)).await.unwrap();
    chromium.open(&home);
    assert_eq!((chromium.text().contains("42"), world.heard()), (false, vec!["link_revoked"]));
    chromium.close();

    // Links that are no good, and a good one in the same tab behind each.
    let chromium = driver.chromium();
    chromium.open(&portal);
    assert_eq!(chromium.shown(), "missing");
    chromium.open(&format!("{portal}#pwl_x"));
    chromium.wait("what is said of a damaged link", || chromium.shown() == "damaged");
    assert_eq!(chromium.address(), portal);
    let (foreign, _) = World::new().await.link(1).await;
    chromium.open(&format!("{portal}#{foreign}"));
    chromium.wait("what is said of a refused link", || chromium.shown() == "refused");
    chromium.open(&format!("{portal}/{foreign}"));
    assert_eq!((chromium.address(), chromium.shown()), (portal.clone(), "refused".to_owned()));
    // Its cookie is still there.
    let (link, link_id) = world.link(1).await;
    chromium.open(&format!("{portal}#{link}"));
    chromium.wait("the form", || chromium.shown() == "form");
    assert_eq!(chromium.address(), portal);
    chromium.click("button");
    chromium.wait("the application's page", || chromium.address() == home);
    assert_eq!(world.uses(link_id).await, 1);
    chromium.close();

    // Another site.
    let _ = world.heard();
    let chromium = driver.chromium();
    chromium.open(&elsewhere);
    chromium.click("button");
    chromium.wait("the refusal", || chromium.address() == format!("{origin}/portal/redeem"));
    assert_eq!((chromium.shown(), world.heard()), ("refused".to_owned(), vec!["site_foreign"]));
    assert_eq!((chromium.cookies().len(), world.uses(attack_id).await), (0, 0));
    chromium.close();
}
