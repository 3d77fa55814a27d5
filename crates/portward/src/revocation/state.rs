use std::sync::Arc;
use std::time::Duration;

use crate::codec::{WireBuffer, WireIdentifier};
use crate::key::RootId;
use crate::random::{self, RandomError};
use crate::revocation::Change;
use crate::revocation::stamp::Name;
use crate::revocation::table::Scatter;
use crate::revocation::tenant::{Map, Tenant};
use crate::time::Timestamp;

/// An entry outlives the token it is about by this much: clocks differ.
const GRACE: Duration = Duration::from_secs(600);

/// All that is revoked: a large base that changes share, and over it the tenants touched since the last compaction.
#[derive(Clone)]
pub(super) struct State {
    scatter: Scatter,
    pub(super) deployment_generation: u32,
    pub(super) refused_roots: Vec<RootId>,
    base: Arc<Map<Name, Arc<Tenant>>>,
    touched: Map<Name, Arc<Tenant>>,
}

impl State {
    pub(super) fn empty() -> Result<Self, RandomError> {
        let [a, b] = [random::bytes()?, random::bytes()?];
        Ok(Self {
            scatter: Scatter([u64::from_ne_bytes(a), u64::from_ne_bytes(b)]),
            deployment_generation: 0,
            refused_roots: Vec::new(),
            base: Arc::default(),
            touched: Map::default(),
        })
    }

    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::DeploymentGeneration(generation) => {
                self.deployment_generation = self.deployment_generation.max(generation);
            }
            Change::RefuseRoot(root) => {
                if let Err(place) = self.refused_roots.binary_search(&root) {
                    self.refused_roots.insert(place, root);
                }
            }
            Change::Tenant(tenant, change) => {
                let known = self.base.get(WireBuffer::from(&tenant).identifier().bytes());
                let touched = self.touched.entry(tenant.into()).or_insert_with(|| known.cloned().unwrap_or_default());
                Arc::make_mut(touched).apply(self.scatter, change);
            }
        }
    }

    pub(super) fn tenant(&self, tenant: WireIdentifier<'_>) -> Option<&Tenant> {
        let touched = if self.touched.is_empty() { None } else { self.touched.get(tenant.bytes()) };
        touched.or_else(|| self.base.get(tenant.bytes())).map(|tenant| &**tenant)
    }

    pub(super) const fn scatter(&self) -> Scatter {
        self.scatter
    }

    /// Revoked and suspended entries.
    pub(super) fn entries(&self) -> usize {
        self.tenants().map(|(_, tenant)| tenant.entries(self.scatter)).sum()
    }

    /// How much the next change may have to copy; a compaction brings it to zero.
    pub(super) fn unsettled(&self) -> usize {
        self.touched.values().map(|tenant| tenant.unsettled().saturating_add(1)).sum()
    }

    /// The same state with nothing left to copy. Only tenants touched since the last time are worked on.
    pub(super) fn compacted(&self) -> Self {
        self.rebuilt(self.touched.iter(), &|_| true)
    }

    /// The same state without what no token can be alive for at `now`. Every tenant is worked on.
    pub(super) fn collected(&self, now: Timestamp) -> Self {
        self.rebuilt(self.tenants(), &|expires_at| now < expires_at.saturating_add(GRACE))
    }

    fn rebuilt<'a>(
        &'a self,
        tenants: impl Iterator<Item = (&'a Name, &'a Arc<Tenant>)>,
        keep: &impl Fn(Timestamp) -> bool,
    ) -> Self {
        let mut base = (*self.base).clone();
        base.extend(tenants.map(|(name, tenant)| (name.clone(), Arc::new(tenant.compacted(self.scatter, keep)))));
        Self { base: Arc::new(base), touched: Map::default(), ..self.clone() }
    }

    fn tenants(&self) -> impl Iterator<Item = (&Name, &Arc<Tenant>)> {
        self.touched.iter().chain(self.base.iter().filter(|(name, _)| !self.touched.contains_key::<Name>(name)))
    }

    /// The changes that make this state out of nothing, in the order that a snapshot wants them.
    pub(super) fn visit(&self, mut each: impl FnMut(Change)) {
        if self.deployment_generation > 0 {
            each(Change::DeploymentGeneration(self.deployment_generation));
        }
        self.refused_roots.iter().for_each(|root| each(Change::RefuseRoot(*root)));
        let mut tenants: Vec<_> = self.tenants().collect();
        tenants.sort_unstable_by_key(|(name, _)| *name);
        for (name, tenant) in tenants {
            tenant.visit(self.scatter, |change| each(Change::Tenant(name.identifier, change)));
        }
    }

    /// The same state with nothing suspended.
    pub(super) fn without_suspensions(&self) -> Self {
        let mut state = self.clone();
        let suspending: Vec<_> = self.tenants().filter(|(_, tenant)| tenant.suspends()).collect();
        for (name, tenant) in suspending {
            state.touched.insert(name.clone(), Arc::new(tenant.without_suspensions()));
        }
        state
    }
}
