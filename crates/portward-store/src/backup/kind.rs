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

/// Backups of one thing, of which the newest counts: a kind, and a name where there are several of that kind.
/// Source: `spec/backup.md` section 1.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Series {
    pub(super) kind: Kind,
    pub(super) name: String,
}

impl Series {
    /// Backups of the database or stream that is called so.
    pub fn named(kind: Kind, name: Identifier) -> Self {
        Self { kind, name: name.to_string() }
    }

    /// What they hold.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Of which database or stream; of a database it may be empty.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Those without a name.
impl From<Kind> for Series {
    fn from(kind: Kind) -> Self {
        Self { kind, name: String::new() }
    }
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

    /// An identifier, or, of a database, none.
    pub(super) fn takes_name(self, name: &str) -> bool {
        (name.is_empty() && self != Self::Stream) || Identifier::new(name).is_ok()
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
