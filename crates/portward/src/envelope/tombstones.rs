use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use crate::envelope::data_key::DataKey;
use crate::envelope::header::KeyId;
use crate::id::Identifier;
use crate::revocation::ViewCell;

/// Keys that were destroyed since others loaded them. Whoever destroys adds to it; all that was loaded with it sees that at once, also what
/// is half read or half written.
#[derive(Default)]
pub struct Tombstones(RwLock<HashSet<(Identifier, KeyId)>>);

impl Tombstones {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds keys of a tenant: data keys, or tenant KEKs with all their versions.
    pub fn add(&self, tenant: Identifier, keys: &[KeyId]) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(keys.iter().map(|key| (tenant, *key)));
    }

    fn contains(&self, tenant: &Identifier, key: KeyId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&(*tenant, key))
    }
}

impl core::fmt::Debug for Tombstones {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Tombstones").field(&self.0.read().unwrap_or_else(PoisonError::into_inner).len()).finish()
    }
}

/// Everything that tells a tenant's destroyed keys.
#[derive(Clone)]
pub(super) struct Graves {
    pub(super) tenant: Identifier,
    /// Those that were known when the keys were loaded.
    pub(super) known: Arc<HashSet<KeyId>>,
    pub(super) shared: Option<Arc<Tombstones>>,
    pub(super) view: Option<Arc<ViewCell>>,
}

impl Graves {
    pub(super) fn new(tenant: Identifier) -> Self {
        Self { tenant, known: Arc::default(), shared: None, view: None }
    }

    pub(super) fn has(&self, key: KeyId) -> bool {
        let in_view = |view: &Arc<ViewCell>| view.read(|view| view.is_tombstoned(&self.tenant, key));
        self.known.contains(&key)
            || self.shared.as_ref().is_some_and(|shared| shared.contains(&self.tenant, key))
            || self.view.as_ref().is_some_and(in_view)
    }
}

/// Whether a key is alive: it, and the tenant KEK that it lay under.
pub(super) struct Life {
    graves: Arc<Graves>,
    key: KeyId,
    under: Option<KeyId>,
}

impl Life {
    pub(super) fn of(key: &DataKey, graves: &Arc<Graves>) -> Self {
        Self { graves: Arc::clone(graves), key: key.id(), under: key.under() }
    }

    pub(super) fn is_over(&self) -> bool {
        self.graves.has(self.key) || self.under.is_some_and(|kek| self.graves.has(kek))
    }
}
