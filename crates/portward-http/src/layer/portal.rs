use core::fmt;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request as AxumRequest;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use axum::routing::any;
use portward::{Access, Clock, SystemClock, Verifier};

use crate::action::Action;
use crate::answer::Answer;
use crate::links::Links;
use crate::refusal::Reason;
use crate::request::{BODY_MAX, Request};
use crate::rules::Rules;

/// What a portal can be told besides its rules and its verifier.
pub struct PortalOptions {
    /// Is called with the exact reason of every refusal, on the thread that serves the request. By default nobody hears of them.
    pub log: Box<dyn Fn(&Reason) + Send + Sync>,
    /// The time.
    pub clock: Box<dyn Clock + Send + Sync>,
}

impl Default for PortalOptions {
    fn default() -> Self {
        Self { log: Box::new(|_| ()), clock: Box::new(SystemClock) }
    }
}

/// A portal in an axum application: a part of its state, cheap to clone.
///
/// [`Portal::router`] serves the routes of the rules. The extractor [`Session`](crate::Session) and the guard [`Portal::require`] verify a
/// session without any database.
#[derive(Clone)]
pub struct Portal(Arc<Shared>);

struct Shared {
    rules: Rules,
    verifier: Arc<Verifier>,
    options: PortalOptions,
}

impl Portal {
    /// A portal with these rules, whose sessions this verifier believes.
    pub fn new(rules: Rules, verifier: impl Into<Arc<Verifier>>, options: PortalOptions) -> Self {
        Self(Arc::new(Shared { rules, verifier: verifier.into(), options }))
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.0.rules
    }

    /// The routes `P`, `P/pwl_…`, `P/peek`, `P/redeem`, `P/renew` and `P/leave`, to be merged into the application's at its root. Other
    /// paths below `P` stay the application's; `P/` is where a redeemed link leads.
    pub fn router<S: Clone + Send + Sync + 'static>(&self, links: impl Links) -> Router<S> {
        let (portal, links) = (self.clone(), Arc::new(links));
        let serve = any(move |request: AxumRequest| {
            let (portal, links) = (portal.clone(), links.clone());
            async move { portal.serve(&*links, request).await }
        });
        let path = self.rules().path();
        let ends = ["", "/pwl_", "/pwl_{rest}", "/peek", "/redeem", "/renew", "/leave"];
        ends.iter().fold(Router::new(), |router, end| router.route(&format!("{path}{end}"), serve.clone()))
    }

    async fn serve(&self, links: &impl Links, request: AxumRequest) -> Response<Body> {
        let (parts, body) = request.into_parts();
        // Whoever gets sends no body that matters. A longer one than allowed is not read to its end.
        let body = match parts.method.as_str() {
            "POST" => to_bytes(body, BODY_MAX).await.unwrap_or(TOO_LONG.into()),
            _ => axum::body::Bytes::new(),
        };
        let headers = pairs(&parts.headers);
        let request = Request { method: parts.method.as_str(), path: parts.uri.path(), headers: &headers, body: &body };
        let action = self.rules().read(&request);
        let now = || self.0.options.clock.now().wall;
        self.send(match action {
            Action::Answer(answer) => answer,
            Action::Peek(peek) => {
                let outcome = links.peek(peek.token(), peek.cookie()).await;
                self.rules().answer_peek(&peek, outcome)
            }
            Action::Redeem(redeem) => {
                let outcome = links.redeem(redeem.token(), redeem.cookie(), redeem.nonce()).await;
                self.rules().answer_redeem(&redeem, outcome, now())
            }
            Action::Renew(renew) => {
                let outcome = links.renew(renew.session()).await;
                self.rules().answer_renew(&renew, outcome, now())
            }
            Action::NotOurs => return status(StatusCode::NOT_FOUND),
        })
    }

    /// Verifies the session that came with a request.
    pub(super) fn access(&self, request: &Request<'_>) -> Result<Access, Answer> {
        let (session, _) = self.rules().session(request)?;
        let verified = self.0.verifier.verify_session(session, self.0.options.clock.now());
        verified.map_err(|error| self.rules().refuse(request, error.into()))
    }

    /// Tells the log, and makes the answer one of axum.
    pub(super) fn send(&self, answer: Answer) -> Response<Body> {
        if let Some(reason) = &answer.reason {
            (self.0.options.log)(reason);
        }
        let headers = answer
            .headers
            .into_iter()
            .map(|(name, value)| HeaderValue::try_from(value).map(|value| (HeaderName::from_static(name), value)));
        let Ok(headers) = headers.collect::<Result<Vec<_>, _>>() else {
            return status(StatusCode::INTERNAL_SERVER_ERROR); // a store gave a text that is no token
        };
        let mut response = Response::new(answer.body.into());
        *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
        for (name, value) in headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

impl fmt::Debug for Portal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Portal").field("rules", self.rules()).finish_non_exhaustive()
    }
}

pub(super) fn pairs(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

/// Stands for every body that is longer than allowed.
const TOO_LONG: &[u8] = &[0; BODY_MAX.saturating_add(1)];
