use std::io::{Read, Seek};
use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::part::Range;

/// An object that many threads open parts of. One reads at a time; who asks how long it is waits for none.
pub struct SharedRange<R: Read + Seek> {
    length: u64,
    range: Mutex<Range<R>>,
}

impl<R: Read + Seek> SharedRange<R> {
    pub(crate) const fn new(range: Range<R>) -> Self {
        Self { length: range.length(), range: Mutex::new(range) }
    }

    /// How long the plaintext is.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// As [`Range::read`].
    ///
    /// # Errors
    /// Those of [`Range::read`].
    pub fn read(&self, from: u64, length: u64) -> Result<Vec<u8>, Error> {
        self.range.lock().unwrap_or_else(PoisonError::into_inner).read(from, length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor, SeekFrom};
    use std::sync::Arc;
    use std::sync::mpsc::{Sender, channel};
    use std::thread;
    use std::time::Duration;

    use portward::Identifier;
    use portward::envelope::{Binding, Context, KekError, KekName, Slot, UnwrapKey, VaultFile, WrapKey};

    use super::*;

    struct Open;

    impl WrapKey for Open {
        fn kek(&self) -> KekName {
            VaultFile::kek("key").unwrap()
        }

        fn wrap(&self, _: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
            Ok(key.to_vec())
        }
    }

    impl UnwrapKey for Open {
        fn resolves(&self, _: &KekName) -> bool {
            true
        }

        fn unwrap(&self, slot: &Slot, _: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
            key.copy_from_slice(slot.wrapped());
            Ok(())
        }
    }

    /// Says when it is read, and waits at the gate.
    struct Slow {
        bytes: Cursor<Vec<u8>>,
        begun: Sender<()>,
        gate: Arc<Mutex<()>>,
    }

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.begun.send(()).unwrap();
            let _gate = self.gate.lock().unwrap();
            self.bytes.read(buffer)
        }
    }

    impl Seek for Slow {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.bytes.seek(to)
        }
    }

    #[test]
    fn how_long_it_is_waits_for_no_read() {
        let tenant: Identifier = "studio-7".parse().unwrap();
        let (_, keys) = VaultFile::create(tenant, &Open).unwrap();
        let context = Context::new(&tenant, "n", "1").unwrap();
        let object = keys.seal_record(&context, &[7; 40_000]).unwrap();
        let ((begun, has_begun), gate) = (channel(), Arc::default());
        let slow = Slow { bytes: Cursor::new(object), begun, gate: Arc::clone(&gate) };
        let range = SharedRange::new(Range::open(&keys, &context, slow).unwrap());
        assert!(has_begun.try_iter().count() > 0, "what is at the end was looked at");

        let closed = gate.lock().unwrap();
        thread::scope(|scope| {
            let reading = scope.spawn(|| range.read(20_000, 5));
            has_begun.recv().unwrap();
            let ((tell, told), range) = (channel(), &range);
            scope.spawn(move || tell.send(range.length()).unwrap());
            let length = told.recv_timeout(Duration::from_secs(60));
            assert!(!reading.is_finished());
            drop(closed);
            assert_eq!((length, reading.join().unwrap()), (Ok(40_000), Ok(vec![7; 5])));
        });
    }
}
