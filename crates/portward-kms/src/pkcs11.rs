//! KEKs in a PKCS#11 token.

mod count;
mod error;
mod kek;
mod session;
mod token;
mod worker;

pub use error::TokenError;
pub use kek::Pkcs11Kek;
pub use token::{Pkcs11Options, Pkcs11Token};
