//! Key-encryption keys that lie elsewhere than in the keyring: [`WrapKey`](portward::envelope::WrapKey) and
//! [`UnwrapKey`](portward::envelope::UnwrapKey) for a key in a PKCS#11 token.
//!
//! A provider has many reasons to fail, and tells the caller two: it cannot be reached, or it refuses. Nothing is kept of what it has
//! answered, so a key that was disabled is refused from the next call on.

#![forbid(unsafe_code)]

mod pkcs11;

pub use cryptoki::types::AuthPin;
pub use pkcs11::{Pkcs11Kek, Pkcs11Token, TokenError};
