//! From the bridge's error to the exception of both languages, and from a panic to one that can be caught.

use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use portward_bridge::{Error, Kind};

/// What can go wrong. `code` is stable and the same in every language; `reason` is a sentence for the log, without input; `publicAnswer` is what
/// whoever sent the input may be told: `damaged`, `refused` or `unavailable`.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Error)]
pub enum PortwardError {
    /// A token, or an answer of the portal: it is damaged or refused.
    Refused {
        /// Stable, in snake case.
        code: String,
        /// A sentence for the log.
        reason: String,
        /// What others may be told.
        public_answer: String,
    },
    /// An object does not open, or a whole vault: `vault_malformed`, `unwrap_failed` and `key_check_mismatch` mean that the vault is lost.
    Unreadable {
        /// Stable, in snake case.
        code: String,
        /// A sentence for the log.
        reason: String,
        /// What others may be told.
        public_answer: String,
    },
    /// The calling code gave a wrong value: mend it.
    InvalidValue {
        /// Stable, in snake case.
        code: String,
        /// A sentence for the log.
        reason: String,
        /// What others may be told.
        public_answer: String,
    },
    /// The surroundings failed: the portal, a file, the device's key. Another attempt may go well.
    Unavailable {
        /// Stable, in snake case.
        code: String,
        /// A sentence for the log.
        reason: String,
        /// What others may be told.
        public_answer: String,
    },
    /// Long work was ended by its `WorkProgress`; nothing is left of it.
    Cancelled {
        /// `cancelled`.
        code: String,
        /// A sentence for the log.
        reason: String,
        /// What others may be told.
        public_answer: String,
    },
    /// A mistake in portward: please report it.
    Internal {
        /// `internal`.
        code: String,
        /// A sentence for the log.
        reason: String,
        /// What others may be told.
        public_answer: String,
    },
}

impl From<Error> for PortwardError {
    fn from(error: Error) -> Self {
        let Error { code, kind, message: reason, public, .. } = error;
        let (code, public_answer) = (code.to_owned(), public.to_owned());
        match kind {
            _ if code == "cancelled" => Self::Cancelled { code, reason, public_answer },
            Kind::Refused => Self::Refused { code, reason, public_answer },
            Kind::Unreadable => Self::Unreadable { code, reason, public_answer },
            Kind::InvalidValue => Self::InvalidValue { code, reason, public_answer },
            Kind::Unavailable => Self::Unavailable { code, reason, public_answer },
        }
    }
}

impl PortwardError {
    pub(crate) fn internal() -> Self {
        Self::Internal {
            code: "internal".to_owned(),
            reason: "a mistake in portward: please report it".to_owned(),
            public_answer: "unavailable".to_owned(),
        }
    }

    pub(crate) fn no_threads() -> Self {
        Self::Unavailable {
            code: "no_threads".to_owned(),
            reason: "no thread could be started".to_owned(),
            public_answer: "unavailable".to_owned(),
        }
    }
}

impl fmt::Display for PortwardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { code, reason, .. }
            | Self::Unreadable { code, reason, .. }
            | Self::InvalidValue { code, reason, .. }
            | Self::Unavailable { code, reason, .. }
            | Self::Cancelled { code, reason, .. }
            | Self::Internal { code, reason, .. } => write!(f, "{code}: {reason}"),
        }
    }
}

impl core::error::Error for PortwardError {}

/// What every function calls the bridge by. A panic is a mistake of ours, and is reported as an exception like others.
pub(crate) fn call<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, PortwardError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Ok(done?),
        Err(_) => Err(PortwardError::internal()),
    }
}
