#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

mod codec;
pub mod envelope;
mod error;
mod id;
mod key;
mod primitive;
mod random;
mod revocation;
mod secret;
mod time;
mod token;

#[cfg(test)]
mod vectors;

// The files of `portward-store`, compiled beside what only tests of this crate may have: keys and contexts of others' vectors.
#[cfg(test)]
extern crate self as portward;
#[cfg(test)]
#[allow(dead_code, unreachable_pub, unused_imports, reason = "it is another crate's, of which some is used here")]
#[path = "../../portward-store/src/objects/mod.rs"]
mod objects;

pub use error::{Audience, PublicAnswer};
pub use id::{Identifier, IdentifierError, Permission, Permissions, Vocabulary, VocabularyError};
pub use key::{
    Deployment, DeploymentError, DeploymentId, KeyState, Keyring, KeyringError, Lifetimes, PassphraseCost, Purpose,
    RootId, RootInfo, Row, RowError, RowMac, RowValue, SealedError, SealedKeyring, UnsealError, Unsealed,
};
pub use primitive::Checksum;
pub use random::{RandomError, random_id};
pub use revocation::{
    Authority, AuthorityError, Challenge, Change, Compaction, EntryId, FeedError, FeedRequest, FeedRequestError,
    Follower, Freshness, Generations, Incarnation, ListTimes, PreparedChange, RevocationError, RevocationView, Scope,
    ScopeError, Stamp, Standing, TenantChange, TenantEntries, Unit, ViewCell,
};
pub use time::{Clock, Now, Steady, SystemClock, Timestamp};
pub use token::{
    Access, AllowError, BLOCKS_MAX, ChainGrant, CheckedNonce, FormError, IssueError, IssuedToken, Issuer, Kind,
    LinkAccess, LinkHead, LinkRequest, NarrowError, Narrowing, NarrowingError, NoRevocation, NonceError, PeekCookie,
    RefusalError, RenewableSession, Resources, Revocation, SessionLimits, StoredChain, StoredError, TOKEN_MAX,
    UntrustedLink, UntrustedToken, UnverifiedNonce, Verifier, VerifierError, VerifierOptions, VerifyError,
};

/// The quick start of the repository's README is a test too.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct RepositoryReadme;
