use core::fmt;

use cryptoki::error::{Error, RvError};
use portward::envelope::KekError;

/// Why a token, or a key in it, is not to be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TokenError {
    /// The module cannot be loaded, or does not begin.
    Module,
    /// The module has no token of this label.
    NoToken,
    /// The token does not accept the PIN. It is not offered again: a token locks itself after a few.
    Pin,
    /// The token cannot be reached just now; another attempt may go well.
    Unavailable,
    /// The token does not make a key, or has one of this id.
    Generate,
    /// The token has no such key, or more than one.
    NoKey,
    /// The key is not of 32 bytes, or may not encrypt and decrypt, or may leave the token.
    WeakKey,
    /// The key has wrapped as often as one may.
    Exhausted,
    /// The token refuses, and does not say why.
    Refused,
}

impl TokenError {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Module => "token_module",
            Self::NoToken => "token_missing",
            Self::Pin => "token_pin",
            Self::Unavailable => "kek_unavailable",
            Self::Generate => "token_generate",
            Self::NoKey => "token_no_key",
            Self::WeakKey => "token_weak_key",
            Self::Exhausted => "token_key_exhausted",
            Self::Refused => "kek_refused",
        }
    }

    /// A module that cannot tell a wrong tag from a broken token (SoftHSM cannot) is taken to have refused.
    pub(super) const fn of(error: &Error) -> Self {
        match error {
            Error::Pkcs11(RvError::PinIncorrect | RvError::PinExpired | RvError::PinLocked, _) => Self::Pin,
            Error::Pkcs11(
                RvError::DeviceError
                | RvError::DeviceMemory
                | RvError::DeviceRemoved
                | RvError::TokenNotPresent
                | RvError::HostMemory
                | RvError::SessionCount
                | RvError::SlotIdInvalid
                | RvError::CryptokiNotInitialized,
                _,
            )
            | Error::LibraryLoading(_) => Self::Unavailable,
            error if is_of_session(error) => Self::Unavailable,
            _ => Self::Refused,
        }
    }

    pub(super) const fn kek_error(self) -> KekError {
        match self {
            Self::Unavailable => KekError::Unavailable,
            _ => KekError::Refused,
        }
    }
}

/// Whether a new session and a new login may mend it.
pub(super) const fn is_of_session(error: &Error) -> bool {
    matches!(error, Error::Pkcs11(RvError::SessionHandleInvalid | RvError::SessionClosed | RvError::UserNotLoggedIn, _))
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Module => "the PKCS#11 module cannot be loaded",
            Self::NoToken => "the module has no token of this label",
            Self::Pin => "the token does not accept the PIN",
            Self::Unavailable => "the token cannot be reached",
            Self::Generate => "the token does not make the key",
            Self::NoKey => "the token has no such key, or more than one",
            Self::WeakKey => "the key is of another size, or may not encrypt and decrypt, or may leave the token",
            Self::Exhausted => "the key has wrapped as often as one may",
            Self::Refused => "the token refuses",
        })
    }
}

impl core::error::Error for TokenError {}
