//! Which key opens an object. `spec/envelope.md` section 6, steps 2 to 5.

use std::sync::Arc;

use crate::envelope::data_key::DataKey;
use crate::envelope::error::OpenError;
use crate::envelope::header::{Header, KeyId};
use crate::envelope::kek::UnwrapKey;
use crate::envelope::keys::ScopeKeys;
use crate::envelope::slot::{KekType, Slot};
use crate::envelope::tombstones::Life;
use crate::key::KeyState;

impl ScopeKeys {
    /// The data key of an object: `spec/envelope.md` section 6, steps 2 to 5.
    pub(super) fn data_key(&self, header: &Header) -> Result<Arc<DataKey>, OpenError> {
        let row = self.row(header.data_key())?;
        if !header.slots().is_empty() {
            return self.embedded_key(header);
        }
        let why = || self.closed.get(&header.data_key()).copied().unwrap_or(OpenError::UnknownDataKey);
        row.ok_or_else(why)
    }

    /// Steps 2 and 3: what the key store has, if that opens.
    pub(super) fn row(&self, id: KeyId) -> Result<Option<Arc<DataKey>>, OpenError> {
        if self.graves.has(id) {
            return Err(OpenError::DataKeyDestroyed); // 2
        }
        if let Some(why @ (OpenError::DataKeyRetired | OpenError::DataKeyDestroyed)) = self.closed.get(&id) {
            return Err(*why); // 3
        }
        match self.data_keys.iter().find(|(key, _)| key.id() == id) {
            Some((_, KeyState::Retired)) => Err(OpenError::DataKeyRetired), // 3
            Some((_, KeyState::Destroyed)) => Err(OpenError::DataKeyDestroyed),
            Some((key, _)) if self.is_buried(key) => Err(OpenError::DataKeyDestroyed),
            Some((key, KeyState::Active | KeyState::VerifyOnly)) => Ok(Some(Arc::clone(key))),
            None => Ok(None),
        }
    }

    /// Steps 4 and 5.
    pub(super) fn embedded_key(&self, header: &Header) -> Result<Arc<DataKey>, OpenError> {
        let id = header.data_key();
        let mut answer = OpenError::NoSlot; // 4
        for slot in header.slots() {
            let Some(keks) = self.resolve(slot) else { continue };
            let (tenant, scope) = (self.tenant, self.scope.clone());
            match DataKey::unwrap(&self.deployment, tenant, scope, id, slot, None, keks) {
                Err(OpenError::KekUnavailable) => answer = OpenError::KekUnavailable,
                other => return other.map(Arc::new), // 5
            }
        }
        Err(answer)
    }

    fn resolve(&self, slot: &Slot) -> Option<&dyn UnwrapKey> {
        let kek = slot.kek();
        let dead = kek.kind() == KekType::Tenant && kek.id().try_into().is_ok_and(|id| self.graves.has(id));
        self.keks.iter().find(|keks| !dead && keks.resolves(kek)).map(|keks| &**keks)
    }

    /// It, or the tenant KEK that it lay under.
    pub(super) fn is_buried(&self, key: &DataKey) -> bool {
        Life::of(key, &self.graves).is_over()
    }
}
