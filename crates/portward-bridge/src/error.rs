use core::fmt;

use portward::{Audience, EntryId, PublicAnswer, VerifyError};

/// What went wrong, in the one form that every language makes its errors of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// The stable code, the same in every language.
    pub code: &'static str,
    /// Who has to act, and about what.
    pub kind: Kind,
    /// One sentence, without input bytes; before it the argument's name, where one is to blame; behind it what a database or an operating
    /// system said, where these are.
    pub message: String,
    /// What whoever sent the token or the request may be told: `damaged`, `refused` or `unavailable`.
    pub public: &'static str,
    /// The token's id, once it was authentic.
    pub token_id: Option<String>,
}

/// Which family of errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A token, a request, or what it asks for, is not to be believed or granted: refuse the request.
    Refused,
    /// An encrypted object does not open: refuse the request.
    Unreadable,
    /// The calling code gave a wrong value: mend it.
    InvalidValue,
    /// The surroundings failed: try again, or call an operator.
    Unavailable,
}

impl Kind {
    const fn of(audience: Audience) -> Self {
        match audience {
            Audience::Input => Self::Refused,
            Audience::Caller => Self::InvalidValue,
            Audience::Environment => Self::Unavailable,
        }
    }

    const fn public(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            _ => "refused",
        }
    }
}

impl Error {
    pub(crate) fn new(code: &'static str, audience: Audience, error: &dyn fmt::Display) -> Self {
        let kind = Kind::of(audience);
        Self { code, kind, message: error.to_string(), public: kind.public(), token_id: None }
    }

    /// An argument that the core would not see.
    pub(crate) fn value(code: &'static str, message: &str) -> Self {
        Self::new(code, Audience::Caller, &message)
    }

    /// A source that cannot be read.
    #[cfg(any(feature = "backend", feature = "holder"))]
    pub(crate) fn source(error: &std::io::Error) -> Self {
        Self::new("source_unreadable", Audience::Environment, &format_args!("the source cannot be read: {error}"))
    }

    /// A target that cannot be written.
    #[cfg(any(feature = "backend", feature = "holder"))]
    pub(crate) fn target(error: &std::io::Error) -> Self {
        Self::new("target_unwritable", Audience::Environment, &format_args!("the target cannot be written: {error}"))
    }

    /// What came is an encrypted object, or a vault: it is not refused, it does not open.
    #[cfg(any(feature = "backend", feature = "holder"))]
    fn of_object(self) -> Self {
        let kind = if self.kind == Kind::Refused { Kind::Unreadable } else { self.kind };
        Self { kind, ..self }
    }

    /// Names the argument that is to blame: whatever it is, it is the caller's.
    pub(crate) fn of_argument(self, name: &str) -> Self {
        Self { message: format!("{name}: {}", self.message), kind: Kind::InvalidValue, ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Error {}

pub(crate) fn public(answer: PublicAnswer) -> &'static str {
    match answer {
        PublicAnswer::Damaged => "damaged",
        PublicAnswer::Refused => "refused",
    }
}

pub(crate) fn token_id(id: Option<EntryId>) -> Option<String> {
    id.map(|id| base16ct::lower::encode_string(&id))
}

/// Whatever the reason, also a stale view: who asks refuses.
impl From<VerifyError> for Error {
    fn from(error: VerifyError) -> Self {
        let (public, token_id) = (public(error.public()), token_id(error.token_id()));
        Self { kind: Kind::Refused, public, token_id, ..Self::new(error.code(), error.audience(), &error) }
    }
}

macro_rules! from {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::new(error.code(), error.audience(), &error)
            }
        }
    )*};
}

from! {
    portward::IdentifierError, portward::VocabularyError, portward::DeploymentError, portward::RandomError, portward::NarrowError,
    portward::NarrowingError, portward::AllowError,
}

#[cfg(any(feature = "backend", feature = "holder"))]
mod sealed {
    use portward::envelope::OpenError;
    use portward_http::ClientError;

    use super::*;

    /// A link that was cut or changed on its way is damaged, whoever notices: its address may have been cut anywhere.
    impl From<ClientError> for Error {
        fn from(error: ClientError) -> Self {
            let made = Self::new(error.code(), error.audience(), &error);
            match error {
                ClientError::Url | ClientError::Damaged => Self { public: "damaged", ..made },
                _ => made,
            }
        }
    }

    from!(portward::NonceError, portward::envelope::ContextError, portward::envelope::SealError);

    impl From<OpenError> for Error {
        fn from(error: OpenError) -> Self {
            Self::new(error.code(), error.audience(), &error).of_object()
        }
    }

    #[cfg(feature = "holder")]
    impl From<portward::envelope::VaultError> for Error {
        fn from(error: portward::envelope::VaultError) -> Self {
            Self::new(error.code(), error.audience(), &error).of_object()
        }
    }
}

#[cfg(feature = "backend")]
mod backend {
    use portward_store::database::DatabaseError;
    use portward_store::keys::KeyStoreError;
    use portward_store::objects::ObjectError;
    use portward_store::store::{Refusal, StoreError};

    use super::*;

    from! {
        portward::KeyringError, portward::SealedError, portward::UnsealError, portward::IssueError, portward::VerifierError,
        portward::FeedError, portward::FeedRequestError, portward::ScopeError, portward::AuthorityError,
        portward::envelope::DataScopeError, portward::envelope::IndexError, portward::envelope::UnwrapKeyringError,
        portward_store::database::LocationError, portward_http::RulesError,
    }

    #[cfg(unix)]
    from!(portward_store::files::FilesError);

    impl From<ObjectError> for Error {
        fn from(error: ObjectError) -> Self {
            match error {
                ObjectError::Open(error) => error.into(),
                ObjectError::Seal(error) => error.into(),
                other => Self::new(other.code(), Audience::Environment, &other),
            }
        }
    }

    /// With what is behind it: a folder that is not there, and a host, would else be one sentence.
    impl From<DatabaseError> for Error {
        fn from(error: DatabaseError) -> Self {
            let made = Self::new(error.code(), error.audience(), &error);
            match error.cause() {
                Some(cause) => Self { message: format!("{} ({cause})", made.message), ..made },
                None => made,
            }
        }
    }

    impl From<KeyStoreError> for Error {
        fn from(error: KeyStoreError) -> Self {
            match error {
                KeyStoreError::Database(error) => error.into(),
                KeyStoreError::Key(error) => error.into(),
                _ => Self::new(error.code(), error.audience(), &error),
            }
        }
    }

    impl From<StoreError> for Error {
        fn from(error: StoreError) -> Self {
            let public = match error.refusal() {
                Refusal::Damaged => "damaged",
                Refusal::Refused => "refused",
                Refusal::Unavailable => "unavailable",
            };
            match error {
                StoreError::Verify(error) => error.into(),
                StoreError::Database(error) => error.into(),
                _ => Self { public, ..Self::new(error.code(), error.audience(), &error) },
            }
        }
    }
}
