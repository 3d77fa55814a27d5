use crate::envelope::kek::{Binding, KekError, UnwrapKey, WrapKey};
use crate::envelope::slot::{KekName, KekType, Slot};
use crate::envelope::wrap;
use crate::key::{Keyring, RootId, derive_root_kek};
use crate::secret::Secret;

/// The KEKs that the roots of a keyring are.
pub struct RootKeks {
    roots: Vec<(RootId, Secret)>,
    active: Option<RootId>,
}

impl RootKeks {
    /// Those of the roots that check; the active one wraps.
    pub fn new(keyring: &Keyring) -> Self {
        let kek = |id| Some((id, derive_root_kek(keyring.root(id)?.for_checking()?, &keyring.deployment())));
        let roots = keyring.roots().filter_map(|info| kek(info.id)).collect();
        Self { roots, active: keyring.active().map(|root| root.id()) }
    }

    #[cfg(test)]
    pub(super) const fn of(roots: Vec<(RootId, Secret)>) -> Self {
        Self { roots, active: None }
    }

    fn find(&self, name: &KekName) -> Option<&Secret> {
        let of = |(id, _): &&(RootId, Secret)| root_name(*id) == *name;
        self.roots.iter().find(of).map(|(_, key)| key)
    }
}

fn root_name(id: RootId) -> KekName {
    KekName::new(KekType::Root, id.to_bytes(), 1)
}

impl WrapKey for RootKeks {
    fn kek(&self) -> KekName {
        root_name(self.active.unwrap_or(RootId::from_bytes([0; 4])))
    }

    fn wrap(&self, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
        let kek = self.active.and_then(|id| self.find(&root_name(id))).ok_or(KekError::Refused)?;
        wrap::seal(kek, binding, key)
    }
}

impl UnwrapKey for RootKeks {
    fn resolves(&self, kek: &KekName) -> bool {
        self.find(kek).is_some()
    }

    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        wrap::open(self.find(slot.kek()).ok_or(KekError::Refused)?, slot, binding, key)
    }
}
