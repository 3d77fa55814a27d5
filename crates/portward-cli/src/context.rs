//! The deployment of the directory, opened for reading or locked for a change.

use std::sync::Arc;
use std::time::Duration;

use portward::{
    Authority, Clock as _, Deployment, Follower, Freshness, Identifier, Issuer, Keyring, NoRevocation, Now, Revocation,
    RevocationView, Scope, SystemClock, Verifier, VerifierOptions, ViewCell,
};
use portward_store::files::{Directory, Locked, OpenKeyring, Passphrase};

use crate::failure::Failure;
use crate::global::Global;
use crate::passphrase;

pub(crate) fn now() -> Now {
    SystemClock.now()
}

pub(crate) fn directory(global: &Global) -> Result<Directory, Failure> {
    Ok(Directory::open(&global.dir)?)
}

fn ask(global: &Global) -> Result<Passphrase, Failure> {
    passphrase::known(global.passphrase_file.as_deref(), "passphrase of the keyring: ")
}

/// The keyring, from a directory that another process may be changing.
pub(crate) fn open_keyring(global: &Global, directory: &Directory, of: &Deployment) -> Result<OpenKeyring, Failure> {
    directory.open_keyring(of, || ask(global))
}

/// The saved view, read with a copy of the keyring that is about to change.
pub(crate) fn saved_view(locked: &Locked<'_>, keyring: &Keyring, of: &Deployment) -> Result<RevocationView, Failure> {
    let copy = Arc::new(Keyring::from_json(&keyring.to_json(), of)?);
    Ok(locked.directory().authority(&copy)?.view().clone())
}

/// What verifying and issuing need.
pub(crate) struct Portal {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) authority: Authority,
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
        let deployment = directory.deployment()?;
        let keyring = Arc::new(open_keyring(global, directory, &deployment)?.keyring);
        // The clocks before the view: what is committed after this reading may be missing from it.
        let now = now();
        let authority = directory.authority(&keyring)?;
        Ok(Self { deployment: Arc::new(deployment), keyring, authority, now })
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

    fn live_view(&self) -> Result<Arc<ViewCell>, Failure> {
        let highest = Some(self.authority.stamp());
        let mut follower = Follower::new(Arc::clone(&self.keyring), Scope::ALL, Duration::ZERO, highest)?;
        let challenge = follower.request(self.now.steady)?;
        follower.accept(&self.authority.answer(&Scope::ALL, None, challenge)?, self.now.wall)?;
        Ok(follower.cell())
    }
}
