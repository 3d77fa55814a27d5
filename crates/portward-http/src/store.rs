//! The store behind the routes.

use portward::{PeekCookie, VerifyError};
use portward_store::store::{Refusal as Told, Store, StoreError};

use crate::links::{Links, Peeked, Redeemed};
use crate::refusal::{Reason, Refusal};

impl Links for Store {
    async fn peek(&self, token: &str, cookie: Option<PeekCookie>) -> Result<Peeked, Reason> {
        let portward_store::store::Peeked { nonce, expires_at, cookie, .. } = Self::peek(self, token, cookie)?;
        Ok(Peeked { nonce, expires_at, cookie })
    }

    async fn redeem(&self, token: &str, cookie: &PeekCookie, nonce: &str) -> Result<Redeemed, Reason> {
        Ok(Self::redeem(self, token, cookie, nonce).await?.into())
    }

    async fn renew(&self, session: &str) -> Result<Redeemed, Reason> {
        Ok(Self::renew(self, session).await?.into())
    }
}

impl From<portward_store::store::Redeemed> for Redeemed {
    fn from(redeemed: portward_store::store::Redeemed) -> Self {
        let session = redeemed.session;
        Self { session: session.text().to_owned(), expires_at: session.expires_at() }
    }
}

impl From<StoreError> for Reason {
    fn from(error: StoreError) -> Self {
        let refusal = match error.refusal() {
            Told::Damaged => Refusal::Damaged,
            Told::Refused => Refusal::Refused,
            Told::Unavailable => Refusal::Unavailable,
        };
        let token_id = if let StoreError::Verify(error) = &error { VerifyError::token_id(error) } else { None };
        Self { refusal, code: error.code(), token_id }
    }
}
