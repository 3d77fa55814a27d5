use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::codec;
use crate::error::{Audience, error_codes};
use crate::key::deployment::{Deployment, DeploymentError};
use crate::key::derive::PASSPHRASE_LABEL;
use crate::key::file::{self, FileFault, Object};
use crate::key::keyring::{Keyring, KeyringError};
use crate::key::one_seal::OneSeal;
use crate::primitive::{self, Argon2Cost};
use crate::random;
use crate::secret::Secret;

/// What a passphrase was put on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// The keyring in daily use.
    Keyring,
    /// An export that brings back a deployment and its keyring on a new machine.
    Recovery,
}

/// The work a guess of the passphrase costs: Argon2id, RFC 9106. The default takes 64 MiB and about 0.1 s.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassphraseCost {
    memory_kib: u32,
    iterations: u32,
    lanes: u32,
}

impl PassphraseCost {
    /// `memory_kib` 8 to 1,048,576 and at least 8 a lane, `iterations` 1 to 64, `lanes` 1 to 16; `None` outside.
    pub const fn new(memory_kib: u32, iterations: u32, lanes: u32) -> Option<Self> {
        let cost = Self { memory_kib, iterations, lanes };
        if cost.is_bounded() { Some(cost) } else { None }
    }

    const fn is_bounded(self) -> bool {
        let memory =
            self.memory_kib >= 8 && self.memory_kib <= 1 << 20 && self.memory_kib >= self.lanes.saturating_mul(8);
        memory && self.iterations >= 1 && self.iterations <= 64 && self.lanes >= 1 && self.lanes <= 16
    }
}

impl Default for PassphraseCost {
    fn default() -> Self {
        Self { memory_kib: 65_536, iterations: 3, lanes: 1 }
    }
}

/// A keyring under a passphrase. Source: `spec/keys.md` section 7.
#[derive(Debug)]
pub struct SealedKeyring {
    purpose: Purpose,
    cost: PassphraseCost,
    salt: [u8; 32],
    commitment: [u8; 32],
    ciphertext: Vec<u8>,
}

/// What was under the passphrase.
#[derive(Debug)]
pub struct Unsealed {
    /// The deployment; only a recovery export carries it.
    pub deployment: Option<Deployment>,
    /// The keyring.
    pub keyring: Keyring,
}

error_codes! {
    /// Why a sealed keyring was not made or not opened.
    pub enum SealedError {
        NewerVersion => "sealed_newer_version", Environment, "the sealed keyring is of a newer version than this program";
        Malformed => "sealed_malformed", Caller, "the sealed keyring is not what its format says";
        WrongPassphrase => "sealed_wrong_passphrase", Caller, "the passphrase is wrong";
        Damaged => "sealed_damaged", Caller, "the sealed keyring is damaged";
        PassphraseLength => "passphrase_length", Caller, "a passphrase has 1 to 1024 bytes";
        PassphraseText => "passphrase_text", Caller, "a passphrase is UTF-8";
        Memory => "passphrase_memory", Environment, "there is not enough memory for the passphrase's cost";
        Random => "random_unavailable", Environment, "the operating system gave no random bytes";
    }
}

impl SealedKeyring {
    /// Largest file, in bytes.
    pub const FILE_MAX: usize = 2 << 20;

    /// Puts a keyring under a passphrase.
    ///
    /// # Errors
    /// [`SealedError::PassphraseLength`], [`SealedError::Memory`], [`SealedError::Random`].
    pub fn seal(keyring: &Keyring, passphrase: &[u8], cost: PassphraseCost) -> Result<Self, SealedError> {
        Self::seal_bytes(Purpose::Keyring, &keyring.to_json(), passphrase, cost)
    }

    /// Puts a deployment and its keyring under a passphrase, to be kept somewhere else.
    ///
    /// # Errors
    /// As [`SealedKeyring::seal`].
    pub fn export_recovery(
        deployment: &Deployment,
        keyring: &Keyring,
        passphrase: &[u8],
        cost: PassphraseCost,
    ) -> Result<Self, SealedError> {
        let (line, json) = (deployment.to_line(), keyring.to_json());
        let mut plaintext =
            Zeroizing::new(Vec::with_capacity(line.len().saturating_add(json.len()).saturating_add(17)));
        plaintext.extend_from_slice(&line);
        plaintext.push(b'\n');
        plaintext.extend_from_slice(&json);
        Self::seal_bytes(Purpose::Recovery, &plaintext, passphrase, cost)
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`UnsealError::Sealed`] with [`SealedError::PassphraseLength`], [`SealedError::Memory`], [`SealedError::WrongPassphrase`] or
    /// [`SealedError::Damaged`]; then what is wrong with the content.
    pub fn open(&self, passphrase: &[u8]) -> Result<Unsealed, UnsealError> {
        let plaintext = self.open_bytes(passphrase)?;
        let (deployment, json) = match self.purpose {
            Purpose::Keyring => (None, plaintext.as_slice()),
            Purpose::Recovery => {
                let end = plaintext.iter().position(|byte| *byte == b'\n').ok_or(DeploymentError::Malformed)?;
                let (line, rest) = plaintext.split_at(end);
                (Some(Deployment::from_json(line)?), rest.get(1..).unwrap_or_default())
            }
        };
        let keyring = match &deployment {
            Some(deployment) => Keyring::from_json(json, deployment)?,
            None => Keyring::from_json_of_any(json)?,
        };
        Ok(Unsealed { deployment, keyring })
    }

    /// Reads the file's bytes.
    ///
    /// # Errors
    /// [`SealedError::NewerVersion`], [`SealedError::Malformed`].
    pub fn from_json(json: &[u8]) -> Result<Self, SealedError> {
        let shape: Shape<'_> = file::read(json, FORMAT, Self::FILE_MAX)?;
        let array = |text: &str| codec::decode(text).ok()?.try_into().ok();
        let ciphertext = codec::decode(&shape.ciphertext).map_err(|_| SealedError::Malformed)?;
        if !shape.argon2id.0.is_bounded() || ciphertext.len() < 16 {
            return Err(SealedError::Malformed);
        }
        Ok(Self {
            purpose: shape.purpose,
            cost: shape.argon2id.0,
            salt: array(&shape.salt).ok_or(SealedError::Malformed)?,
            commitment: array(&shape.commitment).ok_or(SealedError::Malformed)?,
            ciphertext,
        })
    }

    /// The file's bytes.
    pub fn to_json(&self) -> Vec<u8> {
        let shape = Shape {
            format: FORMAT.into(),
            version: 1,
            purpose: self.purpose,
            argon2id: Object(self.cost),
            salt: codec::encode(&self.salt).into(),
            commitment: codec::encode(&self.commitment).into(),
            ciphertext: codec::encode(&self.ciphertext).into(),
        };
        file::write(&shape, self.ciphertext.len().saturating_mul(2))
    }

    /// What it was made for.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    fn seal_bytes(
        purpose: Purpose,
        plaintext: &[u8],
        passphrase: &[u8],
        cost: PassphraseCost,
    ) -> Result<Self, SealedError> {
        // Drawn past the block: a repeated salt under the same passphrase would be a repeated key and nonce.
        let mut salt = [0; 32];
        random::draw(&mut salt).map_err(|_| SealedError::Random)?;
        let seal = one_seal(purpose, passphrase, &salt, cost)?;
        let commitment = seal.commitment();
        let ciphertext = seal.seal(plaintext).ok_or(SealedError::Memory)?;
        Ok(Self { purpose, cost, salt, commitment, ciphertext })
    }

    pub(crate) fn open_bytes(&self, passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealedError> {
        let seal = one_seal(self.purpose, passphrase, &self.salt, self.cost)?;
        if !seal.is_committed_to(&self.commitment) {
            return Err(SealedError::WrongPassphrase);
        }
        seal.open(&self.ciphertext).ok_or(SealedError::Damaged)
    }
}

fn one_seal(
    purpose: Purpose,
    passphrase: &[u8],
    salt: &[u8; 32],
    PassphraseCost { memory_kib, iterations, lanes }: PassphraseCost,
) -> Result<OneSeal, SealedError> {
    if !(1..=1024).contains(&passphrase.len()) {
        return Err(SealedError::PassphraseLength);
    }
    if core::str::from_utf8(passphrase).is_err() {
        return Err(SealedError::PassphraseText);
    }
    let cost = Argon2Cost { memory_kib, iterations, lanes };
    let prk = Secret::try_filled(|prk| primitive::argon2id(passphrase, salt, cost, prk).ok_or(SealedError::Memory))?;
    let name: &[u8] = match purpose {
        Purpose::Keyring => b"keyring",
        Purpose::Recovery => b"recovery",
    };
    Ok(OneSeal::new(&prk, [PASSPHRASE_LABEL.as_bytes(), &[0], name].concat()))
}

impl From<FileFault> for SealedError {
    fn from(fault: FileFault) -> Self {
        match fault {
            FileFault::NewerVersion => Self::NewerVersion,
            FileFault::Malformed => Self::Malformed,
        }
    }
}

/// Why a sealed keyring was not opened: the seal, or what was under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnsealError {
    /// The seal itself.
    Sealed(SealedError),
    /// The deployment in a recovery export.
    Deployment(DeploymentError),
    /// The keyring.
    Keyring(KeyringError),
}

impl UnsealError {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Sealed(error) => error.code(),
            Self::Deployment(error) => error.code(),
            Self::Keyring(error) => error.code(),
        }
    }

    /// Who has to act.
    pub const fn audience(self) -> Audience {
        match self {
            Self::Sealed(error) => error.audience(),
            Self::Deployment(error) => error.audience(),
            Self::Keyring(error) => error.audience(),
        }
    }
}

impl core::fmt::Display for UnsealError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Sealed(error) => error.fmt(f),
            Self::Deployment(error) => error.fmt(f),
            Self::Keyring(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for UnsealError {}

impl From<SealedError> for UnsealError {
    fn from(error: SealedError) -> Self {
        Self::Sealed(error)
    }
}

impl From<DeploymentError> for UnsealError {
    fn from(error: DeploymentError) -> Self {
        Self::Deployment(error)
    }
}

impl From<KeyringError> for UnsealError {
    fn from(error: KeyringError) -> Self {
        Self::Keyring(error)
    }
}

const FORMAT: &str = "portward-sealed-keyring";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape<'a> {
    #[serde(borrow)]
    format: Cow<'a, str>,
    version: u64,
    purpose: Purpose,
    argon2id: Object<PassphraseCost>,
    #[serde(borrow)]
    salt: Cow<'a, str>,
    #[serde(borrow)]
    commitment: Cow<'a, str>,
    #[serde(borrow)]
    ciphertext: Cow<'a, str>,
}
