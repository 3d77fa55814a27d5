use core::fmt;
use core::num::NonZeroUsize;
use std::fs::File;
use std::io::{self, BufRead as _, BufWriter, Read, Write as _};
use std::path::Path;
use std::sync::Arc;

use portward::envelope::{Binding, Keep, KekError, KekName, ScopeKeys, Slot, UnwrapKey, VaultFile, WrapKey};
use portward::{Audience, Identifier};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::file::FreshFile;
use crate::leftover;
use crate::part::{Of, Range, read_error, write_error};
use crate::shared::SharedRange;
use crate::text;

/// A key that the device keeps, and that does not leave it. `binding` has to be given again to unwrap: as associated data, or as vault.md says.
pub trait DeviceKey: Send + Sync {
    /// Wraps a key of 32 bytes.
    ///
    /// # Errors
    /// [`DeviceKeyFault`].
    fn wrap(&self, key: &[u8], binding: &[u8]) -> Result<Vec<u8>, DeviceKeyFault>;

    /// Unwraps what [`DeviceKey::wrap`] gave.
    ///
    /// # Errors
    /// [`DeviceKeyFault`].
    fn unwrap(&self, wrapped: &[u8], binding: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceKeyFault>;
}

/// Why the device's key did not work. Nothing else is told further.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeviceKeyFault {
    /// Just now: the device is locked, or its key store failed and did not say why. Another attempt may go well.
    Unavailable,
    /// It is gone for good, or what is wrapped is not of it: what lies under it is lost.
    Refused,
}

/// Why work ended before its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// That was wanted.
    Cancelled,
    /// What was to be told of it has failed.
    CallbackFailed,
}

/// Whoever waits for long work. An error ends it, as `cancelled` or `callback_failed`, and nothing is left of it.
pub trait Work {
    /// Told how many bytes are done.
    ///
    /// # Errors
    /// [`Stop`].
    fn advanced(&mut self, bytes: u64) -> Result<(), Stop>;

    /// The whole file lies on the medium: `place` puts it under its name, and is to be called now or not at all.
    ///
    /// # Errors
    /// [`Stop`], if it was not called.
    fn finish(&mut self, bytes: u64, place: &mut dyn FnMut()) -> Result<(), Stop>;
}

/// An encrypted cache under a key of the device. `spec/vault.md`.
#[derive(Clone)]
pub struct Vault {
    file: VaultFile,
    keys: Arc<ScopeKeys>,
}

impl Vault {
    /// A new one. `key_name`: of the device's key, 1 to 64 bytes.
    ///
    /// # Errors
    /// Those of the values; `key_name`, `kek_refused`, `kek_unavailable`, `random_unavailable`.
    pub fn create(tenant: &str, key_name: &str, key: &dyn DeviceKey) -> Result<Self, Error> {
        let tenant = text::identifier("tenant", tenant)?;
        let name = VaultFile::kek(key_name)?;
        let (file, keys) = VaultFile::create(tenant, &Kek { key, name })?;
        Ok(Self { file, keys: Arc::new(keys) })
    }

    /// Opens one by its file. `tenant`: whose it has to be.
    ///
    /// # Errors
    /// Those of the values; `vault_newer_version`, `vault_malformed`, `vault_wrong_tenant`, `kek_unavailable`, `unwrap_failed`, `key_check_mismatch`.
    pub fn open(file: &[u8], tenant: &str, key: &dyn DeviceKey) -> Result<Self, Error> {
        let tenant = text::identifier("tenant", tenant)?;
        let file = VaultFile::from_json(file)?;
        let name = VaultFile::kek(file.key_name())?;
        let keys = file.open(&tenant, &Kek { key, name })?;
        Ok(Self { file, keys: Arc::new(keys) })
    }

    /// Which of the device's keys a vault lies under, by its file.
    ///
    /// # Errors
    /// `vault_newer_version`, `vault_malformed`.
    pub fn key_name_of(file: &[u8]) -> Result<String, Error> {
        Ok(VaultFile::from_json(file)?.key_name().to_owned())
    }

    /// Its file, for the application to keep. It is not secret; deleting it erases all that is in the vault.
    pub fn file(&self) -> Vec<u8> {
        self.file.to_json()
    }

    /// Whose.
    pub fn tenant(&self) -> String {
        self.tenant_id().to_string()
    }

    const fn tenant_id(&self) -> &Identifier {
        self.file.tenant()
    }

    /// Seals a record of at most 1 MiB.
    ///
    /// # Errors
    /// Those of the values; `record_too_long`.
    pub fn seal(&self, of: &Of<'_>, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.keys.seal_record(&of.context(self.tenant_id())?, plaintext)?)
    }

    /// Opens a record. Whatever is wrong, nothing of it is returned.
    ///
    /// # Errors
    /// Kind `Unreadable`; those of the values.
    pub fn open_record(&self, of: &Of<'_>, object: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.keys.open_record(&of.context(self.tenant_id())?, object)?)
    }

    /// Seals a file into another, in constant memory; returns how many bytes there were. The other appears whole or not at all.
    ///
    /// # Errors
    /// Those of the values; `source_unreadable`, `target_unwritable`, and that of `work`.
    pub fn seal_file(&self, of: &Of<'_>, source: &Path, target: &Path, work: &mut dyn Work) -> Result<u64, Error> {
        let context = of.context(self.tenant_id())?;
        let mut source = File::open(source).map_err(|error| Error::source(&error))?;
        let target = FreshFile::create(target).map_err(|error| Error::target(&error))?;
        let target = BufWriter::with_capacity(STEP, target);
        let mut writer = self.keys.writer(&context, Keep::Detached, target, ONE).map_err(write_error)?;
        let mut done = Done::default();
        loop {
            let read = read_some(&mut source, writer.room())?;
            if read == 0 {
                break;
            }
            writer.filled(read).map_err(write_error)?;
            done.add(read, work)?;
        }
        done.finish(writer.finish().map_err(write_error)?, work)
    }

    /// Opens a file into another, in constant memory; returns how many bytes there are. The other appears when the last byte is authentic.
    ///
    /// # Errors
    /// Kind `Unreadable`; those of the values; `source_unreadable`, `target_unwritable`, and that of `work`.
    pub fn open_file(&self, of: &Of<'_>, source: &Path, target: &Path, work: &mut dyn Work) -> Result<u64, Error> {
        let context = of.context(self.tenant_id())?;
        let source = File::open(source).map_err(|error| Error::source(&error))?;
        let mut reader = self.keys.reader(&context, source, ONE).map_err(read_error)?;
        let target = FreshFile::create(target).map_err(|error| Error::target(&error))?;
        let (mut target, mut done) = (BufWriter::with_capacity(STEP, target), Done::default());
        loop {
            let opened = reader.fill_buf().map_err(read_error)?;
            let length = opened.len();
            if length == 0 {
                break;
            }
            target.write_all(opened).map_err(|error| Error::target(&error))?;
            reader.consume(length);
            done.add(length, work)?;
        }
        done.finish(target, work)
    }

    /// Takes away what a killed application left in a folder of files that were sealed or opened; returns how many files those were.
    ///
    /// # Errors
    /// `source_unreadable`.
    pub fn clear_leftovers(folder: &Path) -> Result<u64, Error> {
        leftover::clear(folder).map_err(|error| Error::source(&error))
    }

    /// Opens any part of a file.
    ///
    /// # Errors
    /// Kind `Unreadable`; those of the values; `source_unreadable`.
    pub fn open_range(&self, of: &Of<'_>, source: &Path) -> Result<SharedRange<File>, Error> {
        let context = of.context(self.tenant_id())?;
        let source = File::open(source).map_err(|error| Error::source(&error))?;
        Ok(SharedRange::new(Range::open(&self.keys, &context, source)?))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("tenant", self.tenant_id()).finish_non_exhaustive()
    }
}

const ONE: NonZeroUsize = NonZeroUsize::MIN;
/// How much is written at a time.
const STEP: usize = 128 * 1024;

/// How many bytes are done.
#[derive(Default)]
struct Done(u64);

impl Done {
    fn add(&mut self, bytes: usize, work: &mut dyn Work) -> Result<(), Error> {
        self.0 = self.0.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        Ok(work.advanced(self.0)?)
    }

    fn finish(self, target: BufWriter<FreshFile>, work: &mut dyn Work) -> Result<u64, Error> {
        let file = target.into_inner().map_err(|error| Error::target(error.error()))?;
        file.sync().map_err(|error| Error::target(&error))?;
        let (mut file, mut placed) = (Some(file), None);
        work.finish(self.0, &mut || placed = placed.take().or_else(|| file.take().map(FreshFile::place)))?;
        let placed = placed.unwrap_or_else(|| Err(io::ErrorKind::Interrupted.into()));
        placed.and_then(|placed| placed.sync()).map_err(|error| Error::target(&error))?;
        Ok(self.0)
    }
}

fn read_some(source: &mut File, buffer: &mut [u8]) -> Result<usize, Error> {
    loop {
        match source.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map_err(|error| Error::source(&error)),
        }
    }
}

/// The device's key as the core's.
struct Kek<'a> {
    key: &'a dyn DeviceKey,
    name: KekName,
}

impl WrapKey for Kek<'_> {
    fn kek(&self) -> KekName {
        self.name.clone()
    }

    fn wrap(&self, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
        Ok(self.key.wrap(key, binding.bytes())?)
    }
}

impl UnwrapKey for Kek<'_> {
    fn resolves(&self, kek: &KekName) -> bool {
        *kek == self.name
    }

    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        let unwrapped = self.key.unwrap(slot.wrapped(), binding.bytes())?;
        if unwrapped.len() != key.len() {
            return Err(KekError::Refused);
        }
        key.copy_from_slice(&unwrapped);
        Ok(())
    }
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        let (code, message) = match stop {
            Stop::Cancelled => ("cancelled", "the work was cancelled"),
            Stop::CallbackFailed => ("callback_failed", "what was to be told of the progress has failed"),
        };
        Self::new(code, Audience::Caller, &message)
    }
}

impl From<DeviceKeyFault> for KekError {
    fn from(fault: DeviceKeyFault) -> Self {
        match fault {
            DeviceKeyFault::Unavailable => Self::Unavailable,
            DeviceKeyFault::Refused => Self::Refused,
        }
    }
}
