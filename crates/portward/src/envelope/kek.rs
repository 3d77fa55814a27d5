use crate::codec;
use crate::envelope::header::KeyId;
use crate::envelope::scope::DataScope;
use crate::envelope::slot::{KekName, Slot};
use crate::error::error_codes;
use crate::id::Identifier;
use crate::key::{DeploymentId, WRAP_DATA_LABEL, WRAP_KEK_LABEL, WRAP_KEYRING_LABEL, length_prefixed};
use crate::primitive;

error_codes! {
    /// Why a KEK did not wrap or unwrap. A provider has many reasons and tells none of them further.
    pub enum KekError {
        Unavailable => "kek_unavailable", Environment, "the provider of the KEK cannot be reached";
        Refused => "kek_refused", Environment, "the provider of the KEK refused";
        Random => "random_unavailable", Environment, "the operating system gave no random bytes";
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
    /// [`KekError::Unavailable`] if, and only if, another attempt may go well; [`KekError::Refused`] for all else. [`KekError::Random`] is of
    /// wrapping alone.
    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError>;
}

/// What a wrapped key is bound to: label, deployment, tenant, what it is for, its id, and the KEK.
pub struct Binding {
    label: &'static str,
    deployment: DeploymentId,
    /// None of a keyring key.
    tenant: Option<Identifier>,
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

    pub(super) fn of_keyring_key(deployment: &DeploymentId, kek: &KekName) -> Self {
        let label = WRAP_KEYRING_LABEL;
        let bytes = length_prefixed(&[label.as_bytes(), &deployment.to_bytes(), &kek.head()]);
        Self { label, deployment: *deployment, tenant: None, bytes }
    }

    fn new(
        label: &'static str,
        deployment: &DeploymentId,
        tenant: &Identifier,
        [first, second]: [&[u8]; 2],
        kek: &KekName,
    ) -> Self {
        let text = tenant.text();
        let parts = [label.as_bytes(), &deployment.to_bytes(), text.as_bytes(), first, second, &kek.head()];
        Self { label, deployment: *deployment, tenant: Some(*tenant), bytes: length_prefixed(&parts) }
    }

    pub(super) fn is_of(&self, deployment: &DeploymentId, tenant: &Identifier) -> bool {
        self.deployment == *deployment && self.tenant == Some(*tenant)
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
