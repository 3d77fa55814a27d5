//! The columns that rows have in common.

use portward::envelope::Slot;
use portward::{KeyState, RootId, RowMac};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::keys::error::KeyStoreError;

pub(super) type Result<T> = core::result::Result<T, KeyStoreError>;

pub(super) fn state(row: &AnyRow) -> Result<KeyState> {
    let name: String = row.try_get("state")?;
    let states = [KeyState::Active, KeyState::VerifyOnly, KeyState::Retired, KeyState::Destroyed];
    states.into_iter().find(|state| state.name() == name).ok_or(KeyStoreError::Malformed)
}

pub(super) fn slot(row: &AnyRow) -> Result<Option<Slot>> {
    let slot: Option<Vec<u8>> = row.try_get("slot")?;
    slot.map(|bytes| Slot::from_bytes(&bytes).ok_or(KeyStoreError::Malformed)).transpose()
}

pub(super) fn mac_of(row: &AnyRow) -> Result<RowMac> {
    Ok(RowMac { root: RootId::from_bytes(bytes(row, "root")?), mac: bytes(row, "mac")? })
}

pub(super) fn bytes<const N: usize>(row: &AnyRow, name: &str) -> Result<[u8; N]> {
    row.try_get::<Vec<u8>, _>(name)?.try_into().map_err(|_| KeyStoreError::Malformed)
}

/// The database's whole numbers end at 2⁶³−1; none of ours is near it.
pub(super) fn number(row: &AnyRow, name: &str) -> Result<u64> {
    u64::try_from(row.try_get::<i64, _>(name)?).map_err(|_| KeyStoreError::Malformed)
}

pub(super) fn integer(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|_| KeyStoreError::Malformed)
}
