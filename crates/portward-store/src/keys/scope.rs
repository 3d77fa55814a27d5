use std::sync::Arc;

use portward::envelope::{DataKey, DataScope, KeyId, ScopeKeys, UnwrapKey, Usage, WrapKey};
use portward::{Identifier, KeyState};

use crate::database::{Work, record};
use crate::events::{Event, Operation, Recorder, Subject};
use crate::hex::hex;
use crate::keys::error::KeyStoreError;
use crate::keys::loaded::{LoadedKeks, LoadedScope, Purpose, ScopeName};
use crate::keys::rows::DataKeyRow;
use crate::keys::shelf::Shelf;
use crate::keys::store::KeyStore;

type Result<T> = core::result::Result<T, KeyStoreError>;

/// What each loading for sealing may use of a data key's budget: a body of 1 TiB, or 2⁶⁰ of 1 KiB. There are 2²⁵ such parts.
const PART: u64 = 1 << 40;
/// Milliseconds for which rows are not read again because of a key that nobody knows.
const READ_AGAIN: u64 = 1000;
/// The longest body that a part is reserved for: 128 TiB.
const PART_MAX: u64 = 1 << 47;

impl<K: WrapKey + UnwrapKey + 'static> KeyStore<K> {
    /// The keys of a scope, ready to seal and open. Makes a data key if the scope never had one. Hold them for one piece of work and ask
    /// again for the next: what is held is not loaded anew.
    ///
    /// They seal 1 TiB, or what comes to the same; then, or for more, see [`KeyStore::scope_for`].
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`] for a tenant without a KEK; [`KeyStoreError::Destroyed`], [`KeyStoreError::KeyExhausted`]; and as the
    /// others.
    pub async fn scope(&self, tenant: Identifier, scope: &DataScope) -> Result<Arc<ScopeKeys>> {
        self.cached(tenant, scope, Purpose::Seal).await
    }

    /// The keys that a scope has, to open what was sealed. Makes none, seals nothing, and writes nothing. A scope that has none still opens
    /// objects that carry their key.
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`] for a tenant without a KEK; and as the others.
    pub async fn known_scope(&self, tenant: Identifier, scope: &DataScope) -> Result<Arc<ScopeKeys>> {
        self.cached(tenant, scope, Purpose::Open).await
    }

    /// The same, to open an object under this data key ([`portward::envelope::Header::data_key`]). Where what is held does not know the key,
    /// another process may have made it since: its rows are read anew, once a second at most, whoever asks for whatever key.
    ///
    /// # Errors
    /// As [`KeyStore::known_scope`].
    pub async fn known_scope_with(&self, tenant: Identifier, scope: &DataScope, key: KeyId) -> Result<Arc<ScopeKeys>> {
        let held = self.loaded(tenant, scope, Purpose::Open).await?;
        if held.keys.knows(key) {
            return Ok(Arc::clone(&held.keys));
        }
        // Made here, after those were read.
        let name = ScopeName { tenant, scope: scope.clone(), purpose: Purpose::Seal };
        if let Some(sealing) = self.scopes.held(&name).await.filter(|sealing| sealing.keys.knows(key)) {
            return Ok(Arc::clone(&sealing.keys));
        }
        let age = self.shelf.clock.now().steady.millis().saturating_sub(held.read_at.millis());
        if age < READ_AGAIN {
            return Ok(Arc::clone(&held.keys));
        }
        self.scopes.forget_one(&ScopeName { tenant, scope: scope.clone(), purpose: Purpose::Open }).await;
        self.known_scope(tenant, scope).await
    }

    /// As [`KeyStore::scope`], with as much of the key's budget as one body of so many bytes takes, and loaded anew. At most 128 TiB, of which
    /// there are 2,048: do not pass on what a client says of its length.
    ///
    /// # Errors
    /// As there; [`KeyStoreError::TooLong`].
    pub async fn scope_for(&self, tenant: Identifier, scope: &DataScope, bytes: u64) -> Result<Arc<ScopeKeys>> {
        if bytes > PART_MAX {
            return Err(KeyStoreError::TooLong);
        }
        let loaded = self.shelf.load_to_seal(tenant, scope, Usage::of_body(bytes), &self.recorder).await;
        Ok(self.heard(tenant, loaded)?.keys)
    }

    /// Makes a data key for a scope that has none to seal with. A scope that was destroyed gets a new one only here, because it is asked for; what
    /// was sealed before stays erased.
    ///
    /// # Errors
    /// [`KeyStoreError::Exists`]; [`KeyStoreError::UnknownKey`] for a tenant without a KEK; [`KeyStoreError::IndexKey`] for a scope of kind
    /// `index`; and as the others.
    pub async fn new_scope(&self, tenant: Identifier, scope: &DataScope) -> Result<()> {
        refuse_index(scope)?;
        let (mut work, keks) = self.heard(tenant, self.shelf.begin_with_keks(tenant, Purpose::Seal).await)?;
        let rows = self.shelf.data_key_rows(&mut work, tenant, Some(scope)).await?;
        if rows.iter().any(|row| row.state == KeyState::Active) {
            return Err(KeyStoreError::Exists);
        }
        // A row that was put back stays destroyed.
        for row in rows.iter().filter(|row| row.state == KeyState::Destroyed) {
            record::save(row, &self.shelf.keyring, &mut work).await?;
        }
        let made = self.shelf.add_data_key(&mut work, &keks, (tenant, scope)).await?;
        self.recorder.record(of_key(self.event(Operation::ScopeBegun), scope, &made)).await?;
        self.commit(work, tenant).await
    }

    /// Makes a new data key for what is sealed from now on; the one before still opens.
    ///
    /// # Errors
    /// As [`KeyStore::scope`]; [`KeyStoreError::IndexKey`] for a scope of kind `index`.
    pub async fn rotate_scope(&self, tenant: Identifier, scope: &DataScope) -> Result<()> {
        refuse_index(scope)?;
        let (mut work, keks) = self.heard(tenant, self.shelf.begin_with_keks(tenant, Purpose::Seal).await)?;
        let rows = self.shelf.data_key_rows(&mut work, tenant, Some(scope)).await?;
        let Some(active) = rows.iter().find(|row| row.state == KeyState::Active).cloned() else {
            refuse_destroyed(&rows)?;
            return Err(KeyStoreError::UnknownKey);
        };
        record::save(&active.changed(KeyState::VerifyOnly, self.shelf.now()), &self.shelf.keyring, &mut work).await?;
        let made = self.shelf.add_data_key(&mut work, &keks, (tenant, scope)).await?;
        self.recorder.record(of_key(self.event(Operation::DataKeyRotated), scope, &made)).await?;
        self.commit(work, tenant).await
    }

    async fn cached(&self, tenant: Identifier, scope: &DataScope, purpose: Purpose) -> Result<Arc<ScopeKeys>> {
        Ok(Arc::clone(&self.loaded(tenant, scope, purpose).await?.keys))
    }

    async fn loaded(&self, tenant: Identifier, scope: &DataScope, purpose: Purpose) -> Result<Arc<LoadedScope>> {
        let name = ScopeName { tenant, scope: scope.clone(), purpose };
        let load = || {
            let (shelf, scope, recorder) = (Arc::clone(&self.shelf), scope.clone(), self.recorder.clone());
            // On the heap: it is large, and seldom needed.
            Box::pin(async move {
                match purpose {
                    Purpose::Seal => shelf.load_to_seal(tenant, &scope, Usage::of_body(PART), &recorder).await,
                    Purpose::Open => shelf.load_to_open(tenant, &scope).await,
                }
            })
        };
        self.heard(tenant, self.scopes.get(&name, load).await)
    }

    /// What a KEK refuses for one scope, or for one call, it refuses for all.
    pub(super) fn heard<T>(&self, tenant: Identifier, said: Result<T>) -> Result<T> {
        if said
            .as_ref()
            .is_err_and(|error| matches!(error, KeyStoreError::Key(_) | KeyStoreError::Kek(_)) && !error.is_outage())
        {
            self.forget(tenant);
        }
        said
    }

    /// Commits, and drops what is held of the tenant's keys however that ends: where the answer is lost, or nobody waits for it, it may be done.
    pub(super) async fn commit(&self, work: Work, tenant: Identifier) -> Result<()> {
        let _forgets = Forgets { store: self, tenant };
        Ok(work.commit().await?)
    }

    /// Drops what is held of a tenant's keys. They are loaded anew, if that is still possible.
    pub fn forget(&self, tenant: Identifier) {
        self.shelf.keks.forget(tenant);
        self.scopes.forget(tenant);
    }
}

struct Forgets<'a, K: WrapKey + UnwrapKey + 'static> {
    store: &'a KeyStore<K>,
    tenant: Identifier,
}

impl<K: WrapKey + UnwrapKey + 'static> Drop for Forgets<'_, K> {
    fn drop(&mut self) {
        self.store.forget(self.tenant);
    }
}

impl<K: WrapKey + UnwrapKey + 'static> Shelf<K> {
    async fn load_to_open(self: &Arc<Self>, tenant: Identifier, scope: &DataScope) -> Result<LoadedScope> {
        let read_at = self.clock.now().steady;
        let (mut work, keks) = self.begin_with_keks(tenant, Purpose::Open).await?;
        if keks.rows.is_empty() {
            return Err(KeyStoreError::UnknownKey);
        }
        let rows = self.data_key_rows(&mut work, tenant, Some(scope)).await?;
        Ok(keks.gave(self.scope_keys(&keks, &rows, (tenant, scope))?, read_at))
    }

    async fn load_to_seal(
        self: &Arc<Self>,
        tenant: Identifier,
        scope: &DataScope,
        part: Usage,
        recorder: &Recorder,
    ) -> Result<LoadedScope> {
        let read_at = self.clock.now().steady;
        let (mut work, keks) = self.begin_with_keks(tenant, Purpose::Seal).await?;
        let mut others = self.data_key_rows(&mut work, tenant, Some(scope)).await?;
        let active = match others.iter().position(|row| row.state == KeyState::Active) {
            Some(place) => others.swap_remove(place),
            None => {
                refuse_destroyed(&others)?;
                let made = self.add_data_key(&mut work, &keks, (tenant, scope)).await?;
                let event = Event::new(self.now(), Operation::DataKeyMade);
                recorder.record(of_key(event, scope, &made)).await?;
                made
            }
        };
        let until = active.used.reserve(part).ok_or(KeyStoreError::KeyExhausted)?;
        let slot = active.slot.as_ref().ok_or(KeyStoreError::Destroyed)?;
        let key = self.open_data_key(&active, slot, &keks)?;
        key.allow(active.used, until);
        let reserved = DataKeyRow { used: until, ..active.changed(KeyState::Active, self.now()) };
        record::save(&reserved, &self.keyring, &mut work).await?;
        let keys = self.scope_keys(&keks, &others, (tenant, scope))?;
        work.commit().await?;
        Ok(keks.gave(keys.with_data_key(Arc::new(key), KeyState::Active), read_at))
    }

    async fn add_data_key(
        &self,
        work: &mut Work,
        keks: &LoadedKeks,
        (tenant, scope): (Identifier, &DataScope),
    ) -> Result<DataKeyRow> {
        let key = DataKey::generate(&self.deployment.id, tenant, scope.clone())?;
        let row = DataKeyRow::new(&key, key.wrap(keks.active()?)?, self.now());
        record::save(&row, &self.keyring, work).await?;
        Ok(row)
    }
}

fn of_key(event: Event, scope: &DataScope, row: &DataKeyRow) -> Event {
    event.of(row.tenant).about(Subject::Scope(scope.clone())).with(hex(row.id.as_slice()))
}

/// What was indexed under one key is not found under another.
fn refuse_index(scope: &DataScope) -> Result<()> {
    if scope.kind() == DataScope::INDEX { Err(KeyStoreError::IndexKey) } else { Ok(()) }
}

/// Nothing is made where something was destroyed.
fn refuse_destroyed(rows: &[DataKeyRow]) -> Result<()> {
    let destroyed = rows.iter().any(|row| row.state == KeyState::Destroyed);
    if destroyed { Err(KeyStoreError::Destroyed) } else { Ok(()) }
}
