use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::error_codes;
use crate::id::Vocabulary;
use crate::key::file::{self, FileFault, Object};
use crate::key::id::DeploymentId;
use crate::random::{self, RandomError};
use crate::time::Timestamp;

/// How long tokens of one kind live: whole seconds, `1 ≤ default ≤ ceiling ≤ 2⁴⁰−1`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifetimes {
    #[serde(rename = "default_lifetime")]
    default: u64,
    ceiling: u64,
}

impl Lifetimes {
    /// A default and the most that can be asked for.
    ///
    /// # Errors
    /// [`DeploymentError::Malformed`] out of the bounds above.
    pub const fn new(default: Duration, ceiling: Duration) -> Result<Self, DeploymentError> {
        let lifetimes = Self { default: default.as_secs(), ceiling: ceiling.as_secs() };
        if lifetimes.is_valid() { Ok(lifetimes) } else { Err(DeploymentError::Malformed) }
    }

    /// What a token gets when nothing is said.
    pub const fn default_lifetime(&self) -> Duration {
        Duration::from_secs(self.default)
    }

    /// What no token may exceed; the verifier enforces it too.
    pub const fn ceiling(&self) -> Duration {
        Duration::from_secs(self.ceiling)
    }

    const fn is_valid(&self) -> bool {
        1 <= self.default && self.default <= self.ceiling && self.ceiling <= Timestamp::WIRE_MAX.unix()
    }
}

/// What all parts of one deployment share, kept in one file that is not secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deployment {
    /// Its name.
    pub id: DeploymentId,
    /// Its permission names.
    pub vocabulary: Vocabulary,
    /// Links: 90 days unless said otherwise, a year at most.
    pub link: Lifetimes,
    /// Sessions: 15 minutes unless said otherwise, a day at most.
    pub session: Lifetimes,
}

error_codes! {
    /// Why a deployment file was not read.
    pub enum DeploymentError {
        NewerVersion => "deployment_newer_version", Environment, "the deployment file is of a newer version than this program";
        Malformed => "deployment_malformed", Caller, "the deployment file is not what its format says";
    }
}

impl Deployment {
    /// Largest file, in bytes.
    pub const FILE_MAX: usize = 65_536;

    /// A new deployment with a random id and the usual lifetimes.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn generate(vocabulary: Vocabulary) -> Result<Self, RandomError> {
        const DAY: u64 = 86_400;
        Ok(Self {
            id: DeploymentId::from_bytes(random::bytes()?),
            vocabulary,
            link: Lifetimes { default: 90 * DAY, ceiling: 365 * DAY },
            session: Lifetimes { default: 15 * 60, ceiling: DAY },
        })
    }

    /// Reads the file's bytes.
    ///
    /// # Errors
    /// [`DeploymentError::NewerVersion`], [`DeploymentError::Malformed`].
    pub fn from_json(json: &[u8]) -> Result<Self, DeploymentError> {
        let shape: Shape = file::read(json, FORMAT, Self::FILE_MAX)?;
        let id = DeploymentId::from_hex(&shape.id).ok_or(DeploymentError::Malformed)?;
        let vocabulary = Vocabulary::new(shape.permissions).map_err(|_| DeploymentError::Malformed)?;
        if !shape.link.0.is_valid() || !shape.session.0.is_valid() {
            return Err(DeploymentError::Malformed);
        }
        Ok(Self { id, vocabulary, link: shape.link.0, session: shape.session.0 })
    }

    /// The file's bytes.
    pub fn to_json(&self) -> Vec<u8> {
        file::write(&self.shape(), 4096)
    }

    /// The file as one line without a line feed, for recovery exports.
    pub(super) fn to_line(&self) -> Vec<u8> {
        serde_json::to_vec(&self.shape()).unwrap_or_default()
    }

    fn shape(&self) -> Shape {
        Shape {
            format: FORMAT.into(),
            version: 1,
            id: self.id.to_string(),
            permissions: self.vocabulary.all().map(Into::into).collect(),
            link: Object(self.link),
            session: Object(self.session),
        }
    }
}

impl From<FileFault> for DeploymentError {
    fn from(fault: FileFault) -> Self {
        match fault {
            FileFault::NewerVersion => Self::NewerVersion,
            FileFault::Malformed => Self::Malformed,
        }
    }
}

const FORMAT: &str = "portward-deployment";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    format: String,
    version: u64,
    id: String,
    permissions: Vec<String>,
    link: Object<Lifetimes>,
    session: Object<Lifetimes>,
}
