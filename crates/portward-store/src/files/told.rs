use portward::{Clock as _, KeyState, Keyring, RootInfo, SystemClock};

use crate::events::{Event, Operation, Subject};
use crate::files::{FilesError, Locked};

/// What is about to be written into the directory, told before.
impl Locked<'_> {
    pub(super) fn tell(&self, operation: Operation) -> Result<(), FilesError> {
        self.tell_event(event(operation))
    }

    pub(super) fn tell_with(&self, operation: Operation, detail: &str) -> Result<(), FilesError> {
        self.tell_event(event(operation).with(detail))
    }

    pub(super) fn tell_event(&self, event: Event) -> Result<(), FilesError> {
        Ok(self.recorder.record_blocking(event)?)
    }

    /// What became of each root.
    pub(super) fn tell_roots(&self, written: &[RootInfo], keyring: &Keyring) -> Result<(), FilesError> {
        for root in keyring.roots() {
            let before = written.iter().find(|before| before.id == root.id);
            for operation in became(before.map(|before| before.state), root.state) {
                self.tell_event(event(*operation).about(Subject::Root(root.id)))?;
            }
        }
        Ok(())
    }
}

fn event(operation: Operation) -> Event {
    Event::new(SystemClock.now().wall, operation)
}

/// A root that no longer signs is not told: another one does, which is.
const fn became(before: Option<KeyState>, now: KeyState) -> &'static [Operation] {
    use KeyState::{Active, Destroyed, Retired, VerifyOnly};
    use Operation::{RootActivated, RootDestroyed, RootMade, RootReinstated, RootRetired};

    match (before, now) {
        (Some(Active), Active)
        | (Some(Active | VerifyOnly), VerifyOnly)
        | (Some(Retired), Retired)
        | (Some(Destroyed), Destroyed) => &[],
        // One that is back from the destroyed was made again.
        (None | Some(Destroyed), VerifyOnly) => &[RootMade],
        (None | Some(Destroyed), Active) => &[RootMade, RootActivated],
        (None | Some(Destroyed), Retired) => &[RootMade, RootRetired],
        (Some(VerifyOnly), Active) => &[RootActivated],
        (Some(Retired), Active) => &[RootReinstated, RootActivated],
        (Some(Retired), VerifyOnly) => &[RootReinstated],
        (Some(Active | VerifyOnly), Retired) => &[RootRetired],
        (_, Destroyed) => &[RootDestroyed],
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use portward::{Authority, Change, Deployment, Incarnation, RootId, Timestamp, Vocabulary};

    use crate::events::{EventSink, Recorder, Recording, SinkError};
    use crate::files::{Directory, LockedKeyring, Protection};

    use super::*;

    #[derive(Default)]
    struct Sink(Mutex<Told>);

    struct Told {
        /// How many events it takes in before it fails.
        takes: usize,
        events: Vec<Event>,
    }

    impl Default for Told {
        fn default() -> Self {
            Self { takes: usize::MAX, events: Vec::new() }
        }
    }

    impl EventSink for Sink {
        fn record<'a>(&'a self, event: &'a Event) -> Recording<'a> {
            Box::pin(async {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                let told = &mut *self.0.lock().unwrap();
                told.takes = told.takes.checked_sub(1).ok_or_else(|| SinkError::new(io::Error::other("full")))?;
                told.events.push(event.clone());
                Ok(())
            })
        }
    }

    impl Sink {
        fn refuse(&self, refuses: bool) {
            self.0.lock().unwrap().takes = if refuses { 0 } else { usize::MAX };
        }

        fn told(&self) -> Vec<(&'static str, Option<Subject>)> {
            let told = std::mem::take(&mut self.0.lock().unwrap().events);
            assert!(told.iter().all(|event| event.actor.as_deref() == Some("ann")));
            told.into_iter().map(|event| (event.operation.name(), event.subject)).collect()
        }
    }

    fn files(path: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_name() != ".lock")
            .map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap()))
            .collect();
        files.sort();
        files
    }

    struct World {
        sink: Arc<Sink>,
        recorder: Recorder,
        deployment: Deployment,
        keyring: Keyring,
        _folder: tempfile::TempDir,
        directory: Directory,
    }

    impl World {
        fn new() -> Self {
            let sink = Arc::new(Sink::default());
            let deployment = Deployment::generate(Vocabulary::portal()).unwrap();
            let folder = tempfile::tempdir().unwrap();
            Self {
                recorder: Recorder::new(sink.clone()).acting_as("ann"),
                sink,
                keyring: Keyring::generate(&deployment, NOW).unwrap(),
                directory: Directory::create(&folder.path().join("portward")).unwrap(),
                deployment,
                _folder: folder,
            }
        }

        fn lock(&self) -> Locked<'_> {
            self.directory.lock(&self.recorder).unwrap()
        }

        fn create(&self) {
            self.lock().create(&self.deployment, &self.keyring, &Protection::Clear, None).unwrap();
            self.sink.told();
        }

        fn open<'l>(&self, locked: &'l Locked<'_>) -> LockedKeyring<'l> {
            locked.open_keyring::<FilesError>(&self.deployment, |_| unreachable!()).unwrap()
        }

        fn roots(&self) -> Vec<RootId> {
            self.open(&self.lock()).keyring.roots().map(|root| root.id).collect()
        }

        /// Refused and undone while the sink does not answer, done once it does; what was told.
        fn done(&self, write: impl Fn(&Locked<'_>) -> Result<(), FilesError>) -> Vec<(&'static str, Option<Subject>)> {
            let before = files(self.directory.path());
            self.sink.refuse(true);
            assert_eq!(write(&self.lock()).unwrap_err().code(), "sink_failed");
            assert_eq!(files(self.directory.path()), before, "what was not told was written");
            self.sink.refuse(false);
            self.sink.told();
            write(&self.lock()).unwrap();
            assert_ne!(files(self.directory.path()), before);
            self.sink.told()
        }
    }

    const NOW: Timestamp = Timestamp::from_unix(1_764_000_000);

    #[test]
    fn what_becomes_of_a_keyring_is_told_or_not_done() {
        let world = World::new();
        let first = world.keyring.roots().next().unwrap().id;
        let of = |name: &'static str, root| (name, Some(Subject::Root(root)));
        let made = world.done(|locked| locked.create(&world.deployment, &world.keyring, &Protection::Clear, None));
        assert_eq!(made, [of("root_made", first), of("root_activated", first)]);

        let change = |change: &dyn Fn(&mut Keyring)| {
            world.done(|locked| {
                let mut open = world.open(locked);
                change(&mut open.keyring);
                open.replace()
            })
        };
        let added = change(&|keyring| assert!(keyring.add(NOW).is_ok()));
        let second = world.roots().into_iter().find(|id| *id != first).unwrap();
        assert_eq!(added, [of("root_made", second)]);
        assert_eq!(change(&|keyring| keyring.activate(second, NOW).unwrap()), [of("root_activated", second)]);
        assert_eq!(change(&|keyring| keyring.retire(first).unwrap()), [of("root_retired", first)]);
        assert_eq!(change(&|keyring| keyring.reinstate(first).unwrap()), [of("root_reinstated", first)]);
        let destroyed = change(&|keyring| {
            keyring.retire(first).unwrap();
            keyring.dangerous_destroy_in_use(first).unwrap();
        });
        assert_eq!(destroyed, [of("root_destroyed", first)]);

        let sealed = Protection::Passphrase(b"correct horse battery".to_vec().into());
        assert_eq!(world.done(|locked| world.open(locked).protect(&sealed)), [("keyring_protected", None)]);
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        let world = World::new();
        world.create();
        let locked = world.lock();
        let mut open = world.open(&locked);
        open.keyring.add(NOW).unwrap();
        open.replace().unwrap();
        assert_eq!(world.sink.told().len(), 1);
        open.replace().unwrap();
        assert_eq!(world.sink.told(), []);

        // Kept in another way it goes on in that way.
        open.keyring.add(NOW).unwrap();
        open.protect(&Protection::Passphrase(b"correct horse battery".to_vec().into())).unwrap();
        assert_eq!(world.sink.told().len(), 2);
        open.keyring.add(NOW).unwrap();
        open.replace().unwrap();
        assert_eq!(world.sink.told().len(), 1);
        assert!(!world.directory.path().join("keyring.json").exists());
    }

    #[test]
    fn another_keyring_is_not_put_in_the_place_of_one() {
        let world = World::new();
        world.create();
        let locked = world.lock();
        let mut open = world.open(&locked);
        let own = core::mem::replace(&mut open.keyring, Keyring::generate(&world.deployment, NOW).unwrap());
        let before = files(world.directory.path());
        assert_eq!(open.replace().unwrap_err().code(), "file_exists");
        assert_eq!(open.protect(&Protection::Clear).unwrap_err().code(), "file_exists");
        assert_eq!((files(world.directory.path()), world.sink.told()), (before, vec![]));
        open.keyring = own;
        open.keyring.add(NOW).unwrap();
        open.replace().unwrap();
    }

    #[test]
    fn a_recovery_is_told_as_one_and_goes_on_where_it_was_killed() {
        let world = World::new();
        let recover = |locked: &Locked<'_>, deployment: &Deployment, keyring: &Keyring| {
            locked.recover(deployment, keyring, &Protection::Clear)
        };
        // Killed behind the deployment.
        world.lock().write_deployment(&world.deployment).unwrap();
        let other = Deployment::generate(Vocabulary::portal()).unwrap();
        let keyring = Keyring::generate(&other, NOW).unwrap();
        assert_eq!(recover(&world.lock(), &other, &keyring).unwrap_err().code(), "file_exists");
        assert_eq!(recover(&world.lock(), &world.deployment, &keyring).unwrap_err().code(), "keyring_wrong_deployment");
        assert_eq!(world.sink.told(), []);
        let told = world.done(|locked| recover(locked, &world.deployment, &world.keyring));
        assert_eq!(told, [("keyring_recovered", None)]);
        assert_eq!(recover(&world.lock(), &world.deployment, &world.keyring).unwrap_err().code(), "file_exists");
    }

    /// Also from inside a runtime, which must not wait for itself.
    #[tokio::test]
    async fn what_a_view_says_anew_is_told_or_not_saved() {
        let world = World::new();
        world.create();
        let keyring = Arc::new(world.open(&world.lock()).keyring);
        let mut authority = Authority::new(keyring.clone(), Incarnation::generate(NOW, None).unwrap()).unwrap();
        let begun = world.done(|locked| locked.create_view(authority.view(), &keyring));
        assert_eq!(begun, [("begun", None)]);

        let older = authority.view().clone();
        authority.commit(vec![Change::DeploymentGeneration(1)]).unwrap();
        let news = || event(Operation::EverythingRevoked);
        let revoked = world.done(|locked| locked.replace_view(authority.view(), &keyring, news()));
        assert_eq!(revoked, [("everything_revoked", None)]);
        assert_eq!(world.lock().replace_view(&older, &keyring, news()).unwrap_err().code(), "rollback");

        world.lock().reseal_view(&keyring, &keyring).unwrap();
        assert_eq!(world.sink.told(), [], "it says what it said");
        assert_eq!(world.directory.authority(&keyring).unwrap().stamp(), authority.stamp());
    }

    #[test]
    fn what_a_directory_begins_with_is_told_before_any_of_it_is_written() {
        let world = World::new();
        let keyring = Arc::new(Keyring::generate(&world.deployment, NOW).unwrap());
        let authority = Authority::new(keyring.clone(), Incarnation::generate(NOW, None).unwrap()).unwrap();
        let create = |locked: &Locked<'_>| {
            locked.create(&world.deployment, &keyring, &Protection::Clear, Some(authority.view()))
        };
        world.sink.0.lock().unwrap().takes = 2;
        assert_eq!(create(&world.lock()).unwrap_err().code(), "sink_failed", "at the third event");
        assert_eq!(files(world.directory.path()), []);
        world.sink.0.lock().unwrap().takes = usize::MAX;
        world.sink.told();
        create(&world.lock()).unwrap();
        assert_eq!(world.sink.told().last().unwrap().0, "begun");
        assert!(world.directory.authority(&keyring).is_ok());
    }

    #[test]
    fn a_store_that_decides_is_told_once() {
        let world = World::new();
        world.create();
        let told = world.done(|locked| locked.let_decide("sqlite:a.db"));
        assert_eq!(told, [("store_decides", None)]);
        world.lock().let_decide("sqlite:a.db").unwrap();
        assert_eq!(world.sink.told(), []);
        assert_eq!(world.done(|locked| locked.let_decide("sqlite:b.db")), [("store_decides", None)]);
    }

    /// Neither what panics nor what stands still is waited for.
    #[test]
    fn a_sink_that_fails_otherwise_refuses_too() {
        struct Panics;
        struct Stands;
        impl EventSink for Panics {
            fn record<'a>(&'a self, _: &'a Event) -> Recording<'a> {
                Box::pin(async { panic!("a sink") })
            }
        }
        impl EventSink for Stands {
            fn record<'a>(&'a self, _: &'a Event) -> Recording<'a> {
                Box::pin(async {
                    let waits = || std::thread::sleep(std::time::Duration::from_secs(60));
                    tokio::task::spawn_blocking(waits).await.map_err(SinkError::new)
                })
            }
        }
        let world = World::new();
        world.create();
        for sink in [Arc::new(Panics) as Arc<dyn EventSink>, Arc::new(Stands)] {
            let locked = world.directory.lock(&Recorder::new(sink)).unwrap();
            let mut open = world.open(&locked);
            open.keyring.add(NOW).unwrap();
            assert_eq!(open.replace().unwrap_err().code(), "sink_failed");
        }
        assert_eq!(world.roots().len(), 1);
    }
}
