use core::fmt;

use crate::codec;

/// The name of a deployment: 16 random bytes. Not secret; every key is derived with it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeploymentId([u8; 16]);

impl DeploymentId {
    /// From its bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        codec::from_hex(text).map(Self)
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&codec::hex(&self.0))
    }
}

impl fmt::Debug for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeploymentId({self})")
    }
}

/// The public name of a root key: 4 random bytes, 8 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootId([u8; 4]);

impl RootId {
    /// From its bytes on the wire.
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// Its bytes on the wire.
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }

    /// From eight lower-case hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        codec::from_hex(text).map(Self)
    }
}

impl fmt::Display for RootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&codec::hex(&self.0))
    }
}

impl fmt::Debug for RootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootId({self})")
    }
}
