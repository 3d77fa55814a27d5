use core::time::Duration;

use portward::Timestamp;

use crate::backup::{BackupError, Backups, Catalogue, Entry, Kind, Unmatched};
use crate::events::Operation;

/// How long backups are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    /// Those of kind `keys`: 35 days. An erasure is complete when the last one with the key is gone; with `None`, never.
    pub keys: Option<Duration>,
    /// Those of kind `data`: for ever.
    pub data: Option<Duration>,
    /// Streams: for ever.
    pub streams: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { keys: Some(Duration::from_secs(35 * 86_400)), data: None, streams: None }
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

impl Retention {
    /// What is to go, and what only stays because nothing newer is there.
    pub(super) fn applied_to(self, catalogue: &Catalogue, now: Timestamp) -> Pruned {
        let mut pruned = Pruned::default();
        for entry in &catalogue.entries {
            let kept = match entry.kind {
                Kind::Data => self.data,
                Kind::Keys => self.keys,
                Kind::Stream => self.streams,
            };
            if kept.is_none_or(|kept| now <= entry.created.saturating_add(kept)) {
                continue;
            }
            let newest = catalogue.newest(&entry.series()).map(|newest| newest.number);
            if newest == Some(entry.number) { &mut pruned.overdue } else { &mut pruned.removed }.push(entry.clone());
        }
        pruned
    }
}

impl Backups {
    /// Takes away backups that are older than was said. The newest of each series stays. Interrupted, it is done again.
    ///
    /// # Errors
    /// Those of the directory.
    pub async fn prune(&self, retention: Retention, now: Timestamp) -> Result<Pruned, BackupError> {
        let told = retention.applied_to(&self.catalogue()?, now).removed;
        if !told.is_empty() {
            let names: Vec<_> = told.iter().map(Entry::file_name).collect();
            self.tell(Operation::BackupsRemoved, names.join(" ")).await?;
        }
        // Only now: who waits for this lock must not keep the sink from answering.
        let _lock = self.lock()?;
        let mut catalogue = self.catalogue()?;
        let mut pruned = retention.applied_to(&catalogue, now);
        pruned.removed.retain(|entry| told.contains(entry));
        // A file without an entry would be a copy of keys that nobody looks after; an entry without a file shows.
        for entry in &pruned.removed {
            self.remove_file(&entry.file_name())?;
        }
        if !pruned.removed.is_empty() {
            catalogue.remove(&pruned.removed.iter().map(|entry| entry.number).collect::<Vec<_>>());
            self.write_catalogue(&mut catalogue)?;
        }
        Ok(pruned)
    }

    /// Takes away the sealed files that the catalogue does not know. Returns their names.
    ///
    /// # Errors
    /// [`BackupError::Missing`] while a file is missing: one of these may be it. Those of the directory.
    pub async fn remove_strays(&self) -> Result<Vec<String>, BackupError> {
        let told = self.unmatched()?.strays;
        if !told.is_empty() {
            self.tell(Operation::BackupsRemoved, told.join(" ")).await?;
        }
        let _lock = self.lock()?;
        let Unmatched { missing, mut strays } = self.unmatched()?;
        strays.retain(|name| told.contains(name));
        // One that was renamed would be lost.
        if !missing.is_empty() {
            return Err(BackupError::Missing);
        }
        strays.iter().try_for_each(|name| self.remove_file(name))?;
        Ok(strays)
    }
}
