use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, VARY};
use axum::http::{HeaderValue, Request, Response};
use axum::response::IntoResponse;
use portward::Permission;
use tower_layer::Layer;
use tower_service::Service;

use super::portal::Portal;
use super::session::Session;

/// A guard for routes, to be given to `route_layer`: see [`Portal::require`].
#[derive(Clone, Debug)]
pub struct Require {
    portal: Portal,
    permission: Permission,
}

impl Portal {
    /// A guard for routes: nobody gets further without a session that allows this permission for everything.
    ///
    /// A session that is restricted to resources does not. Where it may come, take [`Session::allow_on`] instead.
    ///
    /// What lies behind it is answered with `Vary: Cookie, Authorization`, and `Cache-Control: private` unless it says something else itself.
    pub fn require(&self, permission: Permission) -> Require {
        Require { portal: self.clone(), permission }
    }
}

/// An answer to one client is given to nobody else by a cache. What the application says of caches itself is believed.
pub(super) fn kept_apart<B>(mut answer: Response<B>) -> Response<B> {
    let headers = answer.headers_mut();
    let said = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut parts = said.flat_map(|value| value.split(',')).filter_map(|part| part.trim().split('=').next());
    // How long is not who: only these tell which caches may keep it.
    if !parts
        .any(|part| ["private", "public", "s-maxage", "no-store"].iter().any(|name| part.eq_ignore_ascii_case(name)))
    {
        headers.append(CACHE_CONTROL, HeaderValue::from_static("private"));
    }
    headers.append(VARY, HeaderValue::from_static("Cookie, Authorization"));
    answer
}

impl<S> Layer<S> for Require {
    type Service = Required<S>;

    fn layer(&self, inner: S) -> Required<S> {
        Required { guard: self.clone(), inner }
    }
}

/// A service behind a [`Require`].
#[derive(Clone, Debug)]
pub struct Required<S> {
    guard: Require,
    inner: S,
}

impl<S, B> Service<Request<B>> for Required<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Require { portal, permission } = &self.guard;
        let session = Session::read(portal, request.method(), request.uri(), request.headers());
        match session.and_then(|session| session.allow(*permission)) {
            Ok(()) => {
                let answer = self.inner.call(request);
                Box::pin(async { answer.await.map(kept_apart) })
            }
            Err(denied) => Box::pin(core::future::ready(Ok(denied.into_response()))),
        }
    }
}
