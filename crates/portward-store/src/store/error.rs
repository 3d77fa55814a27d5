use core::fmt;

use portward::{
    Audience, AuthorityError, FeedError, FeedRequestError, IssueError, NonceError, PublicAnswer, RandomError, RowError,
    VerifierError, VerifyError,
};

use crate::database::DatabaseError;
use crate::database::record::RecordError;
use crate::events::SinkError;

/// Why the store did not do something.
#[derive(Clone, Debug)]
pub enum StoreError {
    /// The database.
    Database(DatabaseError),
    /// A row that is not believed.
    Row(RowError),
    /// A row is authentic and not what its table holds.
    Malformed,
    /// The database lies elsewhere than when its feed began: a copy, a restored backup, or a server that was promoted.
    Restored,
    /// The feed stands before what was seen of it.
    RolledBack,
    /// The feed tells another history than what was seen of it.
    Forked,
    /// A message or change of the feed.
    Feed(FeedError),
    /// A request of a follower.
    Request(FeedRequestError),
    /// A change of the feed that cannot be made.
    Authority(AuthorityError),
    /// There is no such link.
    UnknownLink,
    /// The row is of another link than the token.
    LinkDiffers,
    /// The link is revoked.
    LinkRevoked,
    /// The link is paused.
    LinkSuspended,
    /// The link is past the expiry that its row states.
    LinkEnded,
    /// The row of the link is older than what the feed knows of it.
    Outdated,
    /// The link was used as often as it may be.
    UsesExhausted,
    /// The session's chain was never redeemed here.
    UnknownChain,
    /// More than what was signed cannot be granted.
    OverCeiling,
    /// A label has 1 to 200 characters and no control characters.
    Label,
    /// A link is good for one use at least, and for one resource.
    NothingLeft,
    /// The link is not in a state in which that can be done.
    State,
    /// What the token says.
    Verify(VerifyError),
    /// What the nonce or the cookie says.
    Nonce(NonceError),
    /// No token was made.
    Issue(IssueError),
    /// Who has to be told first could not be.
    Sink(SinkError),
    /// The operating system gave no random bytes.
    Random,
    /// Deployment, keyring and store are not of one deployment.
    DeploymentsDiffer,
}

/// What the public may be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// What was sent is not whole.
    Damaged,
    /// Everything else.
    Refused,
    /// The store did not answer.
    Unavailable,
}

impl StoreError {
    /// What the public may be told.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Verify(error) if error.public() == PublicAnswer::Damaged => Refusal::Damaged,
            Self::Nonce(NonceError::Malformed | NonceError::CookieMalformed) => Refusal::Damaged,
            Self::Database(_)
            | Self::Restored
            | Self::RolledBack
            | Self::Forked
            | Self::Feed(_)
            | Self::Sink(_)
            | Self::Random => Refusal::Unavailable,
            _ => Refusal::Refused,
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Database(error) => error.code(),
            Self::Row(error) => error.code(),
            Self::Malformed => "link_malformed",
            Self::Restored => "store_restored",
            Self::RolledBack => "store_rolled_back",
            Self::Forked => "store_forked",
            Self::Feed(error) => error.code(),
            Self::Request(error) => error.code(),
            Self::Authority(error) => error.code(),
            Self::UnknownLink => "link_unknown",
            Self::LinkDiffers => "link_differs",
            Self::LinkRevoked => "link_revoked",
            Self::LinkSuspended => "link_suspended",
            Self::LinkEnded => "link_ended",
            Self::Outdated => "link_outdated",
            Self::UsesExhausted => "uses_exhausted",
            Self::UnknownChain => "chain_unknown",
            Self::OverCeiling => "over_ceiling",
            Self::Label => "label_malformed",
            Self::NothingLeft => "nothing_granted",
            Self::State => "link_state",
            Self::Verify(error) => error.code(),
            Self::Nonce(error) => error.code(),
            Self::Issue(error) => error.code(),
            Self::Sink(_) => "sink_failed",
            Self::Random => "random_unavailable",
            Self::DeploymentsDiffer => "deployments_differ",
        }
    }

    /// Who has to act.
    pub fn audience(&self) -> Audience {
        match self {
            Self::Database(error) => error.audience(),
            Self::Row(error) => error.audience(),
            Self::Feed(_)
            | Self::Malformed
            | Self::Restored
            | Self::RolledBack
            | Self::Forked
            | Self::Sink(_)
            | Self::Random => Audience::Environment,
            Self::Request(error) => error.audience(),
            Self::Authority(error) => error.audience(),
            Self::Verify(error) => error.audience(),
            Self::Nonce(error) => error.audience(),
            Self::Issue(error) => error.audience(),
            Self::UnknownLink
            | Self::LinkDiffers
            | Self::LinkRevoked
            | Self::LinkSuspended
            | Self::LinkEnded
            | Self::Outdated
            | Self::UsesExhausted
            | Self::UnknownChain => Audience::Input,
            Self::OverCeiling | Self::Label | Self::NothingLeft | Self::State | Self::DeploymentsDiffer => {
                Audience::Caller
            }
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database(error) => return error.fmt(f),
            Self::Row(error) => return error.fmt(f),
            Self::Feed(error) => return error.fmt(f),
            Self::Request(error) => return error.fmt(f),
            Self::Authority(error) => return error.fmt(f),
            Self::Verify(error) => return error.fmt(f),
            Self::Nonce(error) => return error.fmt(f),
            Self::Issue(error) => return error.fmt(f),
            Self::Sink(error) => return error.fmt(f),
            Self::Malformed => "a row of the store is not what its table holds",
            Self::Restored => "the database lies elsewhere than when its feed began: recover the store first",
            Self::RolledBack => "the feed stands before what was seen of it: recover the store first",
            Self::Forked => "the feed tells another history than what was seen of it: recover the store first",
            Self::UnknownLink => "there is no such link",
            Self::LinkDiffers => "the row is of another link than the token",
            Self::LinkRevoked => "the link is revoked",
            Self::LinkSuspended => "the link is paused",
            Self::LinkEnded => "the link has ended",
            Self::Outdated => "the row of the link is older than what the feed knows of it: state anew when it ends, what it grants and for which resources",
            Self::UsesExhausted => "the link was used as often as it may be",
            Self::UnknownChain => "the session's link was not redeemed in this store",
            Self::OverCeiling => "more than what was signed cannot be granted",
            Self::Label => "a label has 1 to 200 characters, and no control characters",
            Self::NothingLeft => {
                "a link grants something, for all resources or 1 to 16, is good for one use at least, and does not end before it begins"
            }
            Self::State => "the link is not in a state in which that can be done",
            Self::Random => "the operating system gave no random bytes",
            Self::DeploymentsDiffer => "deployment, keyring and store are not of one deployment",
        })
    }
}

impl core::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Database(error) => Some(error),
            Self::Sink(error) => Some(error),
            _ => None,
        }
    }
}

impl From<RecordError> for StoreError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Database(error) => Self::Database(error),
            RecordError::Row(error) => Self::Row(error),
            RecordError::Malformed => Self::Malformed,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        RecordError::from(error).into()
    }
}

impl From<VerifierError> for StoreError {
    fn from(error: VerifierError) -> Self {
        match error {
            VerifierError::Random => Self::Random,
            _ => Self::DeploymentsDiffer,
        }
    }
}

impl From<RandomError> for StoreError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}

/// Without random bytes nothing was refused, and nothing is known of a feed.
macro_rules! wraps_but_random {
    ($($error:ident as $variant:ident),*) => {$(
        impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                match error {
                    $error::Random => Self::Random,
                    _ => Self::$variant(error),
                }
            }
        }
    )*};
}

wraps_but_random! { AuthorityError as Authority, FeedError as Feed, NonceError as Nonce, IssueError as Issue }

macro_rules! wraps {
    ($($error:ident as $variant:ident),*) => {$(
        impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}

wraps! { DatabaseError as Database, RowError as Row, FeedRequestError as Request, VerifyError as Verify, SinkError as Sink }
