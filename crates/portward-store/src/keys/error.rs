use core::fmt;

use portward::envelope::{KekError, OpenError};
use portward::{Audience, RandomError, RowError};

/// Why the key store did not do something.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// The database failed.
    Database(sqlx::Error),
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
    /// Deployment and keyring are not of one deployment.
    DeploymentsDiffer,
}

impl KeyStoreError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Database(_) => "key_store_unavailable",
            Self::Malformed => "key_store_malformed",
            Self::Row(error) => error.code(),
            Self::Kek(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Random => "random_unavailable",
            Self::UnknownKey => "unknown_key",
            Self::Destroyed => "key_destroyed",
            Self::Exists => "key_exists",
            Self::DeploymentsDiffer => "deployments_differ",
        }
    }

    /// Who has to act.
    pub const fn audience(&self) -> Audience {
        match self {
            Self::Database(_) | Self::Malformed | Self::Random => Audience::Environment,
            Self::Row(error) => error.audience(),
            Self::Kek(error) => error.audience(),
            Self::Key(error) => error.audience(),
            Self::UnknownKey | Self::Destroyed | Self::Exists | Self::DeploymentsDiffer => Audience::Caller,
        }
    }
}

impl fmt::Display for KeyStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(_) => f.write_str("the database of the key store failed"),
            Self::Malformed => f.write_str("a row of the key store is not what its table holds"),
            Self::Row(error) => error.fmt(f),
            Self::Kek(error) => error.fmt(f),
            Self::Key(error) => error.fmt(f),
            Self::Random => f.write_str("the operating system gave no random bytes"),
            Self::UnknownKey => f.write_str("there is no such key"),
            Self::Destroyed => f.write_str("the key was destroyed, and nothing comes back by itself"),
            Self::Exists => f.write_str("the tenant has keys already"),
            Self::DeploymentsDiffer => f.write_str("deployment and keyring are not of one deployment"),
        }
    }
}

impl core::error::Error for KeyStoreError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for KeyStoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<RowError> for KeyStoreError {
    fn from(error: RowError) -> Self {
        Self::Row(error)
    }
}

impl From<KekError> for KeyStoreError {
    fn from(error: KekError) -> Self {
        Self::Kek(error)
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
