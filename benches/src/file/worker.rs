//! Who seals and opens a file.

use std::io::{Read, Write};
use std::num::NonZeroUsize;
use std::thread;

use portward::envelope::Keep;
use portward_store::objects;

use crate::ages::{self, STEP};
use crate::file::medium::{Input, Medium, Output};
use crate::objects::Objects;
use crate::raw::{Raw, opened_length, sealed_length};

#[allow(clippy::large_enum_variant, reason = "there is one in a run; how large it is depends on the cipher")]
pub enum Worker {
    /// Reads and writes, which all of them have to.
    Copy,
    /// The cipher over chunks, and nothing that a format needs.
    Raw(Raw),
    Ours(Objects),
    Age(ages::Peer),
}

impl Worker {
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "copy" => Some(Self::Copy),
            "raw" => Some(Self::Raw(Raw::new(&[7; 32]))),
            "ours" => Some(Self::Ours(Objects::default())),
            "age" => Some(Self::Age(ages::Peer::x25519())),
            _ => None,
        }
    }

    /// Returns how long the plaintext was.
    pub fn seal(&self, source: &mut Input, mut target: Output, threads: NonZeroUsize) -> (u64, Output) {
        let mut source = Counted { inner: source, count: 0 };
        let target = match self {
            Self::Copy => {
                ages::copy(&mut source, &mut target);
                target.finish()
            }
            Self::Raw(raw) => {
                seal_raw(raw, &mut source, &mut target);
                target.finish()
            }
            Self::Age(peer) => peer.seal_stream(&mut source, target).finish(),
            Self::Ours(Objects { keys, context }) => match target {
                Output::Disk(file) => {
                    objects::seal_file(keys, context, Keep::Detached, &mut source, file, threads).unwrap();
                    Output::Sink
                }
                other => objects::seal_stream(keys, context, Keep::Detached, &mut source, other, threads).unwrap().1,
            },
        };
        (source.count, target)
    }

    /// Returns how long the plaintext was.
    pub fn open(&self, source: &mut Input, target: Output, threads: NonZeroUsize) -> u64 {
        match self {
            Self::Copy => unreachable!("nothing is opened by copying"),
            Self::Raw(raw) => {
                let mut target = Counted { inner: target, count: 0 };
                open_raw(raw, source, &mut target);
                target.inner.finish();
                target.count
            }
            Self::Age(peer) => {
                let target = peer.open_stream(source, Counted { inner: target, count: 0 });
                target.inner.finish();
                target.count
            }
            Self::Ours(Objects { keys, context }) => match target {
                Output::Disk(file) => objects::open_file(keys, context, source, file, threads).unwrap(),
                other => objects::open_stream(keys, context, source, other, threads).unwrap().0,
            },
        }
    }
}

/// What so many cores can do at best: each seals its part, from memory to memory, and knows of no other.
pub fn raw_on_threads(raw: &Raw, medium: &Medium, length: u64, threads: NonZeroUsize) -> u64 {
    assert!(matches!(medium, Medium::Memory));
    let part = length / threads.get() as u64;
    thread::scope(|scope| {
        for _ in 0..threads.get() {
            scope.spawn(|| seal_raw(raw, &mut medium.plaintext(part), &mut medium.output()));
        }
    });
    part * threads.get() as u64
}

fn seal_raw(raw: &Raw, source: &mut dyn Read, target: &mut dyn Write) {
    let (mut buffer, mut room) = (vec![0; STEP], vec![0; sealed_length(STEP)]);
    for_each_step(source, &mut buffer, |step, plaintext| {
        raw.seal_into(step << 8, plaintext, &mut room);
        target.write_all(&room[..sealed_length(plaintext.len())]).unwrap();
    });
}

fn open_raw(raw: &Raw, source: &mut dyn Read, target: &mut dyn Write) {
    let (mut buffer, mut room) = (vec![0; sealed_length(STEP)], vec![0; STEP]);
    for_each_step(source, &mut buffer, |step, sealed| {
        raw.open_into(step << 8, sealed, &mut room);
        target.write_all(&room[..opened_length(sealed.len())]).unwrap();
    });
}

fn for_each_step(source: &mut dyn Read, buffer: &mut [u8], mut run: impl FnMut(u64, &[u8])) {
    for step in 0.. {
        let mut filled = 0;
        while filled < buffer.len() {
            match source.read(&mut buffer[filled..]).unwrap() {
                0 => break,
                read => filled += read,
            }
        }
        if filled == 0 {
            break;
        }
        run(step, &buffer[..filled]);
    }
}

struct Counted<T> {
    inner: T,
    count: u64,
}

impl<T: Read> Read for Counted<T> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(room)?;
        self.count += read as u64;
        Ok(read)
    }
}

impl<T: Write> Write for Counted<T> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}
