use portward::{Change, EntryId, Identifier, Stamp, TenantChange, Timestamp, Unit};

use crate::database::{Lock, record};
use crate::events::{Event, EventKind, Operation, Subject};
use crate::hex::hex;
use crate::store::error::StoreError;
use crate::store::list::link_row;
use crate::store::open::{Result, Store, within};
use crate::store::rows::LinkState;

/// What of a tenant is to be revoked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// A link, its copies and its sessions.
    Link(EntryId),
    /// A copy of a link, what was narrowed further from it, and their sessions.
    Copy {
        /// The link.
        link: EntryId,
        /// The copy's id.
        copy: EntryId,
    },
    /// One session of a link.
    Session {
        /// The link.
        link: EntryId,
        /// The session's token id.
        session: EntryId,
    },
    /// Everything of a client that was made so far.
    Client(Identifier),
    /// Everything of the tenant that was made so far.
    Tenant,
}

impl Store {
    /// Revokes, for good. When it returns that is durable, and the view of this store shows it; a view that is at least at the stamp does too.
    /// Revoking once more changes no more than the history.
    ///
    /// # Errors
    /// [`UnknownLink`](crate::store::StoreError::UnknownLink) if there is no such link, after it was revoked all the same; [`Authority`](crate::store::StoreError::Authority) for a counter that is at its end,
    /// and those of the database.
    pub async fn revoke(&self, tenant: Identifier, target: Target) -> Result<Stamp> {
        match target {
            Target::Link(link) => self.revoke_entry(tenant, link, Unit::Link, link).await,
            Target::Copy { link, copy } => self.revoke_entry(tenant, link, Unit::Copy, copy).await,
            Target::Session { link, session } => self.revoke_entry(tenant, link, Unit::Session, session).await,
            Target::Client(client) => self.raise(Some(tenant), Some(client)).await,
            Target::Tenant => self.raise(Some(tenant), None).await,
        }
    }

    /// Revokes every token of the deployment that was made so far.
    ///
    /// # Errors
    /// As [`Store::revoke`].
    pub async fn revoke_everything(&self) -> Result<Stamp> {
        self.raise(None, None).await
    }

    async fn revoke_entry(&self, tenant: Identifier, link: EntryId, unit: Unit, id: EntryId) -> Result<Stamp> {
        within(async {
            let inner = &self.inner;
            let mut turn = inner.feed.begin(Lock::StoreAndLink(tenant, link), self.now()).await?;
            let row = match link_row(&mut turn.work, &inner.keyring, tenant, link).await {
                // Who has spoilt the row, or taken it away for a while, must not have hindered its revocation.
                Err(error @ (StoreError::Row(_) | StoreError::Malformed | StoreError::UnknownLink)) => Err(error),
                row => Ok(row?),
            };
            // A copy or session ends with its link at the latest, a link at the deployment's ceiling: so long the entry is kept.
            let ceiling = |_: &_| self.wall().saturating_add(inner.deployment.link.ceiling()).min(Timestamp::WIRE_MAX);
            let expires_at = row.as_ref().map_or_else(ceiling, |row| row.head.expires_at());
            let change = TenantChange::Revoke { unit, id, expires_at };
            turn.put(vec![Change::Tenant(tenant, change)]).await?;
            let mut row = match row {
                Ok(row) => row,
                Err(error) => {
                    self.tell(Event::committed(self.wall(), &[Change::Tenant(tenant, change)])).await?;
                    let stamp = turn.commit().await?;
                    return if matches!(error, StoreError::UnknownLink) { Err(error) } else { Ok(stamp) };
                }
            };
            match unit {
                Unit::Link => {
                    (row.state, row.changed) = (LinkState::Revoked, self.wall());
                    self.happened(&mut row, EventKind::Revoked, None, &mut turn.work).await?;
                }
                Unit::Copy => self.happened(&mut row, EventKind::CopyRevoked, Some(hex(&id)), &mut turn.work).await?,
                Unit::Session => {
                    self.tell(self.event(Operation::SessionRevoked).of(tenant).about(Subject::Entry(id))).await?;
                }
            }
            record::save(&row, &inner.keyring, &mut turn.work).await?;
            turn.commit().await
        })
        .await
    }

    async fn raise(&self, tenant: Option<Identifier>, client: Option<Identifier>) -> Result<Stamp> {
        within(async {
            let mut turn = self.inner.feed.begin(Lock::Store, self.now()).await?;
            let (operation, change) = match (tenant, client) {
                (Some(tenant), Some(client)) => (Operation::ClientRevoked, turn.view().client_revoked(tenant, client)?),
                (Some(tenant), None) => (Operation::TenantRevoked, turn.view().tenant_revoked(tenant)?),
                (None, _) => (Operation::EverythingRevoked, turn.view().everything_revoked()?),
            };
            turn.put(vec![change]).await?;
            let subject = client.map(Subject::Client);
            self.tell(Event { tenant, subject, ..self.event(operation) }).await?;
            turn.commit().await
        })
        .await
    }
}
