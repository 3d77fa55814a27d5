//! Bytes that no disk can compress.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::ages::STEP;

pub const SOURCE: &str = "source";

/// Writes the file that the cases on a disk read.
pub fn make_source(folder: &Path, length: u64) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = BufWriter::new(File::create(folder.join(SOURCE))?);
    let (mut noise, mut block) = (Noise::default(), vec![0; STEP]);
    for _ in 0..length / STEP as u64 {
        noise.fill(&mut block);
        file.write_all(&block)?;
    }
    file.into_inner()?.sync_all()
}

/// xorshift64, by Marsaglia.
pub struct Noise(u64);

impl Default for Noise {
    fn default() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }
}

impl Noise {
    pub fn fill(&mut self, room: &mut [u8]) {
        for bytes in room.chunks_exact_mut(8) {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            bytes.copy_from_slice(&self.0.to_le_bytes());
        }
    }
}
