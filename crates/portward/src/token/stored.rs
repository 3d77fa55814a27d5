//! What a store keeps of links and chains, and what can be made of it again.

use crate::codec::Reader;
use crate::error::error_codes;
use crate::id::{Identifier, Permissions};
use crate::key::{DeploymentId, RootId};
use crate::revocation::{EntryId, Generations};
use crate::time::Timestamp;
use crate::token::access::{Access, LinkAccess, Resources};
use crate::token::head::{self, Fields, Head};
use crate::token::kind::{Kind, VERSION};

/// What was signed of a link, without its tag: who has it cannot enter with it. Source: `spec/token.md` section 2.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkHead {
    bytes: Vec<u8>,
    root: RootId,
    id: EntryId,
    tenant: Identifier,
    client: Identifier,
    audience: Option<Identifier>,
    issued_at: Timestamp,
    expires_at: Timestamp,
    generations: Generations,
    permissions: Permissions,
}

error_codes! {
    /// Why bytes are nothing that was stored.
    pub enum StoredError {
        Malformed => "malformed_head", Environment, "the bytes are not the head of a link, or not a list of resources";
    }
}

impl LinkHead {
    /// Reads the exact bytes of a head.
    ///
    /// # Errors
    /// [`StoredError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoredError> {
        let mut reader = Reader::new(bytes);
        let start = reader.array().map_err(|_| StoredError::Malformed)?;
        let mut fields = Fields::EMPTY;
        let read = fields.read(Kind::Link, &mut reader);
        if start != [VERSION, Kind::Link.wire()] || read.is_err() || !reader.is_empty() {
            return Err(StoredError::Malformed);
        }
        Ok(Self {
            bytes: bytes.to_vec(),
            root: fields.root,
            id: fields.token_id,
            tenant: fields.tenant.to_identifier(),
            client: fields.client.to_identifier(),
            audience: fields.audience.map(|audience| audience.to_identifier()),
            issued_at: fields.issued_at,
            expires_at: fields.expires_at,
            generations: fields.generations,
            permissions: fields.permissions,
        })
    }

    /// The exact bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The root that it was signed under.
    pub const fn root(&self) -> RootId {
        self.root
    }

    /// The link's token id.
    pub const fn id(&self) -> EntryId {
        self.id
    }

    /// Whose data.
    pub const fn tenant(&self) -> &Identifier {
        &self.tenant
    }

    /// Who comes.
    pub const fn client(&self) -> &Identifier {
        &self.client
    }

    /// For whom it is good, if not for all.
    pub const fn audience(&self) -> Option<&Identifier> {
        self.audience.as_ref()
    }

    /// When it was made.
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// The signed expiry: the ceiling of every other.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The counters it was made under.
    pub const fn generations(&self) -> Generations {
        self.generations
    }

    /// The signed permissions: the ceiling of every other.
    pub const fn permissions(&self) -> Permissions {
        self.permissions
    }

    pub(super) fn to_head(&self) -> Head<'_> {
        Head {
            kind: Kind::Link,
            root: self.root,
            token_id: self.id,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            generations: self.generations,
            tenant: &self.tenant,
            client: &self.client,
            audience: self.audience.as_ref(),
            permissions: self.permissions,
            origin: None,
        }
    }
}

/// What a link and its blocks grant together: all that a session is made of but what the registry says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainGrant {
    pub(super) deployment: DeploymentId,
    pub(super) tenant: Identifier,
    pub(super) client: Identifier,
    pub(super) audience: Option<Identifier>,
    pub(super) expires_at: Timestamp,
    pub(super) generations: Generations,
    pub(super) permissions: Permissions,
    pub(super) resources: Resources,
    pub(super) link: EntryId,
    pub(super) link_root: RootId,
    pub(super) copies: Vec<EntryId>,
    /// The id of the session that another one is made in the place of.
    pub(super) session: Option<EntryId>,
}

/// What a store keeps of a chain beside its link's head.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredChain {
    /// The copy ids of its blocks.
    pub copies: Vec<EntryId>,
    /// What head and blocks grant together.
    pub permissions: Permissions,
    /// The same of resources.
    pub resources: Resources,
    /// The same of the audience.
    pub audience: Option<Identifier>,
    /// The earliest of all expiries.
    pub expires_at: Timestamp,
}

/// A session that has not expired, and may have been overtaken by a change of its link: good for making another, and for nothing else.
pub struct RenewableSession(pub(super) Access);

impl RenewableSession {
    /// Whose data.
    pub const fn tenant(&self) -> &Identifier {
        self.0.tenant()
    }

    /// The link it stands on.
    pub const fn link_id(&self) -> EntryId {
        self.0.link_id()
    }

    /// The id of the chain it stands on: its last copy's, or the link's.
    pub fn chain_id(&self) -> EntryId {
        self.0.chain_id()
    }

    /// What link and blocks grant according to a store, for another session in place of this one. `None` if the rows are of another chain.
    pub fn with_stored(&self, head: &LinkHead, chain: StoredChain) -> Option<ChainGrant> {
        let Self(session) = self;
        let same = session.tenant == head.tenant
            && session.client == head.client
            && session.link == head.id
            && session.link_root == head.root
            && session.copies == chain.copies;
        let StoredChain { copies, permissions, resources, audience, expires_at } = chain;
        same.then(|| ChainGrant {
            deployment: session.deployment,
            tenant: head.tenant,
            client: head.client,
            audience,
            expires_at: expires_at.min(head.expires_at),
            generations: session.generations,
            permissions: permissions.intersection(head.permissions),
            resources,
            link: head.id,
            link_root: head.root,
            copies,
            session: Some(session.token_id),
        })
    }
}

impl LinkAccess {
    /// What the link and its blocks grant together.
    pub fn to_grant(&self) -> ChainGrant {
        let Self(access) = self;
        ChainGrant {
            deployment: access.deployment,
            tenant: access.tenant,
            client: access.client,
            audience: access.audience,
            expires_at: access.expires_at,
            generations: access.generations,
            permissions: access.permissions,
            resources: access.resources.clone(),
            link: access.link,
            link_root: access.link_root,
            copies: access.copies.clone(),
            session: None,
        }
    }

    /// What a store keeps of it.
    pub fn to_stored(&self) -> StoredChain {
        let ChainGrant { copies, permissions, resources, audience, expires_at, .. } = self.to_grant();
        StoredChain { copies, permissions, resources, audience, expires_at }
    }
}

impl Resources {
    /// `count ‖ identifiers` as in a session's head, for a store; `None` if not restricted or if there are more than 16.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let Self::Only(resources) = self else { return None };
        let sorted = head::sorted(resources.iter().copied());
        let mut bytes = Vec::new();
        head::write_resources(&sorted, &mut bytes);
        (sorted.len() <= head::RESOURCES_MAX).then_some(bytes)
    }

    /// Reads the same.
    ///
    /// # Errors
    /// [`StoredError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoredError> {
        let (mut reader, mut resources) = (Reader::new(bytes), Vec::new());
        let read = head::read_resources(&mut reader, 0, |resource| resources.push(resource));
        if read.is_ok() && reader.is_empty() { Ok(Self::Only(resources)) } else { Err(StoredError::Malformed) }
    }
}
