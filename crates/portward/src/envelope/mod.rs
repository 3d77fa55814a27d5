//! Encryption of files, records, messages and backups. Source: `spec/envelope.md`.
//!
//! A KEK wraps tenant KEKs, a tenant KEK wraps data keys, a data key seals. [`ScopeKeys`] seals and opens what belongs to one tenant and one
//! scope; a [`Context`] says what exactly an object is, and has to be stated again to open it.

mod body;
#[cfg(test)]
#[cfg(all(feature = "fast-aes", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod body_ciphers;
mod budget;
mod context;
mod data_key;
mod error;
mod find;
mod header;
mod index;
mod index_rotation;
mod kek;
mod keys;
mod pool;
mod range;
mod reader;
mod rewrap;
mod root_kek;
mod scope;
mod seal;
mod slot;
mod tenant_kek;
mod tombstones;
mod vault;
#[cfg(test)]
pub(crate) mod vectors;
mod wrap;
mod wrapped_keyring;
mod writer;
#[cfg(test)]
mod wycheproof;

pub use body::plaintext_length;
pub use budget::Usage;
pub use context::{Context, ContextError};
pub use data_key::DataKey;
pub use error::{OpenError, SealError};
pub use header::{Header, KeyId, SLOTS_MAX};
pub use index::{BlindIndex, IndexError, IndexName, Normaliser, index_bits};
pub use index_rotation::IndexRotation;
pub use kek::{Binding, KekError, UnwrapKey, WrapKey};
pub use keys::{Keep, RECORD_MAX, ScopeKeys};
pub use range::OpenSeek;
pub use reader::OpenReader;
pub use rewrap::RewrapError;
pub use root_kek::RootKeks;
pub use scope::{DataScope, DataScopeError};
pub use slot::{KekName, KekType, Slot};
pub use tenant_kek::{TenantKek, TenantKeks};
pub use tombstones::Tombstones;
pub use vault::{VaultError, VaultFile};
pub use wrapped_keyring::{UnwrapKeyringError, WrappedError, WrappedKeyring};
pub use writer::SealWriter;
