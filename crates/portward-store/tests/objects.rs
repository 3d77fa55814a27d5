//! Files sealed and opened.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::io::{self, Read, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portward::envelope::{Context, DataKey, Keep, OpenError, ScopeKeys};
use portward::{Deployment, Identifier, KeyState, Vocabulary};
use portward_store::objects::{ObjectError, WholeFile, open_file, seal_file};
use tempfile::TempDir;

const THREADS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

struct World {
    folder: TempDir,
    keys: ScopeKeys,
    context: Context,
}

impl World {
    fn new() -> Self {
        let deployment = Deployment::generate(Vocabulary::portal()).unwrap();
        let tenant: Identifier = "acme".parse().unwrap();
        let scope: portward::envelope::DataScope = "file:1".parse().unwrap();
        let key = Arc::new(DataKey::generate(&deployment.id, tenant, scope.clone()).unwrap());
        let keys = ScopeKeys::new(&deployment, tenant, scope).with_data_key(key, KeyState::Active);
        Self {
            folder: tempfile::tempdir().unwrap(),
            keys,
            context: Context::new(&tenant, "files.content", "1").unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn seal(&self, source: &mut dyn Read, target: &Path) -> Result<u64, ObjectError> {
        let file = WholeFile::replace(target).map_err(ObjectError::Write)?;
        seal_file(&self.keys, &self.context, Keep::Detached, source, file, THREADS)
    }

    fn open(&self, object: &[u8], target: &Path) -> Result<u64, ObjectError> {
        let file = WholeFile::replace(target).map_err(ObjectError::Write)?;
        open_file(&self.keys, &self.context, &mut &object[..], file, THREADS)
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// Gives some bytes, then fails.
struct Broken(usize);

impl Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.0);
        self.0 = self.0.checked_sub(length).unwrap();
        if length == 0 { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(length) }
    }
}

#[test]
fn what_was_sealed_opens_whatever_its_length() {
    for length in [0, 1, 16_384, 131_072, 300_001, 2 << 20, 5_000_000] {
        let world = World::new();
        let plaintext = vec![7; length];
        let sealed = world.seal(&mut &plaintext[..], &world.path("sealed"));
        assert_eq!(sealed.unwrap(), u64::try_from(length).unwrap());
        let object = fs::read(world.path("sealed")).unwrap();
        assert_eq!(world.open(&object, &world.path("opened")).unwrap(), u64::try_from(length).unwrap());
        assert_eq!(fs::read(world.path("opened")).unwrap(), plaintext);
        assert_eq!(world.names().len(), 2, "and nothing else is left");
    }
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_what_was_opened() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    world.seal(&mut &b"secret"[..], &world.path("sealed")).unwrap();
    world.open(&fs::read(world.path("sealed")).unwrap(), &world.path("opened")).unwrap();
    assert_eq!(fs::metadata(world.path("opened")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_failure_leaves_what_was_there() {
    let world = World::new();
    let (sealed, opened) = (world.path("sealed"), world.path("opened"));
    world.seal(&mut &vec![7; 100_000][..], &sealed).unwrap();
    let object = fs::read(&sealed).unwrap();
    fs::write(&opened, "before").unwrap();

    let broken = world.seal(&mut Broken(50_000), &sealed).unwrap_err();
    assert_eq!(broken.code(), "source_unreadable");
    assert_eq!(fs::read(&sealed).unwrap(), object);
    let mut flipped = object.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for (bad, expected) in [
        (flipped.as_slice(), OpenError::ChunkForged),
        (&object[..object.len() - 1], OpenError::ChunkForged),
        (&object[..76 + 2 * 16_400], OpenError::BodyTruncated),
        (&object[..50], OpenError::BodyTruncated),
        (b"not sealed", OpenError::NotAnEnvelope),
    ] {
        let refused = world.open(bad, &opened).unwrap_err();
        assert!(matches!(refused, ObjectError::Open(error) if error == expected), "{refused:?}");
        assert_eq!(fs::read(&opened).unwrap(), b"before");
    }
    assert_eq!(world.seal(&mut &b"x"[..], Path::new("/nowhere/at/all")).unwrap_err().code(), "target_unwritable");
    assert_eq!(world.names().len(), 2, "no temporary file is left");
    assert!(world.open(&object, &opened).is_ok(), "the control");
    assert_eq!(fs::read(&opened).unwrap(), vec![7; 100_000]);
}

/// As if killed in its middle: nobody drops anything.
#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::print_stdout, reason = "says why it was not tried")]
fn what_is_not_finished_leaves_no_name() {
    use rustix::fs::{Mode, OFlags};
    let world = World::new();
    let flags = OFlags::WRONLY | OFlags::TMPFILE;
    if rustix::fs::open(world.folder.path(), flags, Mode::from_raw_mode(0o600)).is_err() {
        return println!("not tried: this file system has no files without a name");
    }
    let mut file = WholeFile::create(&world.path("new")).unwrap();
    file.write_all(b"half").unwrap();
    std::mem::forget(file);
    assert!(world.names().is_empty());
    let mut file = WholeFile::create(&world.path("new")).unwrap();
    file.write_all(b"whole").unwrap();
    file.finish().unwrap();
    assert_eq!((world.names(), fs::read(world.path("new")).unwrap()), (vec!["new".into()], b"whole".to_vec()));
}

#[test]
fn a_file_that_comes_in_the_meantime_is_not_replaced() {
    let world = World::new();
    let (kept, replaced) = (world.path("kept"), world.path("replaced"));
    let files = (WholeFile::create(&kept).unwrap(), WholeFile::replace(&replaced).unwrap());
    fs::write(&kept, "theirs").unwrap();
    fs::write(&replaced, "theirs").unwrap();
    assert_eq!(files.0.finish().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    files.1.finish().unwrap();
    assert!(WholeFile::create(&kept).is_err(), "known from the start, before a long work");
    assert_eq!((fs::read(kept).unwrap(), fs::read(replaced).unwrap()), (b"theirs".to_vec(), Vec::new()));
    assert_eq!(world.names().len(), 2, "no temporary file is left");
}
