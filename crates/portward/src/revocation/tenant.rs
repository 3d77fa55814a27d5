use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::quality::RandomState;

use crate::codec::WireIdentifier;
use crate::revocation::stamp::Name;
use crate::revocation::table::{Key, Scatter, Table};
use crate::revocation::{EntryId, TenantChange, Unit};
use crate::time::Timestamp;

pub(super) type Map<K, V> = HashMap<K, V, RandomState>;

/// What is revoked of one tenant. Every part stands behind its own pointer: a change copies the part it touches.
#[derive(Clone, Default)]
pub(super) struct Tenant {
    pub(super) generation: u32,
    clients: Arc<Map<Name, u32>>,
    /// Revoked entries, one table a unit; large, rebuilt only by a compaction.
    settled: Arc<[Table; 3]>,
    /// Revoked since the last compaction.
    recent: Arc<Map<(Unit, EntryId), Timestamp>>,
    suspended: Arc<Map<(Unit, EntryId), Timestamp>>,
    revisions: Arc<Map<EntryId, (u32, Timestamp)>>,
    pub(super) tombstones: Arc<BTreeSet<EntryId>>,
}

/// Whether an entry stands against something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// None does.
    Good,
    /// It is paused, and may come back.
    Suspended,
    /// It is revoked for good.
    Revoked,
}

/// How many look-ups are under way at once.
const STEP: usize = 32;

impl Tenant {
    pub(super) fn apply(&mut self, scatter: Scatter, change: TenantChange) {
        match change {
            TenantChange::Generation(generation) => self.generation = self.generation.max(generation),
            TenantChange::ClientGeneration(client, generation) => {
                let known = Arc::make_mut(&mut self.clients).entry(client.into()).or_default();
                *known = generation.max(*known);
            }
            TenantChange::Revoke { unit, id, expires_at } => {
                let suspended = self.suspended.contains_key(&(unit, id));
                let until = if suspended { Arc::make_mut(&mut self.suspended).remove(&(unit, id)) } else { None };
                self.revoke(unit, id, until.unwrap_or_default().max(expires_at));
            }
            TenantChange::Suspend { unit, id, expires_at } => match self.standing(scatter, unit, id) {
                Standing::Revoked => self.revoke(unit, id, expires_at),
                _ => later(Arc::make_mut(&mut self.suspended).entry((unit, id)).or_default(), expires_at),
            },
            TenantChange::Restore { unit, id } => {
                Arc::make_mut(&mut self.suspended).remove(&(unit, id));
            }
            TenantChange::Revision { link, minimum, expires_at } => {
                let (known, until) = Arc::make_mut(&mut self.revisions).entry(link).or_default();
                *known = minimum.max(*known);
                later(until, expires_at);
            }
            TenantChange::Tombstone(id) => {
                Arc::make_mut(&mut self.tombstones).insert(id);
            }
        }
    }

    /// The later expiry wins, here and when the entry is settled.
    fn revoke(&mut self, unit: Unit, id: EntryId, expires_at: Timestamp) {
        later(Arc::make_mut(&mut self.recent).entry((unit, id)).or_default(), expires_at);
    }

    /// Short where the answer is the usual one, so that a processor can work on several at once.
    #[inline]
    pub(super) fn standing(&self, scatter: Scatter, unit: Unit, id: EntryId) -> Standing {
        let key = scatter.permute(id);
        if self.recent.is_empty() && self.suspended.is_empty() && !self.settled(unit).may_hold(key) {
            return Standing::Good;
        }
        self.looked_up(unit, id, key)
    }

    /// Tells each of the ids that is not good, by its place. In three steps for some ids at a time, so that the reads of all of them are under
    /// way at once.
    pub(super) fn exceptions(
        &self,
        scatter: Scatter,
        unit: Unit,
        ids: &[EntryId],
        mut tell: impl FnMut(usize, Standing),
    ) {
        let settled = self.settled(unit);
        let none_is_young = self.recent.is_empty() && self.suspended.is_empty();
        for (step, ids) in ids.chunks(STEP).enumerate() {
            let mut keys = [0; STEP];
            keys.iter_mut().zip(ids).for_each(|(key, id)| *key = scatter.permute(*id));
            let mut maybe = [true; STEP];
            if none_is_young {
                maybe.iter_mut().zip(&keys).for_each(|(maybe, key)| *maybe = settled.may_hold(*key));
            }
            let asked = ids.iter().zip(keys).zip(maybe).enumerate().filter(|(_, (_, maybe))| *maybe);
            for (place, ((id, key), _)) in asked {
                match self.looked_up(unit, *id, key) {
                    Standing::Good => {}
                    standing => tell(step.saturating_mul(STEP).saturating_add(place), standing),
                }
            }
        }
    }

    #[inline(never)]
    fn looked_up(&self, unit: Unit, id: EntryId, key: Key) -> Standing {
        if self.recent.contains_key(&(unit, id)) || self.settled(unit).get(key).is_some() {
            return Standing::Revoked;
        }
        if self.suspended.contains_key(&(unit, id)) { Standing::Suspended } else { Standing::Good }
    }

    pub(super) fn client_generation(&self, client: WireIdentifier<'_>) -> u32 {
        if self.clients.is_empty() { 0 } else { self.clients.get(client.bytes()).copied().unwrap_or(0) }
    }

    pub(super) fn minimum_revision(&self, link: EntryId) -> u32 {
        self.revisions.get(&link).map_or(0, |(minimum, _)| *minimum)
    }

    /// The changes that make this tenant out of nothing, in the order that a snapshot wants them.
    pub(super) fn visit(&self, scatter: Scatter, mut each: impl FnMut(TenantChange)) {
        if self.generation > 0 {
            each(TenantChange::Generation(self.generation));
        }
        let mut clients: Vec<_> = self.clients.iter().collect();
        clients.sort_unstable();
        clients
            .into_iter()
            .for_each(|(client, generation)| each(TenantChange::ClientGeneration(client.identifier, *generation)));
        let mut revoked: Vec<_> = self.revoked(scatter).collect();
        revoked.sort_unstable();
        revoked.into_iter().for_each(|(unit, id, expires_at)| each(TenantChange::Revoke { unit, id, expires_at }));
        let mut suspended: Vec<_> = self.suspended.iter().collect();
        suspended.sort_unstable();
        for (&(unit, id), &expires_at) in suspended {
            each(TenantChange::Suspend { unit, id, expires_at });
        }
        let mut revisions: Vec<_> = self.revisions.iter().collect();
        revisions.sort_unstable();
        for (&link, &(minimum, expires_at)) in revisions {
            each(TenantChange::Revision { link, minimum, expires_at });
        }
        self.tombstones.iter().for_each(|id| each(TenantChange::Tombstone(*id)));
    }

    /// All revoked entries with the later of their expiries.
    fn revoked(&self, scatter: Scatter) -> impl Iterator<Item = (Unit, EntryId, Timestamp)> {
        let recent = self.recent.iter().map(move |((unit, id), expires_at)| {
            let settled = self.settled(*unit).get(scatter.permute(*id)).unwrap_or_default();
            (*unit, *id, settled.max(*expires_at))
        });
        let settled = Unit::ALL
            .into_iter()
            .flat_map(move |unit| self.settled(unit).iter(scatter).map(move |(id, expires_at)| (unit, id, expires_at)));
        recent.chain(settled.filter(|(unit, id, _)| !self.recent.contains_key(&(*unit, *id))))
    }

    pub(super) fn suspends(&self) -> bool {
        !self.suspended.is_empty()
    }

    pub(super) fn without_suspensions(&self) -> Self {
        Self { suspended: Arc::default(), ..self.clone() }
    }

    pub(super) fn entries(&self, scatter: Scatter) -> usize {
        let settled: usize = self.settled.iter().map(Table::len).sum();
        let is_new = |(unit, id): &&(Unit, EntryId)| self.settled(*unit).get(scatter.permute(*id)).is_none();
        let recent = self.recent.keys().filter(is_new).count();
        settled.saturating_add(recent).saturating_add(self.suspended.len())
    }

    /// How much a change of this tenant has to copy.
    pub(super) fn unsettled(&self) -> usize {
        self.recent.len()
    }

    /// The same, with the recent entries settled, and without what `keep` refuses by its expiry.
    pub(super) fn compacted(&self, scatter: Scatter, keep: &impl Fn(Timestamp) -> bool) -> Self {
        let table = |unit: Unit| {
            let recent = self.recent.iter().filter(|((of, _), _)| *of == unit);
            self.settled(unit).merged(scatter, recent.map(|((_, id), expires_at)| (*id, *expires_at)), keep)
        };
        let mut compacted = self.clone();
        compacted.settled = Arc::new(Unit::ALL.map(table));
        compacted.recent = Arc::default();
        Arc::make_mut(&mut compacted.suspended).retain(|_, expires_at| keep(*expires_at));
        Arc::make_mut(&mut compacted.revisions).retain(|_, (_, expires_at)| keep(*expires_at));
        compacted
    }

    #[inline]
    fn settled(&self, unit: Unit) -> &Table {
        let [link, session, copy] = &*self.settled;
        match unit {
            Unit::Link => link,
            Unit::Session => session,
            Unit::Copy => copy,
        }
    }
}

fn later(known: &mut Timestamp, expires_at: Timestamp) {
    *known = expires_at.max(*known);
}
