//! Who revokes: the authority of a feed server, and a clock that goes on with every revocation.

use std::iter;
use std::sync::Arc;
use std::time::Duration;

use portward::{
    Authority, Change, Deployment, Identifier, Incarnation, Keyring, Steady, TenantChange, Timestamp, Unit, Vocabulary,
};
use portward_benches::cpu_time::CpuTime;

use crate::random::Seeded;

/// How much is revoked, and for how long that is kept.
#[derive(Clone, Copy)]
pub struct Pace {
    pub revoked_a_day: u64,
    pub days_of_life: u64,
}

impl Pace {
    pub const fn revoked_an_hour(&self) -> u64 {
        self.revoked_a_day.div_ceil(24)
    }
}

pub struct Store {
    pub authority: Authority,
    pub deployment: Deployment,
    pub keyring: Arc<Keyring>,
    /// What each collection took.
    pub collections: Vec<Duration>,
    pub pace: Pace,
    tenants: Arc<[Identifier]>,
    random: Seeded,
    /// How many were revoked since the beginning, which tells the time.
    revoked: u64,
}

impl Store {
    /// In which nothing is revoked.
    pub fn empty(pace: Pace, tenants: Arc<[Identifier]>) -> Self {
        let deployment = Deployment::generate(Vocabulary::portal()).unwrap();
        let keyring = Arc::new(Keyring::generate(&deployment, START).unwrap());
        let authority = Authority::new(keyring.clone(), Incarnation::generate(START, None).unwrap()).unwrap();
        Self { authority, deployment, keyring, collections: Vec::new(), pace, tenants, random: Seeded(1), revoked: 0 }
    }

    /// Revokes for as long as a link lives: from then on as many entries are collected as are made. All but the last are committed a day at a
    /// time, which makes the same view in less time.
    pub fn fill(&mut self) {
        let all = self.pace.revoked_a_day * self.pace.days_of_life;
        let singly = all.min(DELTAS_KEPT);
        let mut left = all - singly;
        while left > 0 {
            let count = left.min(self.pace.revoked_a_day);
            let changes = iter::repeat_with(|| self.draw()).take(count as usize).collect();
            self.authority.commit(changes).unwrap();
            left -= count;
        }
        self.revoke(singly);
        self.collect();
    }

    /// Revokes this many links, each in a commit of its own, and collects at every midnight. How long the commits took.
    pub fn revoke(&mut self, count: u64) -> Duration {
        let mut sum = Duration::ZERO;
        for _ in 0..count {
            let (day, change) = (self.day(), self.draw());
            let start = CpuTime::now();
            self.authority.commit(vec![change]).unwrap();
            sum += CpuTime::since(start);
            if self.day() > day {
                self.collect();
            }
        }
        sum
    }

    /// Shows in this process's own view what was committed, as is done after every commit and every reading of the database. How long that
    /// takes once more, when nothing was committed since: nearly always so where many ask.
    pub fn confirm(&self) -> Duration {
        self.authority.confirm(Steady::default());
        let start = CpuTime::now();
        self.authority.confirm(Steady::default());
        CpuTime::since(start)
    }

    /// Of a link of any tenant and any age.
    fn draw(&mut self) -> Change {
        self.revoked += 1;
        let tenant = self.tenants[self.random.below(self.tenants.len() as u64) as usize];
        let left = Duration::from_secs(1 + self.random.below(self.pace.days_of_life * DAY));
        let (unit, id, expires_at) = (Unit::Link, self.random.id(), self.now().saturating_add(left));
        Change::Tenant(tenant, TenantChange::Revoke { unit, id, expires_at })
    }

    fn collect(&mut self) {
        let start = CpuTime::now();
        self.authority.collect(self.now());
        self.collections.push(CpuTime::since(start));
    }

    pub fn now(&self) -> Timestamp {
        START.saturating_add(Duration::from_secs(self.revoked * DAY / self.pace.revoked_a_day))
    }

    pub fn day(&self) -> u64 {
        self.revoked / self.pace.revoked_a_day
    }
}

pub const START: Timestamp = Timestamp::from_unix(1_800_000_000);
const DAY: u64 = 86_400;
/// As many as the authority keeps for followers that are behind; a server has them one by one.
const DELTAS_KEPT: u64 = 10_000;
