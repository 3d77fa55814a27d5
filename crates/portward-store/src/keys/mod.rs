//! Where wrapped tenant KEKs and data keys are kept, apart from the data: an SQLite file, or PostgreSQL. `spec/store.md` section 2.

mod cache;
mod census;
mod erase;
mod error;
pub(crate) mod graves;
mod load;
mod loaded;
mod read;
mod rewrap;
pub(crate) mod rows;
mod schema;
mod scope;
mod shelf;
mod state;
mod store;
mod tenant;

pub use census::{Census, Checked};
pub use erase::Erasure;
pub use error::KeyStoreError;
pub use rewrap::Rewrapped;
#[cfg(all(test, unix, feature = "backup"))]
pub(crate) use schema::SCHEMA;
pub use store::{Feed, KeyStore, KeyStoreOptions};
