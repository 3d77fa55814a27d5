//! File objects and paths as the core's sources and targets.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use portward_bridge::{self as bridge, Error, FileTarget};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyTuple};

use crate::convert::{Arg, Number, named, taken, wrong_type};
use crate::error::{forked, invalid, of_path, wait};

/// A path, or something with `read`.
pub(crate) enum Source {
    Path(PathBuf),
    Object(Py<PyAny>),
}

/// A path, or something with `write`.
pub(crate) enum Target {
    Path(PathBuf),
    Object(Py<PyAny>),
}

impl<'py> FromPyObject<'_, 'py> for Source {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(if object.hasattr("read")? { Self::Object(object.to_owned().unbind()) } else { Self::Path(path(object)?) })
    }
}

impl<'py> FromPyObject<'_, 'py> for Target {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(if object.hasattr("write")? { Self::Object(object.to_owned().unbind()) } else { Self::Path(path(object)?) })
    }
}

fn path(object: Borrowed<'_, '_, PyAny>) -> PyResult<PathBuf> {
    let path: PathBuf = object.extract()?;
    let has_nul = path.as_os_str().as_encoded_bytes().contains(&0);
    if has_nul { Err(invalid("path_nul", "no path has a NUL in it")) } else { Ok(path) }
}

/// Something that can be called.
pub(crate) struct Progress(Py<PyAny>);

impl<'py> FromPyObject<'_, 'py> for Progress {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_callable() { Ok(Self(object.to_owned().unbind())) } else { Err(wrong_type(&object, "callable")) }
    }
}

/// Lets `work` read the source and write the target. A path as target is a file that appears when all of it is written. An exception of a file
/// object, or of `progress`, ends it and is raised.
pub(crate) fn through(
    py: Python<'_>,
    (source, target): (Source, Target),
    progress: Option<Progress>,
    replace: bool,
    work: impl FnOnce(&mut dyn Read, &mut dyn Write) -> Result<u64, Error> + Send,
) -> PyResult<u64> {
    let raised = Arc::new(Raised::default());
    let inner = Opened::open(py, source, &raised)?;
    let mut source = Counted { inner, raised: Arc::clone(&raised), progress, bytes: 0, heard: Instant::now() };
    let done = match target {
        Target::Object(object) => {
            let mut target = Object { object, raised: Arc::clone(&raised) };
            wait(py, || work(&mut source, &mut target))
        }
        Target::Path(path) => {
            // The folder may be far away.
            let target =
                wait(py, || Ok(FileTarget::create(&path, replace)))?.map_err(|error| of_path(error, path.clone()))?;
            wait(py, || target.fill(|target| work(&mut source, target)))
        }
    };
    raised.or(done)
}

/// The first exception of a file object: it is raised in place of what became of it.
#[derive(Default)]
pub(crate) struct Raised(Mutex<Option<PyErr>>);

impl Raised {
    fn keep(&self, error: PyErr) -> io::Error {
        if let Ok(mut kept) = self.0.lock() {
            kept.get_or_insert(error);
        }
        io::Error::other("an exception was raised")
    }

    fn or<T>(&self, done: PyResult<T>) -> PyResult<T> {
        match self.0.lock().ok().and_then(|mut kept| kept.take()) {
            Some(error) if done.is_err() => Err(error),
            _ => done,
        }
    }
}

/// A file object.
pub(crate) struct Object {
    object: Py<PyAny>,
    raised: Arc<Raised>,
}

impl Object {
    fn call<T>(&self, work: impl FnOnce(Python<'_>, &Bound<'_, PyAny>) -> PyResult<T>) -> io::Result<T> {
        let outcome = Python::attach(|py| {
            py.check_signals()?;
            work(py, self.object.bind(py))
        });
        outcome.map_err(|error| self.raised.keep(error))
    }
}

impl Read for Object {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.call(|py, object| {
            let read = object.call_method1("read", (buffer.len(),))?;
            let bytes: PyBackedBytes = read.extract().map_err(|_| {
                named(py, "source", wrong_type(&read.as_borrowed(), "the bytes that read() has to give"))
            })?;
            let room = buffer
                .get_mut(..bytes.len())
                .ok_or_else(|| invalid("read_too_long", "source: read() gave more bytes than it was asked for"))?;
            room.copy_from_slice(&bytes);
            Ok(bytes.len())
        })
    }
}

impl Seek for Object {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.call(|py, object| {
            let moved = match to {
                SeekFrom::Start(offset) => object.call_method1("seek", (offset, 0)),
                SeekFrom::Current(offset) => object.call_method1("seek", (offset, 1)),
                SeekFrom::End(offset) => object.call_method1("seek", (offset, 2)),
            };
            number(py, "source", &moved?)
        })
    }
}

impl Write for Object {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call(|py, object| {
            let written = object.call_method1("write", (PyBytes::new(py, bytes),))?;
            // Some say nothing, and have taken all.
            if written.is_none() {
                return Ok(bytes.len());
            }
            Ok(number::<usize>(py, "target", &written)?.min(bytes.len()))
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.call(|_, object| if object.hasattr("flush")? { object.call_method0("flush").map(drop) } else { Ok(()) })
    }
}

/// What a method of a file object gave, which a wrong file object is to blame for.
fn number<'py, T>(py: Python<'py>, of: &str, given: &Bound<'py, PyAny>) -> PyResult<T>
where
    T: for<'a> FromPyObject<'a, 'py>,
{
    taken::<Number<T>>(given.as_borrowed()).map(|number| number.0).map_err(|error| named(py, of, error))
}

pub(crate) enum Opened {
    File(File),
    Object(Object),
}

impl Opened {
    fn open(py: Python<'_>, source: Source, raised: &Arc<Raised>) -> PyResult<Self> {
        Ok(match source {
            // A pipe is opened once another thread writes it.
            Source::Path(path) => {
                Self::File(wait(py, || Ok(File::open(&path)))?.map_err(|error| of_path(error, path.clone()))?)
            }
            Source::Object(object) => Self::Object(Object { object, raised: Arc::clone(raised) }),
        })
    }
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Object(object) => object.read(buffer),
        }
    }
}

impl Seek for Opened {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Object(object) => object.seek(to),
        }
    }
}

/// A source that tells how far it was read.
struct Counted {
    inner: Opened,
    raised: Arc<Raised>,
    progress: Option<Progress>,
    bytes: u64,
    /// When signals were last looked for.
    heard: Instant,
}

/// A tenth of a second, in which nobody notices that Ctrl-C waits.
const HEAR_EVERY: Duration = Duration::from_millis(100);

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.heard.elapsed() >= HEAR_EVERY {
            Python::attach(|py| py.check_signals()).map_err(|error| self.raised.keep(error))?;
            self.heard = Instant::now();
        }
        let read = self.inner.read(buffer)?;
        self.bytes = self.bytes.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if let Some(progress) = &self.progress {
            let told = Python::attach(|py| progress.0.call1(py, (self.bytes,)));
            told.map_err(|error| self.raised.keep(error))?;
        }
        Ok(read)
    }
}

/// An object that is opened in parts, of a file that it holds until it is closed.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Range {
    /// None once it was closed.
    range: Mutex<Option<bridge::Range<Opened>>>,
    /// Who is reading.
    reader: Mutex<Option<ThreadId>>,
    raised: Arc<Raised>,
    length: u64,
    /// A forked child shares the place in the file with its parent, and may have inherited the locks locked.
    process: u32,
}

impl Range {
    pub(crate) fn open(
        py: Python<'_>,
        source: Source,
        open: impl FnOnce(Opened) -> Result<bridge::Range<Opened>, Error> + Send,
    ) -> PyResult<Self> {
        let raised = Arc::new(Raised::default());
        let source = Opened::open(py, source, &raised)?;
        let range = raised.or(wait(py, || open(source)))?;
        let length = range.length();
        let (range, reader) = (Mutex::new(Some(range)), Mutex::new(None));
        Ok(Self { range, reader, raised, length, process: process::id() })
    }

    fn is_foreign(&self) -> bool {
        self.process != process::id()
    }

    fn lock(&self) -> MutexGuard<'_, Option<bridge::Range<Opened>>> {
        self.range.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> MutexGuard<'_, Option<ThreadId>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It would wait for itself.
    fn refuse_its_own_source(&self) -> PyResult<()> {
        if *self.reader() == Some(thread::current().id()) {
            return Err(invalid("range_in_use", "the source of a range asks for the same range"));
        }
        Ok(())
    }
}

#[pymethods]
impl Range {
    /// How long the plaintext is, in bytes.
    #[getter]
    const fn length(&self) -> u64 {
        self.length
    }

    /// Reads at most `length` bytes from the byte `offset` on, fewer where the plaintext ends before. Threads wait for each other. Raises
    /// Unreadable, Unavailable (`forked` in a child: open another there), what the source raises, and InvalidValue, such as `closed`, or
    /// `range_in_use` where its own source asks for it.
    fn read<'py>(
        &self,
        py: Python<'py>,
        offset: Arg<Number<u64>>,
        length: Arg<Number<u64>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        if self.is_foreign() {
            return Err(forked("the range was opened before the process was forked: open another in the child"));
        }
        self.refuse_its_own_source()?;
        let (offset, length) = (offset.0, length.0);
        let read = wait(py, || {
            let mut range = self.lock();
            let Some(range) = range.as_mut() else { return Ok(None) };
            *self.reader() = Some(thread::current().id());
            let read = catch_unwind(AssertUnwindSafe(|| range.read(offset, length)));
            *self.reader() = None;
            read.unwrap_or_else(|panic| resume_unwind(panic)).map(Some)
        });
        match self.raised.or(read)? {
            Some(plaintext) => Ok(PyBytes::new(py, &plaintext)),
            None => Err(invalid("closed", "it was closed")),
        }
    }

    /// Lets go of the source, once what is read of it has been read; a file object stays open. Raises InvalidValue (`range_in_use`) where its own
    /// source asks for it.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_foreign() {
            return Ok(());
        }
        self.refuse_its_own_source()?;
        wait(py, || Ok(self.lock().take())).map(drop)
    }

    const fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(usize::try_from(self.length)?)
    }

    fn __repr__(&self) -> String {
        format!("Range({} bytes)", self.length)
    }
}
