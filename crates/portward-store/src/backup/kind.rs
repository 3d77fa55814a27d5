use core::fmt;

use portward::Identifier;
use portward::envelope::{DataScope, DataScopeError};

/// What a backup holds. Source: `spec/backup.md` section 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// A database without the rows of a key store.
    Data,
    /// The rows of a key store and nothing else.
    Keys,
    /// Bytes that mean something to somebody else.
    Stream,
}

/// Where key stores are on a server.
pub(super) const KEYS_SCHEMA: &str = "portward_keys";
/// The table that makes a key store of a database.
pub(super) const KEYS_TABLE: &str = "tenant_kek";
/// Where stores are.
pub(super) const STORE_SCHEMA: &str = "portward";

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Data, Self::Keys, Self::Stream];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Keys => "keys",
            Self::Stream => "stream",
        }
    }

    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Data => 1,
            Self::Keys => 2,
            Self::Stream => 3,
        }
    }

    pub(super) fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.byte() == byte)
    }

    /// Of a stream an identifier, of the others none.
    pub(super) fn takes_name(self, name: &str) -> bool {
        match self {
            Self::Stream => Identifier::new(name).is_ok(),
            Self::Data | Self::Keys => name.is_empty(),
        }
    }

    pub(super) fn scope(self) -> Result<DataScope, DataScopeError> {
        format!("backup:{}", self.name()).parse()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
