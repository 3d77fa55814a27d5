//! The rows of links, chains and the feed. `spec/store.md` sections 3 to 5.

mod chain;
mod event;
mod feed;
mod link;
mod redemption;

pub(super) use chain::ChainRow;
pub(super) use event::EventRow;
pub use event::LinkEvent;
pub(super) use feed::{ChangeRow, FeedRow};
pub use link::LinkState;
pub(super) use link::{LinkRow, is_label};
pub(super) use redemption::RedemptionRow;
