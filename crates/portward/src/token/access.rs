use core::fmt;
use core::ops::Deref;

use crate::codec;
use crate::error::error_codes;
use crate::id::{Identifier, Permission, Permissions};
use crate::key::{DeploymentId, RootId};
use crate::revocation::{EntryId, Generations};
use crate::time::Timestamp;
use crate::token::kind::Kind;

/// What an authentic, living token grants. Only a verifier makes one.
///
/// Every restriction of the token is in it; there is nothing left for the caller to look up in the token itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Access {
    pub(super) deployment: DeploymentId,
    pub(super) kind: Kind,
    pub(super) token_id: EntryId,
    pub(super) tenant: Identifier,
    pub(super) client: Identifier,
    pub(super) audience: Option<Identifier>,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) signed_expires_at: Timestamp,
    pub(super) generations: Generations,
    pub(super) permissions: Permissions,
    pub(super) resources: Resources,
    pub(super) recipients: Vec<String>,
    pub(super) copies: Vec<EntryId>,
    pub(super) link: EntryId,
    pub(super) link_root: RootId,
    pub(super) link_revision: u32,
}

/// Which resources a token is good for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Resources {
    /// Not restricted.
    All,
    /// These and no others; perhaps none.
    Only(Vec<Identifier>),
}

error_codes! {
    /// Why a token does not allow something.
    pub enum AllowError {
        PermissionDenied => "permission_denied", Input, "the token does not grant this permission";
        ResourceRequired => "resource_required", Input, "the token is restricted to resources, and none was named";
        ResourceDenied => "resource_denied", Input, "the token is not good for this resource";
    }
}

impl Resources {
    /// Whether these permissions, for these resources, grant one on a resource, or, where none is stated, for everything.
    ///
    /// # Errors
    /// [`AllowError`].
    pub fn allow(
        &self,
        permissions: Permissions,
        permission: Permission,
        resource: Option<&Identifier>,
    ) -> Result<(), AllowError> {
        match (self, resource) {
            _ if !permissions.contains(permission) => Err(AllowError::PermissionDenied),
            (Self::Only(_), None) => Err(AllowError::ResourceRequired),
            (Self::Only(only), Some(resource)) if !only.contains(resource) => Err(AllowError::ResourceDenied),
            (Self::All | Self::Only(_), _) => Ok(()),
        }
    }
}

impl Access {
    /// Whether the permission is granted for everything. A token restricted to resources grants nothing for everything.
    ///
    /// # Errors
    /// [`AllowError::PermissionDenied`], [`AllowError::ResourceRequired`].
    pub fn allow(&self, permission: Permission) -> Result<(), AllowError> {
        self.resources.allow(self.permissions, permission, None)
    }

    /// Whether the permission is granted for this resource.
    ///
    /// # Errors
    /// [`AllowError::PermissionDenied`], [`AllowError::ResourceDenied`].
    pub fn allow_on(&self, permission: Permission, resource: &Identifier) -> Result<(), AllowError> {
        self.resources.allow(self.permissions, permission, Some(resource))
    }

    /// Link or session.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The token's own id: what to write into logs, and what to revoke. A copy of a link has the link's: what revokes the copy is the last of `copies`.
    pub const fn token_id(&self) -> EntryId {
        self.token_id
    }

    /// Whose data.
    pub const fn tenant(&self) -> &Identifier {
        &self.tenant
    }

    /// Who comes.
    pub const fn client(&self) -> &Identifier {
        &self.client
    }

    /// The audience that the token states, which is the verifier's then.
    pub const fn audience(&self) -> Option<&Identifier> {
        self.audience.as_ref()
    }

    /// When it was made.
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// When it ends: the earliest that head and blocks state.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// When its head ends, whatever its blocks state: what a revocation of it, or of the copy it is, has to state.
    pub const fn signed_expires_at(&self) -> Timestamp {
        self.signed_expires_at
    }

    /// The counters it was made under.
    pub const fn generations(&self) -> Generations {
        self.generations
    }

    /// What is left of the permissions. Ask with [`Access::allow`] instead of looking here.
    pub const fn permissions(&self) -> Permissions {
        self.permissions
    }

    /// What is left of the resources. Ask with [`Access::allow_on`] instead of looking here.
    pub const fn resources(&self) -> &Resources {
        &self.resources
    }

    /// Whom the holders said they passed it to, in the order of the blocks. Labels, not evidence; a session has none.
    pub fn recipients(&self) -> &[String] {
        &self.recipients
    }

    /// The copy ids of its chain, in the order of the blocks.
    pub fn copies(&self) -> &[EntryId] {
        &self.copies
    }

    /// The id of the chain: its last copy's, or the link's where there is none.
    pub fn chain_id(&self) -> EntryId {
        self.copies.last().copied().unwrap_or(self.link)
    }

    /// The token id of the link: a link's own, or that of the link a session was redeemed from.
    pub const fn link_id(&self) -> EntryId {
        self.link
    }

    /// The registry row's revision under which a session was made; 0 for a link.
    pub const fn link_revision(&self) -> u32 {
        self.link_revision
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("kind", &self.kind)
            .field("token_id", &format_args!("{}", codec::hex(&self.token_id)))
            .field("tenant", &self.tenant)
            .field("client", &self.client)
            .field("expires_at", &format_args!("{}", self.expires_at))
            .field("permissions", &self.permissions)
            .field("resources", &self.resources)
            .finish_non_exhaustive()
    }
}

/// The [`Access`] of a link, from which a session can be made.
pub struct LinkAccess(pub(super) Access);

impl fmt::Debug for LinkAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LinkAccess").field(&self.0).finish()
    }
}

impl Deref for LinkAccess {
    type Target = Access;

    fn deref(&self) -> &Access {
        &self.0
    }
}
