use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::codec;
use crate::error::error_codes;
use crate::key::deployment::Deployment;
use crate::key::derive;
use crate::key::file::{self, FileFault, Object};
use crate::key::id::{DeploymentId, RootId};
use crate::key::root::{self, KeyState, RootInfo, RootKey};
use crate::primitive;
use crate::random::{self, RandomError};
use crate::time::Timestamp;

/// The root keys of a deployment. Exactly one is active; the others check, rest, or are only remembered.
///
/// ```
/// use portward::{Deployment, KeyState, Keyring, Timestamp, Vocabulary};
/// let now = Timestamp::from_unix(1_764_000_000);
/// let deployment = Deployment::generate(Vocabulary::portal())?;
/// let mut keyring = Keyring::generate(&deployment, now)?;
/// let next = keyring.add(now)?;                 // give the new file to every verifier …
/// keyring.activate(next, now)?;                 // … then let it sign
/// assert_eq!(keyring.roots().filter(|root| root.state == KeyState::Active).count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Keyring {
    deployment: DeploymentId,
    roots: Vec<RootKey>,
}

error_codes! {
    /// Why a keyring was not read or not changed.
    pub enum KeyringError {
        NewerVersion => "keyring_newer_version", Environment, "the keyring file is of a newer version than this program";
        Malformed => "keyring_malformed", Caller, "the keyring file is not what its format says";
        DuplicateId => "keyring_duplicate_id", Caller, "two roots of the keyring have the same id";
        NoActiveRoot => "keyring_no_active_root", Caller, "the keyring does not have exactly one active root";
        CheckMismatch => "keyring_check_mismatch", Caller, "a root key of the keyring is damaged: its check value differs";
        WrongDeployment => "keyring_wrong_deployment", Caller, "the keyring belongs to another deployment";
        UnknownRoot => "unknown_root", Caller, "the keyring has no root of this id";
        WrongState => "root_wrong_state", Caller, "the root's state does not allow this";
        InUse => "root_in_use", Caller, "something signed under this root can still be alive";
        Full => "keyring_full", Caller, "a keyring has at most 1024 roots";
        Random => "random_unavailable", Environment, "the operating system gave no random bytes";
    }
}

impl Keyring {
    /// Largest file, in bytes.
    pub const FILE_MAX: usize = 1 << 20;
    /// Most roots, the destroyed ones too.
    pub const ROOTS_MAX: usize = 1024;

    /// A keyring with one new, active root.
    ///
    /// # Errors
    /// [`KeyringError::Random`].
    pub fn generate(deployment: &Deployment, now: Timestamp) -> Result<Self, KeyringError> {
        let mut keyring = Self { deployment: deployment.id, roots: Vec::new() };
        keyring.generate_root(KeyState::Active, now)?;
        Ok(keyring)
    }

    /// Reads a keyring file that must belong to this deployment.
    ///
    /// # Errors
    /// [`KeyringError::NewerVersion`], [`KeyringError::Malformed`], [`KeyringError::DuplicateId`],
    /// [`KeyringError::NoActiveRoot`], [`KeyringError::CheckMismatch`], then [`KeyringError::WrongDeployment`].
    pub fn from_json(json: &[u8], deployment: &Deployment) -> Result<Self, KeyringError> {
        let keyring = Self::from_json_of_any(json)?;
        if keyring.deployment == deployment.id { Ok(keyring) } else { Err(KeyringError::WrongDeployment) }
    }

    pub(crate) fn from_json_of_any(json: &[u8]) -> Result<Self, KeyringError> {
        let shape: Shape<'_> = file::read(json, FORMAT, Self::FILE_MAX)?;
        let deployment = DeploymentId::from_hex(&shape.deployment).ok_or(KeyringError::Malformed)?;
        if shape.roots.len() > Self::ROOTS_MAX {
            return Err(KeyringError::Malformed);
        }
        let roots: Vec<_> =
            shape.roots.iter().map(|root| root.0.parse()).collect::<Option<_>>().ok_or(KeyringError::Malformed)?;
        let keyring = Self { deployment, roots };
        keyring.check_ids()?;
        keyring.check_material()?;
        Ok(keyring)
    }

    /// The file's bytes: they hold every key, and are wiped when dropped.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let keys: Vec<_> = self.roots.iter().map(|root| root.material.as_ref().map(root::key_string)).collect();
        let roots = self
            .roots
            .iter()
            .zip(&keys)
            .map(|(root, key)| Object(RootShape::of(&root.info, key.as_ref().map(|key| key.as_str()))));
        let shape = Shape {
            format: FORMAT.into(),
            version: 1,
            deployment: self.deployment.to_string().into(),
            roots: roots.collect(),
        };
        Zeroizing::new(file::write(&shape, self.roots.len().saturating_mul(400).saturating_add(400)))
    }

    /// Adds a new root that only checks, so that it can be handed to every verifier before it signs.
    ///
    /// # Errors
    /// [`KeyringError::Full`], [`KeyringError::Random`].
    pub fn add(&mut self, now: Timestamp) -> Result<RootId, KeyringError> {
        if self.roots.len() >= Self::ROOTS_MAX {
            return Err(KeyringError::Full);
        }
        self.generate_root(KeyState::VerifyOnly, now)
    }

    /// Makes a root that only checks the active one; the one that was active only checks from now on.
    ///
    /// # Errors
    /// [`KeyringError::UnknownRoot`], [`KeyringError::WrongState`].
    pub fn activate(&mut self, id: RootId, now: Timestamp) -> Result<(), KeyringError> {
        self.in_state(id, KeyState::VerifyOnly)?;
        for root in &mut self.roots {
            if root.info.state == KeyState::Active {
                root.info.state = KeyState::VerifyOnly;
                // A clock that was set back does not make what it signed end earlier.
                root.info.last_active = Some(now.max(root.info.created).min(Timestamp::WIRE_MAX));
            }
        }
        let root = self.in_state(id, KeyState::VerifyOnly)?;
        root.info.state = KeyState::Active;
        root.info.last_active = None;
        Ok(())
    }

    /// Makes a root that only checks refuse everything. Its material is kept.
    ///
    /// # Errors
    /// [`KeyringError::UnknownRoot`], [`KeyringError::WrongState`].
    pub fn retire(&mut self, id: RootId) -> Result<(), KeyringError> {
        self.in_state(id, KeyState::VerifyOnly)?.info.state = KeyState::Retired;
        Ok(())
    }

    /// Lets a retired root check again.
    ///
    /// # Errors
    /// [`KeyringError::UnknownRoot`], [`KeyringError::WrongState`].
    pub fn reinstate(&mut self, id: RootId) -> Result<(), KeyringError> {
        self.in_state(id, KeyState::Retired)?.info.state = KeyState::VerifyOnly;
        Ok(())
    }

    /// Destroys a retired root once nothing signed under it can be alive.
    ///
    /// # Errors
    /// [`KeyringError::UnknownRoot`], [`KeyringError::WrongState`], [`KeyringError::InUse`].
    pub fn destroy(&mut self, id: RootId, deployment: &Deployment, now: Timestamp) -> Result<(), KeyringError> {
        let from = self.destroyable_from(id, deployment);
        let root = self.in_state(id, KeyState::Retired)?;
        if from.is_some_and(|from| now < from) {
            return Err(KeyringError::InUse);
        }
        root::destroy(root);
        Ok(())
    }

    /// From when on nothing signed under a root can be alive; `None` if nothing ever was, or if there is no such root. It has to be retired too.
    pub fn destroyable_from(&self, id: RootId, deployment: &Deployment) -> Option<Timestamp> {
        let last = self.root(id)?.info.last_active?;
        Some(last.saturating_add(deployment.link.ceiling()).saturating_add(GRACE))
    }

    /// Destroys a retired root although links under it may be alive: they are dead from now on, and so is the proof of what they were.
    ///
    /// # Errors
    /// [`KeyringError::UnknownRoot`], [`KeyringError::WrongState`].
    pub fn dangerous_destroy_in_use(&mut self, id: RootId) -> Result<(), KeyringError> {
        root::destroy(self.in_state(id, KeyState::Retired)?);
        Ok(())
    }

    /// The deployment it belongs to.
    pub const fn deployment(&self) -> DeploymentId {
        self.deployment
    }

    /// What may be known about each root, in the order they were added.
    pub fn roots(&self) -> impl Iterator<Item = &RootInfo> {
        self.roots.iter().map(|root| &root.info)
    }

    /// The root that signs.
    pub(crate) fn active(&self) -> Option<&RootKey> {
        self.roots.iter().find(|root| root.info.state == KeyState::Active)
    }

    /// The root of this id, whatever its state.
    pub(crate) fn root(&self, id: RootId) -> Option<&RootKey> {
        self.roots.iter().find(|root| root.info.id == id)
    }

    fn generate_root(&mut self, state: KeyState, now: Timestamp) -> Result<RootId, KeyringError> {
        let id = loop {
            let id = RootId::from_bytes(random::bytes()?);
            if self.root(id).is_none() {
                break id;
            }
        };
        self.roots.push(RootKey::generate(&self.deployment, state, id, now.min(Timestamp::WIRE_MAX))?);
        Ok(id)
    }

    fn in_state(&mut self, id: RootId, state: KeyState) -> Result<&mut RootKey, KeyringError> {
        let root = self.roots.iter_mut().find(|root| root.info.id == id).ok_or(KeyringError::UnknownRoot)?;
        if root.info.state == state { Ok(root) } else { Err(KeyringError::WrongState) }
    }

    fn check_ids(&self) -> Result<(), KeyringError> {
        let distinct: std::collections::HashSet<_> = self.roots().map(|root| root.id).collect();
        if distinct.len() != self.roots.len() {
            return Err(KeyringError::DuplicateId);
        }
        let active = self.roots().filter(|root| root.state == KeyState::Active).count();
        if active == 1 { Ok(()) } else { Err(KeyringError::NoActiveRoot) }
    }

    fn check_material(&self) -> Result<(), KeyringError> {
        for RootKey { info, material } in &self.roots {
            let Some(material) = material else { continue };
            if !primitive::equal(&derive::root_check(material, &self.deployment, info.id), &info.check) {
                return Err(KeyringError::CheckMismatch);
            }
        }
        Ok(())
    }
}

impl core::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let roots: Vec<_> = self.roots().map(|root| (root.id, root.state)).collect();
        f.debug_struct("Keyring").field("deployment", &self.deployment).field("roots", &roots).finish()
    }
}

impl From<FileFault> for KeyringError {
    fn from(fault: FileFault) -> Self {
        match fault {
            FileFault::NewerVersion => Self::NewerVersion,
            FileFault::Malformed => Self::Malformed,
        }
    }
}

impl From<RandomError> for KeyringError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}

/// How much longer than its longest link a root is kept: clocks differ.
const GRACE: Duration = Duration::from_secs(600);

const FORMAT: &str = "portward-keyring";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape<'a> {
    #[serde(borrow)]
    format: Cow<'a, str>,
    version: u64,
    #[serde(borrow)]
    deployment: Cow<'a, str>,
    #[serde(borrow)]
    roots: Vec<Object<RootShape<'a>>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RootShape<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    state: Cow<'a, str>,
    created: u64,
    #[serde(deserialize_with = "Option::deserialize")]
    last_active: Option<u64>,
    #[serde(borrow)]
    check: Cow<'a, str>,
    /// Borrowed only: a text of its own would be freed without being wiped.
    #[serde(borrow, deserialize_with = "Option::deserialize")]
    key: Option<&'a str>,
}

impl<'a> RootShape<'a> {
    fn of(info: &RootInfo, key: Option<&'a str>) -> Self {
        Self {
            id: info.id.to_string().into(),
            state: info.state.name().into(),
            created: info.created.unix(),
            last_active: info.last_active.map(Timestamp::unix),
            check: codec::hex(&info.check).into(),
            key,
        }
    }

    fn parse(&self) -> Option<RootKey> {
        let state = KeyState::from_name(&self.state)?;
        let material = match self.key {
            Some(text) => Some(root::parse_key_string(text)?),
            None => None,
        };
        if material.is_some() == (state == KeyState::Destroyed) {
            return None;
        }
        let time = |seconds| Some(Timestamp::from_unix(seconds)).filter(|time| *time <= Timestamp::WIRE_MAX);
        let last_active = match self.last_active {
            None => None,
            Some(seconds) => Some(time(seconds)?),
        };
        let info = RootInfo {
            id: RootId::from_hex(&self.id)?,
            state,
            created: time(self.created)?,
            last_active,
            check: codec::from_hex(&self.check)?,
        };
        Some(RootKey { info, material })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Vocabulary;

    /// The type says it too; this keeps a change of type honest.
    #[test]
    fn the_text_of_a_key_is_never_copied() {
        let deployment = Deployment::generate(Vocabulary::portal()).unwrap();
        let json = Keyring::generate(&deployment, Timestamp::default()).unwrap().to_json();
        let shape: Shape<'_> = file::read(&json, FORMAT, Keyring::FILE_MAX).unwrap();
        let key = shape.roots[0].0.key.unwrap();
        assert!(json.as_ptr_range().contains(&key.as_ptr()), "it lies in the wiped buffer");
        let escaped = String::from_utf8(json.to_vec()).unwrap().replace("pwk1_", "\\u0070wk1_");
        assert!(Keyring::from_json(escaped.as_bytes(), &deployment).is_err());
        assert!(Keyring::from_json(&json, &deployment).is_ok());
    }
}
