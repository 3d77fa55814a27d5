use core::fmt;
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use portward_bridge::{self as bridge, Error};
use zeroize::Zeroizing;

use crate::device::{DeviceKey, Key};
use crate::error::{PortwardError, call};
use crate::progress::{WorkProgress, Working};
use crate::work;

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
pub struct VaultReader(bridge::SharedRange<File>);

#[uniffi::export]
impl Vault {
    /// A new one. `tenant`: whose data. `keyName`: what the device's key is called, 1 to 64 bytes. The device's key wraps, and unwraps again what it
    /// wrapped, before anything is sealed; a key of which that cannot be said is `kek_refused`.
    ///
    /// Throws `InvalidValue` (`key_name`, and those of an identifier), `Unavailable` (`kek_refused`, `kek_unavailable`, `random_unavailable`).
    #[uniffi::constructor]
    pub async fn create(tenant: String, key_name: String, key: Box<dyn DeviceKey>) -> Result<Self, PortwardError> {
        work::run(move |_| bridge::Vault::create(&tenant, &key_name, &Key(key))).await.map(Self)
    }

    /// Opens one by its file. `tenant`: whose it has to be.
    ///
    /// Throws `InvalidValue` (`vault_wrong_tenant`, and those of an identifier), `Unavailable` (`kek_unavailable`: keep it, and try again;
    /// `vault_newer_version`: keep it for a newer application), `Unreadable` (`vault_malformed`, `unwrap_failed`, `key_check_mismatch`: the vault is
    /// lost, make a new one).
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
    /// The target is a file or not there yet: a folder, a symbolic link or a device stays, and is `target_unwritable`. It takes the place of an older one when all of it is written; if this fails before, or is cancelled, the older one stays.
    /// `target_unwritable` may also mean that the new one is there, whole, and that its folder could not be synced. Once a cancelled call has
    /// ended nothing changes any more: the target is as it was, or, if the call was done before, whole. Throws `Unavailable`
    /// (`source_unreadable`, `target_unwritable`), `InvalidValue` (those of the name, `callback_failed`), `Cancelled`.
    #[uniffi::method(default(progress = None))]
    pub async fn seal_file(
        self: Arc<Self>,
        of: ObjectName,
        source: String,
        target: String,
        progress: Option<Box<dyn WorkProgress>>,
    ) -> Result<u64, PortwardError> {
        work::run(move |wanted| {
            of.of(|of| {
                self.0.seal_file(of, Path::new(&source), Path::new(&target), &mut Working::new(wanted, progress))
            })
        })
        .await
    }

    /// Opens a file into another, in constant memory; returns how many bytes there are. The other appears when the last byte is authentic.
    ///
    /// Where the system lets no file be without a name (Android, iOS), an application that is killed meanwhile leaves what was opened so far
    /// beside the target: `clearLeftovers` takes it away. Throws `Unreadable`, and what `sealFile` throws.
    #[uniffi::method(default(progress = None))]
    pub async fn open_file(
        self: Arc<Self>,
        of: ObjectName,
        source: String,
        target: String,
        progress: Option<Box<dyn WorkProgress>>,
    ) -> Result<u64, PortwardError> {
        work::run(move |wanted| {
            of.of(|of| {
                self.0.open_file(of, Path::new(&source), Path::new(&target), &mut Working::new(wanted, progress))
            })
        })
        .await
    }

    /// Opens any part of a file. Throws `Unreadable`, `Unavailable` (`source_unreadable`), `InvalidValue`.
    pub async fn open_parts(self: Arc<Self>, of: ObjectName, source: String) -> Result<VaultReader, PortwardError> {
        let opened = work::run(move |_| of.of(|of| self.0.open_range(of, Path::new(&source)))).await?;
        Ok(VaultReader(opened))
    }
}

/// Which of the device's keys a vault lies under, by its file. Throws `Unreadable` (`vault_malformed`), `Unavailable` (`vault_newer_version`).
#[uniffi::export]
pub fn vault_key_name(file: Vec<u8>) -> Result<String, PortwardError> {
    call(|| bridge::Vault::key_name_of(&file))
}

/// Takes away what an application that was killed while it sealed or opened files left in the folder of the targets, and says how many files
/// those were. What is being written just now stays. Call it for each such folder when the application starts. Throws `Unavailable`
/// (`source_unreadable`).
#[uniffi::export]
pub async fn clear_leftovers(folder: String) -> Result<u64, PortwardError> {
    work::run(move |_| bridge::Vault::clear_leftovers(Path::new(&folder))).await
}

#[uniffi::export]
impl VaultReader {
    /// How many bytes there are; authentic.
    pub fn length(&self) -> u64 {
        self.0.length()
    }

    /// Reads at most `length` bytes from there, fewer where the file ends before; at most 16 MiB at a time. Throws `Unreadable` (and
    /// `failed_before` from then on, whatever is asked for), `Unavailable` (`source_unreadable`).
    pub async fn read(self: Arc<Self>, from: u64, length: u64) -> Result<Vec<u8>, PortwardError> {
        work::run(move |_| self.0.read(from, length.min(READ_MAX))).await
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
