use crate::codec::Writer as _;
use crate::error::error_codes;
use crate::key::derive::derive_row_key;
use crate::key::{Keyring, RootId};
use crate::primitive::{self, Digest32};

/// What a field of a row holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowValue<'a> {
    /// Nothing.
    Absent,
    /// A whole number.
    Number(u64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

/// A row of a store: its table and its fields, in the order that the table has them. Source: `spec/store.md` section 1.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The name of the table.
    pub table: &'a str,
    /// Name and value of each field.
    pub fields: &'a [(&'a str, RowValue<'a>)],
}

/// What a row carries so that it can be believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RowMac {
    /// The root it was made under.
    pub root: RootId,
    /// The MAC.
    pub mac: [u8; 32],
}

error_codes! {
    /// Why a row is not believed.
    pub enum RowError {
        UnknownRoot => "unknown_root", Environment, "the row is under a root that the keyring does not check with";
        Forged => "row_forged", Environment, "the row is not as it was written";
        NoActiveRoot => "keyring_no_active_root", Caller, "the keyring has no active root";
        TooLong => "row_too_long", Caller, "a name or a value of a row has at most 65,535 bytes";
    }
}

impl Keyring {
    /// What a row has to carry, under the active root.
    ///
    /// # Errors
    /// [`RowError::NoActiveRoot`], [`RowError::TooLong`].
    pub fn mac_row(&self, row: &Row<'_>) -> Result<RowMac, RowError> {
        let root = self.active().ok_or(RowError::NoActiveRoot)?.id();
        let mac = self.row_mac(root, row.encoded()?).ok_or(RowError::NoActiveRoot)?;
        Ok(RowMac { root, mac })
    }

    /// Whether a row is as it was written.
    ///
    /// # Errors
    /// [`RowError::TooLong`], [`RowError::UnknownRoot`], [`RowError::Forged`].
    pub fn check_row(&self, row: &Row<'_>, carried: &RowMac) -> Result<(), RowError> {
        let expected = self.row_mac(carried.root, row.encoded()?).ok_or(RowError::UnknownRoot)?;
        compare(&expected, &carried.mac)
    }

    fn row_mac(&self, root: RootId, row: Vec<u8>) -> Option<Digest32> {
        let material = self.root(root)?.for_checking()?;
        Some(derive_row_key(material, &self.deployment()).tag(&[&row]))
    }
}

impl Row<'_> {
    fn encoded(&self) -> Result<Vec<u8>, RowError> {
        let mut bytes = Vec::new();
        put(&mut bytes, self.table.as_bytes())?;
        let count = u16::try_from(self.fields.len()).map_err(|_| RowError::TooLong)?;
        bytes.put(&count.to_be_bytes());
        for (name, value) in self.fields {
            put(&mut bytes, name.as_bytes())?;
            let number;
            let (kind, value) = match value {
                RowValue::Absent => (0x00, None),
                RowValue::Number(value) => {
                    number = value.to_be_bytes();
                    (0x01, Some(number.as_slice()))
                }
                RowValue::Text(text) => (0x02, Some(text.as_bytes())),
                RowValue::Bytes(value) => (0x03, Some(*value)),
            };
            bytes.put(&[kind]);
            value.map_or(Ok(()), |value| put(&mut bytes, value))?;
        }
        Ok(bytes)
    }
}

fn compare(expected: &Digest32, carried: &Digest32) -> Result<(), RowError> {
    if primitive::equal_tags(expected, carried) { Ok(()) } else { Err(RowError::Forged) }
}

/// `lp(value)`
fn put(bytes: &mut Vec<u8>, value: &[u8]) -> Result<(), RowError> {
    let length = u16::try_from(value.len()).map_err(|_| RowError::TooLong)?;
    bytes.put(&length.to_be_bytes());
    bytes.put(value);
    Ok(())
}

/// For the vectors of the testkit: under a root of given bytes.
#[cfg(test)]
pub(crate) fn row_mac_for_vectors(
    deployment: crate::DeploymentId,
    root: [u8; 32],
    row: &Row<'_>,
) -> Result<Digest32, RowError> {
    let row = row.encoded()?;
    Ok(derive_row_key(&crate::secret::Secret::copy_of(&root), &deployment).tag(&[&row]))
}

#[cfg(test)]
pub(crate) fn row_check_for_vectors(
    deployment: crate::DeploymentId,
    root: [u8; 32],
    row: &Row<'_>,
    mac: &[u8; 32],
) -> Result<(), RowError> {
    compare(&row_mac_for_vectors(deployment, root, row)?, mac)
}
