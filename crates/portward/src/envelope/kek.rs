use core::fmt;

use crate::codec;
use crate::envelope::header::KeyId;
use crate::envelope::scope::DataScope;
use crate::envelope::slot::{KekName, KekType, Slot};
use crate::error::error_codes;
use crate::id::Identifier;
use crate::key::{
    DeploymentId, KeyState, Keyring, RootId, WRAP_DATA_LABEL, WRAP_KEK_LABEL, derive_root_kek, derive_tenant_wrap,
    key_check, length_prefixed,
};
use crate::primitive::{self, WrapCipher};
use crate::random::{self, RandomError};
use crate::secret::Secret;

error_codes! {
    /// Why a KEK did not wrap or unwrap. A provider has many reasons and tells none of them further.
    pub enum KekError {
        Unavailable => "kek_unavailable", Environment, "the provider of the KEK cannot be reached";
        Refused => "kek_refused", Environment, "the provider of the KEK refused";
    }
}

/// A KEK that wraps.
pub trait WrapKey {
    /// What the slot says of it.
    fn kek(&self) -> KekName;

    /// Wraps a key of 32 bytes, bound to `binding`, in the form that `spec/envelope.md` section 3 gives for the KEK's type.
    ///
    /// # Errors
    /// [`KekError`].
    fn wrap(&self, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError>;
}

/// One or more KEKs that unwrap.
pub trait UnwrapKey: Send + Sync {
    /// Whether this KEK is here and may be used. Calls nobody.
    fn resolves(&self, kek: &KekName) -> bool;

    /// Unwraps into `key`.
    ///
    /// # Errors
    /// [`KekError::Unavailable`] if, and only if, another attempt may go well; [`KekError::Refused`] for all else.
    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError>;
}

/// What a wrapped key is bound to: label, deployment, tenant, what it is for, its id, and the KEK.
pub struct Binding {
    label: &'static str,
    deployment: DeploymentId,
    bytes: Vec<u8>,
}

impl Binding {
    pub(crate) fn of_data_key(
        deployment: &DeploymentId,
        tenant: &Identifier,
        scope: &DataScope,
        id: &KeyId,
        kek: &KekName,
    ) -> Self {
        Self::new(WRAP_DATA_LABEL, deployment, tenant, [scope.as_str().as_bytes(), id], kek)
    }

    pub(crate) fn of_tenant_kek(
        deployment: &DeploymentId,
        tenant: &Identifier,
        id: &KeyId,
        version: u32,
        kek: &KekName,
    ) -> Self {
        Self::new(WRAP_KEK_LABEL, deployment, tenant, [id, &version.to_be_bytes()], kek)
    }

    fn new(
        label: &'static str,
        deployment: &DeploymentId,
        tenant: &Identifier,
        [first, second]: [&[u8]; 2],
        kek: &KekName,
    ) -> Self {
        let tenant = tenant.text();
        let parts = [label.as_bytes(), &deployment.to_bytes(), tenant.as_bytes(), first, second, &kek.head()];
        Self { label, deployment: *deployment, bytes: length_prefixed(&parts) }
    }

    /// The bytes that are associated data where the KEK takes such.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The pairs of an encryption context that say the same and name no person: `binding`, `deployment`, `portward`.
    pub fn pairs(&self) -> [(&'static str, String); 3] {
        let digest = codec::hex(&primitive::sha256(&[&self.bytes]));
        [("binding", digest), ("deployment", self.deployment.to_string()), ("portward", self.label.to_owned())]
    }
}

/// One version of a tenant's KEK: 32 random bytes that only derive.
pub struct TenantKek {
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
    pub fn generate(deployment: &DeploymentId) -> Result<Self, RandomError> {
        Self::generate_version(deployment, random::bytes()?, 1)
    }

    /// The version that follows this one. `None` behind the last.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn rotate(&self, deployment: &DeploymentId) -> Result<Option<Self>, RandomError> {
        let next = self.version.checked_add(1);
        next.map(|next| Self::generate_version(deployment, self.id, next)).transpose()
    }

    fn generate_version(deployment: &DeploymentId, id: KeyId, version: u32) -> Result<Self, RandomError> {
        Secret::try_filled(|bytes| random::draw(bytes)).map(|secret| Self::of(deployment, id, version, secret))
    }

    pub(super) fn of(deployment: &DeploymentId, id: KeyId, version: u32, secret: Secret) -> Self {
        let wrap = derive_tenant_wrap(&secret, deployment);
        let check = key_check(&secret, deployment, &id);
        Self { id, version, secret, check, wrap }
    }

    /// From the slot that a key store keeps.
    ///
    /// # Errors
    /// [`KekError`]; [`KekError::Refused`] also where nothing resolves the slot and where the check value is another one.
    pub fn unwrap(
        deployment: &DeploymentId,
        tenant: &Identifier,
        (id, version): (KeyId, u32),
        slot: &Slot,
        check: Option<[u8; 8]>,
        keks: &dyn UnwrapKey,
    ) -> Result<Self, KekError> {
        if slot.kek().kind() == KekType::Tenant || !keks.resolves(slot.kek()) {
            return Err(KekError::Refused);
        }
        let binding = Binding::of_tenant_kek(deployment, tenant, &id, version, slot.kek());
        let secret = Secret::try_filled(|key| keks.unwrap(slot, &binding, key))?;
        let kek = Self::of(deployment, id, version, secret);
        match check {
            Some(check) if !primitive::equal(&check, &kek.check) => Err(KekError::Refused),
            _ => Ok(kek),
        }
    }

    /// The slot that a key store keeps.
    ///
    /// # Errors
    /// [`KekError`].
    pub fn wrap(&self, deployment: &DeploymentId, tenant: &Identifier, kek: &dyn WrapKey) -> Result<Slot, KekError> {
        let name = kek.kek();
        let binding = Binding::of_tenant_kek(deployment, tenant, &self.id, self.version, &name);
        let wrapped = kek.wrap(&binding, self.secret.expose())?;
        Slot::new(name, wrapped).ok_or(KekError::Refused)
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
        seal(&self.wrap, binding, key)
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
        let kek = self.find(slot.kek()).ok_or(KekError::Refused)?;
        open(&kek.wrap, slot, binding, key)
    }
}

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
        seal(kek, binding, key)
    }
}

impl UnwrapKey for RootKeks {
    fn resolves(&self, kek: &KekName) -> bool {
        self.find(kek).is_some()
    }

    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        open(self.find(slot.kek()).ok_or(KekError::Refused)?, slot, binding, key)
    }
}

/// `nonce ‖ ciphertext ‖ tag` of XAES-256-GCM.
fn seal(kek: &Secret, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
    let mut nonce = [0; 24];
    random::draw(&mut nonce).map_err(|_| KekError::Unavailable)?;
    Ok(seal_with(kek, &nonce, binding, key))
}

fn seal_with(kek: &Secret, nonce: &[u8; 24], binding: &Binding, key: &[u8; 32]) -> Vec<u8> {
    let mut wrapped = *key;
    let tag = sealed_in_place(kek, nonce, binding, &mut wrapped);
    zeroize::zeroize_stack::<8192>();
    [nonce.as_slice(), &wrapped, &tag].concat()
}

/// With a frame of its own, so that what the key schedules leave on the stack can be cleared behind it.
#[inline(never)]
fn sealed_in_place(kek: &Secret, nonce: &[u8; 24], binding: &Binding, key: &mut [u8; 32]) -> [u8; 16] {
    WrapCipher::new(kek.expose()).seal(nonce, &binding.bytes, key)
}

#[inline(never)]
fn opened_in_place(kek: &Secret, nonce: &[u8; 24], binding: &Binding, key: &mut [u8; 32], tag: &[u8; 16]) -> bool {
    WrapCipher::new(kek.expose()).open(nonce, &binding.bytes, key, tag)
}

fn open(kek: &Secret, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
    let (nonce, rest) = slot.wrapped().split_first_chunk().ok_or(KekError::Refused)?;
    let (wrapped, tag) = rest.split_last_chunk().ok_or(KekError::Refused)?;
    *key = wrapped.try_into().map_err(|_| KekError::Refused)?;
    let authentic = opened_in_place(kek, nonce, binding, key, tag);
    zeroize::zeroize_stack::<8192>();
    if authentic { Ok(()) } else { Err(KekError::Refused) }
}

/// For the vectors of the testkit: a wrapping with a given nonce.
#[cfg(test)]
pub(crate) struct WithNonce(pub(crate) Secret, pub(crate) KekName, pub(crate) [u8; 24]);

#[cfg(test)]
impl WrapKey for WithNonce {
    fn kek(&self) -> KekName {
        self.1.clone()
    }

    fn wrap(&self, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
        Ok(seal_with(&self.0, &self.2, binding, key))
    }
}
