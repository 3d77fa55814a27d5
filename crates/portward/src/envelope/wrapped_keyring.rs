use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::codec;
use crate::envelope::header::SLOTS_MAX;
use crate::envelope::kek::{Binding, KekError, UnwrapKey, WrapKey};
use crate::envelope::slot::{KekName, KekType, Slot};
use crate::error::{Audience, error_codes};
use crate::key::{
    DeploymentId, FileFault, Keyring, KeyringError, OneSeal, WRAPPED_KEYRING_LABEL, read_file, write_file,
};
use crate::random;
use crate::secret::Secret;

/// A keyring under KEKs that lie elsewhere. Source: `spec/envelope.md` section 11.
#[derive(Debug)]
pub struct WrappedKeyring {
    deployment: DeploymentId,
    slots: Vec<Slot>,
    commitment: [u8; 32],
    ciphertext: Vec<u8>,
}

error_codes! {
    /// Why a keyring was not put under a KEK, or not taken from under it.
    pub enum WrappedError {
        NewerVersion => "wrapped_newer_version", Environment, "the wrapped keyring is of a newer version than this program";
        Malformed => "wrapped_malformed", Caller, "the wrapped keyring is not what its format says";
        Slots => "slots", Caller, "a keyring lies under 1 to 16 KEKs, none of them its own";
        NoSlot => "no_slot", Caller, "the keyring lies under another KEK";
        UnwrapFailed => "unwrap_failed", Environment, "the KEK does not unwrap the keyring";
        KekRefused => "kek_refused", Environment, "the provider of the KEK refused to wrap";
        KekUnavailable => "kek_unavailable", Environment, "the provider of the KEK cannot be reached";
        Damaged => "wrapped_damaged", Caller, "the wrapped keyring is damaged";
        Random => "random_unavailable", Environment, "the operating system gave no random bytes";
    }
}

/// Why a wrapped keyring was not opened: the wrapping, or what was in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnwrapKeyringError {
    /// The wrapping.
    Wrapped(WrappedError),
    /// The keyring.
    Keyring(KeyringError),
}

impl WrappedKeyring {
    /// Largest file, in bytes.
    pub const FILE_MAX: usize = 2 << 20;

    /// Puts a keyring under each of these KEKs. They lie in a token or a service: a root of the keyring, or a tenant's KEK, is none.
    ///
    /// # Errors
    /// [`WrappedError::Slots`], [`WrappedError::KekRefused`], [`WrappedError::KekUnavailable`], [`WrappedError::Random`].
    pub fn wrap(keyring: &Keyring, keks: &[&dyn WrapKey]) -> Result<Self, WrappedError> {
        let deployment = keyring.deployment();
        let key = Secret::try_filled(|key| random::draw(key)).map_err(|_| WrappedError::Random)?;
        let wrap = |kek: &&dyn WrapKey| {
            let name = kek.kek();
            let wrapped = kek.wrap(&Binding::of_keyring_key(&deployment, &name), key.expose())?;
            Slot::new(name, wrapped).filter(lies_elsewhere).ok_or(WrappedError::Slots)
        };
        let slots = keks.iter().map(wrap).collect::<Result<Vec<_>, _>>()?;
        if !(1..=SLOTS_MAX).contains(&slots.len()) {
            return Err(WrappedError::Slots);
        }
        let seal = OneSeal::new(&key, context(&deployment));
        let commitment = seal.commitment();
        // A keyring is at most 1 MiB, of which the cipher takes much more.
        let ciphertext = seal.seal(&keyring.to_json()).ok_or(WrappedError::Malformed)?;
        Ok(Self { deployment, slots, commitment, ciphertext })
    }

    /// Takes it from under the first of its KEKs that is here; only if that cannot be reached, from under the next.
    ///
    /// # Errors
    /// [`WrappedError::NoSlot`], [`WrappedError::UnwrapFailed`], [`WrappedError::KekUnavailable`], [`WrappedError::Damaged`]; then what is wrong
    /// with the keyring.
    pub fn open(&self, keks: &[&dyn UnwrapKey]) -> Result<Keyring, UnwrapKeyringError> {
        let keyring = Keyring::from_json_of_any(&self.open_bytes(keks)?)?;
        if keyring.deployment() == self.deployment { Ok(keyring) } else { Err(KeyringError::WrongDeployment.into()) }
    }

    pub(crate) fn open_bytes(&self, keks: &[&dyn UnwrapKey]) -> Result<Zeroizing<Vec<u8>>, WrappedError> {
        let seal = OneSeal::new(&self.unwrapped(keks)?, context(&self.deployment));
        if !seal.is_committed_to(&self.commitment) {
            return Err(WrappedError::Damaged);
        }
        seal.open(&self.ciphertext).ok_or(WrappedError::Damaged)
    }

    fn unwrapped(&self, keks: &[&dyn UnwrapKey]) -> Result<Secret, WrappedError> {
        let mut answer = WrappedError::NoSlot;
        for (slot, binding) in self.slots() {
            let Some(kek) = keks.iter().find(|kek| kek.resolves(slot.kek())) else { continue };
            match Secret::try_filled(|key| kek.unwrap(slot, &binding, key)) {
                Ok(key) => return Ok(key),
                // Unwrapping draws nothing: what says so cannot go on now.
                Err(KekError::Unavailable | KekError::Random) => answer = WrappedError::KekUnavailable,
                Err(KekError::Refused) => return Err(WrappedError::UnwrapFailed),
            }
        }
        Err(answer)
    }

    /// The KEKs it lies under.
    pub fn keks(&self) -> impl Iterator<Item = &KekName> {
        self.slots.iter().map(Slot::kek)
    }

    /// The same with what lies under them, and what that is bound to: what a KEK is asked for by whoever asks it elsewhere.
    pub fn slots(&self) -> impl Iterator<Item = (&Slot, Binding)> {
        self.slots.iter().map(|slot| (slot, Binding::of_keyring_key(&self.deployment, slot.kek())))
    }

    /// Reads the file's bytes.
    ///
    /// # Errors
    /// [`WrappedError::NewerVersion`], [`WrappedError::Malformed`].
    pub fn from_json(json: &[u8]) -> Result<Self, WrappedError> {
        let shape: Shape<'_> = read_file(json, FORMAT, Self::FILE_MAX)?;
        let slot = |text: &Cow<'_, str>| Slot::from_bytes(&codec::decode(text).ok()?).filter(lies_elsewhere);
        let slots: Option<Vec<_>> = shape.slots.iter().map(slot).collect();
        let slots = slots.filter(|slots| (1..=SLOTS_MAX).contains(&slots.len())).ok_or(WrappedError::Malformed)?;
        let deployment = DeploymentId::from_hex(&shape.deployment).ok_or(WrappedError::Malformed)?;
        let commitment = codec::decode(&shape.commitment).ok().and_then(|bytes| bytes.try_into().ok());
        let commitment = commitment.ok_or(WrappedError::Malformed)?;
        let ciphertext = codec::decode(&shape.ciphertext).map_err(|_| WrappedError::Malformed)?;
        if ciphertext.len() < 16 {
            return Err(WrappedError::Malformed);
        }
        Ok(Self { deployment, slots, commitment, ciphertext })
    }

    /// The file's bytes.
    pub fn to_json(&self) -> Vec<u8> {
        let shape = Shape {
            format: FORMAT.into(),
            version: 1,
            deployment: self.deployment.to_string().into(),
            slots: self.slots.iter().map(|slot| codec::encode(&slot.to_bytes()).into()).collect(),
            commitment: codec::encode(&self.commitment).into(),
            ciphertext: codec::encode(&self.ciphertext).into(),
        };
        write_file(&shape, self.ciphertext.len().saturating_mul(2))
    }
}

/// Not in this keyring, nor under it.
fn lies_elsewhere(slot: &Slot) -> bool {
    !matches!(slot.kek().kind(), KekType::Tenant | KekType::Root)
}

fn context(deployment: &DeploymentId) -> Vec<u8> {
    [WRAPPED_KEYRING_LABEL.as_bytes(), &[0], &deployment.to_bytes()].concat()
}

impl UnwrapKeyringError {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Wrapped(error) => error.code(),
            Self::Keyring(error) => error.code(),
        }
    }

    /// Who has to act.
    pub const fn audience(self) -> Audience {
        match self {
            Self::Wrapped(error) => error.audience(),
            Self::Keyring(error) => error.audience(),
        }
    }
}

impl core::fmt::Display for UnwrapKeyringError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Wrapped(error) => error.fmt(f),
            Self::Keyring(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for UnwrapKeyringError {}

impl From<WrappedError> for UnwrapKeyringError {
    fn from(error: WrappedError) -> Self {
        Self::Wrapped(error)
    }
}

impl From<KeyringError> for UnwrapKeyringError {
    fn from(error: KeyringError) -> Self {
        Self::Keyring(error)
    }
}

impl From<KekError> for WrappedError {
    fn from(error: KekError) -> Self {
        match error {
            KekError::Unavailable => Self::KekUnavailable,
            KekError::Refused => Self::KekRefused,
            KekError::Random => Self::Random,
        }
    }
}

impl From<FileFault> for WrappedError {
    fn from(fault: FileFault) -> Self {
        match fault {
            FileFault::NewerVersion => Self::NewerVersion,
            FileFault::Malformed => Self::Malformed,
        }
    }
}

const FORMAT: &str = "portward-wrapped-keyring";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape<'a> {
    #[serde(borrow)]
    format: Cow<'a, str>,
    version: u64,
    #[serde(borrow)]
    deployment: Cow<'a, str>,
    #[serde(borrow)]
    slots: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    commitment: Cow<'a, str>,
    #[serde(borrow)]
    ciphertext: Cow<'a, str>,
}
