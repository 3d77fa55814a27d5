use core::fmt;

use axum::body::Body;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::response::IntoResponse;
use portward::{Access, AllowError, Identifier, Permission};

use super::portal::{Portal, pairs};
use crate::action::Look;
use crate::request::Request;

/// A verified session, as an argument of a handler. The state of the application must hold a [`Portal`].
///
/// It comes in the session cookie or as `Authorization: Bearer`, never in both. With a cookie, whatever is not `GET`, `HEAD` or `OPTIONS`
/// has to come from a page of the own origin. Without a good session the handler is not called.
///
/// An extractor cannot change the answer: behind caches, it says `Cache-Control: private` (or `no-store`) and `Vary: Cookie, Authorization`.
/// [`Portal::require`] says so by itself.
#[derive(Clone)]
pub struct Session {
    access: Access,
    portal: Portal,
    look: Look,
}

impl Session {
    pub(super) fn read(portal: &Portal, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Self, Denied> {
        let headers = pairs(headers);
        let request = Request { method: method.as_str(), path: uri.path(), headers: &headers, body: b"" };
        match portal.access(&request) {
            Ok(access) => Ok(Self { access, portal: portal.clone(), look: Look::of(&request) }),
            Err(answer) => Err(Denied(Box::new(portal.send(answer)))),
        }
    }

    /// Whose data, who comes, until when.
    pub const fn access(&self) -> &Access {
        &self.access
    }

    /// [`Access::allow`], with the refusal as an error that a handler can return.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn allow(&self, permission: Permission) -> Result<(), Denied> {
        self.or_denied(self.access.allow(permission))
    }

    /// [`Access::allow_on`], with the refusal as an error that a handler can return.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn allow_on(&self, permission: Permission, resource: &Identifier) -> Result<(), Denied> {
        self.or_denied(self.access.allow_on(permission, resource))
    }

    fn or_denied(&self, allowed: Result<(), AllowError>) -> Result<(), Denied> {
        allowed.map_err(|error| {
            let answer = self.portal.rules().refusal(self.look, error.into());
            Denied(Box::new(self.portal.send(self.look.at(answer))))
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session
where
    Portal: FromRef<S>,
{
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Denied> {
        Self::read(&Portal::from_ref(state), &parts.method, &parts.uri, &parts.headers)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("access", &self.access).finish_non_exhaustive()
    }
}

/// The refusal: the same bytes for every reason. The reason went to the log of the portal.
#[derive(Debug)]
pub struct Denied(Box<Response<Body>>);

impl IntoResponse for Denied {
    fn into_response(self) -> Response<Body> {
        *self.0
    }
}
