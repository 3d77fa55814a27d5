use core::fmt;

use portward_bridge::{self as bridge, DeviceKeyFault};
use uniffi::UnexpectedUniFFICallbackError;
use zeroize::Zeroizing;

/// A key that the device keeps and that does not leave it: in Android Keystore, in the iOS Keychain.
///
/// It wraps one key of 32 bytes. `binding` has to be the same to unwrap it again: pass it as associated data. Called on a thread of this library.
/// In Kotlin the array with the key, which `wrap` is given and `unwrap` gives, is overwritten when the call has ended: let it be a fresh one. In Swift
/// it is not, for `Data` copies when it is written to. What else the application copied is its own.
#[uniffi::export(callback_interface)]
pub trait DeviceKey: Send + Sync {
    /// Wraps a key of 32 bytes, for instance as `IV ‖ AES-256-GCM ciphertext ‖ tag`; at most 6,144 bytes.
    fn wrap(&self, key: Vec<u8>, binding: Vec<u8>) -> Result<Vec<u8>, DeviceKeyError>;

    /// Unwraps what `wrap` gave.
    fn unwrap(&self, wrapped: Vec<u8>, binding: Vec<u8>) -> Result<Vec<u8>, DeviceKeyError>;
}

/// Why the device's key did not work. Anything else that is thrown counts as `Unavailable`, and nothing of it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Error)]
pub enum DeviceKeyError {
    /// Not just now: the device is locked, or the key store failed and did not say why. The operation fails as `kek_unavailable`: keep the
    /// vault, and try again.
    Unavailable,
    /// It is gone for good, or what was wrapped is not of it. The operation fails as `unwrap_failed`, and the vault is lost; where one is made,
    /// as `kek_refused`.
    Refused,
}

/// The application's key as the bridge's.
pub(crate) struct Key(pub(crate) Box<dyn DeviceKey>);

impl bridge::DeviceKey for Key {
    fn wrap(&self, key: &[u8], binding: &[u8]) -> Result<Vec<u8>, DeviceKeyFault> {
        Ok(self.0.wrap(key.to_vec(), binding.to_vec())?)
    }

    fn unwrap(&self, wrapped: &[u8], binding: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceKeyFault> {
        Ok(Zeroizing::new(self.0.unwrap(wrapped.to_vec(), binding.to_vec())?))
    }
}

impl From<DeviceKeyError> for DeviceKeyFault {
    fn from(error: DeviceKeyError) -> Self {
        match error {
            DeviceKeyError::Unavailable => Self::Unavailable,
            DeviceKeyError::Refused => Self::Refused,
        }
    }
}

/// What it says may be anything, and so a reason that passes: a cache is not thrown away for that.
impl From<UnexpectedUniFFICallbackError> for DeviceKeyError {
    fn from(_: UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable
    }
}

impl fmt::Display for DeviceKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "the device's key cannot be used just now",
            Self::Refused => "the device's key is gone, or refuses",
        })
    }
}

impl core::error::Error for DeviceKeyError {}
