//! What has been revoked: an immutable view that a verifier reads without a lock, and the authentic messages that move it on.
//! Source: `spec/revocation.md`.

mod authority;
mod body;
mod cell;
mod change;
mod filter;
mod follower;
mod message;
mod request;
mod stamp;
mod state;
mod table;
mod tenant;
mod view;

#[cfg(test)]
pub(crate) use authority::history;
pub use authority::{Authority, AuthorityError, PreparedChange};
#[cfg(test)]
pub(crate) use body::write as body_for_vectors;
pub use cell::ViewCell;
pub use change::{Change, EntryId, Generations, TenantChange, Unit};
pub use follower::{Challenge, Compaction, FeedError, Follower};
pub use message::ListTimes;
pub use request::{FeedRequest, FeedRequestError};
pub use stamp::{Incarnation, Scope, ScopeError, Stamp};
pub use tenant::Standing;
pub(crate) use view::Subject;
pub use view::{Freshness, RevocationError, RevocationView, TenantEntries};
