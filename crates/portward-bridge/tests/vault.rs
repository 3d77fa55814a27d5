//! Files of a vault: what waits for them, and what is left where it does not wait any more.
#![cfg(feature = "holder")]
#![expect(clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use portward_bridge::{DeviceKey, DeviceKeyFault, Of, Stop, Vault, Work};
use zeroize::Zeroizing;

/// Of no use outside a test.
struct Open;

impl DeviceKey for Open {
    fn wrap(&self, key: &[u8], _: &[u8]) -> Result<Vec<u8>, DeviceKeyFault> {
        Ok(key.to_vec())
    }

    fn unwrap(&self, wrapped: &[u8], _: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceKeyFault> {
        Ok(Zeroizing::new(wrapped.to_vec()))
    }
}

/// Says so at the end, and looks at the target before and after it is placed.
struct Waiting {
    target: PathBuf,
    says: Result<(), Stop>,
    seen: Vec<Option<Vec<u8>>>,
}

impl Waiting {
    fn new(target: &Path, says: Result<(), Stop>) -> Self {
        Self { target: target.to_owned(), says, seen: Vec::new() }
    }

    fn look(&mut self) {
        self.seen.push(fs::read(&self.target).ok());
    }
}

impl Work for Waiting {
    fn advanced(&mut self, _: u64) -> Result<(), Stop> {
        Ok(())
    }

    fn finish(&mut self, _: u64, place: &mut dyn FnMut()) -> Result<(), Stop> {
        self.look();
        self.says?;
        place();
        self.look();
        Ok(())
    }
}

const OF: Of<'_> = Of { name: "files.content", id: "1", more: &[] };

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_file_appears_only_if_somebody_waits_for_it_to_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let vault = Vault::create("t", "key", &Open).unwrap();
    let [plain, sealed, target] = ["plain", "sealed", "target"].map(|name| directory.path().join(name));
    fs::write(&plain, [7; 100_000]).unwrap();
    let mut waiting = Waiting::new(&sealed, Ok(()));
    assert_eq!(vault.seal_file(&OF, &plain, &sealed, &mut waiting).unwrap(), 100_000);
    assert!(waiting.seen[0].is_none() && waiting.seen[1].is_some());

    fs::write(&target, "older").unwrap();
    for (stop, code) in [(Stop::Cancelled, "cancelled"), (Stop::CallbackFailed, "callback_failed")] {
        let mut gone = Waiting::new(&target, Err(stop));
        assert_eq!(vault.open_file(&OF, &sealed, &target, &mut gone).unwrap_err().code, code);
        assert_eq!(vault.seal_file(&OF, &plain, &target, &mut gone).unwrap_err().code, code);
        assert_eq!((gone.seen.len(), fs::read(&target).unwrap()), (2, b"older".to_vec()));
        assert_eq!(count(directory.path()), 3, "nothing is left of it");
    }
    let mut waiting = Waiting::new(&target, Ok(()));
    assert_eq!(vault.open_file(&OF, &sealed, &target, &mut waiting).unwrap(), 100_000);
    assert_eq!(waiting.seen, [Some(b"older".to_vec()), Some(vec![7; 100_000])]);
}

#[test]
fn whoever_does_not_place_it_is_not_told_that_it_went_well() {
    struct Idle;
    impl Work for Idle {
        fn advanced(&mut self, _: u64) -> Result<(), Stop> {
            Ok(())
        }

        fn finish(&mut self, _: u64, _: &mut dyn FnMut()) -> Result<(), Stop> {
            Ok(())
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let vault = Vault::create("t", "key", &Open).unwrap();
    let [plain, sealed] = ["plain", "sealed"].map(|name| directory.path().join(name));
    fs::write(&plain, "Monday").unwrap();
    assert_eq!(vault.seal_file(&OF, &plain, &sealed, &mut Idle).unwrap_err().code, "target_unwritable");
    assert_eq!(count(directory.path()), 1);
    assert!(vault.seal_file(&OF, &plain, &sealed, &mut Waiting::new(&sealed, Ok(()))).is_ok(), "the control");
}

/// First the content, then the name, then the folder that the name lies in.
#[cfg(target_os = "linux")]
#[test]
fn what_is_placed_is_on_the_medium() {
    if Command::new("strace").args(["-qq", "true"]).output().is_err() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("trace");
    let calls = "trace=fsync,fdatasync,rename,renameat,renameat2";
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-y", "-e", calls, "-o"]).arg(&trace).arg(std::env::current_exe().unwrap());
    let ran =
        traced.args(["--exact", "placed", "--ignored"]).env("PORTWARD_PLACED", directory.path()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));

    let lines = fs::read_to_string(&trace).unwrap();
    let calls: Vec<&str> = lines.lines().filter_map(|line| line.split_once(' ')?.1.trim().split('(').next()).collect();
    assert!(matches!(calls.as_slice(), ["fsync", rename, "fsync"] if rename.starts_with("rename")), "{lines}");
    let folder = fs::canonicalize(directory.path()).unwrap();
    let last = lines.lines().last().expect("three lines");
    assert!(last.contains(&format!("<{}>", folder.display())), "{last}");
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "run by the one above"]
fn placed() {
    let folder = PathBuf::from(std::env::var_os("PORTWARD_PLACED").unwrap());
    let (plain, sealed) = (folder.join("plain"), folder.join("sealed"));
    fs::write(&plain, "Monday").unwrap();
    let vault = Vault::create("t", "key", &Open).unwrap();
    vault.seal_file(&OF, &plain, &sealed, &mut Waiting::new(&sealed, Ok(()))).unwrap();
}
