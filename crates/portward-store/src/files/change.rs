use portward::envelope::WrappedKeyring;
use portward::{Deployment, Keyring, KeyringError, PassphraseCost, RevocationView, RootInfo, SealedKeyring};
use zeroize::Zeroizing;

use crate::events::Operation;
use crate::files::atomic::OWNER_ONLY;
use crate::files::directory::DEPLOYMENT;
use crate::files::keyring::{CLEAR, CLEAR_TEMPORARY, FILES, open_wrapped};
use crate::files::{FileError, FilesError, Lock, Locked, OpenKeyring, Protection};

/// A keyring that was read and found whole, and that nobody else changes while this is there. Change it, then [replace](Self::replace) it.
#[derive(Debug)]
pub struct LockedKeyring<'l> {
    /// The keyring.
    pub keyring: Keyring,
    protection: Protection,
    /// Its roots as they are in the file.
    written: Vec<RootInfo>,
    locked: &'l Locked<'l>,
}

impl Locked<'_> {
    /// Writes a new deployment and its keyring into a directory that has neither, and its first view, unless a store shall decide. Told are the
    /// roots, and that the view begins. Under a passphrase or a KEK the keyring is never there in the clear.
    ///
    /// # Errors
    /// [`FilesError::File`], [`FilesError::Keyring`] for one of another deployment, [`FilesError::Sealed`], [`FilesError::Wrapped`],
    /// [`FilesError::StoreDecides`], [`FilesError::Save`], [`FilesError::Sink`].
    pub fn create(
        &self,
        deployment: &Deployment,
        keyring: &Keyring,
        protection: &Protection,
        view: Option<&RevocationView>,
    ) -> Result<(), FilesError> {
        self.refuse_existing(DEPLOYMENT)?;
        self.refuse_existing_keyring()?;
        view.map_or(Ok(()), |_| self.refuse_existing_view())?;
        let json = self.kept(of(deployment, keyring, self)?, protection)?;
        self.tell_roots(&[], keyring)?;
        view.map_or(Ok(()), |_| self.tell(Operation::Begun))?;
        self.write_deployment(deployment).map_err(FilesError::of_a_step)?;
        let written = self.replace(protection.file(), &json, OWNER_ONLY);
        let Some(view) = view else { return written };
        written.map_err(FilesError::of_a_step)?;
        self.save_view(view, keyring)
    }

    /// Writes what comes out of a recovery export, and tells so. A deployment that is there has to be the same one.
    ///
    /// # Errors
    /// [`FilesError::File`], with [`FileError::Exists`] for a keyring or another deployment; [`FilesError::Deployment`], [`FilesError::Keyring`] for
    /// one of another deployment, [`FilesError::Sealed`], [`FilesError::Wrapped`], [`FilesError::Sink`].
    pub fn recover(
        &self,
        deployment: &Deployment,
        keyring: &Keyring,
        protection: &Protection,
    ) -> Result<(), FilesError> {
        self.refuse_existing_keyring()?;
        let is_there = self.directory().has_deployment();
        if is_there && self.directory().deployment()? != *deployment {
            self.refuse_existing(DEPLOYMENT)?;
        }
        let json = self.kept(of(deployment, keyring, self)?, protection)?;
        self.tell(Operation::KeyringRecovered)?;
        if !is_there {
            self.write_deployment(deployment).map_err(FilesError::of_a_step)?;
        }
        self.replace(protection.file(), &json, OWNER_ONLY)
    }

    /// As [`Directory::open_keyring`](crate::files::Directory::open_keyring), to change it.
    ///
    /// # Errors
    /// As there.
    pub fn open_keyring<E: From<FilesError>>(
        &self,
        deployment: &Deployment,
        unlock: impl FnOnce(Lock) -> Result<Protection, E>,
    ) -> Result<LockedKeyring<'_>, E> {
        let OpenKeyring { keyring, protection } = self.directory().open_keyring(deployment, unlock)?;
        let written = keyring.roots().copied().collect();
        Ok(LockedKeyring { keyring, protection, written, locked: self })
    }

    fn refuse_existing_keyring(&self) -> Result<(), FilesError> {
        FILES.into_iter().try_for_each(|name| self.refuse_existing(name))
    }

    /// The text of a keyring's file.
    fn kept(&self, keyring: &Keyring, protection: &Protection) -> Result<Zeroizing<Vec<u8>>, FilesError> {
        let path = || self.directory().file(protection.file());
        match protection {
            Protection::Clear => Ok(keyring.to_json()),
            Protection::Passphrase(passphrase) => {
                let sealed = SealedKeyring::seal(keyring, passphrase, PassphraseCost::default());
                sealed.map(|sealed| sealed.to_json().into()).map_err(|error| FilesError::Sealed(path(), error))
            }
            Protection::Kek(kek) => {
                let wrapped = WrappedKeyring::wrap(keyring, &[&**kek]);
                let wrapped = wrapped.map_err(|error| FilesError::Wrapped(path(), error))?;
                // A KEK that wraps and does not unwrap would be the end of the keyring: who may encrypt may not always decrypt.
                open_wrapped(&wrapped, &**kek, &path())?;
                Ok(wrapped.to_json().into())
            }
        }
    }
}

fn of<'k>(deployment: &Deployment, keyring: &'k Keyring, locked: &Locked<'_>) -> Result<&'k Keyring, FilesError> {
    if keyring.deployment() == deployment.id {
        return Ok(keyring);
    }
    Err(FilesError::Keyring(locked.directory().file(DEPLOYMENT), KeyringError::WrongDeployment))
}

impl LockedKeyring<'_> {
    /// How it is kept.
    pub const fn protection(&self) -> &Protection {
        &self.protection
    }

    /// Writes it back, in the way in which it was kept. What is told is what became of each root since.
    ///
    /// # Errors
    /// [`FilesError::File`], [`FilesError::Sealed`], [`FilesError::Wrapped`], [`FilesError::Sink`]; [`FileError::Exists`] for one that is not the one
    /// that was read: of another deployment, without a root of it, or with another key under a root's id.
    pub fn replace(&mut self) -> Result<(), FilesError> {
        self.refuse_another()?;
        let json = self.locked.kept(&self.keyring, &self.protection)?;
        self.locked.tell_roots(&self.written, &self.keyring)?;
        let changed = self.locked.replace(self.protection.file(), &json, OWNER_ONLY);
        self.stands(&changed, &self.protection.clone());
        changed
    }

    /// Keeps it in another way, or under another passphrase or KEK, from now on, and tells so. The blocks of the old file may linger on the medium.
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub fn protect(&mut self, protection: &Protection) -> Result<(), FilesError> {
        self.refuse_another()?;
        let (locked, old) = (self.locked, self.protection.file());
        let is_moved = old != protection.file();
        if is_moved {
            locked.refuse_existing(protection.file())?;
        }
        let json = locked.kept(&self.keyring, protection)?;
        locked.tell_roots(&self.written, &self.keyring)?;
        locked.tell_with(Operation::KeyringProtected, protection.name())?;
        if is_moved && old == CLEAR {
            // What a killed command left of one in the clear.
            locked.remove(CLEAR_TEMPORARY).map_err(FilesError::of_a_step)?;
        }
        let written = locked.replace(protection.file(), &json, OWNER_ONLY);
        let changed = if is_moved { written.and_then(|()| locked.remove(old)) } else { written };
        // Two keyrings would be one too many. While the old one is there it stays the one.
        if is_moved && changed.is_err() && locked.refuse_existing(old).is_err() {
            let _ = locked.remove(protection.file());
            return changed.map_err(FilesError::of_a_step);
        }
        self.stands(&changed, protection);
        changed
    }

    /// Takes note of what the file now holds, if it does.
    fn stands(&mut self, changed: &Result<(), FilesError>, protection: &Protection) {
        if changed.as_ref().err().is_none_or(FilesError::is_in_place) {
            self.protection = protection.clone();
            self.written = self.keyring.roots().copied().collect();
        }
    }

    /// Nothing drops a root or gives its id to another key, but who puts another keyring in the place of this one.
    fn refuse_another(&self) -> Result<(), FilesError> {
        let is_kept = |before: &RootInfo| {
            let now = self.keyring.roots().find(|now| now.id == before.id);
            now.is_some_and(|now| now.check == before.check && now.created == before.created)
        };
        if self.written.iter().all(is_kept) {
            return Ok(());
        }
        let path = self.locked.directory().file(self.protection.file());
        Err(FilesError::File(path, FileError::Exists))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use portward::envelope::{Binding, KekError, KekName, KekType, Slot, UnwrapKey, WrapKey};
    use portward::{Timestamp, Vocabulary};

    use crate::events::Recorder;
    use crate::files::Directory;

    use super::*;

    /// Wraps, and unwraps as often as it says.
    struct Kek {
        unwraps: bool,
    }

    impl WrapKey for Kek {
        fn kek(&self) -> KekName {
            KekName::new(KekType::Pkcs11, [1], 1)
        }

        fn wrap(&self, _: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
            Ok(key.iter().map(|byte| byte ^ 0x5A).chain([0; 28]).collect())
        }
    }

    impl UnwrapKey for Kek {
        fn resolves(&self, kek: &KekName) -> bool {
            *kek == self.kek()
        }

        fn unwrap(&self, slot: &Slot, _: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
            if !self.unwraps {
                return Err(KekError::Refused);
            }
            key.iter_mut().zip(slot.wrapped()).for_each(|(key, wrapped)| *key = wrapped ^ 0x5A);
            Ok(())
        }
    }

    #[test]
    fn a_keyring_goes_only_under_a_kek_that_gives_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::create(&folder.path().join("portward")).unwrap();
        let deployment = Deployment::generate(Vocabulary::portal()).unwrap();
        let keyring = Keyring::generate(&deployment, Timestamp::from_unix(1_764_000_000)).unwrap();
        let (good, bad) =
            (Protection::Kek(Arc::new(Kek { unwraps: true })), Protection::Kek(Arc::new(Kek { unwraps: false })));
        let locked = directory.lock(&Recorder::none()).unwrap();
        assert_eq!(locked.create(&deployment, &keyring, &bad, None).unwrap_err().code(), "unwrap_failed");
        assert!(!directory.has_deployment());
        locked.create(&deployment, &keyring, &Protection::Clear, None).unwrap();

        let mut open = locked.open_keyring::<FilesError>(&deployment, |_| unreachable!()).unwrap();
        assert_eq!(open.protect(&bad).unwrap_err().code(), "unwrap_failed");
        assert!(directory.path().join(CLEAR).exists());
        open.protect(&good).unwrap();
        assert!(!directory.path().join(CLEAR).exists());
        let again = directory.open_keyring::<FilesError>(&deployment, |_| Ok(good.clone())).unwrap();
        assert_eq!(again.keyring.roots().count(), 1);
    }
}
