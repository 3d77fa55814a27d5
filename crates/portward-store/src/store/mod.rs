//! Links that a tenant can list, change, hand out and end, on one machine or many. `spec/store.md` sections 3 to 5, `spec/redeem.md`.

mod check;
mod compact;
mod edit;
mod ended;
mod error;
mod feed;
mod follow;
mod history;
mod initialise;
mod issue;
mod list;
#[cfg(all(unix, feature = "backup"))]
mod mark;
mod open;
mod place;
mod recover;
mod redeem;
mod revoke;
mod roots;
mod rows;
#[cfg(test)]
pub(crate) mod vectors;

pub use check::Checked;
pub use compact::Compacted;
pub use edit::LinkEdit;
pub use error::{Refusal, StoreError};
pub use follow::Following;
pub use initialise::{initialise, migrate};
pub use issue::LinkTerms;
pub use list::{Link, LinkFilter, Page, PageStart};
#[cfg(all(unix, feature = "backup"))]
pub(crate) use mark::{FeedColumns, believed, restored, restored_place};
pub use open::{Store, StoreOptions};
pub use recover::Recovery;
pub use redeem::{Peeked, Redeemed};
pub use revoke::Target;
pub use rows::{LinkEvent, LinkState};
