use core::time::Duration;

use portward::Timestamp;

use crate::backup::{BackupError, Backups, Entry, Kind};

/// How long backups are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    /// Those of kind `keys`: 35 days. An erasure is complete when the last one with the key is gone.
    pub keys: Duration,
    /// The others: for ever.
    pub data: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { keys: Duration::from_secs(35 * 86_400), data: None }
    }
}

/// What pruning did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pruned {
    /// What is gone.
    pub removed: Vec<Entry>,
    /// What is kept for longer than was said, because nothing newer is there. Make a new one: until then no later erasure is complete.
    pub overdue: Vec<Entry>,
}

impl Backups {
    /// Takes away backups that are older than was said. The newest of each kind and name stays. Interrupted, it is done again.
    ///
    /// # Errors
    /// Those of the directory.
    pub fn prune(&self, retention: Retention, now: Timestamp) -> Result<Pruned, BackupError> {
        let _lock = self.lock()?;
        let mut catalogue = self.catalogue()?;
        let mut pruned = Pruned::default();
        for entry in &catalogue.entries {
            let kept = if entry.kind == Kind::Keys { Some(retention.keys) } else { retention.data };
            if kept.is_none_or(|kept| now < entry.created.saturating_add(kept)) {
                continue;
            }
            let is_newest =
                catalogue.newest(entry.kind, &entry.name).is_some_and(|newest| newest.number == entry.number);
            if is_newest { &mut pruned.overdue } else { &mut pruned.removed }.push(entry.clone());
        }
        // A file without an entry would be a copy of keys that nobody looks after; an entry without a file shows.
        for entry in &pruned.removed {
            self.remove_file(&entry.file_name())?;
        }
        if !pruned.removed.is_empty() {
            catalogue.entries.retain(|entry| !pruned.removed.contains(entry));
            self.write_catalogue(&mut catalogue)?;
        }
        Ok(pruned)
    }

    /// Takes away the sealed files that the catalogue does not know. Returns their names.
    ///
    /// # Errors
    /// [`BackupError::Missing`] while a file is missing: one of these may be it. Those of the directory.
    pub fn remove_strays(&self) -> Result<Vec<String>, BackupError> {
        let _lock = self.lock()?;
        // One that was renamed would be lost.
        let has_file = |entry: &Entry| self.path.join(entry.file_name()).exists();
        if !self.catalogue()?.entries.iter().all(has_file) {
            return Err(BackupError::Missing);
        }
        let strays = self.strays()?;
        strays.iter().try_for_each(|name| self.remove_file(name))?;
        Ok(strays)
    }
}
