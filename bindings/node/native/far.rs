//! An object that lies where JavaScript alone can read. Nothing waits for it here: what is asked for and not there fails, and is wanted from then
//! on; JavaScript brings it, and calls again.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi_derive::napi;

use crate::convert::{number, whole};
use crate::error::call;
use crate::work::{External, handle};

#[derive(Clone)]
pub(crate) struct Far(Arc<Mutex<Brought>>);

/// What is here of it, each piece by where it begins.
struct Brought {
    length: u64,
    pieces: BTreeMap<u64, Vec<u8>>,
    /// From where, and how many bytes.
    wanted: Option<(u64, usize)>,
}

impl Far {
    fn lock(&self) -> MutexGuard<'_, Brought> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader { far: self.clone(), position: 0 }
    }
}

impl Brought {
    /// What is here from there on; nothing where it is not.
    fn at(&self, position: u64) -> &[u8] {
        let Some((from, piece)) = self.pieces.range(..=position).next_back() else { return &[] };
        usize::try_from(position.saturating_sub(*from)).ok().and_then(|skip| piece.get(skip..)).unwrap_or_default()
    }
}

/// Reads it as if it were here.
pub(crate) struct Reader {
    far: Far,
    position: u64,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut brought = self.far.lock();
        if self.position >= brought.length {
            return Ok(0);
        }
        let read = brought.at(self.position).read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            brought.wanted = Some((self.position, buffer.len()));
            return Err(io::Error::other("it has to be brought"));
        }
        self.position = self.position.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.far.lock().length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// An object of so many bytes, which lies where JavaScript alone can read.
#[napi(catch_unwind)]
pub(crate) fn far_new(length: f64) -> napi::Result<External<Far>> {
    let length = call(|| whole(length))?;
    Ok(handle(Far(Arc::new(Mutex::new(Brought { length, pieces: BTreeMap::new(), wanted: None })))))
}

/// What the last call lacked: from where, and how many bytes; nothing, if it failed with something else.
#[napi(catch_unwind)]
pub(crate) fn far_wanted(far: &External<Far>) -> Vec<f64> {
    let wanted = far.lock().wanted.take();
    wanted.map_or_else(Vec::new, |(from, length)| vec![number(from), number(u64::try_from(length).unwrap_or(u64::MAX))])
}

/// These bytes lie there. None: it ends there, whatever its length was.
#[napi(catch_unwind)]
pub(crate) fn far_bring(far: &External<Far>, from: f64, bytes: &[u8]) -> napi::Result<()> {
    let (from, mut brought) = (call(|| whole(from))?, far.lock());
    if bytes.is_empty() {
        brought.length = brought.length.min(from);
    } else {
        brought.pieces.insert(from, bytes.to_vec());
    }
    Ok(())
}

/// Leaves what was brought for a call that is over.
#[napi(catch_unwind)]
pub(crate) fn far_forget(far: &External<Far>) {
    far.lock().pieces.clear();
}
