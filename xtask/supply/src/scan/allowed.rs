//! `advisories.toml`: what is known and lived with, where, why and until when.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use serde::Deserialize;
use time::{Date, Duration};

use super::day::day;
use super::found::Found;

pub(crate) struct Allowed(Vec<Entry>);

/// One advisory about one package of one lock.
pub(crate) struct Entry {
    id: String,
    package: String,
    lock: String,
    pub(crate) until: Date,
    pub(crate) reason: String,
    has_ended: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    allow: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    package: String,
    lock: String,
    until: String,
    reason: String,
}

impl Allowed {
    /// # Errors
    ///
    /// If the file is not as it should be: an entry without a reason, or with an end that is far away.
    pub(crate) fn read(path: &Path, today: Date) -> io::Result<Self> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self(Vec::new())),
            read => read?,
        };
        let refuse = |why: String| io::Error::other(format!("{}: {why}", path.display()));
        let file: File = toml::from_str(&text).map_err(|error| refuse(error.to_string()))?;
        file.allow.into_iter().map(|line| line.check(today).map_err(refuse)).collect::<io::Result<_>>().map(Self)
    }

    /// The entry that speaks of what was found, if it still counts.
    pub(crate) fn of(&self, found: &Found) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.allows(found))
    }

    /// Entries that allow nothing of what was found.
    pub(crate) fn useless<'a>(&'a self, found: &'a [Found]) -> impl Iterator<Item = &'a Entry> {
        self.0.iter().filter(|entry| !found.iter().any(|found| entry.allows(found)))
    }
}

impl Line {
    fn check(self, today: Date) -> Result<Entry, String> {
        let Self { id, package, lock, until, reason } = self;
        let until = day(&until).map_err(|error| error.to_string())?;
        if reason.trim().is_empty() {
            return Err(format!("{id} is allowed without a reason"));
        }
        if until - today > UNTIL_MAX {
            return Err(format!("{id} is allowed until {until}: that is more than {} days", UNTIL_MAX.whole_days()));
        }
        Ok(Entry { id, package, lock, until, reason, has_ended: until < today })
    }
}

impl Entry {
    fn allows(&self, found: &Found) -> bool {
        !self.has_ended && (&self.id, &self.package, &self.lock) == (&found.id, &found.package, &found.lock)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, package, lock, until, .. } = self;
        write!(f, "{id} for {package} in {lock} until {until}")
    }
}

/// After this an exception has to be thought about again.
const UNTIL_MAX: Duration = Duration::days(180);
