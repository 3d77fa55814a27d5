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
        (None, VerifyOnly) => &[RootMade],
        (None, Active) => &[RootMade, RootActivated],
        (None, Retired) => &[RootMade, RootRetired],
        (Some(VerifyOnly), Active) => &[RootActivated],
        (Some(Retired), Active) => &[RootReinstated, RootActivated],
        (Some(Retired), VerifyOnly) => &[RootReinstated],
        (Some(Active | VerifyOnly), Retired) => &[RootRetired],
        // Back from the destroyed comes none that was not made again.
        (Some(Destroyed), Active) => &[RootMade, RootActivated],
        (Some(Destroyed), VerifyOnly) => &[RootMade],
        (Some(Destroyed), Retired) => &[RootMade, RootRetired],
        (_, Destroyed) => &[RootDestroyed],
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use portward::{Authority, Change, Deployment, Incarnation, Timestamp, Vocabulary};

    use crate::events::{EventSink, Recorder, Recording, SinkError};
    use crate::files::{Directory, OpenKeyring, Protection};

    use super::*;

    /// What was told, while it answers; every event is written down before it takes effect.
    #[derive(Default)]
    struct Sink(Mutex<(bool, Vec<Event>)>);

    impl EventSink for Sink {
        fn record<'a>(&'a self, event: &'a Event) -> Recording<'a> {
            Box::pin(async {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                let (refuses, told) = &mut *self.0.lock().unwrap();
                told.push(event.clone());
                if *refuses { Err(SinkError::new(io::Error::other("full"))) } else { Ok(()) }
            })
        }
    }

    impl Sink {
        fn refuse(&self, refuses: bool) {
            self.0.lock().unwrap().0 = refuses;
        }

        fn told(&self) -> Vec<(&'static str, Option<Subject>)> {
            let told = std::mem::take(&mut self.0.lock().unwrap().1);
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

        fn open(&self) -> OpenKeyring {
            self.directory.open_keyring::<FilesError>(&self.deployment, |_| unreachable!()).unwrap()
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
        let made = world.done(|locked| locked.create(&world.deployment, &world.keyring, &Protection::Clear));
        assert_eq!(made, [of("root_made", first), of("root_activated", first)]);

        let change = |change: &dyn Fn(&mut Keyring)| {
            world.done(|locked| {
                let mut open = world.open();
                change(&mut open.keyring);
                locked.replace_keyring(&mut open)
            })
        };
        let added = change(&|keyring| assert!(keyring.add(NOW).is_ok()));
        let second = world.open().keyring.roots().map(|root| root.id).find(|id| *id != first).unwrap();
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
        assert_eq!(world.done(|locked| locked.protect_keyring(&world.open(), &sealed)), [("keyring_protected", None)]);
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        let world = World::new();
        world.lock().create(&world.deployment, &world.keyring, &Protection::Clear).unwrap();
        let mut open = world.open();
        open.keyring.add(NOW).unwrap();
        world.sink.told();
        world.lock().replace_keyring(&mut open).unwrap();
        assert_eq!(world.sink.told().len(), 1);
        world.lock().replace_keyring(&mut open).unwrap();
        assert_eq!(world.sink.told(), []);
    }

    #[test]
    fn a_recovery_is_told_as_one() {
        let world = World::new();
        let told = world.done(|locked| locked.recover(&world.deployment, &world.keyring, &Protection::Clear));
        assert_eq!(told, [("keyring_recovered", None)]);
    }

    /// Also from inside a runtime, which must not wait for itself.
    #[tokio::test]
    async fn what_a_view_says_anew_is_told_or_not_saved() {
        let world = World::new();
        world.lock().create(&world.deployment, &world.keyring, &Protection::Clear).unwrap();
        world.sink.told();
        let keyring = Arc::new(world.open().keyring);
        let mut authority = Authority::new(keyring.clone(), Incarnation::generate(NOW, None).unwrap()).unwrap();
        let begun = world.done(|locked| locked.create_view(authority.view(), &keyring));
        assert_eq!(begun, [("begun", None)]);

        authority.commit(vec![Change::DeploymentGeneration(1)]).unwrap();
        let news = || event(Operation::EverythingRevoked);
        let revoked = world.done(|locked| locked.replace_view(authority.view(), &keyring, news()));
        assert_eq!(revoked, [("everything_revoked", None)]);

        world.lock().reseal_view(authority.view(), &keyring).unwrap();
        assert_eq!(world.sink.told(), [], "it says what it said");
        authority.commit(vec![Change::DeploymentGeneration(2)]).unwrap();
        assert_eq!(world.done(|locked| locked.reseal_view(authority.view(), &keyring)), [("committed", None)]);
    }
}
