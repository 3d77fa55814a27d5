use core::fmt;

use portward::{AllowError, EntryId, PublicAnswer, VerifyError};

/// What the public is told; the same bytes for every reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// `400`: what came is not whole. Anybody can see that without a key.
    Damaged,
    /// `403`: everything that is neither of the others.
    Refused,
    /// `503`: the store does not answer; the same request may succeed later.
    Unavailable,
}

impl Refusal {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Damaged => 400,
            Self::Refused => 403,
            Self::Unavailable => 503,
        }
    }

    /// The word in the answer.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a request is refused: what the public is told, and the exact reason for the operator's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What the public is told.
    pub refusal: Refusal,
    /// The stable code of the exact reason. It never leaves the server.
    pub code: &'static str,
    /// The token's id, once the token was authentic.
    pub token_id: Option<EntryId>,
}

/// A reason that says no more than the public learns.
impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, code: refusal.word(), token_id: None }
    }
}

impl From<VerifyError> for Reason {
    fn from(error: VerifyError) -> Self {
        let refusal = match error.public() {
            PublicAnswer::Damaged => Refusal::Damaged,
            PublicAnswer::Refused => Refusal::Refused,
        };
        Self { refusal, code: error.code(), token_id: error.token_id() }
    }
}

impl From<AllowError> for Reason {
    fn from(error: AllowError) -> Self {
        Self { refusal: Refusal::Refused, code: error.code(), token_id: None }
    }
}
