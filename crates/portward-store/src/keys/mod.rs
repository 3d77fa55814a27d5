//! Where wrapped tenant KEKs and data keys are kept: SQLite, one file, apart from the data. `spec/store.md` section 2.

mod cache;
mod census;
mod database;
mod erase;
mod error;
mod load;
mod loaded;
mod read;
mod rewrap;
mod rows;
mod scope;
mod shelf;
mod state;
mod store;
mod tenant;

pub use census::{Census, Checked};
pub use erase::Erasure;
pub use error::KeyStoreError;
pub use rewrap::Rewrapped;
pub use store::{Feed, KeyStore, KeyStoreOptions};
