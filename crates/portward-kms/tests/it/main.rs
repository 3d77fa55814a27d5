//! What every KEK has to do, wherever it lies, and what each provider does when things go wrong.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "test code")]

mod local;
mod suite;

#[cfg(feature = "softhsm-tests")]
mod pkcs11;

#[cfg(feature = "aws-kms-tests")]
mod aws;
