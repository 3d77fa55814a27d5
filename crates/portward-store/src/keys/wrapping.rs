use portward::envelope::{TenantKek, UnwrapKey, WrapKey};
use portward::{Identifier, KeyState};

use crate::keys::KeyStoreError;
use crate::keys::store::KeyStore;

impl<K: WrapKey + UnwrapKey> KeyStore<K> {
    /// The version of a tenant's KEK that wraps, for objects that are to carry their data key.
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`], [`KeyStoreError::Destroyed`]; [`KeyStoreError::Kek`], [`KeyStoreError::Database`].
    pub async fn wrapping_kek(&self, tenant: Identifier) -> Result<TenantKek, KeyStoreError> {
        let rows = self.kek_rows(&mut *self.pool.acquire().await?, tenant).await?;
        let active = rows.iter().find(|row| row.state == KeyState::Active);
        let Some(row) = active else {
            let destroyed = rows.iter().any(|row| row.state == KeyState::Destroyed);
            return Err(if destroyed { KeyStoreError::Destroyed } else { KeyStoreError::UnknownKey });
        };
        let slot = row.slot.as_ref().ok_or(KeyStoreError::Malformed)?;
        let (of, name) = (self.keyring.deployment(), (row.id, row.version));
        Ok(TenantKek::unwrap(&of, &tenant, name, slot, Some(row.check), &*self.kek)?)
    }
}
