use core::fmt;
use std::sync::Arc;

use portward::KeyringError;
use portward::envelope::{Binding, KekError, KekName, Slot, UnwrapKey, WrappedKeyring as Core};

use crate::deployment::Deployment;
use crate::error::Error;
use crate::keyring::Keyring;

/// A directory's keyring that lies under a KEK, as it was read: whoever has the KEK is asked in between, where and how its language likes it, and
/// nothing here waits for that. What becomes of the directory meanwhile changes nothing.
#[derive(Clone)]
pub struct WrappedKeyring {
    pub(crate) deployment: Deployment,
    pub(crate) file: Arc<Core>,
}

/// One of the KEKs that a keyring lies under, and what has to be unwrapped. Nothing of it is secret; it comes from a file that nobody has
/// authenticated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KekSlot {
    /// Where the KEK lies: `pkcs11`, `aws-kms`, or `type-40` for instance.
    pub kind: String,
    /// What it is called there: of AWS KMS the key id, of PKCS#11 the `CKA_ID`.
    pub id: Vec<u8>,
    /// Which version of it; 0 of AWS KMS.
    pub version: u32,
    /// The key, as the provider has wrapped it.
    pub wrapped: Vec<u8>,
    /// What it is bound to: associated data, for a provider that takes such.
    pub binding: Vec<u8>,
    /// The same in names and texts, for one that takes these: AWS KMS.
    pub encryption_context: Vec<(&'static str, String)>,
}

impl WrappedKeyring {
    /// The KEKs that it lies under, in the order in which they are to be asked: the first that is here, and only if that cannot be reached, the next.
    pub fn slots(&self) -> Vec<KekSlot> {
        self.file.slots().map(|(slot, binding)| KekSlot::of(slot, &binding)).collect()
    }

    /// Opens it with the key that was unwrapped from this slot.
    ///
    /// # Errors
    /// `no_slot`; `unwrap_failed` for a key that is not of 32 bytes; `wrapped_damaged`, also for another key; what is wrong with the keyring.
    pub fn open(&self, slot: usize, key: &[u8]) -> Result<Keyring, Error> {
        let kek = self.file.keks().nth(slot);
        let keyring = self.file.open(&[&Unwrapped { kek, key }])?;
        if keyring.deployment() != self.deployment.0.id {
            return Err(KeyringError::WrongDeployment.into());
        }
        Keyring::of(&self.deployment, keyring)
    }
}

impl KekSlot {
    fn of(slot: &Slot, binding: &Binding) -> Self {
        let kek = slot.kek();
        Self {
            kind: kek.kind().to_string(),
            id: kek.id().to_vec(),
            version: kek.version(),
            wrapped: slot.wrapped().to_vec(),
            binding: binding.bytes().to_vec(),
            encryption_context: binding.pairs().into(),
        }
    }
}

/// The KEK of one slot, which has unwrapped already.
struct Unwrapped<'a> {
    kek: Option<&'a KekName>,
    key: &'a [u8],
}

impl UnwrapKey for Unwrapped<'_> {
    fn resolves(&self, kek: &KekName) -> bool {
        self.kek == Some(kek)
    }

    fn unwrap(&self, _: &Slot, _: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        if self.key.len() != key.len() {
            return Err(KekError::Refused);
        }
        key.copy_from_slice(self.key);
        Ok(())
    }
}

impl fmt::Debug for WrappedKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file.fmt(f)
    }
}
