//! From a slice in memory into a buffer in memory, which was used before: what the system does for a new one is not what is asked here.

use std::io::Read as _;
use std::num::NonZeroUsize;
use std::thread;

use crate::file::medium::Medium;
use crate::file::worker::Worker;
use crate::objects::CHUNK;
use crate::raw::{TAG, opened_length, sealed_length};

pub struct Slices {
    plaintext: Vec<u8>,
    object: Vec<u8>,
}

impl Slices {
    pub fn new(length: u64) -> Self {
        let length = usize::try_from(length).unwrap();
        let mut plaintext = Vec::with_capacity(length);
        Medium::Memory.plaintext(length as u64).read_to_end(&mut plaintext).unwrap();
        // Every page of it is written. A header takes less than 4 KiB.
        Self { plaintext, object: vec![1; sealed_length(length) + 4096] }
    }

    /// How much of the process's memory they are.
    pub fn held(&self) -> u64 {
        (self.plaintext.capacity() + self.object.capacity()) as u64
    }

    /// Returns how long the plaintext was.
    pub fn seal(&mut self, worker: &Worker, threads: NonZeroUsize) -> u64 {
        let Self { plaintext, object } = self;
        match worker {
            Worker::Copy => object[..plaintext.len()].copy_from_slice(plaintext),
            Worker::Raw(raw) => {
                object.truncate(sealed_length(plaintext.len()));
                let parts = parts((plaintext, CHUNK), (object, CHUNK + TAG), threads);
                on_threads(parts, |first, plaintext, room| raw.seal_into(first, plaintext, room));
            }
            Worker::Ours(objects) => objects.seal_into(plaintext, threads, object),
            Worker::Age(peer) => peer.seal_into(plaintext, object),
        }
        plaintext.len() as u64
    }

    /// Into the plaintext's own buffer. Returns how long the plaintext is.
    pub fn open(&mut self, worker: &Worker, threads: NonZeroUsize) -> u64 {
        let Self { plaintext, object } = self;
        match worker {
            Worker::Copy => unreachable!("nothing is opened by copying"),
            Worker::Raw(raw) => {
                plaintext.truncate(opened_length(object.len()));
                let parts = parts((object, CHUNK + TAG), (plaintext, CHUNK), threads);
                on_threads(parts, |first, sealed, room| raw.open_into(first, sealed, room));
            }
            Worker::Ours(objects) => objects.open_into(object, threads, plaintext),
            Worker::Age(peer) => peer.open_into(object, plaintext),
        }
        plaintext.len() as u64
    }
}

/// A part for each thread: the number of its first chunk, its chunks, and the room for what they become. Beside each slice stands how long a
/// chunk is there.
fn parts<'a>(
    (from, chunk): (&'a [u8], usize),
    (room, room_chunk): (&'a mut [u8], usize),
    threads: NonZeroUsize,
) -> impl Iterator<Item = (u64, &'a [u8], &'a mut [u8])> {
    let part = from.len().div_ceil(chunk).div_ceil(threads.get());
    let parts = from.chunks(part * chunk).zip(room.chunks_mut(part * room_chunk));
    parts.zip((0..).step_by(part)).map(|((from, room), first)| (first, from, room))
}

fn on_threads<'a>(
    parts: impl Iterator<Item = (u64, &'a [u8], &'a mut [u8])>,
    run: impl Fn(u64, &[u8], &mut [u8]) + Sync,
) {
    let run = &run;
    thread::scope(|scope| {
        for (first, from, room) in parts {
            scope.spawn(move || run(first, from, room));
        }
    });
}
