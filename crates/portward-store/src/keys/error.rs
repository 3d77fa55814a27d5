use core::fmt;

use portward::envelope::{KekError, OpenError};
use portward::{Audience, RandomError, RowError};

use crate::database::DatabaseError;
use crate::database::record::RecordError;
use crate::events::SinkError;

/// Why the key store did not do something.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// The database cannot be used.
    Database(DatabaseError),
    /// A row is not what its table holds.
    Malformed,
    /// A row is not believed.
    Row(RowError),
    /// The KEK did not wrap or unwrap.
    Kek(KekError),
    /// A data key did not unwrap.
    Key(OpenError),
    /// The operating system gave no random bytes.
    Random,
    /// There is no key of this name.
    UnknownKey,
    /// The tenant, or the scope, was destroyed, and nothing comes back by itself.
    Destroyed,
    /// The tenant has keys already.
    Exists,
    /// The key is not in a state in which that can be done.
    WrongState,
    /// Keys still lie under it.
    InUse,
    /// A minimum version only rises, and not above the version that is active.
    Minimum,
    /// The key of a blind index is not rotated: its new version takes another scope.
    IndexKey,
    /// All that is safe was sealed under the data key: rotate the scope.
    KeyExhausted,
    /// No part of the budget is reserved for so long a body.
    TooLong,
    /// The tenant's keys were changed again and again meanwhile.
    Contended,
    /// Who has to be told first could not be.
    Sink(SinkError),
    /// Deployment and keyring are not of one deployment.
    DeploymentsDiffer,
}

impl KeyStoreError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Database(error) => error.code(),
            Self::Malformed => "key_store_malformed",
            Self::Row(error) => error.code(),
            Self::Kek(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Random => "random_unavailable",
            Self::UnknownKey => "unknown_key",
            Self::Destroyed => "key_destroyed",
            Self::Exists => "key_exists",
            Self::WrongState => "key_state",
            Self::InUse => "key_in_use",
            Self::Minimum => "minimum_version",
            Self::IndexKey => "index_key",
            Self::KeyExhausted => "key_exhausted",
            Self::TooLong => "body_too_long",
            Self::Contended => "key_store_contended",
            Self::Sink(_) => "sink_failed",
            Self::DeploymentsDiffer => "deployments_differ",
        }
    }

    /// Who has to act.
    pub const fn audience(&self) -> Audience {
        match self {
            Self::Malformed | Self::Random | Self::Contended | Self::Sink(_) => Audience::Environment,
            Self::Database(error) => error.audience(),
            Self::Row(error) => error.audience(),
            Self::Kek(error) => error.audience(),
            Self::Key(error) => error.audience(),
            Self::UnknownKey
            | Self::Destroyed
            | Self::Exists
            | Self::WrongState
            | Self::InUse
            | Self::Minimum
            | Self::IndexKey
            | Self::KeyExhausted
            | Self::TooLong
            | Self::DeploymentsDiffer => Audience::Caller,
        }
    }

    /// Whether nobody said no: something could not be reached.
    pub(super) const fn is_outage(&self) -> bool {
        match self {
            Self::Database(error) => error.is_outage(),
            Self::Random
            | Self::Contended
            | Self::Sink(_)
            | Self::Kek(KekError::Unavailable)
            | Self::Key(OpenError::KekUnavailable) => true,
            _ => false,
        }
    }
}

impl fmt::Display for KeyStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => error.fmt(f),
            Self::Malformed => f.write_str("a row of the key store is not what its table holds"),
            Self::Row(error) => error.fmt(f),
            Self::Kek(error) => error.fmt(f),
            Self::Key(error) => error.fmt(f),
            Self::Random => f.write_str("the operating system gave no random bytes"),
            Self::UnknownKey => f.write_str("there is no such key, or the tenant has none yet"),
            Self::Destroyed => f.write_str("the key was destroyed, and nothing comes back by itself"),
            Self::Exists => f.write_str("the tenant has keys already"),
            Self::WrongState => f.write_str("the key is not in a state in which that can be done"),
            Self::InUse => f.write_str("keys still lie under it"),
            Self::Minimum => f.write_str("a minimum version only rises, and not above the active version"),
            Self::IndexKey => {
                f.write_str("the key of a blind index is not rotated: its new version takes another scope")
            }
            Self::KeyExhausted => f.write_str("as much was sealed under the data key as is safe: rotate the scope"),
            Self::TooLong => f.write_str("an object has at most 128 TiB here"),
            Self::Contended => f.write_str("the tenant's keys were changed again and again meanwhile"),
            Self::Sink(error) => error.fmt(f),
            Self::DeploymentsDiffer => f.write_str("deployment and keyring are not of one deployment"),
        }
    }
}

impl core::error::Error for KeyStoreError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Database(error) => error.source(),
            Self::Sink(error) => error.source(),
            _ => None,
        }
    }
}

impl From<DatabaseError> for KeyStoreError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl From<sqlx::Error> for KeyStoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<RecordError> for KeyStoreError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Database(error) => Self::Database(error),
            RecordError::Row(error) => Self::Row(error),
            RecordError::Malformed => Self::Malformed,
        }
    }
}

impl From<SinkError> for KeyStoreError {
    fn from(error: SinkError) -> Self {
        Self::Sink(error)
    }
}

impl From<RowError> for KeyStoreError {
    fn from(error: RowError) -> Self {
        Self::Row(error)
    }
}

impl From<KekError> for KeyStoreError {
    fn from(error: KekError) -> Self {
        match error {
            KekError::Random => Self::Random,
            other => Self::Kek(other),
        }
    }
}

impl From<OpenError> for KeyStoreError {
    fn from(error: OpenError) -> Self {
        Self::Key(error)
    }
}

impl From<RandomError> for KeyStoreError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}
