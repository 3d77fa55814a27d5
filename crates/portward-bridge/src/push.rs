//! Objects sealed and opened piece by piece, for languages whose streams push: bytes go in as they come, and what is ready comes out.

use core::mem;
use std::collections::VecDeque;
use std::io::{self, BufRead as _, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use portward::envelope::{Context, Header, OpenReader, SealWriter};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::keys::Scope;
use crate::object::{Threads, keep};
use crate::part::{Of, read_error, write_error};

/// A chunk as it lies in an object, and the beginning of a body: envelope.md section 5.
const SEALED_CHUNK: usize = 16_384 + 16;
const PREFIX: usize = 56;
/// The header of an object without slots.
const DETACHED: usize = 20;

/// Seals what is pushed.
pub struct Sealer {
    writer: Option<SealWriter<Shared>>,
    sealed: Shared,
}

/// Opens what is pushed. Each byte that comes out is authentic; that they are all is known only if [`Opener::finish`] succeeds.
pub struct Opener {
    state: State,
    sealed: Shared,
}

enum State {
    /// The header is not there yet.
    Waiting(Box<(Scope, Context)>),
    Open(Box<OpenReader<Shared>>),
    Over,
}

impl Scope {
    /// Begins to seal.
    ///
    /// # Errors
    /// As [`Scope::seal`].
    pub fn sealer(&self, of: &Of<'_>, embedded: bool) -> Result<Sealer, Error> {
        let (context, sealed) = (of.context(&self.tenant)?, Shared::default());
        let writer = self.to_seal()?.writer(&context, keep(embedded), sealed.clone(), Threads::MIN);
        Ok(Sealer { writer: Some(writer.map_err(write_error)?), sealed })
    }

    /// Begins to open.
    ///
    /// # Errors
    /// Those of the values. The key store is asked when the object says for which key.
    pub fn opener(&self, of: &Of<'_>) -> Result<Opener, Error> {
        let state = State::Waiting(Box::new((self.clone(), of.context(&self.tenant)?)));
        Ok(Opener { state, sealed: Shared::default() })
    }
}

impl Sealer {
    /// Takes plaintext in; gives out what is sealed by now.
    ///
    /// # Errors
    /// As [`Scope::seal`]; `stream_over` once it was finished or has failed.
    pub fn update(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let Some(mut writer) = self.writer.take() else { return Err(over()) };
        writer.write_all(plaintext).map_err(write_error)?;
        self.writer = Some(writer);
        Ok(self.sealed.drain())
    }

    /// Gives out the rest. Without it the object does not open.
    ///
    /// # Errors
    /// As [`Sealer::update`].
    pub fn finish(&mut self) -> Result<Vec<u8>, Error> {
        let Some(writer) = self.writer.take() else { return Err(over()) };
        writer.finish().map_err(write_error)?;
        Ok(self.sealed.drain())
    }
}

impl Opener {
    /// Takes a part of the object in; gives out what is open by now.
    ///
    /// # Errors
    /// As [`Scope::open`]; `stream_over` once it was finished or has failed.
    pub fn update(&mut self, object: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.sealed.put(object);
        self.turn(End::Open)
    }

    /// Says that this was all; gives out the rest.
    ///
    /// # Errors
    /// As [`Opener::update`]. Whatever came out before is not to be used then.
    pub fn finish(&mut self) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.turn(End::Told)
    }

    fn turn(&mut self, end: End) -> Result<Zeroizing<Vec<u8>>, Error> {
        // A failure leaves it over.
        let mut reader = match mem::replace(&mut self.state, State::Over) {
            State::Over => return Err(over()),
            State::Waiting(begin) if end == End::Open && self.sealed.length() < START => {
                self.state = State::Waiting(begin);
                return Ok(Zeroizing::default());
            }
            State::Waiting(begin) => {
                let (scope, context) = *begin;
                let keys = scope.to_open(&self.sealed.beginning())?;
                Box::new(keys.reader(&context, self.sealed.clone(), Threads::MIN).map_err(read_error)?)
            }
            State::Open(reader) => reader,
        };
        let mut plaintext = Zeroizing::new(Vec::with_capacity(self.sealed.length()));
        // One thread reads one chunk at a time: a whole one, or the last.
        while end == End::Told || self.sealed.length() >= SEALED_CHUNK {
            let opened = reader.fill_buf().map_err(read_error)?;
            if opened.is_empty() {
                break;
            }
            plaintext.extend_from_slice(opened);
            let given = opened.len();
            reader.consume(given);
        }
        if end == End::Open {
            self.state = State::Open(reader);
        }
        Ok(plaintext)
    }
}

/// Enough for every header and the beginning of every body.
const START: usize = Header::LENGTH_MAX.saturating_add(PREFIX);

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Told,
}

fn over() -> Error {
    Error::value("stream_over", "the stream was finished, or has failed")
}

/// Bytes on their way from one side to the other. Sealed ones only.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<VecDeque<u8>>>);

impl Shared {
    fn with<T>(&self, work: impl FnOnce(&mut VecDeque<u8>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, bytes: &[u8]) {
        self.with(|held| held.extend(bytes));
    }

    fn drain(&self) -> Vec<u8> {
        self.with(mem::take).into()
    }

    /// As much as says under which key an object is.
    fn beginning(&self) -> Vec<u8> {
        self.with(|held| held.iter().take(DETACHED).copied().collect())
    }

    fn length(&self) -> usize {
        self.with(|held| held.len())
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.with(|held| held.read(buffer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyStore, KeyStoreOptions, Keyring};

    const OF: Of<'_> = Of { name: "files.content", id: "7", more: &[] };

    fn scope() -> (tempfile::TempDir, KeyStore, Scope) {
        let directory = tempfile::tempdir().unwrap();
        let keyring = Keyring::generate(&crate::Deployment::generate(None).unwrap()).unwrap();
        let location = format!("sqlite:{}", directory.path().join("keys.db").display());
        let keys =
            KeyStore::open(&location, &keyring, None, &KeyStoreOptions { initialise: true, ..Default::default() })
                .unwrap();
        keys.new_tenant("studio-7").unwrap();
        let scope = keys.scope("studio-7", "file:contents").unwrap();
        (directory, keys, scope)
    }

    fn sealed(scope: &Scope, plaintext: &[u8], step: usize, embedded: bool) -> Vec<u8> {
        let mut sealer = scope.sealer(&OF, embedded).unwrap();
        let mut object = Vec::new();
        for piece in plaintext.chunks(step) {
            object.extend(sealer.update(piece).unwrap());
        }
        object.extend(sealer.finish().unwrap());
        assert_eq!(sealer.update(b"").unwrap_err().code, "stream_over");
        object
    }

    fn opened(scope: &Scope, object: &[u8], cuts: &[usize]) -> Result<Vec<u8>, Error> {
        let (mut opener, mut plaintext, mut from) = (scope.opener(&OF).unwrap(), Vec::new(), 0);
        for &cut in cuts {
            plaintext.extend_from_slice(&opener.update(&object[from..cut])?);
            from = cut;
        }
        plaintext.extend_from_slice(&opener.update(&object[from..])?);
        plaintext.extend_from_slice(&opener.finish()?);
        Ok(plaintext)
    }

    #[test]
    fn in_pieces_is_as_at_once() {
        let (_directory, keys, scope) = scope();
        for (length, step) in [(0, 1), (1, 1), (16_383, 5_000), (16_384, 4_096), (16_385, 1), (100_000, 70_000)] {
            let plaintext: Vec<u8> = (0..=250).cycle().take(length).collect();
            for embedded in [false, true] {
                let object = sealed(&scope, &plaintext, step, embedded);
                assert!(scope.open(&OF, &object).unwrap() == plaintext, "{length}");
                for step in [997, 16_400, 65_536] {
                    let cuts: Vec<usize> = (0..object.len()).step_by(step).collect();
                    assert!(opened(&scope, &object, &cuts).unwrap() == plaintext, "{length} by {step}");
                }
            }
        }
        keys.close();
    }

    #[test]
    fn every_cut_in_two_opens_and_every_truncation_is_refused() {
        let (_directory, keys, scope) = scope();
        let plaintext: Vec<u8> = (0..=250).cycle().take(16_384 + 300).collect();
        for embedded in [false, true] {
            let object = sealed(&scope, &plaintext, 1_000, embedded);
            for cut in 0..=object.len() {
                assert!(opened(&scope, &object, &[cut]).unwrap() == plaintext, "{cut}");
                if cut < object.len() {
                    let refused = opened(&scope, &object[..cut], &[cut / 2]).unwrap_err();
                    assert_eq!(refused.kind, crate::Kind::Unreadable, "{cut}: {refused}");
                }
            }
        }
        keys.close();
    }

    #[test]
    fn byte_by_byte_and_behind_a_failure() {
        let (_directory, keys, scope) = scope();
        let mut object = sealed(&scope, &[7; 40_000], 40_000, true);
        let cuts: Vec<usize> = (0..object.len()).collect();
        assert!(opened(&scope, &object, &cuts).unwrap() == [7; 40_000]);

        let last = object.len() - 1;
        object[last] ^= 1;
        let mut opener = scope.opener(&OF).unwrap();
        assert!(opener.update(&object).unwrap().len() >= 16_384, "what is authentic comes out");
        assert_eq!(opener.finish().unwrap_err().kind, crate::Kind::Unreadable);
        assert_eq!(opener.finish().unwrap_err().code, "stream_over");
        keys.close();
    }
}
