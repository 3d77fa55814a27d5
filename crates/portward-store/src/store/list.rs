use portward::{EntryId, Identifier, Keyring, Permissions, Resources, Timestamp, Unit};
use portward::{Generations, Standing};
use sqlx::AssertSqlSafe;

use crate::database::{Work, record};
use crate::store::error::StoreError;
use crate::store::feed::integer;
use crate::store::open::{Result, Store, within};
use crate::store::rows::{LinkRow, LinkState};

/// A link as its tenant sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Its token id.
    pub id: EntryId,
    /// Whose data.
    pub tenant: Identifier,
    /// Who comes.
    pub client: Identifier,
    /// What the tenant calls it.
    pub label: Option<String>,
    /// How it stands, counters and all.
    pub state: LinkState,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Until when it can be extended.
    pub ceiling: Timestamp,
    /// What it grants.
    pub permissions: Permissions,
    /// What it could grant at most.
    pub permissions_ceiling: Permissions,
    /// For which resources it is good.
    pub resources: Resources,
    /// How often it can be redeemed.
    pub uses_max: Option<u32>,
    /// How often it was.
    pub uses: u64,
    /// Rises when something is taken away.
    pub revision: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its row was last changed by the tenant.
    pub changed_at: Timestamp,
    /// When it was last redeemed.
    pub last_used_at: Option<Timestamp>,
}

/// Which links to list. The default: all of a tenant.
#[derive(Clone, Debug, Default)]
pub struct LinkFilter {
    /// Those of one client.
    pub client: Option<Identifier>,
    /// Those whose row is in this state.
    pub state: Option<LinkState>,
    /// Those that end before.
    pub expires_before: Option<Timestamp>,
    /// Those whose label contains this, in any case of ASCII letters.
    pub label_contains: Option<String>,
}

/// Where a page begins: behind the last link of the page before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageStart {
    created_at: Timestamp,
    id: EntryId,
}

/// Some links, the newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// At most as many as were asked for.
    pub links: Vec<Link>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<PageStart>,
}

/// Most links of a page.
const PAGE_MAX: u32 = 1000;

impl Store {
    /// One link.
    ///
    /// # Errors
    /// [`StoreError::UnknownLink`], and those of the database and of damaged rows.
    pub async fn link(&self, tenant: Identifier, link: EntryId) -> Result<Link> {
        within(async {
            let mut work = self.inner.feed.database.begin_reading().await?;
            let row = link_row(&mut work, &self.inner.keyring, tenant, link).await?;
            work.rollback().await?;
            Ok(Link::of(row, self))
        })
        .await
    }

    /// The links of a tenant, the newest first, at most 1,000 at a time.
    ///
    /// # Errors
    /// Those of the database and of damaged rows.
    pub async fn list(
        &self,
        tenant: Identifier,
        filter: &LinkFilter,
        start: Option<PageStart>,
        limit: u32,
    ) -> Result<Page> {
        let limit = limit.clamp(1, PAGE_MAX);
        within(async {
            let mut sql = "SELECT * FROM link WHERE tenant = $1".to_owned();
            let mut places = 1u32;
            let mut condition = |text: &str, count: u32| {
                let of = |place: u32| format!("${}", places.saturating_add(place));
                let text = (1..=count).fold(text.to_owned(), |text, place| text.replacen('?', &of(place), 1));
                sql.push_str(&text);
                places = places.saturating_add(count);
            };
            // Only these texts of this program, and the numbers of places, are put in.
            if filter.client.is_some() {
                condition(" AND client = ?", 1);
            }
            if filter.state.is_some() {
                condition(" AND state = ?", 1);
            }
            if filter.expires_before.is_some() {
                condition(" AND expires < ?", 1);
            }
            if filter.label_contains.is_some() {
                condition(" AND lower(label) LIKE ? ESCAPE '!'", 1);
            }
            if start.is_some() {
                condition(" AND (created, id) < (?, ?)", 2);
            }
            condition(" ORDER BY created DESC, id DESC LIMIT ?", 1);
            let mut work = self.inner.feed.database.begin_reading().await?;
            let mut query = work.query(AssertSqlSafe(sql)).bind(tenant.to_string());
            if let Some(client) = &filter.client {
                query = query.bind(client.to_string());
            }
            if let Some(state) = filter.state {
                query = query.bind(state.name());
            }
            if let Some(before) = filter.expires_before {
                query = query.bind(integer(before.unix())?);
            }
            if let Some(part) = &filter.label_contains {
                query = query.bind(pattern(part));
            }
            if let Some(PageStart { created_at, id }) = start {
                query = query.bind(integer(created_at.unix())?).bind(id.to_vec());
            }
            let rows = query.bind(i64::from(limit).saturating_add(1)).fetch_all(&mut *work).await?;
            work.rollback().await?;
            let mut links = Vec::with_capacity(rows.len());
            for row in &rows {
                let row: LinkRow = record::read(row, &self.inner.keyring)?;
                if *row.head.tenant() != tenant {
                    return Err(StoreError::Malformed);
                }
                links.push(Link::of(row, self));
            }
            let more = links.len() > usize::try_from(limit).unwrap_or(usize::MAX);
            if more {
                links.pop();
            }
            let next = links.last().filter(|_| more).map(PageStart::after);
            Ok(Page { links, next })
        })
        .await
    }
}

impl PageStart {
    /// Behind a link that was made then and has this id: what [`PageStart::created_at`] and [`PageStart::id`] of another told.
    pub const fn new(created_at: Timestamp, id: EntryId) -> Self {
        Self { created_at, id }
    }

    /// When the link was made.
    pub const fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// The link's id.
    pub const fn id(&self) -> EntryId {
        self.id
    }

    /// Behind this link.
    pub const fn after(link: &Link) -> Self {
        Self { created_at: link.created_at, id: link.id }
    }
}

impl Link {
    pub(super) fn of(row: LinkRow, store: &Store) -> Self {
        let head = &row.head;
        Self {
            state: state(&row, store),
            id: head.id(),
            tenant: *head.tenant(),
            client: *head.client(),
            label: row.label,
            expires_at: row.expires,
            ceiling: head.expires_at(),
            permissions: row.permissions,
            permissions_ceiling: head.permissions(),
            resources: row.resources,
            uses_max: row.uses_max,
            uses: row.uses,
            revision: row.revision,
            created_at: row.created,
            changed_at: row.changed,
            last_used_at: row.last_used,
        }
    }
}

/// What the view says goes before the row: counters concern no row, and after a restore the row may be the older.
pub(super) fn state(row: &LinkRow, store: &Store) -> LinkState {
    let (view, head) = (store.cell().load(), &row.head);
    let (current, own) = (view.generations(head.tenant(), head.client()), head.generations());
    let of = |generations: Generations| [generations.deployment, generations.tenant, generations.client];
    let is_below = of(own).iter().zip(of(current)).any(|(own, current)| *own < current);
    match view.entries_of(head.tenant()).standing(Unit::Link, head.id()) {
        _ if is_below || view.is_refused(head.root()) => LinkState::Revoked,
        Standing::Revoked => LinkState::Revoked,
        Standing::Suspended if row.state == LinkState::Active => LinkState::Paused,
        _ => row.state,
    }
}

/// The row of a link, of the tenant that asks and of no other.
pub(super) async fn link_row(work: &mut Work, keyring: &Keyring, tenant: Identifier, link: EntryId) -> Result<LinkRow> {
    let query = work.query("SELECT * FROM link WHERE tenant = $1 AND id = $2");
    let row = query.bind(tenant.to_string()).bind(link.to_vec()).fetch_optional(&mut **work).await?;
    let row: LinkRow = record::read(&row.ok_or(StoreError::UnknownLink)?, keyring)?;
    if *row.head.tenant() == tenant && row.head.id() == link { Ok(row) } else { Err(StoreError::Malformed) }
}

fn pattern(part: &str) -> String {
    let part = part.to_ascii_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{part}%")
}
