//! Where a file comes from and where it goes.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use portward_store::objects::WholeFile;

use crate::ages::STEP;
use crate::file::source::{Noise, SOURCE};

pub enum Medium {
    Memory,
    Disk(PathBuf),
}

pub enum Input {
    /// A buffer that is given out again and again.
    Repeated {
        buffer: Vec<u8>,
        left: u64,
    },
    Held(io::Cursor<Vec<u8>>),
    Disk(File),
}

pub enum Output {
    /// Takes everything and keeps nothing.
    Sink,
    Kept(Vec<u8>),
    Disk(WholeFile),
}

impl Medium {
    pub fn plaintext(&self, length: u64) -> Input {
        match self {
            Self::Memory => {
                let mut buffer = vec![0; STEP];
                Noise::default().fill(&mut buffer);
                Input::Repeated { buffer, left: length }
            }
            Self::Disk(folder) => cold(&folder.join(SOURCE)),
        }
    }

    /// What is sealed into it can be read with `sealed`.
    pub fn kept(&self, length: u64) -> Output {
        match self {
            // Chunks of 16 KiB have tags of 16 bytes; a header takes less than 4 KiB.
            Self::Memory => Output::Kept(Vec::with_capacity(usize::try_from(length + length / 1000 + 4096).unwrap())),
            Self::Disk(folder) => Output::Disk(WholeFile::replace(&folder.join(SEALED)).unwrap()),
        }
    }

    pub fn sealed(&self, output: Output) -> Input {
        match (self, output) {
            (Self::Disk(folder), Output::Sink) => cold(&folder.join(SEALED)),
            (_, Output::Kept(object)) => Input::Held(io::Cursor::new(object)),
            _ => unreachable!("an output of another medium"),
        }
    }

    pub fn output(&self) -> Output {
        match self {
            Self::Memory => Output::Sink,
            Self::Disk(folder) => Output::Disk(WholeFile::replace(&folder.join(RESULT)).unwrap()),
        }
    }

    /// Removes what a case has made.
    pub fn clean(&self) {
        if let Self::Disk(folder) = self {
            [SEALED, RESULT].iter().for_each(|name| drop(fs::remove_file(folder.join(name))));
        }
    }
}

/// A file that the system has to read from the disk: what it holds of it is given back first.
fn cold(path: &Path) -> Input {
    let file = File::open(path).unwrap();
    #[cfg(target_os = "linux")]
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    Input::Disk(file)
}

impl Input {
    /// How much of the process's memory it is.
    pub fn held(&self) -> u64 {
        match self {
            Self::Held(object) => object.get_ref().len() as u64,
            _ => 0,
        }
    }
}

impl Read for Input {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Repeated { buffer, left } => {
                let length = room.len().min(buffer.len()).min(usize::try_from(*left).unwrap());
                room[..length].copy_from_slice(&buffer[..length]);
                *left -= length as u64;
                Ok(length)
            }
            Self::Held(object) => object.read(room),
            Self::Disk(file) => file.read(room),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Sink => Ok(bytes.len()),
            Self::Kept(object) => object.write(bytes),
            Self::Disk(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output {
    /// On the medium, and under its name.
    pub fn finish(self) -> Self {
        match self {
            Self::Disk(file) => {
                file.finish().unwrap();
                Self::Sink
            }
            other => other,
        }
    }
}

const SEALED: &str = "sealed";
const RESULT: &str = "result";
