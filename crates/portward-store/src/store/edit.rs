use portward::{Change, EntryId, Identifier, Permissions, Resources, Stamp, Standing, TenantChange, Timestamp, Unit};

use sqlx::Row as _;

use crate::database::{Lock, Work, record};
use crate::events::EventKind;
use crate::store::error::StoreError;
use crate::store::issue::{check_cap, check_label};
use crate::store::list::{Link, link_row};
use crate::store::open::{Result, Store, within};
use crate::store::rows::{LinkRow, LinkState};

/// What is to be changed of a link; what is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct LinkEdit {
    /// What the tenant calls it: `Some(None)` takes the label away.
    pub label: Option<Option<String>>,
    /// When it ends: at most its signed expiry.
    pub expires_at: Option<Timestamp>,
    /// What it grants: at most what was signed, and something.
    pub permissions: Option<Permissions>,
    /// For which resources it is good: 1 to 16, or all.
    pub resources: Option<Resources>,
    /// How often it can be redeemed, those times included that it was: `Some(None)` as often as one likes.
    pub uses_max: Option<Option<u32>>,
}

impl Store {
    /// Changes a link that was sent already. What takes something away also ends the sessions made before, which can be renewed: when it
    /// returns, that is durable, and the view of this store shows it.
    ///
    /// # Errors
    /// [`StoreError::UnknownLink`], [`StoreError::LinkRevoked`], [`StoreError::OverCeiling`], [`StoreError::NothingLeft`],
    /// [`StoreError::Label`]; [`StoreError::Outdated`] for a row that is older than what the feed knows, unless expiry, permissions and resources
    /// are all stated; those of the database.
    pub async fn edit(&self, tenant: Identifier, link: EntryId, edit: LinkEdit) -> Result<Link> {
        check_label(edit.label.iter().flatten().map(String::as_str).next())?;
        check_cap(edit.uses_max.flatten())?;
        within(async {
            let inner = &self.inner;
            let mut turn = inner.feed.begin(Lock::StoreAndLink(tenant, link), self.now()).await?;
            let mut before = link_row(&mut turn.work, &inner.keyring, tenant, link).await?;
            // A recovery may have brought a revocation of which the row knows nothing.
            let standing = turn.view().entries_of(&tenant).standing(Unit::Link, link);
            if before.state == LinkState::Revoked || standing == Standing::Revoked {
                return Err(StoreError::LinkRevoked);
            }
            // The row may be older than what the feed knows of it: after a recovery, or because somebody put it back.
            let known = turn.view().entries_of(&tenant).minimum_revision(link);
            if before.revision < known {
                // It grants again what was taken away: nothing of that is taken over.
                if !edit.states_all() {
                    return Err(StoreError::Outdated);
                }
                before.events = before.events.max(events_of(&mut turn.work, tenant, link).await?);
            }
            let mut row = edit.applied(before.clone())?;
            let mut takes_away = false;
            let differences = differences(&before, &row);
            if differences.is_empty() && row.revision < known {
                // It looks as it did, and grants again.
                self.happened(&mut row, EventKind::Widened, None, &mut turn.work).await?;
            }
            for (kind, detail) in differences {
                takes_away |= matches!(kind, EventKind::Shortened | EventKind::Narrowed);
                self.happened(&mut row, kind, detail, &mut turn.work).await?;
            }
            if takes_away || row.revision < known {
                row.revision = row.revision.max(known).checked_add(1).ok_or(StoreError::State)?;
                let change = TenantChange::Revision { link, minimum: row.revision, expires_at: row.head.expires_at() };
                turn.put(vec![Change::Tenant(tenant, change)]).await?;
            }
            row.changed = self.wall();
            record::save(&row, &inner.keyring, &mut turn.work).await?;
            turn.commit().await?;
            Ok(Link::of(row, self))
        })
        .await
    }

    /// Lets a link, its copies and its sessions grant nothing until it is restored.
    ///
    /// # Errors
    /// [`StoreError::UnknownLink`], [`StoreError::State`], and those of the database.
    pub async fn pause(&self, tenant: Identifier, link: EntryId) -> Result<Stamp> {
        self.move_link(tenant, link, LinkState::Active, LinkState::Paused).await
    }

    /// Lets a paused link grant again what it did.
    ///
    /// # Errors
    /// As [`Store::pause`].
    pub async fn restore(&self, tenant: Identifier, link: EntryId) -> Result<Stamp> {
        self.move_link(tenant, link, LinkState::Paused, LinkState::Active).await
    }

    async fn move_link(&self, tenant: Identifier, link: EntryId, from: LinkState, to: LinkState) -> Result<Stamp> {
        within(async {
            let inner = &self.inner;
            let mut turn = inner.feed.begin(Lock::StoreAndLink(tenant, link), self.now()).await?;
            let mut row = link_row(&mut turn.work, &inner.keyring, tenant, link).await?;
            // A recovery may have brought a pause of which the row knows nothing.
            let standing = turn.view().entries_of(&tenant).standing(Unit::Link, link);
            let is_paused = row.state == LinkState::Active && standing == Standing::Suspended;
            if standing == Standing::Revoked {
                return Err(StoreError::State);
            }
            if row.state != from && !(is_paused && from == LinkState::Paused) {
                return Err(StoreError::State);
            }
            let (unit, id, expires_at) = (Unit::Link, link, row.head.expires_at());
            let (kind, change) = match to {
                LinkState::Paused => (EventKind::Paused, TenantChange::Suspend { unit, id, expires_at }),
                LinkState::Active => (EventKind::Restored, TenantChange::Restore { unit, id }),
                LinkState::Revoked => (EventKind::Revoked, TenantChange::Revoke { unit, id, expires_at }),
            };
            turn.put(vec![Change::Tenant(tenant, change)]).await?;
            (row.state, row.changed) = (to, self.wall());
            self.happened(&mut row, kind, None, &mut turn.work).await?;
            record::save(&row, &inner.keyring, &mut turn.work).await?;
            turn.commit().await
        })
        .await
    }
}

/// How many lines of the history there are, by the highest number.
async fn events_of(work: &mut Work, tenant: Identifier, link: EntryId) -> Result<u64> {
    let query =
        work.query("SELECT coalesce(max(number) + 1, 0) AS events FROM link_event WHERE tenant = $1 AND link = $2");
    let row = query.bind(tenant.to_string()).bind(link.to_vec()).fetch_one(&mut **work).await?;
    Ok(u64::try_from(row.try_get::<i64, _>("events")?).unwrap_or_default())
}

impl LinkEdit {
    /// Whether nothing that the link grants is left to what its row says.
    const fn states_all(&self) -> bool {
        self.expires_at.is_some() && self.permissions.is_some() && self.resources.is_some()
    }

    fn applied(self, row: LinkRow) -> Result<LinkRow> {
        let expires = self.expires_at.unwrap_or(row.expires);
        let permissions = self.permissions.unwrap_or(row.permissions);
        let resources = self.resources.unwrap_or_else(|| row.resources.clone());
        if expires > row.head.expires_at() || permissions.intersection(row.head.permissions()) != permissions {
            return Err(StoreError::OverCeiling);
        }
        let lists_well = match &resources {
            Resources::All => true,
            Resources::Only(list) => !list.is_empty() && resources.to_bytes().is_some(),
        };
        if permissions.is_empty() || !lists_well {
            return Err(StoreError::NothingLeft);
        }
        let label = self.label.unwrap_or_else(|| row.label.clone());
        let uses_max = self.uses_max.unwrap_or(row.uses_max);
        Ok(LinkRow { label, expires, permissions, resources, uses_max, ..row })
    }
}

/// What was done, for the history.
fn differences(before: &LinkRow, after: &LinkRow) -> Vec<(EventKind, Option<String>)> {
    let mut kinds = Vec::new();
    if before.label != after.label {
        kinds.push((EventKind::Labelled, after.label.clone()));
    }
    if before.expires != after.expires {
        let kind = if after.expires < before.expires { EventKind::Shortened } else { EventKind::Extended };
        kinds.push((kind, Some(after.expires.unix().to_string())));
    }
    let gained = after.permissions.intersection(before.permissions) != after.permissions
        || !is_within(&after.resources, &before.resources);
    let lost = before.permissions.intersection(after.permissions) != before.permissions
        || !is_within(&before.resources, &after.resources);
    kinds.extend(gained.then_some((EventKind::Widened, None)));
    kinds.extend(lost.then_some((EventKind::Narrowed, None)));
    if before.uses_max != after.uses_max {
        kinds.push((EventKind::Capped, after.uses_max.map(|max| max.to_string())));
    }
    kinds
}

fn is_within(inner: &Resources, outer: &Resources) -> bool {
    match (inner, outer) {
        (_, Resources::All) => true,
        (Resources::All, Resources::Only(_)) => false,
        (Resources::Only(inner), Resources::Only(outer)) => inner.iter().all(|resource| outer.contains(resource)),
    }
}
