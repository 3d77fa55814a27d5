//! KEKs in a PKCS#11 token.

mod count;
mod error;
mod kek;
mod session;
mod token;

pub use error::TokenError;
pub use kek::Pkcs11Kek;
pub use token::Pkcs11Token;
