//! KEKs in AWS KMS.

mod connection;
mod error;
mod kek;

pub use connection::{AwsKms, AwsKmsOptions};
pub use error::AwsKmsError;
pub use kek::AwsKmsKek;
