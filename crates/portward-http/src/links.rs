use core::fmt;
use core::future::Future;
use std::sync::Arc;

use portward::{PeekCookie, Timestamp};

use crate::refusal::Reason;

/// What peeks at links, redeems them and renews sessions: a store. `spec/redeem.md` sections 1 to 3.
///
/// The methods may be written as `async fn`. They run on the threads that serve requests: what blocks belongs elsewhere.
pub trait Links: Send + Sync + 'static {
    /// Verifies the link and makes a nonce for it. Changes nothing. The cookie that came is used again; without one a new one is made.
    fn peek(&self, token: &str, cookie: Option<PeekCookie>) -> impl Future<Output = Result<Peeked, Reason>> + Send;

    /// Verifies the link, checks that the nonce was made for it and this cookie, counts a use, and makes a session.
    fn redeem(
        &self,
        token: &str,
        cookie: &PeekCookie,
        nonce: &str,
    ) -> impl Future<Output = Result<Redeemed, Reason>> + Send;

    /// Makes another session for one that has not expired.
    fn renew(&self, session: &str) -> impl Future<Output = Result<Redeemed, Reason>> + Send;
}

impl<L: Links> Links for Arc<L> {
    async fn peek(&self, token: &str, cookie: Option<PeekCookie>) -> Result<Peeked, Reason> {
        (**self).peek(token, cookie).await
    }

    async fn redeem(&self, token: &str, cookie: &PeekCookie, nonce: &str) -> Result<Redeemed, Reason> {
        (**self).redeem(token, cookie, nonce).await
    }

    async fn renew(&self, session: &str) -> Result<Redeemed, Reason> {
        (**self).renew(session).await
    }
}

/// What peeking at a link gives.
#[derive(Clone, PartialEq, Eq)]
pub struct Peeked {
    /// What the form posts.
    pub nonce: String,
    /// When the nonce ends.
    pub expires_at: Timestamp,
    /// The cookie that the nonce is good with.
    pub cookie: PeekCookie,
}

impl fmt::Debug for Peeked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peeked").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// What redeeming a link, and renewing a session, gives.
#[derive(Clone, PartialEq, Eq)]
pub struct Redeemed {
    /// The session.
    pub session: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Redeemed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redeemed").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
