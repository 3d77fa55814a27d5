//! The rows of the key store, in and out of the database. `spec/store.md` section 2. Each is believed only with its MAC.

mod column;
mod data_key;
mod minimum;
mod tenant_kek;
mod tombstone;

pub(crate) use crate::keys::rows::data_key::DataKeyRow;
pub(super) use crate::keys::rows::minimum::MinimumRow;
pub(crate) use crate::keys::rows::tenant_kek::TenantKekRow;
pub(crate) use crate::keys::rows::tombstone::TombstoneRow;
