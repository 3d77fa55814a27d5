use crate::key::derive::derive_backup_key;
use crate::key::{Keyring, RootId, RowError, RowMac};
use crate::primitive::{self, Digest32};

impl Keyring {
    /// What a catalogue of backups ends with: `HMAC-SHA-256(derive(root, "portward/v1/backup"), catalogue ‖ root id)`, under the active root.
    /// Source: `spec/backup.md` section 3.
    ///
    /// # Errors
    /// [`RowError::NoActiveRoot`].
    pub fn mac_catalogue(&self, catalogue: &[u8]) -> Result<RowMac, RowError> {
        let root = self.active().ok_or(RowError::NoActiveRoot)?.id();
        let mac = self.catalogue_mac(root, catalogue).ok_or(RowError::NoActiveRoot)?;
        Ok(RowMac { root, mac })
    }

    /// Whether a catalogue of backups is as it was written.
    ///
    /// # Errors
    /// [`RowError::UnknownRoot`], [`RowError::Forged`].
    pub fn check_catalogue(&self, catalogue: &[u8], carried: &RowMac) -> Result<(), RowError> {
        let expected = self.catalogue_mac(carried.root, catalogue).ok_or(RowError::UnknownRoot)?;
        if primitive::equal_tags(&expected, &carried.mac) { Ok(()) } else { Err(RowError::Forged) }
    }

    fn catalogue_mac(&self, root: RootId, catalogue: &[u8]) -> Option<Digest32> {
        let material = self.root(root)?.for_checking()?;
        Some(derive_backup_key(material, &self.deployment()).tag(&[catalogue, &root.to_bytes()]))
    }
}
