//! Files sealed and opened on a thread of the pool, with how far it is and a way to end it.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use portward_bridge::{self as bridge, Error, FileTarget, Kind, Scope, Threads};

use crate::convert::{number, small, whole};
use crate::error::invalid;
use crate::push::OfRow;
use crate::work::{External, Held, Promised, buffer, handle, held, leaving, promise, same};

/// How far a file is, and whether it is still wanted.
#[derive(Clone, Default)]
pub(crate) struct Job(Arc<State>);

#[derive(Default)]
struct State {
    bytes: AtomicU64,
    ended: AtomicBool,
}

#[napi(catch_unwind)]
pub(crate) fn job_new() -> External<Job> {
    handle(Job::default())
}

/// How many bytes of the source were read.
#[napi(catch_unwind)]
pub(crate) fn job_bytes(job: &External<Job>) -> f64 {
    number(job.0.bytes.load(Ordering::Relaxed))
}

#[napi(catch_unwind)]
pub(crate) fn job_end(job: &External<Job>) {
    job.0.ended.store(true, Ordering::Relaxed);
}

/// From where to where.
#[napi(object)]
pub(crate) struct FileRow {
    pub source: String,
    pub target: String,
    pub replace: bool,
    pub threads: f64,
}

#[napi(catch_unwind)]
pub(crate) fn scope_seal_file(
    scope: &External<Scope>,
    of: OfRow,
    row: FileRow,
    job: &External<Job>,
    embedded: bool,
) -> Promised<u64, f64> {
    let (scope, job) = (Scope::clone(scope), Job::clone(job));
    let sealed = move || {
        through(row, job, |source, target, threads| {
            of.with(|of| scope.seal_stream(of, source, target, embedded, threads))
        })
    };
    promise(sealed, number)
}

#[napi(catch_unwind)]
pub(crate) fn scope_open_file(
    scope: &External<Scope>,
    of: OfRow,
    row: FileRow,
    job: &External<Job>,
) -> Promised<u64, f64> {
    let (scope, job) = (Scope::clone(scope), Job::clone(job));
    let opened = move || {
        through(row, job, |source, target, threads| of.with(|of| scope.open_stream(of, source, target, threads)))
    };
    promise(opened, number)
}

fn through(
    row: FileRow,
    job: Job,
    work: impl FnOnce(&mut dyn Read, &mut dyn Write, Threads) -> Result<u64, Error>,
) -> Result<u64, Error> {
    let threads = Threads::new(small(row.threads)?).unwrap_or(Threads::MIN);
    let mut source = Counted { file: source_at(&row.source)?, job };
    let target = FileTarget::create(&PathBuf::from(row.target), row.replace);
    let target = target.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => failed("file_exists", &error),
        _ => failed("target_unwritable", &error),
    })?;
    target.fill(|target| work(&mut source, target, threads))
}

/// A named pipe is none: opening it waits until somebody writes there, on a thread of the pool, and nothing ends that.
fn source_at(path: &str) -> Result<File, Error> {
    let open = || {
        #[cfg(unix)]
        if std::os::unix::fs::FileTypeExt::is_fifo(&std::fs::metadata(path)?.file_type()) {
            return Err(io::Error::other("it is a named pipe"));
        }
        File::open(path)
    };
    open().map_err(|error| failed("source_unreadable", &error))
}

fn failed(code: &'static str, error: &io::Error) -> Error {
    Error { code, kind: Kind::Unavailable, message: error.to_string(), public: "unavailable", token_id: None }
}

/// A source that tells how far it was read.
struct Counted {
    file: File,
    job: Job,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.job.0.ended.load(Ordering::Relaxed) || leaving() {
            return Err(io::Error::other("it is no longer wanted"));
        }
        let read = self.file.read(buffer)?;
        self.job.0.bytes.fetch_add(u64::try_from(read).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(read)
    }
}

/// What an object is read from, at any place.
trait Source: Read + Seek + Send {}

impl Source for File {}
impl Source for Cursor<Vec<u8>> {}

type Opened = bridge::Range<Box<dyn Source>>;

/// An object that is opened in parts; none once it was closed.
#[derive(Clone)]
pub(crate) struct Range(Arc<Mutex<Option<Opened>>>);

impl Range {
    fn open(scope: &Scope, of: &OfRow, source: Box<dyn Source>) -> Result<Self, Error> {
        let range = of.with(|of| scope.open_range(of, source))?;
        Ok(Self(Arc::new(Mutex::new(Some(range)))))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Opened>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[napi(catch_unwind)]
pub(crate) fn scope_open_range(scope: &External<Scope>, of: OfRow, source: String) -> Promised<Range, Held<Range>> {
    let scope = Scope::clone(scope);
    promise(move || Range::open(&scope, &of, Box::new(source_at(&source)?)), held)
}

/// Of a copy: what JavaScript writes into the bytes meanwhile is not looked at.
#[napi(catch_unwind)]
pub(crate) fn scope_open_range_of_bytes(
    scope: &External<Scope>,
    of: OfRow,
    object: &[u8],
) -> Promised<Range, Held<Range>> {
    let (scope, object) = (Scope::clone(scope), Cursor::new(object.to_vec()));
    promise(move || Range::open(&scope, &of, Box::new(object)), held)
}

#[napi(catch_unwind)]
pub(crate) fn range_length(range: &External<Range>) -> f64 {
    number(range.lock().as_ref().map_or(0, Opened::length))
}

#[napi(catch_unwind)]
pub(crate) fn range_read(range: &External<Range>, from: f64, length: f64) -> Promised<Vec<u8>, Buffer> {
    let range = Range::clone(range);
    let read = move || {
        let mut range = range.lock();
        let range = range.as_mut().ok_or_else(|| invalid("closed", "it was closed"))?;
        range.read(whole(from)?, whole(length)?)
    };
    promise(read, buffer)
}

/// Closes the file, once what is read of it has been read.
#[napi(catch_unwind)]
pub(crate) fn range_close(range: &External<Range>) -> Promised<(), ()> {
    let range = Range::clone(range);
    let closed = move || {
        *range.lock() = None;
        Ok(())
    };
    promise(closed, same)
}
