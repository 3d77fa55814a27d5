//! The deployments that are simulated.

use std::fmt;

use super::unit::count;

/// How large a deployment is, and who follows it.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) links: u64,
    pub(crate) tenants: u64,
    pub(crate) verifiers: u64,
    /// How many tenants a narrow verifier serves; 0 where none is looked at.
    pub(crate) narrow: u64,
}

pub(crate) const PLANS: &[Plan] = &[
    Plan { links: 100_000_000, tenants: 100_000, verifiers: 1_000, narrow: 100 },
    Plan { links: 10_000_000, tenants: 1_000, verifiers: 100, narrow: 0 },
    Plan { links: 1_000_000, tenants: 1_000, verifiers: 10, narrow: 0 },
];

pub(crate) const DAYS_OF_LIFE: u64 = 90;
/// As many revocations as the core's authority keeps for those who are behind; who is further behind gets a snapshot.
const DELTAS_KEPT: f64 = 10_000.0;
/// How long an entry outlives its link: `spec/revocation.md` section 1.
const GRACE_SECONDS: f64 = 600.0;
/// 1 % a month of 30 days.
const ONE_IN: u64 = 100 * 30;
pub(crate) const DAY: f64 = 86_400.0;

impl Plan {
    pub(crate) const fn revoked_a_day(&self) -> u64 {
        self.links / ONE_IN
    }

    pub(crate) fn revoked_a_second(&self) -> f64 {
        self.revoked_a_day() as f64 / DAY
    }

    /// Links that live are of every age up to their end, as many of each. So a revoked one has half a life to go in the mean, and that, with
    /// the grace, is how long its entry is kept.
    pub(crate) fn entries(&self) -> f64 {
        self.revoked_a_second() * (DAYS_OF_LIFE as f64 * DAY / 2.0 + GRACE_SECONDS)
    }

    /// For how many seconds a verifier may be away and still gets what it missed, and no more.
    pub(crate) fn deltas_reach(&self) -> f64 {
        DELTAS_KEPT / self.revoked_a_second()
    }

    /// A small one, which only proves that everything runs.
    pub(crate) fn a_hundredth(&self) -> Self {
        let part = |count: u64| (count / 100).max(1);
        let (links, tenants, verifiers) = (part(self.links), part(self.tenants), part(self.verifiers));
        Self { links, tenants, verifiers, narrow: self.narrow.min(part(self.narrow)) }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [links, tenants, verifiers] = [self.links, self.tenants, self.verifiers].map(|number| count(number as f64));
        write!(f, "{links} links, {tenants} tenants, {verifiers} verifiers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_life_of_revocations_is_kept() {
        let [plan, ..] = PLANS else { unreachable!() };
        assert_eq!(plan.revoked_a_day(), 33_333);
        assert_eq!(plan.entries().round(), 1_500_216.0);
        assert_eq!((plan.deltas_reach() / 3_600.0).round(), 7.0);
    }

    #[test]
    fn a_small_one_still_revokes_and_is_narrow_where_the_large_one_is() {
        for plan in PLANS {
            let small = plan.a_hundredth();
            assert!(small.revoked_a_day() > 0 && small.tenants > 0);
            assert_eq!(small.narrow > 0, plan.narrow > 0);
        }
    }
}
