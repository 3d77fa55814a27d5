#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

#[cfg(feature = "aws-kms")]
mod aws;
mod pkcs11;

#[cfg(feature = "aws-kms")]
pub use aws::{AwsKms, AwsKmsError, AwsKmsKek, AwsKmsOptions};
#[cfg(feature = "aws-kms")]
pub use aws_sdk_kms;
pub use cryptoki::types::AuthPin;
pub use pkcs11::{Pkcs11Kek, Pkcs11Options, Pkcs11Token, TokenError};
