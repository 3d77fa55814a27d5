use core::fmt;

use crate::error::{Audience, PublicAnswer, error_codes};
use crate::revocation::{EntryId, RevocationError};

error_codes! {
    /// The text is not a whole token. Everybody can compute this from the text, so it may be told.
    pub enum FormError {
        TooLong => "too_long", Input, "the text is longer than a token can be";
        BadPrefix => "bad_prefix", Input, "the text does not begin like a token";
        BadBase64 => "bad_base64", Input, "the text is not strict base64url";
        TooShort => "too_short", Input, "the text is shorter than a token can be";
        BadChecksum => "bad_checksum", Input, "the checksum is wrong: the text was cut or changed on its way";
        UnknownVersion => "unknown_version", Input, "the token is of a version that this program does not know";
        UnknownKind => "unknown_kind", Input, "the token is of a kind that this program does not know";
        KindMismatch => "kind_mismatch", Input, "the kind in the token is not the kind of its prefix";
        MalformedHead => "malformed_head", Input, "the head of the token is not what its format says";
        SessionWithBlocks => "session_with_blocks", Input, "a session carries no blocks";
        TooManyBlocks => "too_many_blocks", Input, "a link carries at most 8 blocks";
        BlockAfterSeal => "block_after_seal", Input, "a block stands behind the seal";
        UnknownBlock => "unknown_block", Input, "the token has a block of unknown type";
        MalformedBlock => "malformed_block", Input, "a block of the token is not what its format says";
        UnknownRestriction => "unknown_restriction", Input, "the token has a restriction of unknown type";
    }
}

error_codes! {
    /// Why a whole token is refused, apart from revocation. For the operator, never for whoever presented it.
    pub enum RefusalError {
        WrongKind => "wrong_kind", Input, "the token is not of the kind that is asked for";
        UnknownRoot => "unknown_root", Input, "the token is under a root that the keyring does not check with";
        Forged => "forged", Input, "the tag of the token is wrong";
        BadTimes => "bad_times", Input, "the token expires before it was issued";
        OverCeiling => "over_ceiling", Input, "the token lives longer than the deployment allows";
        NotYetValid => "not_yet_valid", Input, "the token is from the future";
        Expired => "expired", Input, "the token has expired";
        WrongAudience => "wrong_audience", Input, "the token is for another audience";
    }
}

/// Why a token was not accepted: the exact reason for the operator, and which of the two answers the public gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyError {
    reason: Reason,
    token_id: Option<EntryId>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    Form(FormError),
    Refusal(RefusalError),
    Revocation(RevocationError),
}

impl VerifyError {
    pub(super) const fn refused(refusal: RefusalError) -> Self {
        Self { reason: Reason::Refusal(refusal), token_id: None }
    }

    pub(super) const fn refused_authentic(refusal: RefusalError, token_id: EntryId) -> Self {
        Self { reason: Reason::Refusal(refusal), token_id: Some(token_id) }
    }

    pub(super) const fn revoked(cause: RevocationError, token_id: EntryId) -> Self {
        Self { reason: Reason::Revocation(cause), token_id: Some(token_id) }
    }

    /// What may be told to whoever presented the token.
    pub const fn public(&self) -> PublicAnswer {
        match self.reason {
            Reason::Form(_) => PublicAnswer::Damaged,
            Reason::Refusal(_) | Reason::Revocation(_) => PublicAnswer::Refused,
        }
    }

    /// The stable code of the exact reason, for logs.
    pub const fn code(&self) -> &'static str {
        match self.reason {
            Reason::Form(error) => error.code(),
            Reason::Refusal(error) => error.code(),
            Reason::Revocation(error) => error.code(),
        }
    }

    /// Who has to act.
    pub const fn audience(&self) -> Audience {
        match self.reason {
            Reason::Form(error) => error.audience(),
            Reason::Refusal(error) => error.audience(),
            Reason::Revocation(error) => error.audience(),
        }
    }

    /// Whether the view was too old at the time that was asked for: of a newer one, the answer may be another.
    pub const fn is_stale(&self) -> bool {
        matches!(self.reason, Reason::Revocation(RevocationError::ViewStale))
    }

    /// The token's id, known only once the token was authentic.
    pub const fn token_id(&self) -> Option<EntryId> {
        self.token_id
    }
}

impl From<FormError> for VerifyError {
    fn from(error: FormError) -> Self {
        Self { reason: Reason::Form(error), token_id: None }
    }
}

impl fmt::Debug for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyError({}, public: {})", self.code(), self.public())
    }
}

/// The operator's sentence. What the public may read is [`VerifyError::public`].
impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::Form(error) => error.fmt(f),
            Reason::Refusal(error) => error.fmt(f),
            Reason::Revocation(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for VerifyError {}
