use zeroize::{Zeroize as _, Zeroizing};

use crate::codec;
use crate::key::derive;
use crate::key::id::{DeploymentId, RootId};
use crate::random::{self, RandomError};
use crate::secret::Secret;
use crate::time::Timestamp;

/// What a key may be used for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum KeyState {
    /// Makes and checks. Exactly one root is active.
    Active,
    /// Checks only.
    VerifyOnly,
    /// Refuses; the material is kept.
    Retired,
    /// Refuses; the material is gone and the id is kept for ever.
    Destroyed,
}

impl KeyState {
    /// The word in files and listings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::VerifyOnly => "verify_only",
            Self::Retired => "retired",
            Self::Destroyed => "destroyed",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::VerifyOnly, Self::Retired, Self::Destroyed].into_iter().find(|state| state.name() == name)
    }
}

/// What may be known about a root key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RootInfo {
    /// Its name.
    pub id: RootId,
    /// What it may be used for.
    pub state: KeyState,
    /// When it was made.
    pub created: Timestamp,
    /// When it last stopped being active.
    pub last_active: Option<Timestamp>,
    /// Its check value: the same for two copies of one key.
    pub check: [u8; 8],
}

/// A root key with its facts. Without material exactly when destroyed.
pub(crate) struct RootKey {
    pub(super) info: RootInfo,
    pub(super) material: Option<Secret>,
}

impl RootKey {
    pub(super) fn generate(
        deployment: &DeploymentId,
        state: KeyState,
        id: RootId,
        now: Timestamp,
    ) -> Result<Self, RandomError> {
        let material = Secret::try_filled(|bytes| random::draw(bytes))?;
        let check = derive::root_check(&material, deployment, id);
        let info = RootInfo { id, state, created: now, last_active: None, check };
        Ok(Self { info, material: Some(material) })
    }

    pub(crate) const fn id(&self) -> RootId {
        self.info.id
    }

    /// The material, if the state lets it check.
    pub(crate) fn for_checking(&self) -> Option<&Secret> {
        match self.info.state {
            KeyState::Active | KeyState::VerifyOnly => self.material.as_ref(),
            KeyState::Retired | KeyState::Destroyed => None,
        }
    }
}

const KEY_PREFIX: &str = "pwk1_";

/// `"pwk1_" ‖ base64url(key ‖ crc)`, the only text in which a root key is written.
pub(super) fn key_string(key: &Secret) -> Zeroizing<String> {
    let text = encoded(key);
    zeroize::zeroize_stack::<4096>();
    text
}

/// The encoder leaves the text on the stack, where it is cleared behind it; for that it must have a frame of its own.
#[inline(never)]
fn encoded(key: &Secret) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0u8; 36]);
    let (material, crc) = bytes.split_at_mut(32);
    material.copy_from_slice(key.expose());
    crc.copy_from_slice(&codec::crc32(KEY_PREFIX, key.expose()));
    Zeroizing::new(codec::encode_after(KEY_PREFIX, bytes.as_slice()))
}

/// Reads a key string. `None` for any other text.
pub(super) fn parse_key_string(text: &str) -> Option<Secret> {
    let mut buffer = Zeroizing::new([0u8; 36]);
    let bytes = codec::decode_into(text.strip_prefix(KEY_PREFIX)?, buffer.as_mut_slice()).ok()?;
    let (material, crc) = bytes.split_first_chunk::<32>()?;
    if crc != codec::crc32(KEY_PREFIX, material) {
        return None;
    }
    Secret::try_filled(|key| {
        key.copy_from_slice(material);
        Ok::<(), ()>(())
    })
    .ok()
}

/// Takes the material away for ever.
pub(super) fn destroy(root: &mut RootKey) {
    if let Some(material) = root.material.as_mut() {
        material.zeroize();
    }
    root.material = None;
    root.info.state = KeyState::Destroyed;
}

/// For the vectors of the testkit.
#[cfg(test)]
pub(crate) fn parse_key_string_for_vectors(text: &str) -> Option<[u8; 32]> {
    parse_key_string(text).map(|key| *key.expose())
}
