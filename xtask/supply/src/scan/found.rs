//! An advisory about a package that a lock has.

use std::fmt;

use rustsec::database::Query;
use rustsec::{Collection, Vulnerability};

use super::database::Advisories;
use super::locks::Lock;

pub(crate) struct Found {
    pub(crate) lock: String,
    pub(crate) id: String,
    pub(crate) package: String,
    version: String,
    /// `vulnerability`, or the word of an informational advisory, such as `unmaintained`.
    kind: String,
    title: String,
}

/// Everything about the packages of a lock that was not withdrawn, for whatever platform: vulnerabilities and what is informational.
pub(crate) fn in_lock(advisories: &Advisories, lock: &Lock) -> Vec<Found> {
    let query = Query::new().collection(Collection::Crates).withdrawn(false);
    let found = advisories.database.query_vulnerabilities(&lock.lockfile, &query);
    found.into_iter().map(|vulnerability| Found::new(lock, vulnerability)).collect()
}

impl Found {
    fn new(lock: &Lock, Vulnerability { advisory, package, .. }: Vulnerability) -> Self {
        Self {
            lock: lock.path.clone(),
            id: advisory.id.to_string(),
            package: package.name.to_string(),
            version: package.version.to_string(),
            kind: advisory.informational.map_or_else(|| "vulnerability".to_owned(), |kind| kind.to_string()),
            title: advisory.title,
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lock, id, package, version, kind, title } = self;
        write!(f, "{id} ({kind}) {package} {version} in {lock}: {title}")
    }
}
