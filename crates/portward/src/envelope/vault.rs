use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::codec;
use crate::envelope::data_key::DataKey;
use crate::envelope::error::OpenError;
use crate::envelope::header::KeyId;
use crate::envelope::kek::{KekError, UnwrapKey, WrapKey};
use crate::envelope::keys::ScopeKeys;
use crate::envelope::scope::{DataScope, DataScopeError};
use crate::envelope::slot::{KekName, KekType, Slot};
use crate::error::error_codes;
use crate::id::Identifier;
use crate::key::{DeploymentId, FileFault, KeyState, read_file, write_file};
use crate::random::{self, RandomError};

/// What a device keeps of a vault beside the objects in it: the names of its data key, and that key under the device's own. Without this file
/// no object opens, so deleting it erases them all. Source: `spec/vault.md`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VaultFile {
    /// Stands where a deployment's id stands elsewhere.
    vault: DeploymentId,
    tenant: Identifier,
    data_key: KeyId,
    check: [u8; 8],
    slot: Slot,
    key_name: String,
}

error_codes! {
    /// Why there is no vault, or why it does not open.
    pub enum VaultError {
        NewerVersion => "vault_newer_version", Environment, "the vault file is of a newer version than this program";
        Malformed => "vault_malformed", Input, "the vault file is not what its format says";
        WrongTenant => "vault_wrong_tenant", Caller, "the vault is of another tenant";
        KeyName => "key_name", Caller, "the name of a device's key has 1 to 64 bytes";
        KekRefused => "kek_refused", Environment, "the device's key did not wrap the key of the vault, or does not unwrap it";
        UnwrapFailed => "unwrap_failed", Input, "the device's key is gone, or does not unwrap the key of the vault";
        KekUnavailable => "kek_unavailable", Environment, "the device's key cannot be used just now";
        KeyCheckMismatch => "key_check_mismatch", Input, "the unwrapped key is not the one that was wrapped";
        Random => "random_unavailable", Environment, "the operating system gave no random bytes";
    }
}

impl VaultFile {
    /// Largest file, in bytes.
    pub const FILE_MAX: usize = 16_384;

    /// What the slot says of a device's key of this name.
    ///
    /// # Errors
    /// [`VaultError::KeyName`].
    pub fn kek(key_name: &str) -> Result<KekName, VaultError> {
        let kek = KekName::new(KekType::Device, key_name.as_bytes(), VERSION);
        if (1..=64).contains(&key_name.len()) { Ok(kek) } else { Err(VaultError::KeyName) }
    }

    /// A new vault of a tenant: its file, and what seals and opens. The key's name is one that [`VaultFile::kek`] gives. What it wrapped it is
    /// asked to unwrap at once: nothing is sealed under a key that does not come back.
    ///
    /// # Errors
    /// [`VaultError::KeyName`] for another name, [`VaultError::KekRefused`], [`VaultError::KekUnavailable`], [`VaultError::Random`].
    pub fn create<K: WrapKey + UnwrapKey>(tenant: Identifier, kek: &K) -> Result<(Self, ScopeKeys), VaultError> {
        let vault = DeploymentId::from_bytes(random::bytes()?);
        Self::around(vault, tenant, DataKey::generate(&vault, tenant, scope()?)?, kek)
    }

    /// The vault of a data key that is of this vault, tenant and the scope.
    pub(crate) fn around<K: WrapKey + UnwrapKey>(
        vault: DeploymentId,
        tenant: Identifier,
        key: DataKey,
        kek: &K,
    ) -> Result<(Self, ScopeKeys), VaultError> {
        let slot = key.wrap(kek)?;
        let key_name = device_key(&slot).ok_or(VaultError::KeyName)?;
        let file = Self { vault, tenant, data_key: key.id(), check: key.check_value(), slot, key_name };
        file.open(&tenant, kek).map_err(|error| match error {
            VaultError::UnwrapFailed | VaultError::KeyCheckMismatch => VaultError::KekRefused,
            other => other,
        })?;
        let keys = file.keys(key)?;
        Ok((file, keys))
    }

    /// What seals and opens. The tenant is stated again: a file that was put in the place of this one is not taken for it.
    ///
    /// # Errors
    /// [`VaultError::WrongTenant`]; then [`VaultError::UnwrapFailed`] or [`VaultError::KekUnavailable`]; [`VaultError::KeyCheckMismatch`].
    pub fn open(&self, tenant: &Identifier, kek: &dyn UnwrapKey) -> Result<ScopeKeys, VaultError> {
        if self.tenant != *tenant {
            return Err(VaultError::WrongTenant);
        }
        let (scope, check) = (scope()?, Some(self.check));
        self.keys(DataKey::unwrap(&self.vault, self.tenant, scope, self.data_key, &self.slot, check, kek)?)
    }

    fn keys(&self, key: DataKey) -> Result<ScopeKeys, VaultError> {
        Ok(ScopeKeys::of(self.vault, self.tenant, scope()?).with_data_key(Arc::new(key), KeyState::Active))
    }

    /// What the device's key is called.
    pub fn key_name(&self) -> &str {
        &self.key_name
    }

    /// Whose.
    pub const fn tenant(&self) -> &Identifier {
        &self.tenant
    }

    /// Its name: 16 random bytes.
    pub const fn id(&self) -> [u8; 16] {
        self.vault.to_bytes()
    }

    /// Reads the file's bytes.
    ///
    /// # Errors
    /// [`VaultError::NewerVersion`], [`VaultError::Malformed`].
    pub fn from_json(json: &[u8]) -> Result<Self, VaultError> {
        let shape: Shape<'_> = read_file(json, FORMAT, Self::FILE_MAX)?;
        Self::of(&shape).ok_or(VaultError::Malformed)
    }

    fn of(shape: &Shape<'_>) -> Option<Self> {
        let slot = Slot::from_bytes(&codec::decode(&shape.slot).ok()?)?;
        Some(Self {
            vault: DeploymentId::from_hex(&shape.vault)?,
            tenant: Identifier::new(&shape.tenant).ok()?,
            data_key: codec::from_hex(&shape.data_key)?,
            check: codec::from_hex(&shape.check)?,
            key_name: device_key(&slot)?,
            slot,
        })
    }

    /// The file's bytes.
    pub fn to_json(&self) -> Vec<u8> {
        let shape = Shape {
            format: FORMAT.into(),
            version: 1,
            vault: self.vault.to_string().into(),
            tenant: self.tenant.to_string().into(),
            data_key: codec::hex(&self.data_key).into(),
            check: codec::hex(&self.check).into(),
            slot: codec::encode(&self.slot.to_bytes()).into(),
        };
        write_file(&shape, 1024)
    }
}

/// Of all objects of a vault.
fn scope() -> Result<DataScope, VaultError> {
    SCOPE.parse().map_err(|_: DataScopeError| VaultError::Malformed)
}

/// The name of the device's key that a slot lies under, if it is such a slot.
fn device_key(slot: &Slot) -> Option<String> {
    let kek = slot.kek();
    let is_of_device = kek.kind() == KekType::Device && kek.version() == VERSION;
    String::from_utf8(kek.id().to_vec()).ok().filter(|_| is_of_device)
}

impl From<KekError> for VaultError {
    fn from(error: KekError) -> Self {
        match error {
            KekError::Unavailable => Self::KekUnavailable,
            KekError::Refused => Self::KekRefused,
            KekError::Random => Self::Random,
        }
    }
}

/// What can go wrong with a slot.
impl From<OpenError> for VaultError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::KekUnavailable => Self::KekUnavailable,
            OpenError::KeyCheckMismatch => Self::KeyCheckMismatch,
            _ => Self::UnwrapFailed,
        }
    }
}

impl From<RandomError> for VaultError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}

impl From<FileFault> for VaultError {
    fn from(fault: FileFault) -> Self {
        match fault {
            FileFault::NewerVersion => Self::NewerVersion,
            FileFault::Malformed => Self::Malformed,
        }
    }
}

const FORMAT: &str = "portward-vault";
const SCOPE: &str = "vault:objects";
/// Of a device's key: a new one has a new name.
const VERSION: u32 = 0;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape<'a> {
    #[serde(borrow)]
    format: Cow<'a, str>,
    version: u64,
    #[serde(borrow)]
    vault: Cow<'a, str>,
    #[serde(borrow)]
    tenant: Cow<'a, str>,
    #[serde(borrow)]
    data_key: Cow<'a, str>,
    #[serde(borrow)]
    check: Cow<'a, str>,
    #[serde(borrow)]
    slot: Cow<'a, str>,
}
