//! Objects that are opened in parts: of files, of bytes, and of what JavaScript alone can read.

use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use portward_bridge::{self as bridge, Error, Scope};

use crate::convert::{number, whole};
use crate::error::invalid;
use crate::far::{Far, Reader};
use crate::file::source_at;
use crate::given::Given;
use crate::push::OfRow;
use crate::work::{External, Held, Promised, buffer, held, promise, same};

/// What an object is read from, at any place.
trait Source: Read + Seek + Send {}

impl Source for File {}
impl Source for Cursor<Vec<u8>> {}
impl Source for Reader {}

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

/// Opens any part of a sealed file, by its path.
#[napi(catch_unwind)]
pub(crate) fn scope_open_range(scope: &External<Scope>, of: OfRow, source: String) -> Promised<Range, Held<Range>> {
    let scope = Scope::clone(scope);
    promise(move || Range::open(&scope, &of, Box::new(source_at(&source)?)), held)
}

/// The same of the bytes of an object, which are taken out of what was given.
#[napi(catch_unwind)]
pub(crate) fn scope_open_range_of_bytes(
    scope: &External<Scope>,
    of: OfRow,
    object: &External<Given>,
) -> Promised<Range, Held<Range>> {
    let (scope, object) = (Scope::clone(scope), Cursor::new(object.take_public()));
    promise(move || Range::open(&scope, &of, Box::new(object)), held)
}

/// The same of an object that lies where JavaScript alone can read: where it lacks something it fails, and is called again with it.
#[napi(catch_unwind)]
pub(crate) fn scope_open_range_of_far(
    scope: &External<Scope>,
    of: OfRow,
    far: &External<Far>,
) -> Promised<Range, Held<Range>> {
    let (scope, object) = (Scope::clone(scope), far.reader());
    promise(move || Range::open(&scope, &of, Box::new(object)), held)
}

/// How long the plaintext is, in bytes.
#[napi(catch_unwind)]
pub(crate) fn range_length(range: &External<Range>) -> f64 {
    number(range.lock().as_ref().map_or(0, Opened::length))
}

/// Reads so many bytes from there, fewer where the plaintext ends before. Errors: `closed`.
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

/// Closes the file, once what is being read has been read.
#[napi(catch_unwind)]
pub(crate) fn range_close(range: &External<Range>) -> Promised<(), ()> {
    let range = Range::clone(range);
    let closed = move || {
        *range.lock() = None;
        Ok(())
    };
    promise(closed, same)
}
