use core::fmt;

use crate::envelope::error::OpenError;
use crate::envelope::header::KeyId;
use crate::envelope::kek::{Binding, KekError, UnwrapKey, WrapKey};
use crate::envelope::slot::{KekName, KekType, Slot};
use crate::envelope::wrap;
use crate::id::Identifier;
use crate::key::{DeploymentId, KeyState, derive_tenant_wrap, key_check};
use crate::primitive;
use crate::random::{self, RandomError};
use crate::secret::Secret;

/// One version of a tenant's KEK: 32 random bytes that only derive. It wraps and unwraps keys of that tenant and of no other.
pub struct TenantKek {
    deployment: DeploymentId,
    tenant: Identifier,
    id: KeyId,
    version: u32,
    secret: Secret,
    check: [u8; 8],
    wrap: Secret,
}

impl TenantKek {
    /// A first version, with a new id.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn generate(deployment: &DeploymentId, tenant: Identifier) -> Result<Self, RandomError> {
        let secret = Secret::try_filled(|bytes| random::draw(bytes))?;
        Ok(Self::of(deployment, tenant, random::bytes()?, 1, secret))
    }

    /// The version that follows this one. `None` behind the last.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn rotate(&self) -> Result<Option<Self>, RandomError> {
        let Some(next) = self.version.checked_add(1) else { return Ok(None) };
        let secret = Secret::try_filled(|bytes| random::draw(bytes))?;
        Ok(Some(Self::of(&self.deployment, self.tenant, self.id, next, secret)))
    }

    pub(super) fn of(deployment: &DeploymentId, tenant: Identifier, id: KeyId, version: u32, secret: Secret) -> Self {
        let wrap = derive_tenant_wrap(&secret, deployment);
        let check = key_check(&secret, deployment, &id);
        Self { deployment: *deployment, tenant, id, version, secret, check, wrap }
    }

    /// From the slot that a key store keeps, with the check value that was stored with it, if one was. A slot under a tenant KEK is none of its.
    ///
    /// # Errors
    /// [`OpenError::NoSlot`], [`OpenError::UnwrapFailed`], [`OpenError::KekUnavailable`], [`OpenError::KeyCheckMismatch`].
    pub fn unwrap(
        deployment: &DeploymentId,
        tenant: &Identifier,
        (id, version): (KeyId, u32),
        slot: &Slot,
        check: Option<[u8; 8]>,
        keks: &dyn UnwrapKey,
    ) -> Result<Self, OpenError> {
        if slot.kek().kind() == KekType::Tenant || !keks.resolves(slot.kek()) {
            return Err(OpenError::NoSlot);
        }
        let binding = Binding::of_tenant_kek(deployment, tenant, &id, version, slot.kek());
        let secret = Secret::try_filled(|key| keks.unwrap(slot, &binding, key))?;
        let kek = Self::of(deployment, *tenant, id, version, secret);
        match check {
            Some(check) if !primitive::equal(&check, &kek.check) => Err(OpenError::KeyCheckMismatch),
            _ => Ok(kek),
        }
    }

    /// The slot that a key store keeps.
    ///
    /// # Errors
    /// [`KekError`].
    pub fn wrap(&self, kek: &dyn WrapKey) -> Result<Slot, KekError> {
        let name = kek.kek();
        let binding = Binding::of_tenant_kek(&self.deployment, &self.tenant, &self.id, self.version, &name);
        let wrapped = kek.wrap(&binding, self.secret.expose())?;
        Slot::new(name, wrapped).ok_or(KekError::Refused)
    }

    /// Whose it is.
    pub const fn tenant(&self) -> &Identifier {
        &self.tenant
    }

    /// Its name, the same for all versions.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// From 1.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Tells two copies of one key from two keys.
    pub const fn check_value(&self) -> [u8; 8] {
        self.check
    }

    fn is_of(&self, binding: &Binding) -> bool {
        binding.is_of(&self.deployment, &self.tenant)
    }

    fn name(&self) -> KekName {
        KekName::new(KekType::Tenant, self.id, self.version)
    }
}

impl fmt::Debug for TenantKek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TenantKek").field(&self.name()).finish()
    }
}

impl WrapKey for TenantKek {
    fn kek(&self) -> KekName {
        self.name()
    }

    fn wrap(&self, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
        if self.is_of(binding) { wrap::seal(&self.wrap, binding, key) } else { Err(KekError::Refused) }
    }
}

/// The versions of a tenant's KEK, each with its state.
pub struct TenantKeks {
    versions: Vec<(TenantKek, KeyState)>,
    minimum: u32,
}

impl TenantKeks {
    /// Versions below the minimum are not used.
    pub fn new(versions: impl IntoIterator<Item = (TenantKek, KeyState)>, minimum: u32) -> Self {
        Self { versions: versions.into_iter().collect(), minimum }
    }

    /// The one that wraps.
    pub fn active(&self) -> Option<&TenantKek> {
        self.versions.iter().find(|(_, state)| *state == KeyState::Active).map(|(kek, _)| kek)
    }

    fn find(&self, name: &KekName) -> Option<&TenantKek> {
        let opens = |state: &KeyState| matches!(state, KeyState::Active | KeyState::VerifyOnly);
        let known = self.versions.iter().find(|(kek, state)| kek.name() == *name && opens(state));
        known.map(|(kek, _)| kek).filter(|kek| kek.version >= self.minimum)
    }
}

impl UnwrapKey for TenantKeks {
    fn resolves(&self, kek: &KekName) -> bool {
        self.find(kek).is_some()
    }

    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        let kek = self.find(slot.kek()).filter(|kek| kek.is_of(binding)).ok_or(KekError::Refused)?;
        wrap::open(&kek.wrap, slot, binding, key)
    }
}
