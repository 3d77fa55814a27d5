//! Why a command did not do what it was asked, for people, for programs and as an exit code.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use portward::envelope::{ContextError, DataScopeError, OpenError, SealError};
use portward::{
    AllowError, Audience, AuthorityError, DeploymentError, FeedError, IdentifierError, IssueError, KeyringError,
    NarrowError, NarrowingError, PublicAnswer, RandomError, ScopeError, SealedError, UnsealError, VerifierError,
    VerifyError, VocabularyError,
};
use portward_store::database::LocationError;
use portward_store::files::{FileError, FilesError};
use portward_store::keys::KeyStoreError;
use portward_store::store::StoreError;
use serde_json::json;

use crate::report::{self, Stream};

/// The three ways not to succeed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    Refused = 1,
    Usage = 2,
    Environment = 3,
}

/// What the public may be told: of a token one of two words, of an object always the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Public {
    Token(PublicAnswer),
    Object,
}

impl fmt::Display for Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(answer) => answer.fmt(f),
            Self::Object => f.write_str(OpenError::Failed.public()),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) audience: Audience,
    pub(crate) message: String,
    pub(crate) exit: Exit,
    /// From commands that verify or open.
    pub(crate) public: Option<Public>,
    /// Known once the token was authentic.
    pub(crate) token_id: Option<[u8; 16]>,
}

impl Failure {
    /// Refused: nothing is wrong with the machine or the command line.
    pub(crate) fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Audience::Caller, message, Exit::Refused)
    }

    /// Asked wrongly.
    pub(crate) fn usage(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Audience::Caller, message, Exit::Usage)
    }

    /// A file that the caller named.
    pub(crate) fn file(path: &Path, error: FileError) -> Self {
        let code = match error {
            FileError::KeyringPermissions => "file_permissions",
            other => other.code(),
        };
        Self::new(code, error.audience(), format!("{}: {error}", path.display()), Exit::Environment)
    }

    /// The result is not told. What the command did stands.
    pub(crate) fn output(error: &std::io::Error) -> Self {
        let message = format!("standard output cannot be written ({}): what the command did stands", error.kind());
        Self::new("output_failed", Audience::Environment, message, Exit::Environment)
    }

    /// The same, with what helps.
    pub(crate) fn hint(self, hint: &str) -> Self {
        Self { message: format!("{}: {hint}", self.message), ..self }
    }

    pub(crate) fn new(code: &'static str, audience: Audience, message: impl Into<String>, exit: Exit) -> Self {
        Self { code, audience, message: message.into(), exit, public: None, token_id: None }
    }

    fn of_store(error: &StoreError, exit: Exit) -> Self {
        Self::new(error.code(), error.audience(), error.to_string(), exit)
    }

    /// The same, of a token that was to be verified.
    pub(crate) fn of_token(self, token_id: [u8; 16]) -> Self {
        Self { public: Some(Public::Token(PublicAnswer::Refused)), token_id: Some(token_id), ..self }
    }

    /// The same, of an object that was to be opened.
    pub(crate) fn of_object(self) -> Self {
        Self { public: Some(Public::Object), ..self }
    }

    /// `stream`: where the public answer is told; where in JSON it would stand beside the error, the error has it.
    pub(crate) fn print(&self, json: bool, stream: Stream) -> ExitCode {
        // Whatever becomes of it: the refusal itself is told below.
        let _ = match self.public {
            Some(public) if !json => stream.tell(&format!("public answer: {public}\n")),
            Some(public) if stream == Stream::Stdout => {
                stream.tell(&format!("{}\n", json!({ "valid": false, "public": public.to_string() })))
            }
            _ => Ok(()),
        };
        report::to_stderr(&if json { format!("{}\n", self.to_json()) } else { self.to_text() });
        ExitCode::from(self.exit as u8)
    }

    fn to_json(&self) -> serde_json::Value {
        let mut error = json!({ "code": self.code, "audience": audience_name(self.audience), "message": self.message });
        if let Some(fields) = error.as_object_mut() {
            fields.extend(self.public.map(|public| ("public".into(), public.to_string().into())));
            fields.extend(self.token_id.map(|id| ("token_id".into(), report::hex(&id).into())));
        }
        json!({ "error": error })
    }

    fn to_text(&self) -> String {
        let id = self.token_id.map(|id| format!(" (token {})", report::hex(&id))).unwrap_or_default();
        format!("error[{}]: {}{id}\n", self.code, report::line(&self.message))
    }
}

/// How a command ends that did what it was asked, once its result was told or not.
pub(crate) fn finish(told: std::io::Result<()>, json: bool) -> ExitCode {
    told.map_or_else(|error| Failure::output(&error).print(json, Stream::Stderr), |()| ExitCode::SUCCESS)
}

pub(crate) const fn audience_name(audience: Audience) -> &'static str {
    match audience {
        Audience::Input => "input",
        Audience::Caller => "caller",
        Audience::Environment => "environment",
    }
}

/// `From` for an error of the core, with the exit code that it means here unless the environment is to blame.
macro_rules! from_core {
    ($($error:ty => $exit:expr;)+) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                let exit = match error.audience() {
                    Audience::Environment => Exit::Environment,
                    _ => $exit(&error),
                };
                Self::new(error.code(), error.audience(), error.to_string(), exit)
            }
        })+
    };
}

from_core! {
    AllowError => |_| Exit::Refused;
    AuthorityError => |error: &AuthorityError| match error {
        AuthorityError::ListTimes => Exit::Usage,
        _ => Exit::Refused,
    };
    ContextError => |_| Exit::Usage;
    DataScopeError => |_| Exit::Usage;
    DeploymentError => |_| Exit::Environment;
    FeedError => |_| Exit::Refused;
    FilesError => |error: &FilesError| match error {
        FilesError::Keyring(_, error) => of_keyring(error),
        FilesError::StoreDecides(..) => Exit::Usage,
        FilesError::Sealed(_, error) => of_seal(error),
        _ => Exit::Environment,
    };
    IdentifierError => |_| Exit::Usage;
    IssueError => |error: &IssueError| match error {
        IssueError::LifetimeZero | IssueError::LifetimeOverCeiling | IssueError::TimeOutOfRange => Exit::Usage,
        IssueError::NoActiveRoot => Exit::Environment,
        _ => Exit::Refused,
    };
    KeyringError => of_keyring;
    KeyStoreError => |error: &KeyStoreError| match error {
        KeyStoreError::Row(_) | KeyStoreError::Kek(_) | KeyStoreError::Key(_) | KeyStoreError::DeploymentsDiffer => {
            Exit::Environment
        }
        _ => Exit::Refused,
    };
    LocationError => |_| Exit::Usage;
    NarrowError => |error: &NarrowError| match error {
        NarrowError::EmptyBlock => Exit::Usage,
        _ => Exit::Refused,
    };
    NarrowingError => |_| Exit::Usage;
    RandomError => |_| Exit::Environment;
    VerifierError => |_| Exit::Environment;
    ScopeError => |_| Exit::Usage;
    SealError => |_| Exit::Refused;
    SealedError => of_seal;
    VocabularyError => |_| Exit::Usage;
}

impl From<UnsealError> for Failure {
    fn from(error: UnsealError) -> Self {
        match error {
            UnsealError::Sealed(error) => error.into(),
            UnsealError::Deployment(error) => error.into(),
            UnsealError::Keyring(error) => error.into(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match error.audience() {
            Audience::Environment => Exit::Environment,
            _ if matches!(error, StoreError::Label) => Exit::Usage,
            _ => Exit::Refused,
        };
        match error {
            StoreError::Authority(error) => error.into(),
            StoreError::Issue(error) => error.into(),
            StoreError::Verify(error) => Self { public: None, ..error.into() },
            StoreError::DeploymentsDiffer => Self { exit: Exit::Environment, ..Self::of_store(&error, exit) },
            error => Self::of_store(&error, exit),
        }
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        let exit = match error.audience() {
            Audience::Environment => Exit::Environment,
            Audience::Input | Audience::Caller => Exit::Refused,
        };
        let failure = Self::new(error.code(), error.audience(), error.to_string(), exit);
        Self { public: Some(Public::Token(error.public())), token_id: error.token_id(), ..failure }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let exit = if error.audience() == Audience::Environment { Exit::Environment } else { Exit::Refused };
        Self::new(error.code(), error.audience(), error.to_string(), exit).of_object()
    }
}

/// What a keyring does not allow is refused; one that cannot be used is a fault of the environment.
const fn of_keyring(error: &KeyringError) -> Exit {
    match error {
        KeyringError::UnknownRoot | KeyringError::WrongState | KeyringError::InUse | KeyringError::Full => {
            Exit::Refused
        }
        _ => Exit::Environment,
    }
}

const fn of_seal(error: &SealedError) -> Exit {
    match error {
        SealedError::WrongPassphrase | SealedError::PassphraseLength => Exit::Refused,
        _ => Exit::Environment,
    }
}
