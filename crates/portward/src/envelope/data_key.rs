use core::fmt;
use std::sync::{Mutex, PoisonError};

use crate::codec;
use crate::envelope::budget::Usage;
use crate::envelope::error::{OpenError, SealError};
use crate::envelope::header::{KeyId, SUITE};
use crate::envelope::kek::{Binding, KekError, UnwrapKey, WrapKey};
use crate::envelope::scope::DataScope;
use crate::envelope::slot::{KekType, Slot};
use crate::id::Identifier;
use crate::key::{BodyInputKey, DeploymentId, derive_body_key, key_check};
use crate::primitive;
use crate::random::{self, RandomError};
use crate::secret::Secret;

/// The key of one tenant and scope: 32 random bytes that only derive. Wiped when dropped; it never leaves this type but wrapped.
pub struct DataKey {
    deployment: DeploymentId,
    /// The tenant KEK that it lay under, if it was unwrapped from one.
    under: Option<KeyId>,
    id: KeyId,
    tenant: Identifier,
    scope: DataScope,
    secret: Secret,
    check: [u8; 8],
    body: Box<BodyInputKey>,
    meter: Mutex<Meter>,
}

/// What was used, and how far it may go.
struct Meter {
    used: Usage,
    until: Usage,
}

impl DataKey {
    /// A new one.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn generate(deployment: &DeploymentId, tenant: Identifier, scope: DataScope) -> Result<Self, RandomError> {
        let secret = Secret::try_filled(|bytes| random::draw(bytes))?;
        Ok(Self::of(deployment, tenant, scope, random::bytes()?, secret))
    }

    pub(super) fn of(
        deployment: &DeploymentId,
        tenant: Identifier,
        scope: DataScope,
        id: KeyId,
        secret: Secret,
    ) -> Self {
        let mut body = Box::new(BodyInputKey::EMPTY);
        derive_body_key(&secret, deployment, SUITE, &mut body);
        let check = key_check(&secret, deployment, &id);
        let meter = Mutex::new(Meter { used: Usage::default(), until: Usage::BUDGET });
        Self { deployment: *deployment, under: None, id, tenant, scope, secret, check, body, meter }
    }

    /// From a slot, which `keks` have to resolve. With the check value that was stored with it, if one was.
    ///
    /// # Errors
    /// [`OpenError::NoSlot`], [`OpenError::UnwrapFailed`], [`OpenError::KekUnavailable`], [`OpenError::KeyCheckMismatch`].
    pub fn unwrap(
        deployment: &DeploymentId,
        tenant: Identifier,
        scope: DataScope,
        id: KeyId,
        slot: &Slot,
        check: Option<[u8; 8]>,
        keks: &dyn UnwrapKey,
    ) -> Result<Self, OpenError> {
        if !keks.resolves(slot.kek()) {
            return Err(OpenError::NoSlot);
        }
        let binding = Binding::of_data_key(deployment, &tenant, &scope, &id, slot.kek());
        let secret = Secret::try_filled(|key| keks.unwrap(slot, &binding, key))?;
        let under = (slot.kek().kind() == KekType::Tenant).then(|| slot.kek().id().try_into().ok()).flatten();
        let key = Self { under, ..Self::of(deployment, tenant, scope, id, secret) };
        match check {
            Some(check) if !primitive::equal(&check, &key.check) => Err(OpenError::KeyCheckMismatch),
            _ => Ok(key),
        }
    }

    /// The slot that a key store, or an object, keeps.
    ///
    /// # Errors
    /// [`KekError`].
    pub fn wrap(&self, kek: &dyn WrapKey) -> Result<Slot, KekError> {
        let name = kek.kek();
        let binding = Binding::of_data_key(&self.deployment, &self.tenant, &self.scope, &self.id, &name);
        let wrapped = kek.wrap(&binding, self.secret.expose())?;
        Slot::new(name, wrapped).ok_or(KekError::Refused)
    }

    /// Counts a body against the budget.
    pub(super) fn charge(&self, add: impl FnOnce(&mut Usage) -> Result<(), SealError>) -> Result<(), SealError> {
        let mut meter = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
        let mut used = meter.used;
        add(&mut used)?;
        if used > meter.until {
            return Err(SealError::AllowanceSpent);
        }
        meter.used = used;
        Ok(())
    }

    /// How much of its budget is used, as far as this copy of it knows.
    pub fn usage(&self) -> Usage {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner).used
    }

    /// Counts from `used` on, and seals no further than `until`: what this copy has of a budget that all copies share.
    pub fn allow(&self, used: Usage, until: Usage) {
        *self.meter.lock().unwrap_or_else(PoisonError::into_inner) = Meter { used, until };
    }

    /// For others' vectors, which know no key above that of bodies.
    #[cfg(test)]
    pub(super) fn with_body_key(mut self, key: &BodyInputKey) -> Self {
        self.body.copy_from(key);
        self
    }

    pub(super) const fn body_key(&self) -> &BodyInputKey {
        &self.body
    }

    pub(super) const fn secret(&self) -> &Secret {
        &self.secret
    }

    pub(super) const fn under(&self) -> Option<KeyId> {
        self.under
    }

    pub(super) const fn deployment(&self) -> DeploymentId {
        self.deployment
    }

    /// Its name.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Whose it is.
    pub const fn tenant(&self) -> &Identifier {
        &self.tenant
    }

    /// What it is for.
    pub const fn scope(&self) -> &DataScope {
        &self.scope
    }

    /// Tells two copies of one key from two keys.
    pub const fn check_value(&self) -> [u8; 8] {
        self.check
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("DataKey");
        shown.field("id", &format_args!("{}", codec::hex(&self.id))).field("tenant", &self.tenant);
        shown.field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl From<KekError> for OpenError {
    fn from(error: KekError) -> Self {
        match error {
            KekError::Unavailable | KekError::Random => Self::KekUnavailable,
            KekError::Refused => Self::UnwrapFailed,
        }
    }
}

impl From<KekError> for SealError {
    fn from(error: KekError) -> Self {
        match error {
            KekError::Unavailable => Self::KekUnavailable,
            KekError::Refused => Self::KekRefused,
            KekError::Random => Self::Random,
        }
    }
}

impl From<RandomError> for SealError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}
