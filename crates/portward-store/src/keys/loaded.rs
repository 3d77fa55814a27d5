use std::collections::HashSet;
use std::sync::Arc;

use portward::envelope::{DataScope, KeyId, ScopeKeys, TenantKek, TenantKeks};
use portward::{Identifier, KeyState, Steady};

use crate::keys::cache::{Dated, OfTenant};
use crate::keys::error::KeyStoreError;
use crate::keys::rows::TenantKekRow;

/// Whose keys, for what, and to do what.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ScopeName {
    pub(super) tenant: Identifier,
    pub(super) scope: DataScope,
    pub(super) purpose: Purpose,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    Open,
    Seal,
}

/// The KEK of a tenant, in the versions that open, and the rows it was loaded from.
pub(super) struct LoadedKeks {
    pub(super) keks: Arc<TenantKeks>,
    pub(super) rows: Vec<TenantKekRow>,
    pub(super) minimum: u32,
    /// The tenant's tombstones, read once with the KEKs. What is destroyed later shows in the rows, in the view and in the shelf.
    pub(super) dead: Arc<HashSet<KeyId>>,
    pub(super) since: Steady,
}

/// The keys of a scope, as old as the KEKs they came from.
pub(super) struct LoadedScope {
    pub(super) keys: Arc<ScopeKeys>,
    pub(super) since: Steady,
    /// When their rows were read.
    pub(super) read_at: Steady,
}

type Result<T> = core::result::Result<T, KeyStoreError>;

impl OfTenant for ScopeName {
    fn tenant(&self) -> Identifier {
        self.tenant
    }
}

impl Dated for LoadedKeks {
    fn since(&self) -> Steady {
        self.since
    }
}

impl Dated for LoadedScope {
    fn since(&self) -> Steady {
        self.since
    }
}

impl LoadedKeks {
    /// What they gave is as old as they are.
    pub(super) fn gave(&self, keys: ScopeKeys, read_at: Steady) -> LoadedScope {
        LoadedScope { keys: Arc::new(keys), since: self.since, read_at }
    }

    /// The one that wraps.
    pub(super) fn active(&self) -> Result<&TenantKek> {
        self.keks.active().ok_or(KeyStoreError::UnknownKey)
    }

    pub(super) fn active_row(&self) -> Result<&TenantKekRow> {
        let active = self.rows.iter().find(|row| row.state == KeyState::Active);
        active.ok_or(KeyStoreError::UnknownKey)
    }
}
