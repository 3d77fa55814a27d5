//! Links and sessions: made by an issuer, narrowed by a holder, believed only after a verifier.
//! Source: `spec/token.md`.

mod access;
mod authentic;
mod block;
mod cache;
mod chain;
mod error;
mod frame;
mod grant;
mod head;
mod holder;
mod issue;
mod kind;
mod nonce;
mod stored;
mod verify;

pub use access::{Access, AllowError, LinkAccess, Resources};
pub use block::{Narrowing, NarrowingError};
#[cfg(test)]
pub(crate) use chain::{copy_id, link_check};
pub use error::{FormError, RefusalError, VerifyError};
pub use holder::{NarrowError, UntrustedLink, UntrustedToken};
pub use issue::{IssueError, IssuedToken, Issuer, LinkRequest, SessionLimits};
pub use kind::{BLOCKS_MAX, Kind, TOKEN_MAX};
pub use nonce::{CheckedNonce, NonceError, PeekCookie, UnverifiedNonce};
pub use stored::{ChainGrant, LinkHead, RenewableSession, StoredChain, StoredError};
pub use verify::{NoRevocation, Revocation, Verifier, VerifierError, VerifierOptions};
