//! Links and sessions: made by an issuer, narrowed by a holder, believed only after a verifier.
//! Source: `spec/token.md`.

mod access;
mod block;
mod cache;
mod chain;
mod error;
mod frame;
mod head;
mod holder;
mod issue;
mod verify;

pub use access::{Access, AllowError, LinkAccess, Resources};
pub use block::{Narrowing, NarrowingError};
#[cfg(test)]
pub(crate) use chain::{copy_id, link_check};
pub use error::{FormError, RefusalError, VerifyError};
pub use frame::UnverifiedToken;
pub use holder::{NarrowError, UntrustedLink};
pub use issue::{IssueError, IssuedToken, Issuer, LinkRequest, SessionLimits};
pub use verify::{NoRevocation, Revocation, Verifier, VerifierOptions};

/// The two kinds of token.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Sent to a client, lives for weeks, can be narrowed by its holder.
    Link,
    /// What a link is redeemed for, lives for minutes.
    Session,
}

impl Kind {
    /// What a token of this kind begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Link => "pwl_",
            Self::Session => "pws_",
        }
    }

    const fn wire(self) -> u8 {
        match self {
            Self::Link => 0x01,
            Self::Session => 0x02,
        }
    }
}

/// Longest token, in characters.
pub const TOKEN_MAX: usize = 1024;

/// Most blocks a link carries.
pub const BLOCKS_MAX: usize = 8;

/// Longest link an issuer makes: 128 characters are kept for blocks.
const ISSUED_LINK_MAX: usize = TOKEN_MAX.saturating_sub(128);

const VERSION: u8 = 0x01;
const TAG_LENGTH: usize = 32;
