use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use axum::body::Body;
use axum::http::{Request, Response};
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
    pub fn require(&self, permission: Permission) -> Require {
        Require { portal: self.clone(), permission }
    }
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
            Ok(()) => Box::pin(self.inner.call(request)),
            Err(denied) => Box::pin(core::future::ready(Ok(denied.into_response()))),
        }
    }
}
