//! A deployment with a store, a key store and a directory for backups, all of it files.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use portward::envelope::RootKeks;
use portward::{
    Clock as _, Deployment, Identifier, IssuedToken, Keyring, LinkRequest, NoRevocation, SystemClock, Timestamp,
    Vocabulary,
};
use portward_store::backup::{BackupError, BackupOptions, Backups, Depth, Entry, Kind};
use portward_store::database::Location;
use portward_store::events::Recorder;
use portward_store::keys::{Feed, KeyStore, KeyStoreError, KeyStoreOptions};
use portward_store::store::{self, Link, LinkTerms, Store, StoreError, StoreOptions};
use tempfile::TempDir;

pub(crate) const MONTH: Duration = Duration::from_secs(30 * 86_400);

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) keyring: Arc<Keyring>,
}

pub(crate) fn tenant() -> Identifier {
    "studio-7".parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    SystemClock.now().wall
}

impl World {
    pub(crate) fn new() -> Self {
        let deployment = Arc::new(Deployment::generate(Vocabulary::portal()).unwrap());
        let keyring = Arc::new(Keyring::generate(&deployment, now()).unwrap());
        Self { folder: tempfile::tempdir().unwrap(), deployment, keyring }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn sqlite(&self, name: &str) -> Location {
        Location::Sqlite(self.file(name))
    }

    /// A store with a few links.
    pub(crate) async fn store(&self) -> Store {
        let location = self.sqlite("store.db");
        store::initialise(&location, &self.keyring, None, &Recorder::none(), now()).await.unwrap();
        let store = self.open_store(&location).await.unwrap();
        for _ in 0..3 {
            self.issue(&store).await;
        }
        store
    }

    pub(crate) async fn open_store(&self, location: &Location) -> Result<Store, StoreError> {
        let (deployment, keyring) = (Arc::clone(&self.deployment), Arc::clone(&self.keyring));
        Store::open(location, deployment, keyring, StoreOptions::default()).await
    }

    pub(crate) async fn issue(&self, store: &Store) -> (IssuedToken, Link) {
        let permissions = self.deployment.vocabulary.expand(["files:*"]).unwrap();
        let request = LinkRequest::new(tenant(), "42".parse().unwrap(), permissions);
        store.issue(&request, LinkTerms::default()).await.unwrap()
    }

    pub(crate) async fn keys(&self, name: &str, feed: Option<&Store>) -> Result<KeyStore<RootKeks>, KeyStoreError> {
        self.keys_at(&self.sqlite(name), feed).await
    }

    pub(crate) async fn keys_at(
        &self,
        location: &Location,
        feed: Option<&Store>,
    ) -> Result<KeyStore<RootKeks>, KeyStoreError> {
        let feed = feed.map_or(Feed::None(NoRevocation), |store| Feed::View(store.cell()));
        let (deployment, keyring) = (Arc::clone(&self.deployment), Arc::clone(&self.keyring));
        let options = KeyStoreOptions { initialise: true, ..KeyStoreOptions::default() };
        KeyStore::open(location, deployment, keyring, feed, options).await
    }

    /// Where backups go, with a memory.
    pub(crate) fn backups(&self) -> Backups {
        self.backups_in("backups").unwrap()
    }

    pub(crate) fn backups_in(&self, name: &str) -> Result<Backups, BackupError> {
        let (deployment, keyring) = (Arc::clone(&self.deployment), Arc::clone(&self.keyring));
        Backups::create(&self.file(name), deployment, keyring, self.options())
    }

    pub(crate) fn options(&self) -> BackupOptions {
        let (memory, scratch) = (Some(self.file("backups.seen")), self.folder.path().to_owned());
        BackupOptions { memory, scratch, ..BackupOptions::default() }
    }

    pub(crate) async fn stream(&self, backups: &Backups, bytes: &[u8]) -> Entry {
        let source = Box::new(std::io::Cursor::new(bytes.to_vec()));
        backups.back_up_stream("notes".parse().unwrap(), source, now()).await.unwrap()
    }

    /// Nothing but these is left in the folder.
    #[track_caller]
    pub(crate) fn has_no_leftovers(&self) {
        for folder in [self.folder.path(), &self.file("backups")] {
            for found in std::fs::read_dir(folder).unwrap() {
                let name = found.unwrap().file_name().into_string().unwrap();
                assert!(name.ends_with(".lock") || !name.starts_with('.'), "{name} is left in {}", folder.display());
            }
        }
    }
}

pub(crate) async fn verify(backups: &Backups, number: u64) -> Result<(), &'static str> {
    backups.verify(number, Depth::Rows).await.map(drop).map_err(|error| error.code())
}

pub(crate) fn code<T>(result: Result<T, BackupError>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

pub(crate) fn sealed_files(backups: &Backups) -> Vec<String> {
    let names = std::fs::read_dir(backups.path()).unwrap().map(|found| found.unwrap().file_name());
    let mut names: Vec<_> =
        names.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".pwb")).collect();
    names.sort();
    names
}

pub(crate) fn path_of(backups: &Backups, entry: &Entry) -> PathBuf {
    backups.path().join(entry.file_name())
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for found in std::fs::read_dir(from).unwrap() {
        let found = found.unwrap();
        std::fs::copy(found.path(), to.join(found.file_name())).unwrap();
    }
}

pub(crate) const ALL: [Kind; 2] = [Kind::Data, Kind::Keys];
