use core::num::NonZeroUsize;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use zeroize::Zeroize as _;

use crate::envelope::context::Context;
use crate::envelope::data_key::DataKey;
use crate::envelope::error::{OpenError, SealError};
use crate::envelope::header::{Header, KeyId};
use crate::envelope::kek::{UnwrapKey, WrapKey};
use crate::envelope::scope::DataScope;
use crate::envelope::seal;
use crate::envelope::slot::Slot;
use crate::envelope::tenant_kek::{TenantKek, TenantKeks};
use crate::envelope::tombstones::{Graves, Tombstones};
use crate::id::Identifier;
use crate::key::{Deployment, DeploymentId, KeyState};
use crate::revocation::ViewCell;

/// Longest record, in bytes.
pub const RECORD_MAX: usize = 1_048_576;
/// The body of the longest record.
const SEALED_RECORD_MAX: usize = 1_049_672;
const ONE: NonZeroUsize = NonZeroUsize::MIN;

/// The keys of one tenant and one scope: seals what belongs there, and opens nothing else.
///
/// A key store fills it. What is sealed *detached* needs a data key from there to be opened; what carries its data key *embedded*, in slots,
/// needs a KEK of the tenant.
pub struct ScopeKeys {
    pub(super) deployment: DeploymentId,
    pub(super) tenant: Identifier,
    pub(super) scope: DataScope,
    pub(super) data_keys: Vec<(Arc<DataKey>, KeyState)>,
    pub(super) closed: HashMap<KeyId, OpenError>,
    pub(super) keks: Vec<Arc<dyn UnwrapKey>>,
    pub(super) tenant_keks: Option<Arc<TenantKeks>>,
    pub(super) graves: Arc<Graves>,
}

/// Where the data key of a new object is to lie.
#[derive(Clone, Copy)]
pub enum Keep<'a> {
    /// In the key store.
    Detached,
    /// In the object, under the tenant's KEK. Destroying the data key does not erase it then: who has the tenant's KEK has the key. Only
    /// deleting the object does, or destroying the tenant.
    Embedded,
    /// In the object, under each of these KEKs. Only deleting the object erases it then, or destroying every one of them.
    EmbeddedUnder(&'a [&'a dyn WrapKey]),
}

impl ScopeKeys {
    /// No keys yet.
    pub fn new(deployment: &Deployment, tenant: Identifier, scope: DataScope) -> Self {
        Self::of(deployment.id, tenant, scope)
    }

    pub(super) fn of(deployment: DeploymentId, tenant: Identifier, scope: DataScope) -> Self {
        Self {
            deployment,
            tenant,
            scope,
            data_keys: Vec::new(),
            closed: HashMap::new(),
            keks: Vec::new(),
            tenant_keks: None,
            graves: Arc::new(Graves::new(tenant)),
        }
    }

    /// With a data key. One of another deployment, tenant or scope is not taken. Given twice, it is in the stricter state.
    #[must_use]
    pub fn with_data_key(mut self, key: Arc<DataKey>, state: KeyState) -> Self {
        if key.deployment() != self.deployment || *key.tenant() != self.tenant || *key.scope() != self.scope {
            return self;
        }
        match self.data_keys.iter_mut().find(|(known, _)| known.id() == key.id()) {
            Some((_, known)) => *known = strictest(*known, state),
            None => self.data_keys.push((key, state)),
        }
        self
    }

    /// With a data key that is there and does not open, and why: what an object under it is refused with.
    #[must_use]
    pub fn with_closed_data_key(mut self, key: KeyId, why: OpenError) -> Self {
        self.closed.insert(key, why);
        self
    }

    /// With the tenant's KEK, under which data keys are embedded, and its earlier versions, under which they still lie.
    #[must_use]
    pub fn with_tenant_keks(mut self, keks: Arc<TenantKeks>) -> Self {
        self.keks.push(Arc::<TenantKeks>::clone(&keks));
        self.tenant_keks = Some(keks);
        self
    }

    /// With other KEKs of this tenant, for what carries its data key.
    #[must_use]
    pub fn with_keks(mut self, keks: Arc<dyn UnwrapKey>) -> Self {
        self.keks.push(keks);
        self
    }

    /// With the keys that are destroyed, whatever else is said of them.
    #[must_use]
    pub fn with_tombstones(mut self, keys: Arc<HashSet<KeyId>>) -> Self {
        Arc::make_mut(&mut self.graves).known = keys;
        self
    }

    /// With those that are destroyed from now on.
    #[must_use]
    pub fn with_later_tombstones(mut self, keys: Arc<Tombstones>) -> Self {
        Arc::make_mut(&mut self.graves).shared = Some(keys);
        self
    }

    /// With a view whose tombstones count from the moment it shows them.
    #[must_use]
    pub fn with_view(mut self, view: Arc<ViewCell>) -> Self {
        Arc::make_mut(&mut self.graves).view = Some(view);
        self
    }

    /// Whose.
    pub const fn tenant(&self) -> &Identifier {
        &self.tenant
    }

    /// For what.
    pub const fn scope(&self) -> &DataScope {
        &self.scope
    }

    /// Whether anything is known of a data key: that it is there, or why it does not open.
    pub fn knows(&self, key: KeyId) -> bool {
        self.data_keys.iter().any(|(known, _)| known.id() == key)
            || self.closed.contains_key(&key)
            || self.graves.has(key)
    }

    /// Whether half of the budget of the key that seals is used: time to make another one active.
    pub fn needs_rotation(&self) -> bool {
        self.active().is_some_and(|key| key.usage().is_high())
    }

    /// Seals a record of at most 1 MiB; its data key stays in the key store.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal_record(&self, context: &Context, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        if plaintext.len() > RECORD_MAX {
            return Err(SealError::RecordTooLong);
        }
        self.seal(context, plaintext, Keep::Detached, ONE)
    }

    /// Opens a record. Whatever is wrong, nothing of it is returned.
    ///
    /// # Errors
    /// [`OpenError`]; tell the public no more than [`OpenError::public`].
    pub fn open_record(&self, context: &Context, object: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (header, sealed) = self.begin_open(context, object)?;
        if sealed.len() > SEALED_RECORD_MAX {
            return Err(OpenError::RecordTooLong);
        }
        let (key, mut plaintext) = (self.data_key(&header)?, Vec::new());
        seal::open(&key, context, sealed, ONE, &mut plaintext)?;
        Ok(plaintext)
    }

    /// Seals from memory to memory, on this many threads.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(
        &self,
        context: &Context,
        plaintext: &[u8],
        keep: Keep<'_>,
        threads: NonZeroUsize,
    ) -> Result<Vec<u8>, SealError> {
        let mut object = Vec::new();
        self.seal_into(context, plaintext, keep, threads, &mut object)?;
        Ok(object)
    }

    /// The same, into a buffer in the place of what it held: one that is used again spares the system's work for a new one.
    ///
    /// # Errors
    /// [`SealError`]; the buffer is empty then.
    pub fn seal_into(
        &self,
        context: &Context,
        plaintext: &[u8],
        keep: Keep<'_>,
        threads: NonZeroUsize,
        object: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let (key, header) = self.begin(context, keep).inspect_err(|_| object.clear())?;
        seal::seal(&key, context, &header, plaintext, threads, object)
    }

    /// Opens from memory to memory, on this many threads. Whatever is wrong, nothing of it is returned.
    ///
    /// # Errors
    /// [`OpenError`]; tell the public no more than [`OpenError::public`].
    pub fn open(&self, context: &Context, object: &[u8], threads: NonZeroUsize) -> Result<Vec<u8>, OpenError> {
        let mut plaintext = Vec::new();
        self.open_into(context, object, threads, &mut plaintext)?;
        Ok(plaintext)
    }

    /// The same, into a buffer in the place of what it held. Whatever is wrong, it is empty then.
    ///
    /// # Errors
    /// [`OpenError`]; tell the public no more than [`OpenError::public`].
    pub fn open_into(
        &self,
        context: &Context,
        object: &[u8],
        threads: NonZeroUsize,
        plaintext: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        let found = self.begin_open(context, object).and_then(|(header, sealed)| Ok((self.data_key(&header)?, sealed)));
        let (key, sealed) = found.inspect_err(|_| plaintext.zeroize())?;
        seal::open(&key, context, sealed, threads, plaintext)
    }

    pub(super) fn active(&self) -> Option<&Arc<DataKey>> {
        let mut active = self.data_keys.iter().filter(|(_, state)| *state == KeyState::Active);
        active.find(|(key, _)| !self.is_buried(key)).map(|(key, _)| key)
    }

    pub(super) fn tenant_kek(&self) -> Result<&TenantKek, SealError> {
        let active = self.tenant_keks.as_ref().and_then(|keks| keks.active());
        active.filter(|kek| !self.graves.has(kek.id())).ok_or(SealError::NoActiveKek)
    }

    pub(super) fn begin(&self, context: &Context, keep: Keep<'_>) -> Result<(Arc<DataKey>, Header), SealError> {
        if *context.tenant() != self.tenant {
            return Err(SealError::WrongTenant);
        }
        let key = self.active().ok_or(SealError::NoActiveKey)?;
        let header = match keep {
            Keep::Detached => Header::detached(key.id()),
            Keep::Embedded => embedded(key, &[self.tenant_kek()?])?,
            Keep::EmbeddedUnder(keks) => embedded(key, keks)?,
        };
        Ok((Arc::clone(key), header))
    }

    /// The header and the body.
    fn begin_open<'o>(&self, context: &Context, object: &'o [u8]) -> Result<(Header, &'o [u8]), OpenError> {
        if *context.tenant() != self.tenant {
            return Err(OpenError::WrongTenant);
        }
        let (header, length) = Header::parse(object)?;
        Ok((header, object.get(length..).unwrap_or_default()))
    }
}

/// A header with the key under each of these KEKs.
pub(super) fn embedded(key: &DataKey, keks: &[&dyn WrapKey]) -> Result<Header, SealError> {
    let slots = keks.iter().map(|kek| key.wrap(*kek)).collect::<Result<Vec<Slot>, _>>()?;
    Header::embedded(key.id(), slots).ok_or(SealError::Slots)
}

const fn strictest(one: KeyState, other: KeyState) -> KeyState {
    match (one, other) {
        (KeyState::Destroyed, _) | (_, KeyState::Destroyed) => KeyState::Destroyed,
        (KeyState::Retired, _) | (_, KeyState::Retired) => KeyState::Retired,
        (KeyState::VerifyOnly, _) | (_, KeyState::VerifyOnly) => KeyState::VerifyOnly,
        (KeyState::Active, KeyState::Active) => KeyState::Active,
    }
}
