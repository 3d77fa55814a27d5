//! What one column of the tables is about: a deployment, and the scope of its verifiers.

use super::plan::{DAY, Plan};
use super::unit::magnitude;
use crate::bench::measure::Measured;

pub(crate) struct Column {
    pub(crate) plan: Plan,
    /// Before every id of what was measured of it: `whole` or `narrow`.
    pub(crate) scope: &'static str,
    pub(crate) measured: Measured,
}

impl Column {
    /// Short, for the head of a table.
    pub(crate) fn name(&self) -> String {
        format!("{}{}", magnitude(self.plan.links), if self.is_narrow() { ", narrow" } else { "" })
    }

    /// What was measured of a verifier of this scope, or of an exchange with it; not a number if it was not.
    pub(crate) fn of_scope(&self, what: &str) -> f64 {
        self.get(&format!("{}/{what}", self.scope))
    }

    pub(crate) fn get(&self, id: &str) -> f64 {
        self.measured.get(id).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn is_snapshot(&self, case: &str) -> bool {
        self.of_scope(&format!("{case}/is-snapshot")) > 0.0
    }

    pub(crate) fn tenants(&self) -> f64 {
        (if self.is_narrow() { self.plan.narrow } else { self.plan.tenants }) as f64
    }

    pub(crate) fn verifiers(&self) -> f64 {
        self.plan.verifiers as f64
    }

    /// Of all revocations, how many concern a verifier.
    pub(crate) fn share(&self) -> f64 {
        self.tenants() / self.plan.tenants as f64
    }

    /// By how many bytes a revocation makes a message longer: of an hour's, which are rarely of one tenant.
    pub(crate) fn bytes_a_revocation(&self) -> f64 {
        let hour = (self.plan.revoked_a_second() * DAY / 24.0).ceil();
        (self.get("whole/hour/bytes") - self.get("whole/empty/bytes")) / hour
    }

    fn is_narrow(&self) -> bool {
        self.scope == "narrow"
    }
}
