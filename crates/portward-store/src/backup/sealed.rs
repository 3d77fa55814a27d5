//! The sealed file of a backup. `spec/backup.md` section 2.

use core::num::NonZeroUsize;
use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use portward::envelope::{Context, DataKey, Keep, OpenReader, RootKeks, ScopeKeys, SealError, WrapKey};
use portward::{Checksum, Deployment, DeploymentId, Identifier, KeyState, Keyring};

use crate::backup::manifest::Manifest;
use crate::backup::parts::{PartReader, PartWriter};
use crate::backup::{BackupError, Kind};
use crate::objects::{ObjectError, WholeFile};

type Result<T> = core::result::Result<T, BackupError>;

/// Who makes and opens: a deployment and its keyring.
#[derive(Clone)]
pub(super) struct Owner {
    pub(super) deployment: Arc<Deployment>,
    pub(super) keyring: Arc<Keyring>,
}

/// A sealed file that has no name yet.
pub(super) struct Sealed {
    pub(super) file: WholeFile,
    pub(super) length: u64,
    pub(super) digest: [u8; 32],
}

/// A sealed file while it is read. What is given out is authentic.
pub(crate) struct Opened {
    pub(super) manifest: Manifest,
    parts: PartReader<OpenReader<Counted<File>>>,
    seen: Arc<Mutex<Seen>>,
}

impl Owner {
    /// Seals what `dump` writes behind the manifest.
    pub(super) fn seal(
        &self,
        manifest: &Manifest,
        target: WholeFile,
        dump: impl FnOnce(&mut PartWriter<&mut dyn Write>) -> Result<()>,
    ) -> Result<Sealed> {
        self.seal_as((manifest.kind, manifest.number), manifest, target, dump)
    }

    /// The same, as this kind and number, whatever the manifest says.
    pub(super) fn seal_as(
        &self,
        (kind, number): (Kind, u64),
        manifest: &Manifest,
        target: WholeFile,
        dump: impl FnOnce(&mut PartWriter<&mut dyn Write>) -> Result<()>,
    ) -> Result<Sealed> {
        let (tenant, context) = context(self.deployment.id, kind, number)?;
        let scope = kind.scope().map_err(|_| BackupError::Malformed)?;
        let key = DataKey::generate(&self.deployment.id, tenant, scope.clone()).map_err(|_| SealError::Random)?;
        let keys = ScopeKeys::new(&self.deployment, tenant, scope).with_data_key(Arc::new(key), KeyState::Active);
        let root: &dyn WrapKey = &RootKeks::new(&self.keyring);
        let (counted, seen) = Counted::new(target);
        let writer = keys.writer(&context, Keep::EmbeddedUnder(&[root]), counted, NonZeroUsize::MIN);
        let mut writer = writer.map_err(ObjectError::of_writer)?;
        let mut parts = PartWriter::begin(&mut writer as &mut dyn Write, manifest)?;
        dump(&mut parts)?;
        parts.finish()?;
        let file = writer.finish().map_err(ObjectError::of_writer)?.inner;
        let Seen { length, checksum } = take(&seen);
        Ok(Sealed { file, length, digest: checksum.finish() })
    }

    /// Opens a file that is said to be this backup.
    pub(super) fn open(&self, kind: Kind, number: u64, file: File) -> Result<Opened> {
        let (tenant, context) = context(self.deployment.id, kind, number)?;
        let scope = kind.scope().map_err(|_| BackupError::Malformed)?;
        let keys = ScopeKeys::new(&self.deployment, tenant, scope).with_keks(Arc::new(RootKeks::new(&self.keyring)));
        let (counted, seen) = Counted::new(file);
        let reader = keys.reader(&context, counted, NonZeroUsize::MIN).map_err(ObjectError::of_reader)?;
        let (manifest, parts) = PartReader::begin(reader)?;
        let is_it = (manifest.deployment, manifest.kind, manifest.number) == (self.deployment.id, kind, number);
        if is_it { Ok(Opened { manifest, parts, seen }) } else { Err(BackupError::Swapped) }
    }
}

/// What a sealed file belongs to: the deployment in the place of a tenant, and a context of kind and number.
pub(super) fn context(deployment: DeploymentId, kind: Kind, number: u64) -> Result<(Identifier, Context)> {
    let hex = deployment.to_string();
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| hex.get(group).unwrap_or_default());
    let tenant: Identifier = groups.join("-").parse().map_err(|_| BackupError::Malformed)?;
    let context = Context::new(&tenant, "portward.backup", &number.to_string());
    let context = context.and_then(|context| context.with("x-kind", kind.name()));
    Ok((tenant, context.map_err(|_| BackupError::Malformed)?))
}

impl Opened {
    /// Gives out the dump, part by part. The last part comes when everything was found to be whole, and the file to be the one of this
    /// length and SHA-256, if they are known.
    pub(super) fn give(
        &mut self,
        expected: Option<[u8; 32]>,
        told: &dyn Fn(u64),
        mut to: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<u64> {
        let seen = Arc::clone(&self.seen);
        let end = || {
            let found = take(&seen).checksum.finish();
            if expected.is_none_or(|expected| expected == found) { Ok(()) } else { Err(BackupError::Differs) }
        };
        while let Some(part) = self.parts.next(&end)? {
            to(part)?;
            told(u64::try_from(part.len()).unwrap_or(u64::MAX));
        }
        Ok(self.parts.length())
    }
}

/// What goes by is counted and summed.
pub(super) struct Counted<T> {
    inner: T,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Clone, Default)]
struct Seen {
    length: u64,
    checksum: Checksum,
}

impl<T> Counted<T> {
    fn new(inner: T) -> (Self, Arc<Mutex<Seen>>) {
        let seen = Arc::<Mutex<Seen>>::default();
        (Self { inner, seen: Arc::clone(&seen) }, seen)
    }

    fn note(&self, bytes: &[u8]) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.length = seen.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        seen.checksum.update(bytes);
    }
}

fn take(seen: &Mutex<Seen>) -> Seen {
    seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.note(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.note(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
