use sha2::{Digest as _, Sha256};

/// SHA-256 (FIPS 180-4) of what goes by, in constant memory. It tells one content from another; that it is authentic says something else.
///
/// ```
/// let mut checksum = portward::Checksum::new();
/// checksum.update(b"ab");
/// checksum.update(b"c");
/// assert_eq!(checksum.finish()[..4], [0xba, 0x78, 0x16, 0xbf]);
/// ```
#[derive(Clone, Default)]
pub struct Checksum(Sha256);

impl Checksum {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// And of these bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Of all that went by.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl core::fmt::Debug for Checksum {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Checksum(..)")
    }
}
