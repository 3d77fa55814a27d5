//! What is revoked, as plainly as it can be said: `spec/revocation.md` sections 2 and 4.

use std::collections::{BTreeMap, BTreeSet};

use portward::{Change, EntryId, Identifier, RootId, Scope, TenantChange, Timestamp, Unit};

use crate::wire;

#[derive(Clone, Default, PartialEq, Debug)]
pub(crate) struct Model {
    pub(crate) generation: u32,
    pub(crate) roots: BTreeSet<[u8; 4]>,
    /// By their wire forms, which is the order of a snapshot.
    tenants: BTreeMap<Vec<u8>, (Option<Identifier>, TenantModel)>,
}

#[derive(Clone, Default, PartialEq, Debug)]
pub(crate) struct TenantModel {
    pub(crate) generation: u32,
    clients: BTreeMap<Vec<u8>, (Identifier, u32)>,
    /// Whether it is revoked for good, and until when that is kept.
    entries: BTreeMap<(u8, EntryId), (bool, Timestamp)>,
    revisions: BTreeMap<EntryId, (u32, Timestamp)>,
    tombstones: BTreeSet<EntryId>,
}

impl Model {
    pub(crate) fn of(changes: &[Change]) -> Self {
        let mut model = Self::default();
        model.apply_all(changes);
        model
    }

    pub(crate) fn apply_all(&mut self, changes: &[Change]) {
        changes.iter().for_each(|change| self.apply(change));
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::DeploymentGeneration(generation) => self.generation = self.generation.max(*generation),
            Change::RefuseRoot(root) => _ = self.roots.insert(root.to_bytes()),
            Change::Tenant(name, change) => {
                let (known, tenant) = self.tenants.entry(wire::identifier(name)).or_default();
                *known = Some(*name);
                tenant.apply(change);
            }
        }
    }

    pub(crate) fn tenant(&self, name: &Identifier) -> TenantModel {
        self.tenants.get(&wire::identifier(name)).map(|(_, tenant)| tenant.clone()).unwrap_or_default()
    }

    pub(crate) fn forget_suspensions(&mut self) {
        self.tenants.values_mut().for_each(|(_, tenant)| tenant.entries.retain(|_, (revoked, _)| *revoked));
    }

    pub(crate) fn collect(&mut self, now: Timestamp) {
        let lives = |expires_at: &Timestamp| now.unix() < expires_at.unix() + 600;
        for (_, tenant) in self.tenants.values_mut() {
            tenant.entries.retain(|_, (_, expires_at)| lives(expires_at));
            tenant.revisions.retain(|_, (_, expires_at)| lives(expires_at));
        }
    }

    /// What concerns these tenants.
    pub(crate) fn within(&self, scope: &Scope) -> Self {
        let mut model = self.clone();
        model.tenants.retain(|_, (name, _)| name.is_some_and(|name| scope.contains(&name)));
        model
    }

    /// The changes of a snapshot, in its order.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let generation = (self.generation > 0).then_some(Change::DeploymentGeneration(self.generation));
        let roots = self.roots.iter().map(|root| Change::RefuseRoot(RootId::from_bytes(*root)));
        let tenants = self.tenants.values().flat_map(|(name, tenant)| {
            tenant.changes().into_iter().map(|change| Change::Tenant(name.unwrap(), change))
        });
        generation.into_iter().chain(roots).chain(tenants).collect()
    }

    /// Whether all that is final in `other` is final here.
    pub(crate) fn keeps_what_is_final_in(&self, other: &Self) -> bool {
        self.generation >= other.generation
            && self.roots.is_superset(&other.roots)
            && other.tenants.values().all(|(name, then)| then.is_final_in(&self.tenant(&name.unwrap())))
    }
}

impl TenantModel {
    fn apply(&mut self, change: &TenantChange) {
        match *change {
            TenantChange::Generation(generation) => self.generation = self.generation.max(generation),
            TenantChange::ClientGeneration(client, generation) => {
                let (_, known) = self.clients.entry(wire::identifier(&client)).or_insert((client, 0));
                *known = generation.max(*known);
            }
            TenantChange::Revoke { unit, id, expires_at } => self.enter(unit, id, true, expires_at),
            TenantChange::Suspend { unit, id, expires_at } => self.enter(unit, id, false, expires_at),
            TenantChange::Restore { unit, id } => {
                if self.standing(unit, id) == Some(false) {
                    self.entries.remove(&(wire::unit(unit), id));
                }
            }
            TenantChange::Revision { link, minimum, expires_at } => {
                let (known, until) = self.revisions.entry(link).or_insert((0, Timestamp::from_unix(0)));
                (*known, *until) = (minimum.max(*known), expires_at.max(*until));
            }
            TenantChange::Tombstone(id) => _ = self.tombstones.insert(id),
        }
    }

    fn enter(&mut self, unit: Unit, id: EntryId, revoked: bool, expires_at: Timestamp) {
        let entry = self.entries.entry((wire::unit(unit), id)).or_insert((false, expires_at));
        *entry = (entry.0 | revoked, entry.1.max(expires_at));
    }

    /// `Some(true)`: revoked, `Some(false)`: suspended.
    pub(crate) fn standing(&self, unit: Unit, id: EntryId) -> Option<bool> {
        self.entries.get(&(wire::unit(unit), id)).map(|(revoked, _)| *revoked)
    }

    pub(crate) fn client(&self, client: &Identifier) -> u32 {
        self.clients.get(&wire::identifier(client)).map_or(0, |(_, generation)| *generation)
    }

    pub(crate) fn minimum_revision(&self, link: EntryId) -> u32 {
        self.revisions.get(&link).map_or(0, |(minimum, _)| *minimum)
    }

    pub(crate) const fn tombstones(&self) -> &BTreeSet<EntryId> {
        &self.tombstones
    }

    fn changes(&self) -> Vec<TenantChange> {
        let unit = |wire| [Unit::Link, Unit::Session, Unit::Copy].into_iter().find(|unit| wire::unit(*unit) == wire);
        let entries = |final_ones: bool| {
            self.entries.iter().filter(move |(_, (revoked, _))| *revoked == final_ones).map(move |(key, entry)| {
                let (unit, id, expires_at) = (unit(key.0).unwrap(), key.1, entry.1);
                match final_ones {
                    true => TenantChange::Revoke { unit, id, expires_at },
                    false => TenantChange::Suspend { unit, id, expires_at },
                }
            })
        };
        let revisions = self.revisions.iter().map(|(link, (minimum, expires_at))| TenantChange::Revision {
            link: *link,
            minimum: *minimum,
            expires_at: *expires_at,
        });
        let generation = (self.generation > 0).then_some(TenantChange::Generation(self.generation));
        let clients = self.clients.values().map(|(client, counter)| TenantChange::ClientGeneration(*client, *counter));
        let tombstones = self.tombstones.iter().map(|id| TenantChange::Tombstone(*id));
        generation
            .into_iter()
            .chain(clients)
            .chain(entries(true))
            .chain(entries(false))
            .chain(revisions)
            .chain(tombstones)
            .collect()
    }

    fn is_final_in(&self, later: &Self) -> bool {
        let kept = |((unit, id), (revoked, _)): (&(u8, EntryId), &(bool, Timestamp))| {
            !revoked || later.entries.get(&(*unit, *id)).is_some_and(|(revoked, _)| *revoked)
        };
        later.generation >= self.generation
            && self.clients.values().all(|(client, counter)| later.client(client) >= *counter)
            && self.entries.iter().all(kept)
            && self.revisions.iter().all(|(link, (minimum, _))| later.minimum_revision(*link) >= *minimum)
            && later.tombstones.is_superset(&self.tombstones)
    }
}
