//! The deployment of the directory, opened for reading or locked for a change.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portward::{
    Audience, Authority, Change, Clock as _, Deployment, Follower, Freshness, Identifier, Issuer, Keyring,
    NoRevocation, Now, Revocation, RevocationView, Scope, Stamp, SystemClock, Verifier, VerifierOptions, ViewCell,
};
use portward_store::events::{Event, Recorder};
use portward_store::files::{
    Directory, FileError, FilesError, Lock, Locked, LockedKeyring, OpenKeyring, Passphrase, Protection,
};

use crate::events;
use crate::failure::{Exit, Failure};
use crate::global::Global;
use crate::kek_uri;
use crate::passphrase::{self, OPTION};
use crate::report::Report;
use crate::store::Links;

pub(crate) fn now() -> Now {
    SystemClock.now()
}

pub(crate) fn directory(global: &Global) -> Result<Directory, Failure> {
    Directory::open(&global.dir).map_err(|error| absent(error, &global.dir))
}

pub(crate) fn deployment(directory: &Directory) -> Result<Deployment, Failure> {
    directory.deployment().map_err(|error| absent(error, directory.path()))
}

fn absent(error: FilesError, path: &Path) -> Failure {
    let missing = matches!(error, FilesError::File(_, FileError::Missing));
    let failure = Failure::from(error);
    if !missing {
        return failure;
    }
    let message = format!("no deployment in {} (--dir, PORTWARD_DIR); keyring new makes one", path.display());
    Failure { message, ..failure }
}

/// Goes on from the saved view; without one, says how one is made.
pub(crate) fn authority(directory: &Directory, keyring: &Arc<Keyring>) -> Result<Authority, Failure> {
    directory.authority(keyring).map_err(without_view)
}

pub(crate) fn without_view(error: FilesError) -> Failure {
    if matches!(error, FilesError::StoreDecides(..)) {
        return Failure::from(error)
            .hint("name it with --store or PORTWARD_STORE; if it is gone for good, remove that file");
    }
    let missing = matches!(error, FilesError::File(_, FileError::Missing));
    let failure = Failure::from(error);
    if missing {
        return failure
            .hint("view restore FILE brings an exported view back, view new --generation N begins without one");
    }
    failure
}

fn ask() -> Result<Passphrase, Failure> {
    passphrase::known(None, "passphrase of the keyring: ", OPTION)
}

/// The keyring, from a directory that another process may be changing; kept in the way that was said, if one was: one in the clear in the
/// place of one under a KEK is not taken for that.
pub(crate) fn open_keyring(global: &Global, directory: &Directory, of: &Deployment) -> Result<OpenKeyring, Failure> {
    let open = directory.open_keyring(of, unlock(global)?)?;
    refuse_other_way(global, open.protection())?;
    Ok(open)
}

/// The same, to change it.
pub(crate) fn locked_keyring<'l>(
    global: &Global,
    locked: &'l Locked<'_>,
    of: &Deployment,
) -> Result<LockedKeyring<'l>, Failure> {
    let open = locked.open_keyring(of, unlock(global)?)?;
    refuse_other_way(global, open.protection())?;
    Ok(open)
}

fn refuse_other_way(global: &Global, protection: &Protection) -> Result<(), Failure> {
    let kept = protection.name();
    let said = [("--kek", "kek", global.kek.is_some()), (OPTION, "passphrase", global.passphrase_file.is_some())];
    match said.into_iter().find(|(_, way, said)| *said && *way != kept) {
        Some((option, ..)) => {
            let message = format!(
                "{option} was given, and the keyring is kept otherwise ({kept}): if that is right, leave it away"
            );
            Err(Failure::new("keyring_lock", Audience::Caller, message, Exit::Environment))
        }
        None => Ok(()),
    }
}

/// What opens a keyring, in whatever way it is kept.
pub(crate) fn unlock(global: &Global) -> Result<impl FnOnce(Lock) -> Result<Protection, Failure>, Failure> {
    // A wrong path is noticed although the keyring is in the clear.
    let passphrase = global.passphrase_file.as_deref().map(passphrase::from_file).transpose()?;
    Ok(|lock| match lock {
        Lock::Passphrase => passphrase.map_or_else(ask, Ok).map(Protection::Passphrase),
        Lock::Kek(_) => kek_uri::open(global).map(Protection::Kek),
    })
}

/// What a new keyring is to be kept under: what the options say.
pub(crate) fn protection(global: &Global) -> Result<Protection, Failure> {
    match (global.passphrase_file.as_deref(), global.kek.as_deref()) {
        (Some(_), Some(_)) => {
            Err(Failure::usage("keyring_lock", "a keyring is kept under a passphrase or a KEK, not both"))
        }
        (Some(file), None) => passphrase::from_file(file).map(Protection::Passphrase),
        (None, Some(uri)) => kek_uri::from_uri(uri).map(Protection::Kek),
        (None, None) => Ok(Protection::Clear),
    }
}

/// How a keyring that was just made is kept.
pub(crate) fn kept(protection: &Protection) -> Report {
    let report = Report::new().fact("protection", protection.name());
    match protection {
        Protection::Clear => report
            .note("the keyring is in the clear: keyring seal puts it under a passphrase, keyring wrap under a KEK"),
        _ => report,
    }
}

/// The saved view, if it is not a store that decides.
pub(crate) fn own_view(directory: &Directory, keyring: &Arc<Keyring>) -> Result<Option<RevocationView>, Failure> {
    match directory.authority(keyring) {
        Ok(authority) => Ok(Some(authority.view().clone())),
        Err(FilesError::StoreDecides(..)) => Ok(None),
        Err(error) => Err(without_view(error)),
    }
}

pub(crate) fn copy(keyring: &Keyring, of: &Deployment) -> Result<Keyring, Failure> {
    Ok(Keyring::from_json(&keyring.to_json(), of)?)
}

/// What verifying and issuing need.
pub(crate) struct Portal {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) keyring: Arc<Keyring>,
    /// What is revoked, by the directory's saved view or by the store.
    pub(crate) authority: Authority,
    /// Who decides in place of the directory, if a store was named.
    pub(crate) links: Option<Links>,
    /// Who is told by what is opened for it.
    pub(crate) recorder: Recorder,
    /// One reading of the clocks for the whole command: a view asked for after it would not be fresh at it.
    pub(crate) now: Now,
}

impl Portal {
    pub(crate) fn open(global: &Global) -> Result<Self, Failure> {
        Self::of(global, &directory(global)?)
    }

    /// As of now; hold the lock to keep it so.
    pub(crate) fn locked(global: &Global, locked: &Locked<'_>) -> Result<Self, Failure> {
        Self::of(global, locked.directory())
    }

    fn of(global: &Global, directory: &Directory) -> Result<Self, Failure> {
        let deployment = deployment(directory)?;
        let keyring = Arc::new(open_keyring(global, directory, &deployment)?.keyring);
        // The clocks before the view: what is committed after this reading may be missing from it.
        let now = now();
        let deployment = Arc::new(deployment);
        let recorder = events::recorder(global)?;
        let links = global
            .store
            .as_ref()
            .map(|name| Links::open(name, &deployment, &keyring, None, recorder.clone()))
            .transpose()?;
        let authority = match &links {
            Some(links) => links.replica(&keyring)?,
            None => authority(directory, &keyring)?,
        };
        Ok(Self { deployment, keyring, authority, links, now, recorder })
    }

    /// Makes changes durable, in the store or in the locked directory.
    pub(crate) fn commit(&mut self, locked: &Locked<'_>, changes: Vec<Change>) -> Result<Stamp, Failure> {
        if let Some(links) = &self.links {
            return links.commit(&changes);
        }
        let news = Event::committed(now().wall, &changes);
        let stamp = self.authority.commit(changes)?;
        locked.replace_view(self.authority.view(), &self.keyring, news)?;
        Ok(stamp)
    }

    pub(crate) fn issuer(&self) -> Issuer {
        Issuer::new(Arc::clone(&self.deployment), Arc::clone(&self.keyring))
    }

    /// A verifier as a portal has it: its view was confirmed by a live answer, of the authority beside it.
    pub(crate) fn verifier(&self, audience: Option<Identifier>) -> Result<Verifier, Failure> {
        let live = Freshness::Live { max_staleness: Duration::from_secs(30) };
        self.verifier_with(Revocation::View(self.live_view()?, live), audience)
    }

    /// A verifier that only tells whether a token is authentic and not expired, in order to revoke it.
    pub(crate) fn verifier_of_origin(&self, audience: Option<Identifier>) -> Result<Verifier, Failure> {
        self.verifier_with(Revocation::None(NoRevocation), audience)
    }

    fn verifier_with(&self, revocation: Revocation, audience: Option<Identifier>) -> Result<Verifier, Failure> {
        let options = VerifierOptions { audience, cached_keys: 1, ..VerifierOptions::default() };
        Ok(Verifier::new(Arc::clone(&self.deployment), Arc::clone(&self.keyring), revocation, options)?)
    }

    /// What is revoked, as a portal knows it.
    pub(crate) fn live_view(&self) -> Result<Arc<ViewCell>, Failure> {
        let highest = Some(self.authority.stamp());
        let mut follower = Follower::new(Arc::clone(&self.keyring), Scope::ALL, Duration::ZERO, highest)?;
        let challenge = follower.request(self.now.steady)?;
        follower.accept(&self.authority.answer(&Scope::ALL, None, challenge)?, self.now.wall)?;
        Ok(follower.cell())
    }
}
