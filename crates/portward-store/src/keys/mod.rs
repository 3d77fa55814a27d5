//! Where wrapped tenant KEKs and data keys are kept: SQLite, one file, apart from the data. `spec/store.md` section 2.

mod census;
mod erase;
mod error;
mod rows;
mod store;
mod wrapping;

pub use census::Census;
pub use erase::Erasure;
pub use error::KeyStoreError;
pub use store::KeyStore;
