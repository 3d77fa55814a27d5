//! Bytes that must not be seen: filled in place, wiped on drop, silent in `Debug`.

use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// 32 secret bytes on the heap, so that moving the owner leaves no copy behind.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Secret(Box<[u8; 32]>);

impl Secret {
    /// Filled by `fill`; wiped if it fails.
    pub(crate) fn try_filled<E>(fill: impl FnOnce(&mut [u8; 32]) -> Result<(), E>) -> Result<Self, E> {
        let mut secret = Self(Box::new([0; 32]));
        fill(&mut secret.0)?;
        Ok(secret)
    }

    /// A copy of bytes that somebody else wipes.
    pub(crate) fn copy_of(bytes: &[u8; 32]) -> Self {
        let mut secret = Self(Box::new([0; 32]));
        secret.0.copy_from_slice(bytes);
        secret
    }

    /// The bytes, for the primitive that needs them.
    pub(crate) const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Zeroize for Secret {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// 32 secret bytes on the stack, wiped when dropped, as one write. (`Zeroizing` of an array wipes byte after byte, which a verification
/// feels.)
pub(crate) struct Wiped(pub(crate) [u8; 32]);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
