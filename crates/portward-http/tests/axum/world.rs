//! An application with a portal, and browsers that go there.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRef, Path, State};
use axum::http::{Method, Request, StatusCode};
use axum::routing::{get, post};
use portward::{Identifier, Permission};
use portward_http::{PageOptions, Portal, PortalOptions, Reason, Rules, RulesOptions, Session};
use tower::ServiceExt as _;

use crate::memory::Memory;

pub(crate) const ORIGIN: &str = "https://portal.example";

#[derive(Clone)]
struct App {
    portal: Portal,
    read: Permission,
}

impl FromRef<App> for Portal {
    fn from_ref(app: &App) -> Self {
        app.portal.clone()
    }
}

pub(crate) struct World {
    pub(crate) memory: Arc<Memory>,
    pub(crate) app: Router,
    log: Arc<Mutex<Vec<Reason>>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::at(ORIGIN)
    }

    pub(crate) fn at(origin: &str) -> Self {
        Self::with(Rules::new(origin, RulesOptions::default()).unwrap())
    }

    pub(crate) fn with_style(style: &str) -> Self {
        let page = PageOptions { style: style.to_owned(), ..PageOptions::default() };
        Self::with(Rules::new(ORIGIN, RulesOptions { page, ..RulesOptions::default() }).unwrap())
    }

    fn with(rules: Rules) -> Self {
        let memory = Memory::new();
        let log = Arc::new(Mutex::new(Vec::new()));
        let heard = log.clone();
        let options = PortalOptions {
            log: Box::new(move |reason| heard.lock().unwrap().push(*reason)),
            clock: Box::new(memory.clock.clone()),
        };
        let portal = Portal::new(rules, memory.verifier(), options);
        let permission = |name| memory.deployment.vocabulary.permission(name).unwrap();
        let read = permission("files:read");
        let guarded = |name| get(async || "guarded").route_layer(portal.require(permission(name)));
        let app = Router::new()
            .route("/portal/", get(async |session: Session| session.access().client().to_string()))
            .route("/portal/change", post(async |_: Session| "changed"))
            .route("/portal/file/{name}", get(file))
            .route("/portal/files", guarded("files:read"))
            .route("/portal/invoices", guarded("invoices:read"))
            .route("/portal/kept", get(async || [("cache-control", "max-age=60")]).route_layer(portal.require(read)))
            .route("/portal/{page}", get(async |Path(page): Path<String>| format!("the application's {page}")))
            .merge(portal.router(memory.clone()))
            .with_state(App { portal, read });
        Self { memory, app, log }
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Reply {
        Reply::of(self.app.clone().oneshot(request).await.unwrap()).await
    }

    /// The codes that the log heard since it was asked last.
    pub(crate) fn heard(&self) -> Vec<&'static str> {
        self.log.lock().unwrap().drain(..).map(|reason| reason.code).collect()
    }

    pub(crate) fn redeemed(&self) -> u64 {
        self.memory.calls.redeem.load(Ordering::Relaxed)
    }
}

async fn file(session: Session, State(app): State<App>, Path(name): Path<String>) -> axum::response::Result<String> {
    let name: Identifier = name.parse().map_err(|_| StatusCode::NOT_FOUND)?;
    session.allow_on(app.read, &name)?;
    Ok(format!("the file {name}"))
}

/// A request, put together header by header.
pub(crate) struct Ask(axum::http::request::Builder, Body);

pub(crate) fn ask(method: &str, path: &str) -> Ask {
    Ask(Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path), Body::empty())
}

/// A form, as a program posts it.
pub(crate) fn form(path: &str, fields: &[(&str, &str)]) -> Ask {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    ask("POST", path).header("content-type", "application/x-www-form-urlencoded").body(body)
}

impl Ask {
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value), self.1)
    }

    pub(crate) fn cookie(self, name: &str, value: &str) -> Self {
        self.header("cookie", &format!("{name}={value}"))
    }

    pub(crate) fn body(self, body: impl Into<Body>) -> Self {
        Self(self.0, body.into())
    }

    pub(crate) async fn of(self, world: &World) -> Reply {
        world.ask(self.0.body(self.1).unwrap()).await
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) async fn of(response: axum::http::Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let headers = parts.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        let headers = headers.collect();
        let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Self { status: parts.status.as_u16(), headers, body }
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| &**value).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() <= 1, "{name}: {all:?}");
        all.first().copied()
    }

    /// Names and values of the cookies that are set.
    pub(crate) fn cookies(&self) -> Vec<(&str, &str)> {
        let lines = self.all("set-cookie");
        lines.iter().map(|line| line.split(';').next().unwrap().split_once('=').unwrap()).collect()
    }

    pub(crate) fn set(&self, name: &str) -> Option<&str> {
        self.cookies().into_iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// The nonce, out of the page or out of the JSON.
    pub(crate) fn nonce(&self) -> String {
        let (open, close) =
            if self.body.starts_with('{') { ("\"nonce\":\"", '"') } else { ("name=\"nonce\" value=\"", '"') };
        self.body.split_once(open).unwrap().1.split_once(close).unwrap().0.to_owned()
    }

    pub(crate) fn is_page(&self) -> bool {
        self.header("content-type") == Some("text/html; charset=utf-8")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_str(&self.body).unwrap()
    }
}

/// From where a browser is led to an address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// A page of the portal.
    Own,
    /// A link in a mail, or typed.
    Nowhere,
    /// Another site's page.
    Foreign,
}

/// A browser: keeps cookies as their attributes say, and sends the headers that browsers send.
#[derive(Default, Clone)]
pub(crate) struct Browser {
    /// Every cookie is `Lax`: sent with what navigates here by `GET`, whoever led there, and otherwise only from here.
    jar: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.jar.contains_key(name)
    }

    pub(crate) fn value(&self, name: &str) -> &str {
        &self.jar[name]
    }

    /// Opens an address, and follows where it leads.
    pub(crate) async fn open(&mut self, world: &World, from: From, path: &str) -> Reply {
        let request = self.with_cookies(browse("GET", path, from), true);
        let reply = self.keep(request.of(world).await);
        match reply.header("location").map(str::to_owned) {
            Some(next) => Box::pin(self.open(world, from, &next)).await,
            None => reply,
        }
    }

    /// Posts a form by navigating; shows what comes without following.
    pub(crate) async fn submit(&mut self, world: &World, from: From, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let origin = if from == From::Own { ORIGIN } else { "https://evil.example" };
        let request = browse("POST", path, from)
            .header("origin", origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let reply = self.with_cookies(request, from == From::Own).of(world).await;
        self.keep(reply)
    }

    /// What the script of the page does.
    pub(crate) async fn fetch(&mut self, world: &World, path: &str, fields: &[(&str, &str)]) -> Reply {
        let request = form(path, fields)
            .header("accept", "*/*")
            .header("origin", ORIGIN)
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-mode", "cors");
        let reply = self.with_cookies(request, true).of(world).await;
        self.keep(reply)
    }

    fn with_cookies(&self, request: Ask, sent: bool) -> Ask {
        let pairs: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if sent && !pairs.is_empty() { request.header("cookie", &pairs.join("; ")) } else { request }
    }

    fn keep(&mut self, reply: Reply) -> Reply {
        for line in reply.all("set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.ends_with("Max-Age=0") {
                self.jar.remove(name);
            } else {
                assert!(line.contains("; SameSite=Lax;"), "{line}");
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }
}

fn browse(method: &str, path: &str, from: From) -> Ask {
    let site = match from {
        From::Own => "same-origin",
        From::Nowhere => "none",
        From::Foreign => "cross-site",
    };
    ask(method, path)
        .header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        .header("sec-fetch-site", site)
        .header("sec-fetch-mode", "navigate")
}
