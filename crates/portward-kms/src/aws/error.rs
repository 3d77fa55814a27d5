use core::fmt;

use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use portward::envelope::KekError;

/// Why a KEK of AWS KMS cannot be set up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AwsKmsError {
    /// The configuration has no region.
    Region,
    /// The thread for the calls cannot be started.
    Thread,
    /// Not a key id of 1 to 64 letters, digits and `-`: aliases and ARNs are refused.
    KeyId,
}

impl AwsKmsError {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Region => "aws_kms_region",
            Self::Thread => "aws_kms_thread",
            Self::KeyId => "aws_kms_key_id",
        }
    }
}

/// What may go well another time is unavailable, all else is refused. The error itself, which may hold what was sent, goes no further.
pub(super) fn kek_error<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> KekError {
    let passes = match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => true,
        SdkError::ServiceError(answer) => {
            is_busy(answer.raw()) || answer.err().code().is_some_and(|code| PASSING.contains(&code))
        }
        // One without bytes was not read to its end; another one is no answer of the service's.
        SdkError::ResponseError(answer) => answer.raw().body().bytes().is_none(),
        _ => false,
    };
    if passes { KekError::Unavailable } else { KekError::Refused }
}

/// Also of something that stands before the service.
fn is_busy(answer: &HttpResponse) -> bool {
    answer.status().is_server_error() || answer.status().as_u16() == 429
}

/// What KMS says of passing failures, with whatever status. Source: AWS KMS API reference, the errors of Encrypt and Decrypt and the common ones.
const PASSING: &[&str] =
    &["ThrottlingException", "DependencyTimeoutException", "KMSInternalException", "KeyUnavailableException"];

impl fmt::Display for AwsKmsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Region => "the configuration of AWS KMS has no region",
            Self::Thread => "the thread for calls of AWS KMS cannot be started",
            Self::KeyId => "not a key id of AWS KMS",
        })
    }
}

impl core::error::Error for AwsKmsError {}
