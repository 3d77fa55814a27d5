//! A portal to try clients with, on this machine alone. Prints the address of a link; `revoke` on its input revokes it, the input's end ends it.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::error::Error;
use std::io::BufRead as _;
use std::sync::Arc;

use axum::extract::FromRef;
use axum::{Router, routing::get};
use portward::{Clock as _, Deployment, Keyring, LinkRequest, SystemClock, Vocabulary};
use portward_http::{Portal, PortalOptions, Rules, RulesOptions, Session};
use portward_store::events::Recorder;
use portward_store::store::{self, LinkTerms, Store, StoreOptions, Target};

#[derive(Clone)]
struct App(Portal);

impl FromRef<App> for Portal {
    fn from_ref(App(portal): &App) -> Self {
        portal.clone()
    }
}

type Fault = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let (directory, now) = (tempfile::tempdir()?, SystemClock.now().wall);
    let deployment = Arc::new(Deployment::generate(Vocabulary::portal())?);
    let keyring = Arc::new(Keyring::generate(&deployment, now)?);
    let location = format!("sqlite:{}", directory.path().join("store.db").display()).parse()?;
    store::initialise(&location, &keyring, None, &Recorder::none(), now).await?;
    let store = Store::open(&location, Arc::clone(&deployment), keyring, StoreOptions::default()).await?;

    let socket = tokio::net::TcpListener::bind("localhost:0").await?;
    let rules = Rules::new(&format!("http://localhost:{}", socket.local_addr()?.port()), RulesOptions::default())?;
    let tenant = "studio-7".parse()?;
    let request = LinkRequest::new(tenant, "ada".parse()?, deployment.vocabulary.expand(["files:*", "invoices:read"])?);
    let (link, row) = store.issue(&request, LinkTerms { uses_max: Some(5), ..LinkTerms::default() }).await?;
    println!("{}", rules.link_url_fragment(link.text()));

    let portal = Portal::new(rules, store.shared_verifier(), PortalOptions::default());
    let app = Router::new()
        .route("/portal/", get(async |session: Session| format!("Hello, {}!", session.access().client())))
        .merge(portal.router(store.clone()))
        .with_state(App(portal));
    tokio::spawn(async move { axum::serve(socket, app).await });

    let runtime = tokio::runtime::Handle::current();
    let told = move || -> Result<(), Fault> {
        for line in std::io::stdin().lock().lines() {
            if line? == "revoke" {
                runtime.block_on(store.revoke(tenant, Target::Link(row.id)))?;
                println!("revoked");
            }
        }
        Ok(())
    };
    tokio::task::spawn_blocking(told).await?
}
