use core::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use portward::{
    Authority, AuthorityError, FeedError, Follower, Incarnation, Keyring, RevocationView, Scope, Stamp, Timestamp,
};

use crate::events::{Event, Operation};
use crate::files::atomic::{Guard, MESSAGE_MAX, OWNER_ONLY};
use crate::files::{Directory, FileError, FilesError, Locked};

impl Directory {
    /// Goes on from the saved view as the one who decides what is revoked.
    ///
    /// # Errors
    /// [`FilesError::File`]; [`FilesError::StoreDecides`]; [`FilesError::View`], with [`portward::FeedError::Rollback`] if the view is older than the
    /// highest stamp.
    pub fn authority(&self, keyring: &Arc<Keyring>) -> Result<Authority, FilesError> {
        self.accepted(keyring, Duration::ZERO)?;
        // Written again since: it only moves on, so what is read now is at least what was checked.
        Authority::resume(Arc::clone(keyring), &self.saved_view()?).map_err(|error| self.refused(error))
    }

    /// A follower that stands where the saved view stands, to take in what came from elsewhere; `skew` is as in [`Follower::new`].
    /// Without a saved view and a stamp it is empty and accepts any authentic snapshot.
    ///
    /// # Errors
    /// As [`Directory::authority`].
    pub fn follower(&self, keyring: &Arc<Keyring>, skew: Duration) -> Result<Follower, FilesError> {
        if self.has(VIEW) || self.has(STAMP) {
            return self.accepted(keyring, skew);
        }
        self.refuse_decided()?;
        new_follower(keyring, skew, None)
    }

    /// The highest stamp ever accepted here.
    ///
    /// # Errors
    /// [`FilesError::File`].
    pub fn highest_stamp(&self) -> Result<Option<Stamp>, FilesError> {
        if !self.has(STAMP) {
            return Ok(None);
        }
        let bytes = self.read(STAMP, 256, Guard::Secret)?;
        let stamp = core::str::from_utf8(&bytes).ok().and_then(|text| parse_stamp(text.trim_ascii_end()));
        stamp.map(Some).ok_or_else(|| FilesError::File(self.file(STAMP), FileError::Malformed))
    }

    /// The stamp is read before the view because a writer writes the view first: a reader in between sees no rollback.
    fn accepted(&self, keyring: &Arc<Keyring>, skew: Duration) -> Result<Follower, FilesError> {
        self.refuse_decided()?;
        let mut follower = new_follower(keyring, skew, self.highest_stamp()?)?;
        follower.accept(&self.saved_view()?, Timestamp::default()).map_err(|error| self.refused(error))?;
        Ok(follower)
    }

    /// The file of the saved view.
    pub fn view_path(&self) -> PathBuf {
        self.file(VIEW)
    }

    fn refused(&self, error: FeedError) -> FilesError {
        match error {
            FeedError::Random => FilesError::Save(AuthorityError::Random),
            other => FilesError::View(self.view_path(), other),
        }
    }

    fn saved_view(&self) -> Result<zeroize::Zeroizing<Vec<u8>>, FilesError> {
        self.read(VIEW, MESSAGE_MAX, Guard::Secret)
    }
}

fn new_follower(keyring: &Arc<Keyring>, skew: Duration, highest: Option<Stamp>) -> Result<Follower, FilesError> {
    let random = |_| FilesError::Save(AuthorityError::Random);
    Follower::new(Arc::clone(keyring), Scope::ALL, skew, highest).map_err(random)
}

impl Locked<'_> {
    /// Saves the first view of a directory, and tells so.
    ///
    /// # Errors
    /// [`FilesError::File`], [`FilesError::StoreDecides`], [`FilesError::Save`], [`FilesError::Sink`].
    pub fn create_view(&self, view: &RevocationView, keyring: &Keyring) -> Result<(), FilesError> {
        self.refuse_existing_view()?;
        self.tell(Operation::Begun)?;
        self.save_view(view, keyring)
    }

    /// Tells what the view says that it did not say before, then saves it under the active root, then its stamp.
    ///
    /// # Errors
    /// [`FilesError::StoreDecides`], [`FilesError::View`] with [`FeedError::Rollback`] for one that is older than what was ever accepted here;
    /// [`FilesError::File`], [`FilesError::Save`], [`FilesError::Sink`].
    pub fn replace_view(&self, view: &RevocationView, keyring: &Keyring, news: Event) -> Result<(), FilesError> {
        self.directory().refuse_decided()?;
        if view.stamp() < self.directory().highest_stamp()? {
            return Err(self.directory().refused(FeedError::Rollback));
        }
        self.tell_event(news)?;
        self.save_view(view, keyring)
    }

    /// Saves the view that `before` reads under the active root of `after`: before a root is retired, and once another signs. It says nothing new,
    /// so nobody is told. Where a store decides, there is nothing to do.
    ///
    /// # Errors
    /// Those of [`Directory::authority`]; [`FilesError::File`], [`FilesError::Save`].
    pub fn reseal_view(&self, before: &Arc<Keyring>, after: &Keyring) -> Result<(), FilesError> {
        match self.directory().authority(before) {
            Ok(authority) => self.save_view(authority.view(), after),
            Err(FilesError::StoreDecides(..)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn refuse_existing_view(&self) -> Result<(), FilesError> {
        self.directory().refuse_decided()?;
        self.refuse_existing(VIEW)
    }

    pub(super) fn save_view(&self, view: &RevocationView, keyring: &Keyring) -> Result<(), FilesError> {
        let highest = self.directory().highest_stamp()?.max(view.stamp());
        let message = view.save(keyring).map_err(FilesError::Save)?;
        let saved = self.replace(VIEW, &message, OWNER_ONLY);
        if saved.as_ref().is_err_and(|error| !error.is_in_place()) {
            return saved;
        }
        // Where the view is in its place, the stamp has to say so, whatever the medium does.
        let Some(highest) = highest else { return saved };
        self.replace(STAMP, format!("{}\n", StampText(highest)).as_bytes(), OWNER_ONLY).and(saved)
    }
}

/// A stamp as text: the incarnation in 32 hexadecimal digits, a colon, the sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StampText(pub Stamp);

impl fmt::Display for StampText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let incarnation = u128::from_be_bytes(self.0.incarnation.to_bytes());
        write!(f, "{incarnation:032x}:{}", self.0.sequence)
    }
}

/// Reads the text of a stamp.
pub fn parse_stamp(text: &str) -> Option<Stamp> {
    let (incarnation, sequence) = text.split_once(':')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if incarnation.len() != 32 || !digits(incarnation) || !sequence.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let incarnation = Incarnation::from_bytes(u128::from_str_radix(incarnation, 16).ok()?.to_be_bytes());
    Some(Stamp { incarnation, sequence: sequence.parse().ok()? })
}

const VIEW: &str = "view.pwf";
const STAMP: &str = "view.stamp";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_reads_back() {
        let stamp = Stamp { incarnation: Incarnation::from_bytes([7; 16]), sequence: u64::MAX };
        let text = StampText(stamp).to_string();
        assert_eq!(parse_stamp(&text), Some(stamp));
        for wrong in ["", ":", "07:1", &text[1..], &text.replace(':', "-"), &format!("{text}0"), &format!("{text} ")] {
            assert_eq!(parse_stamp(wrong), None, "{wrong}");
        }
    }
}
