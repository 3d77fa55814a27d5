//! Files sealed and opened on a thread of the pool, with how far it is and a way to end it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use napi_derive::napi;
use portward_bridge::{Error, FileTarget, Kind, Scope, Threads};

use crate::convert::{number, small};
use crate::push::OfRow;
use crate::work::{External, Promised, handle, leaving, promise};

/// How far a file is, and whether it is still wanted.
#[derive(Clone, Default)]
pub(crate) struct Job(Arc<State>);

#[derive(Default)]
struct State {
    bytes: AtomicU64,
    ended: AtomicBool,
}

/// What follows the work on a file, and can end it.
#[napi(catch_unwind)]
pub(crate) fn job_new() -> External<Job> {
    handle(Job::default())
}

/// How many bytes of the source were read so far.
#[napi(catch_unwind)]
pub(crate) fn job_bytes(job: &External<Job>) -> f64 {
    number(job.0.bytes.load(Ordering::Relaxed))
}

/// Ends the work: its next read fails.
#[napi(catch_unwind)]
pub(crate) fn job_end(job: &External<Job>) {
    job.0.ended.store(true, Ordering::Relaxed);
}

/// From where to where.
#[napi(object)]
pub(crate) struct FileRow {
    /// The path of what is read. A named pipe is none (`source_unreadable`).
    pub source: String,
    /// The path of what is written (`target_unwritable`).
    pub target: String,
    /// Whether a file that is there already is replaced; if not, it is `file_exists`.
    pub replace: bool,
    /// On how many threads.
    pub threads: f64,
}

/// Seals a file into another, which appears when all of it is written. Returns how many bytes there were.
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

/// Opens a file into another, which appears when all of it is authentic. Returns how many bytes there are.
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
pub(crate) fn source_at(path: &str) -> Result<File, Error> {
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
