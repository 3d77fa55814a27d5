use crate::id::Identifier;
use crate::key::RootId;
use crate::time::Timestamp;

/// What an entry revokes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Unit {
    /// A link, by its token id; its copies and sessions die with it.
    Link,
    /// A session, by its token id.
    Session,
    /// A narrowed copy, by its copy id; what was narrowed further from it dies with it.
    Copy,
}

impl Unit {
    pub(super) const ALL: [Self; 3] = [Self::Link, Self::Session, Self::Copy];

    pub(super) const fn wire(self) -> u8 {
        match self {
            Self::Link => 0x01,
            Self::Session => 0x02,
            Self::Copy => 0x03,
        }
    }

    pub(super) fn from_wire(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.wire() == byte)
    }
}

/// The 16 bytes that name a link, session, copy or stored key.
pub type EntryId = [u8; 16];

/// One change of what is revoked. Each is idempotent; all but [`TenantChange::Suspend`] and [`TenantChange::Restore`] are final.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Tokens of a lower deployment generation are refused.
    DeploymentGeneration(u32),
    /// Tokens under this root are refused.
    RefuseRoot(RootId),
    /// Something of one tenant.
    Tenant(Identifier, TenantChange),
}

/// One change of what is revoked of one tenant. `expires_at` is the signed expiry of the head it concerns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TenantChange {
    /// Tokens of a lower tenant generation are refused.
    Generation(u32),
    /// Tokens of this client of a lower generation are refused.
    ClientGeneration(Identifier, u32),
    /// Refused for good.
    Revoke {
        /// What kind of thing.
        unit: Unit,
        /// Its id.
        id: EntryId,
        /// The signed expiry of its head.
        expires_at: Timestamp,
    },
    /// Refused until restored.
    Suspend {
        /// What kind of thing.
        unit: Unit,
        /// Its id.
        id: EntryId,
        /// The signed expiry of its head.
        expires_at: Timestamp,
    },
    /// No longer suspended.
    Restore {
        /// What kind of thing.
        unit: Unit,
        /// Its id.
        id: EntryId,
    },
    /// Sessions of this link under a lower revision are refused.
    Revision {
        /// The link's token id.
        link: EntryId,
        /// The lowest revision that is still good.
        minimum: u32,
        /// The link's signed expiry.
        expires_at: Timestamp,
    },
    /// This stored key was destroyed and must never be loaded again.
    Tombstone(EntryId),
}

/// The three counters that a token is made under.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Generations {
    /// Of the deployment.
    pub deployment: u32,
    /// Of the tenant.
    pub tenant: u32,
    /// Of the client.
    pub client: u32,
}
