use core::fmt;
use std::sync::Arc;

use portward::{Audience, Clock as _, Keyring as Core, PassphraseCost, SealedKeyring, SystemClock};
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::error::Error;

/// The root keys of a deployment, as a handle: nothing shows them but what is named for it.
#[derive(Clone)]
pub struct Keyring {
    pub(crate) deployment: Deployment,
    pub(crate) core: Arc<Core>,
}

/// What may be known about a root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Root {
    /// Its id: 8 hexadecimal digits.
    pub id: String,
    /// `active`, `verify_only`, `retired` or `destroyed`.
    pub state: &'static str,
    /// When it was made, in Unix seconds.
    pub created_at: u64,
}

impl Keyring {
    /// A new one, in memory.
    ///
    /// # Errors
    /// `random_unavailable`.
    pub fn generate(deployment: &Deployment) -> Result<Self, Error> {
        Self::of(deployment, Core::generate(&deployment.0, SystemClock.now().wall)?)
    }

    /// From the bytes of `keyring.json`.
    ///
    /// # Errors
    /// Those of a keyring file.
    pub fn from_json(json: &[u8], deployment: &Deployment) -> Result<Self, Error> {
        Self::of(deployment, Core::from_json(json, &deployment.0)?)
    }

    /// The bytes of `keyring.json`: all keys, in the clear.
    pub fn export_in_clear(&self) -> Zeroizing<Vec<u8>> {
        self.core.to_json()
    }

    /// Opens the bytes of a keyring under a passphrase.
    ///
    /// # Errors
    /// `sealed_wrong_passphrase`, and those of a sealed file.
    pub fn unseal(sealed: &[u8], passphrase: &[u8], deployment: &Deployment) -> Result<Self, Error> {
        let opened = SealedKeyring::from_json(sealed)?.open(passphrase)?;
        Self::of(deployment, opened.keyring)
    }

    /// Seals it under a passphrase of 1 to 1,024 bytes; takes about a second and 64 MiB or more.
    ///
    /// # Errors
    /// Those of a passphrase; `random_unavailable`.
    pub fn seal(&self, passphrase: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(SealedKeyring::seal(&self.core, passphrase, PassphraseCost::default())?.to_json())
    }

    /// The deployment.
    pub const fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// What may be known about its roots.
    pub fn roots(&self) -> Vec<Root> {
        let root = |root: &portward::RootInfo| Root {
            id: root.id.to_string(),
            state: root.state.name(),
            created_at: root.created.unix(),
        };
        self.core.roots().map(root).collect()
    }

    pub(crate) fn of(deployment: &Deployment, core: Core) -> Result<Self, Error> {
        if core.deployment() == deployment.0.id {
            Ok(Self { deployment: deployment.clone(), core: Arc::new(core) })
        } else {
            Err(Error::new("wrong_deployment", Audience::Caller, &"the keyring is of another deployment"))
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}
