//! The routes over a real store: what a browser, a mail scanner and a client of the interface do to a link.
#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used, reason = "test code")]

use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::FromRef;
use axum::http::{Request, Response};
use axum::{Router, routing::get};
use portward::{Clock as _, Deployment, Identifier, Keyring, LinkRequest, SystemClock, Vocabulary};
use portward_http::{Portal, PortalOptions, Reason, Rules, RulesOptions, Session};
use portward_store::events::Recorder;
use portward_store::store::{self, LinkTerms, Store, StoreOptions, Target};
use tower::ServiceExt as _;

use crate::fetchers::FETCHERS;

mod browser;
mod chromium;
#[path = "../common/fetchers.rs"]
mod fetchers;
#[cfg(target_os = "linux")]
mod random;

#[derive(Clone)]
struct App(Portal);

impl FromRef<App> for Portal {
    fn from_ref(App(portal): &App) -> Self {
        portal.clone()
    }
}

struct World {
    store: Store,
    app: Router,
    tenant: Identifier,
    log: Arc<Mutex<Vec<Reason>>>,
    _directory: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        Self::at("https://portal.example").await
    }

    async fn at(origin: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let now = SystemClock.now().wall;
        let deployment = Arc::new(Deployment::generate(Vocabulary::portal()).unwrap());
        let keyring = Arc::new(Keyring::generate(&deployment, now).unwrap());
        let location = format!("sqlite:{}", directory.path().join("store.db").display()).parse().unwrap();
        store::initialise(&location, &keyring, None, &Recorder::none(), now).await.unwrap();
        let store = Store::open(&location, deployment, keyring, StoreOptions::default()).await.unwrap();
        let rules = Rules::new(origin, RulesOptions::default()).unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let heard = log.clone();
        let log_reason = Box::new(move |reason: &Reason| heard.lock().unwrap().push(*reason));
        let options = PortalOptions { log: log_reason, ..PortalOptions::default() };
        let portal = Portal::new(rules, store.shared_verifier(), options);
        let app = Router::new()
            .route("/portal/", get(async |session: Session| session.access().client().to_string()))
            .merge(portal.router(store.clone()))
            .with_state(App(portal));
        Self { store, app, tenant: "studio-7".parse().unwrap(), log, _directory: directory }
    }

    async fn link(&self, uses_max: u32) -> (String, [u8; 16]) {
        let permissions = self.store.deployment().vocabulary.expand(["files:*"]).unwrap();
        let request = LinkRequest::new(self.tenant, "42".parse().unwrap(), permissions);
        let terms = LinkTerms { uses_max: Some(uses_max), ..LinkTerms::default() };
        let (token, link) = self.store.issue(&request, terms).await.unwrap();
        (token.text().to_owned(), link.id)
    }

    async fn uses(&self, id: [u8; 16]) -> u64 {
        self.store.link(self.tenant, id).await.unwrap().uses
    }

    /// The codes that the log heard since it was asked last.
    fn heard(&self) -> Vec<&'static str> {
        self.log.lock().unwrap().drain(..).map(|reason| reason.code).collect()
    }

    async fn ask(&self, request: Request<Body>) -> Response<Body> {
        self.app.clone().oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str, cookies: &str) -> Response<Body> {
        self.ask(Request::get(path).header("cookie", cookies).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, cookies: &str, fields: &str) -> Response<Body> {
        let request = Request::post(path).header("cookie", cookies).header("origin", "https://portal.example");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.ask(request.body(Body::from(fields.to_owned())).unwrap()).await
    }
}

fn cookies(response: &Response<Body>) -> String {
    let lines = response.headers().get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    lines.filter_map(|line| line.split(';').next()).collect::<Vec<_>>().join("; ")
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
}

/// Scanners come first, then the person, then the tenant who has had enough.
#[tokio::test]
async fn a_link_of_one_use_from_mail_to_revocation() {
    let world = World::new().await;
    let (link, id) = world.link(1).await;
    for _ in 0..10 {
        let taken = world.get(&format!("/portal/{link}"), "").await;
        assert_eq!(taken.status(), 303);
        let page = world.get("/portal", &cookies(&taken)).await;
        assert_eq!(page.status(), 200, "a scanner follows, and runs the script");
        let _ = world.post("/portal/peek", "", &format!("token={link}")).await;
    }
    for (headers, method) in FETCHERS.into_iter().flat_map(|headers| ["HEAD", "GET", "OPTIONS"].map(|m| (headers, m))) {
        for path in [format!("/portal/{link}"), "/portal".to_owned(), "/portal/redeem".to_owned()] {
            let request =
                Request::builder().method(method).uri(&path).header("cookie", cookies(&world.get(&path, "").await));
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            let status = world.ask(request.body(Body::empty()).unwrap()).await.status();
            assert!([200, 303, 405].contains(&status.as_u16()), "{method} {path}: {status}");
        }
    }
    assert_eq!(world.uses(id).await, 0);

    let taken = world.get(&format!("/portal/{link}"), "").await;
    let page = world.get("/portal", &cookies(&taken)).await;
    let carried = format!("{}; {}", cookies(&taken), cookies(&page));
    let html = text(page).await;
    let nonce = html.split("pwn_").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let fields = format!("nonce=pwn_{nonce}");
    let redeemed = world.post("/portal/redeem", &carried, &fields).await;
    assert_eq!(redeemed.status(), 303);
    let session = cookies(&redeemed);
    assert_eq!(text(world.get("/portal/", &session).await).await, "42");
    assert_eq!(world.post("/portal/redeem", &carried, &fields).await.status(), 303, "a lost answer costs no use");
    assert_eq!(world.uses(id).await, 1);
    let renewed = world.post("/portal/renew", &session, "").await;
    assert_eq!(renewed.status(), 204);

    let again = world.get("/portal", &cookies(&taken)).await;
    let carried = format!("{}; {}", cookies(&taken), cookies(&again));
    let html = text(again).await;
    let nonce = html.split("pwn_").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let spent = world.post("/portal/redeem", &carried, &format!("nonce=pwn_{nonce}")).await;
    assert_eq!(spent.status(), 403, "another use is refused");

    world.store.revoke(world.tenant, Target::Link(id)).await.unwrap();
    for cookies in [&session, &cookies(&renewed)] {
        assert_eq!(world.get("/portal/", cookies).await.status(), 403);
        assert_eq!(world.post("/portal/renew", cookies, "").await.status(), 403);
    }
}

#[tokio::test]
async fn a_client_of_the_interface_redeems_without_a_page() {
    let world = World::new().await;
    let (link, _) = world.link(1).await;
    let peeked = world.post("/portal/peek", "", &format!("token={link}")).await;
    let cookie = cookies(&peeked);
    let nonce: serde_json::Value = serde_json::from_str(&text(peeked).await).unwrap();
    let fields = format!("token={link}&nonce={}", nonce["nonce"].as_str().unwrap());
    let request = Request::post("/portal/redeem").header("cookie", cookie).header("accept", "application/json");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(fields)).unwrap();
    let redeemed = world.ask(request).await;
    assert_eq!(redeemed.status(), 200);
    let redeemed: serde_json::Value = serde_json::from_str(&text(redeemed).await).unwrap();
    let bearer = format!("Bearer {}", redeemed["session"].as_str().unwrap());
    let request = Request::get("/portal/").header("authorization", bearer).body(Body::empty()).unwrap();
    assert_eq!(text(world.ask(request).await).await, "42");
}
