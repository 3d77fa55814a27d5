//! The deployment, its root keys and what is derived from them. Source: `spec/keys.md`.

mod catalogue;
mod deployment;
mod derive;
mod file;
mod id;
mod keyring;
mod one_seal;
mod root;
mod row;
mod sealed;

#[cfg(test)]
pub(crate) use derive::derive_for_vectors;
#[cfg(test)]
pub(crate) use root::parse_key_string_for_vectors;

pub use deployment::{Deployment, DeploymentError, Lifetimes};
pub(crate) use derive::{
    BodyInputKey, COPY_ID_LABEL, FEED_LABEL, HISTORY_LABEL, IndexKey, LINK_CHECK_LABEL, NonceKey, OBJECT_LABEL,
    TokenKey, TokenKeyId, ViewKey, WRAP_DATA_LABEL, WRAP_KEK_LABEL, WRAP_KEYRING_LABEL, WRAPPED_KEYRING_LABEL,
    derive_body_key, derive_index_key, derive_nonce_key, derive_root_kek, derive_tenant_wrap, derive_token_key,
    derive_view_key, key_check, length_prefixed,
};
pub(crate) use file::{FileFault, read as read_file, write as write_file};
pub use id::{DeploymentId, RootId};
pub use keyring::{Keyring, KeyringError};
pub(crate) use one_seal::OneSeal;
pub use root::{KeyState, RootInfo};
pub use row::{Row, RowError, RowMac, RowValue};
#[cfg(test)]
pub(crate) use row::{row_check_for_vectors, row_mac_for_vectors};
pub use sealed::{PassphraseCost, Purpose, SealedError, SealedKeyring, UnsealError, Unsealed};
