use core::fmt;
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use portward_bridge::{self as bridge, DeviceKeyFault, Error, Stop};
use uniffi::UnexpectedUniFFICallbackError;
use zeroize::Zeroizing;

use crate::error::{PortwardError, call};
use crate::work::{self, Wanted};

/// A key that the device keeps and that does not leave it: in Android Keystore, in the iOS Keychain.
///
/// It wraps one key of 32 bytes. `binding` has to be the same to unwrap it again: pass it as associated data. Called on a thread of this library.
/// Overwrite the key's bytes when done with them: this library wipes its own copies, and cannot reach the application's.
#[uniffi::export(callback_interface)]
pub trait DeviceKey: Send + Sync {
    /// Wraps a key of 32 bytes, for instance as `IV ‖ AES-256-GCM ciphertext ‖ tag`; at most 6,144 bytes.
    fn wrap(&self, key: Vec<u8>, binding: Vec<u8>) -> Result<Vec<u8>, DeviceKeyError>;

    /// Unwraps what `wrap` gave.
    fn unwrap(&self, wrapped: Vec<u8>, binding: Vec<u8>) -> Result<Vec<u8>, DeviceKeyError>;
}

/// Why the device's key did not work. Anything else that is thrown counts as `Refused`, and nothing of it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Error)]
pub enum DeviceKeyError {
    /// Not just now: the device is locked. The operation fails as `kek_unavailable`.
    Unavailable,
    /// It is gone, or refuses. The operation fails as `unwrap_failed`, or `kek_refused` where a vault is made.
    Refused,
}

/// Told how far long work is. Called on a thread of this library, some hundred times a second at most.
#[uniffi::export(callback_interface)]
pub trait WorkProgress: Send + Sync {
    /// So many bytes are done. False ends the work as `Cancelled`; an exception ends it as `callback_failed`.
    fn advanced(&self, bytes: u64) -> Result<bool, ProgressError>;
}

/// Progress could not be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Error)]
pub enum ProgressError {
    /// Ends the work as `callback_failed`.
    Failed,
}

/// What exactly is sealed: all of it has to be said again to open it.
#[derive(Clone, Debug, uniffi::Record)]
pub struct ObjectName {
    /// A stable logical name, such as `files.content`.
    pub name: String,
    /// Which one.
    pub id: String,
    /// More, under keys that begin with `x-`: a version, for instance.
    #[uniffi(default)]
    pub more: HashMap<String, String>,
}

/// An encrypted cache under a key of the device.
///
/// Its file is a small JSON text that is not secret; keep it beside the objects. Deleting it erases everything in the vault.
#[derive(uniffi::Object)]
#[uniffi::export(Debug)]
pub struct Vault(bridge::Vault);

/// A file of a vault that is opened in parts.
#[derive(uniffi::Object)]
#[uniffi::export(Debug)]
pub struct VaultReader(Mutex<bridge::Range<File>>);

#[uniffi::export]
impl Vault {
    /// A new one. `tenant`: whose data. `key_name`: what the device's key is called, 1 to 64 bytes.
    ///
    /// Throws `InvalidValue` (`key_name`, and those of an identifier), `Unavailable` (`kek_refused`, `kek_unavailable`, `random_unavailable`).
    #[uniffi::constructor]
    pub async fn create(tenant: String, key_name: String, key: Box<dyn DeviceKey>) -> Result<Self, PortwardError> {
        work::run(move |_| bridge::Vault::create(&tenant, &key_name, &Key(key))).await.map(Self)
    }

    /// Opens one by its file. `tenant`: whose it has to be.
    ///
    /// Throws `InvalidValue` (`vault_malformed`, `vault_wrong_tenant`), `Unavailable` (`vault_newer_version`; `kek_unavailable`: later;
    /// `unwrap_failed`, `key_check_mismatch`: the vault is lost, make a new one).
    #[uniffi::constructor]
    pub async fn open(file: Vec<u8>, tenant: String, key: Box<dyn DeviceKey>) -> Result<Self, PortwardError> {
        work::run(move |_| bridge::Vault::open(&file, &tenant, &Key(key))).await.map(Self)
    }

    /// Its file, for the application to keep.
    pub fn file(&self) -> Vec<u8> {
        self.0.file()
    }

    /// Whose.
    pub fn tenant(&self) -> String {
        self.0.tenant()
    }

    /// Seals a record of at most 1 MiB. Throws `InvalidValue` (`record_too_long`, and those of the name).
    pub fn seal(&self, of: ObjectName, plaintext: Vec<u8>) -> Result<Vec<u8>, PortwardError> {
        let plaintext = Zeroizing::new(plaintext);
        of.with(|of| self.0.seal(of, &plaintext))
    }

    /// Opens a record. Whatever is wrong, nothing of it is returned. Throws `Unreadable`, `InvalidValue`.
    pub fn open_record(&self, of: ObjectName, sealed: Vec<u8>) -> Result<Vec<u8>, PortwardError> {
        of.with(|of| self.0.open_record(of, &sealed))
    }

    /// Seals a file into another, in constant memory; returns how many bytes there were.
    ///
    /// The other takes the place of an older one when all of it is written; if this fails, or is cancelled, the older one stays. Throws
    /// `Unavailable` (`source_unreadable`, `target_unwritable`), `InvalidValue` (those of the name, `callback_failed`), `Cancelled`.
    #[uniffi::method(default(progress = None))]
    pub async fn seal_file(
        self: Arc<Self>,
        of: ObjectName,
        source: String,
        target: String,
        progress: Option<Box<dyn WorkProgress>>,
    ) -> Result<u64, PortwardError> {
        work::run(move |wanted| {
            of.of(|of| self.0.seal_file(of, Path::new(&source), Path::new(&target), &mut advance(wanted, progress)))
        })
        .await
    }

    /// Opens a file into another, in constant memory; returns how many bytes there are. The other appears when the last byte is authentic.
    ///
    /// Throws `Unreadable`, and what `seal_file` throws.
    #[uniffi::method(default(progress = None))]
    pub async fn open_file(
        self: Arc<Self>,
        of: ObjectName,
        source: String,
        target: String,
        progress: Option<Box<dyn WorkProgress>>,
    ) -> Result<u64, PortwardError> {
        work::run(move |wanted| {
            of.of(|of| self.0.open_file(of, Path::new(&source), Path::new(&target), &mut advance(wanted, progress)))
        })
        .await
    }

    /// Opens any part of a file. Throws `Unreadable`, `Unavailable` (`source_unreadable`), `InvalidValue`.
    pub async fn open_parts(self: Arc<Self>, of: ObjectName, source: String) -> Result<VaultReader, PortwardError> {
        let opened = work::run(move |_| of.of(|of| self.0.open_range(of, Path::new(&source)))).await?;
        Ok(VaultReader(Mutex::new(opened)))
    }
}

/// Which of the device's keys a vault lies under, by its file. Throws `InvalidValue` (`vault_malformed`), `Unavailable` (`vault_newer_version`).
#[uniffi::export]
pub fn vault_key_name(file: Vec<u8>) -> Result<String, PortwardError> {
    call(|| bridge::Vault::key_name_of(&file))
}

#[uniffi::export]
impl VaultReader {
    /// How many bytes there are; authentic.
    pub fn length(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).length()
    }

    /// Reads at most `length` bytes from there, fewer where the file ends before; at most 16 MiB at a time. Throws `Unreadable`, `Unavailable`
    /// (`source_unreadable`).
    pub async fn read(self: Arc<Self>, from: u64, length: u64) -> Result<Vec<u8>, PortwardError> {
        work::run(move |_| self.0.lock().unwrap_or_else(PoisonError::into_inner).read(from, length.min(READ_MAX))).await
    }
}

const READ_MAX: u64 = 16 << 20;

impl ObjectName {
    fn with<T>(&self, work: impl FnOnce(&bridge::Of<'_>) -> Result<T, Error>) -> Result<T, PortwardError> {
        call(|| self.of(work))
    }

    fn of<T>(&self, work: impl FnOnce(&bridge::Of<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let mut more: Vec<_> = self.more.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        more.sort_unstable();
        work(&bridge::Of { name: &self.name, id: &self.id, more: &more })
    }
}

/// Asks whether anybody waits, at every step, and tells the application now and then.
fn advance(wanted: &Wanted, progress: Option<Box<dyn WorkProgress>>) -> impl FnMut(u64) -> Result<(), Stop> {
    let mut told = 0u64;
    move |bytes| {
        wanted.check()?;
        let Some(progress) = &progress else { return Ok(()) };
        if told > 0 && bytes.saturating_sub(told) < TOLD_EVERY {
            return Ok(());
        }
        told = bytes;
        match progress.advanced(bytes) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Stop::Cancelled),
            Err(ProgressError::Failed) => Err(Stop::CallbackFailed),
        }
    }
}

const TOLD_EVERY: u64 = 256 * 1024;

/// The application's key as the bridge's.
struct Key(Box<dyn DeviceKey>);

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

/// What it says may be anything.
impl From<UnexpectedUniFFICallbackError> for DeviceKeyError {
    fn from(_: UnexpectedUniFFICallbackError) -> Self {
        Self::Refused
    }
}

impl From<UnexpectedUniFFICallbackError> for ProgressError {
    fn from(_: UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}

impl fmt::Display for DeviceKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "the device's key cannot be used just now",
            Self::Refused => "the device's key refuses",
        })
    }
}

impl fmt::Display for ProgressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the progress could not be told")
    }
}

impl core::error::Error for DeviceKeyError {}
impl core::error::Error for ProgressError {}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

impl fmt::Debug for VaultReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultReader(..)")
    }
}
