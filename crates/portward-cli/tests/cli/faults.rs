//! Whatever the operating system refuses, at whatever moment: what was acknowledged is there, nothing is half there, nothing is granted.
//!
//! `strace` makes a system call fail, the first one, the second one, and so on, until the command ends before its turn comes.

pub(crate) mod beginning;
mod changing;
mod exchanging;
mod keeping;
mod placing;
mod random;

pub(crate) use keeping::lies_under;
#[cfg(feature = "softhsm-tests")]
pub(crate) use random::Refusals;

use std::cell::{Cell, RefCell};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus, Stdio};

use crate::home::{Home, Ran, text};
use crate::studio::{CONTRACT, SmallMedium, plaintext};

/// Which calls fail, and how.
pub(crate) const FAULTS: [(&str, &str); 6] = [
    ("fsync,fdatasync", "EIO"),
    ("pwrite64", "ENOSPC"),
    ("pwrite64", "EIO"),
    ("rename,renameat,renameat2", "EIO"),
    ("ftruncate,unlink,unlinkat", "EIO"),
    ("getrandom", "EIO"),
];

/// Of a command that speaks to no database: tokio wakes its threads by writing, which never fails.
pub(crate) const WRITES: [(&str, &str); 2] = [("write", "ENOSPC"), ("write", "EIO")];

fn is_long() -> bool {
    std::env::var_os("PORTWARD_LONG").is_some_and(|long| long == "1")
}

/// Every moment with `PORTWARD_LONG=1`, else some of them, the more the earlier.
fn moments() -> Box<dyn Iterator<Item = u32>> {
    if is_long() {
        return Box::new(1..);
    }
    Box::new([1, 2, 3, 5, 8].into_iter())
}

/// How large a file may become: a write across that end is cut short, the next one fails.
const SIZES: [u32; 13] = [0, 1, 100, 700, 2000, 4096, 5000, 10_000, 20_000, 40_000, 100_000, 1_000_000, 10_000_000];

pub(crate) type Faulty<'a> = &'a dyn Fn(&[&str]) -> Ran;

/// It was done, though it failed: nobody was told, or the medium did not say that it has it.
pub(crate) fn stands(ran: &Ran) -> bool {
    ran.code == Some(0) || ["file_unsynced", "output_failed"].iter().any(|code| ran.stderr.contains(code))
}

/// Plays the scenario again and again, its one faulty command with another fault each time.
pub(crate) fn sweep(home: &Home, faults: &[&[(&str, &str)]], scenario: impl Fn(Faulty<'_>)) {
    let failed = Cell::new(0_u32);
    for (calls, error) in faults.concat() {
        let before = failed.get();
        for moment in moments() {
            let hit = Cell::new(false);
            scenario(&|arguments| {
                let inject = format!("inject={calls}:error={error}:when={moment}");
                let (ran, injected) = faulty(home, arguments, (calls, &inject));
                hit.set(injected);
                let of = format!("{arguments:?} with {inject}: {}", ran.stderr);
                assert!(ran.code.is_some_and(|code| (0..=3).contains(&code)), "{:?}, {of}", ran.code);
                if ran.code != Some(0) {
                    assert!(injected && ran.stderr.contains("error["), "{of}");
                    failed.set(failed.get().saturating_add(1));
                }
                ran
            });
            if !hit.get() {
                break;
            }
        }
        // What is not known to be on the medium is not acknowledged.
        assert!(!calls.starts_with("fsync") || failed.get() > before, "no fault of {calls} was felt");
    }
    let ends = RefCell::new(Vec::new());
    for bytes in SIZES.into_iter().step_by(if is_long() { 1 } else { 2 }) {
        scenario(&|arguments| {
            let ran = limited(home, arguments, bytes);
            assert!(ran.code == Some(0) || ran.code == Some(3) && ran.stderr.contains("error["), "{bytes}: {ran:?}");
            ends.borrow_mut().push(ran.code);
            ran
        });
    }
    let ends = ends.into_inner();
    assert!(ends.contains(&Some(0)) && ends.contains(&Some(3)), "{ends:?}");
}

/// Where no file may become larger than this.
fn limited(home: &Home, arguments: &[&str], bytes: u32) -> Ran {
    let plain = home.command(arguments);
    let mut command = Command::new("env");
    command.args(["--ignore-signal=XFSZ", "prlimit", &format!("--fsize={bytes}")]);
    command.arg(plain.get_program()).args(plain.get_args()).stdin(Stdio::null());
    inherit(&plain, &mut command);
    Ran::of(arguments, command.current_dir(home.beside("")).output().unwrap())
}

fn inherit(plain: &Command, command: &mut Command) {
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

/// Under `strace`; and whether a call was made to fail.
fn faulty(home: &Home, arguments: &[&str], (calls, inject): (&str, &str)) -> (Ran, bool) {
    let plain = home.command(arguments);
    let trace = home.beside("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(&trace).args(["-e", &format!("trace={calls}"), "-e", inject, "--"]);
    command.arg(plain.get_program()).args(plain.get_args()).stdin(Stdio::null());
    inherit(&plain, &mut command);
    let mut output = command.current_dir(home.beside("")).output().unwrap();
    // Where the standard library cannot seed a hash table, it panics: that ends the process, or the thread that tells events, after which the
    // command says so. What is refused to us alone is in `random`.
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("std/src/sys/random") {
        let refusals = said.lines().filter(|line| line.starts_with("error[")).collect::<Vec<_>>().join("\n");
        (output.status, output.stderr) = match output.status.code() {
            Some(101) => (ExitStatus::from_raw(3 << 8), b"error[random_unavailable]: ".to_vec()),
            _ => (output.status, refusals.into_bytes()),
        };
    }
    let injected = std::fs::read_to_string(&trace).unwrap().contains("(INJECTED)");
    (Ran::of(arguments, output), injected)
}

const TENANT: &str = "--tenant=studio-7";
const ISSUE: [&str; 5] = ["link", "issue", TENANT, "--client=42", "--permission=files:read"];

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn issuing_in_a_store() {
    let home = Home::stored();
    let count = || home.ok(&["store", "check"])["links"].as_u64().unwrap();
    sweep(&home, &[&FAULTS], |faulty| {
        let before = count();
        let ran = faulty(&ISSUE);
        let made = count() - before;
        match ran.code {
            Some(0) => {
                assert_eq!(made, 1);
                home.ok(&["link", "verify", ran.stdout.trim()]);
            }
            _ => assert!(made <= 1 && ran.stdout.is_empty(), "{ran:?}"),
        }
    });
}

/// Failed or not, the same again ends it.
fn revoked(home: &Home, faults: &[&[(&str, &str)]]) {
    sweep(home, faults, |faulty| {
        let link = home.link();
        let revoke = ["revoke", "link", &link];
        let ran = faulty(&revoke);
        if ran.code != Some(0) {
            let code = home.run(&["link", "verify", &link]).code;
            assert!(code == Some(1) || code == Some(0) && !stands(&ran), "{code:?} {ran:?}");
            home.ok(&revoke);
        }
        home.refuses(&["link", "verify", &link], "refused", "link_revoked");
    });
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn revoking_in_a_store() {
    revoked(&Home::stored(), &[&FAULTS]);
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn revoking_in_a_directory() {
    revoked(&Home::new(), &[&FAULTS, &WRITES]);
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn redeeming_once() {
    let home = Home::stored();
    sweep(&home, &[&FAULTS], |faulty| {
        let issued = home.ok(&[&ISSUE[..], &["--uses=1"]].concat());
        let (link, id) = (text(&issued, "token"), text(&issued, "id"));
        let first = faulty(&["session", "issue", &link]);
        let uses = home.ok(&["link", "show", &id, TENANT])["uses"].as_u64().unwrap();
        let second = home.run(&["session", "issue", &link]).code;
        match first.code {
            Some(0) => assert_eq!((uses, second), (1, Some(1))),
            _ => assert_eq!((uses, first.stdout.as_str()), (u64::from(second == Some(1)), "")),
        }
        assert_eq!(home.ok(&["link", "show", &id, TENANT])["uses"], 1);
    });
    home.ok(&["store", "check"]);
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn rotating_the_root() {
    let home = Home::new();
    sweep(&home, &[&FAULTS, &WRITES], |faulty| {
        let (link, old, new) = (home.link(), home.active(), text(&home.ok(&["keyring", "add"]), "added"));
        let activate = ["keyring", "activate", &new];
        let ran = faulty(&activate);
        let active = home.active();
        assert!(active == new || (active == old && !stands(&ran)), "{active} {ran:?}");
        home.ok(&["keyring", "check"]);
        home.ok(&["link", "verify", &link]);
        if active == old {
            home.ok(&activate);
        }
        home.ok(&["keyring", "retire", &old]);
        home.ok(&["keyring", "destroy", &old, "--force", &old]);
        home.refuses(&["link", "verify", &link], "refused", "unknown_root");
    });
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn sealing() {
    let home = Home::studio();
    let contents = [plaintext(40_000), vec![7; 40_000]];
    let (old, new) = (home.sealed("old", &contents[0], &[]), &contents[1]);
    let unsynced = Cell::new(0_u32);
    sweep(&home, &[&FAULTS], |faulty| {
        home.write("object", &old);
        home.write("plaintext", new);
        let ran = faulty(&[&["seal", "plaintext", "-o", "object", "--force"], &CONTRACT[..]].concat());
        let opened = home.pipe(&home.open("object", &[]), b"");
        assert!(opened.status.success());
        // An error says what there is: the old one, unless it says that the new one is in its place.
        assert!(opened.stdout == contents[usize::from(stands(&ran))], "{ran:?}");
        unsynced.set(unsynced.get() + u32::from(ran.stderr.contains("error[file_unsynced]: object: ")));
    });
    assert!(unsynced.get() > 0, "a folder that is not synced was felt");
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn destroying() {
    let home = Home::studio();
    let round = Cell::new(0_u32);
    sweep(&home, &[&FAULTS], |faulty| {
        round.set(round.get().wrapping_add(1));
        let (id, scope) = (format!("--id={}", round.get()), format!("file:{}", round.get()));
        let of = [TENANT, "--name=files.content", &id];
        home.write("plaintext", b"x");
        home.ok(&[&["seal", "plaintext", "-o", "object", "--force"], &of[..]].concat());
        let (confirm, scope) = (format!("--confirm={scope}"), format!("--scope={scope}"));
        let destroy = ["tenant", "destroy", "studio-7", &scope, &confirm, "--backups-kept=1"];
        let open = [&["open", "object", "-o", "opened", "--force"], &of[..]].concat();
        home.ok(&open);
        if faulty(&destroy).code != Some(0) {
            home.ok(&destroy);
        }
        home.refuses(&open, "unreadable", "data_key_destroyed");
    });
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn backing_up() {
    let home = Home::studio();
    home.sealed("object", b"a contract", &[]);
    sweep(&home, &[&FAULTS], |faulty| {
        let count = || home.ok(&["backup", "list", "backups"])["backups"].as_array().unwrap().len();
        home.ok(&["backup", "create", "backups", "--keys"]);
        let before = count();
        let ran = faulty(&["backup", "create", "backups", "--keys"]);
        let made = count() - before;
        assert!(if ran.code == Some(0) { made == 1 } else { made <= 1 }, "{ran:?}");
        home.ok(&["backup", "prune", "backups", "--keep-keys=0", "--strays"]);
        home.ok(&["backup", "verify", "backups"]);
    });
}

/// A medium that is full after so many bytes: writes are cut short first.
#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn a_full_medium() {
    let home = Home::new();
    let link = home.link();
    let mut codes = Vec::new();
    for kib in [4, 8, 12, 16, 20, 24, 32, 64] {
        let at = home.beside(&format!("medium-{kib}"));
        let Some(_medium) = SmallMedium::new(at.clone(), kib) else { return };
        let copied = Command::new("cp").arg("-r").arg(home.file("")).arg(at.join("portward")).output().unwrap();
        if !copied.status.success() {
            continue;
        }
        let small = |arguments: &[&str]| {
            let mut command = home.command(arguments);
            command.env("PORTWARD_DIR", at.join("portward"));
            Ran::of(arguments, command.output().unwrap())
        };
        let ran = small(&["revoke", "link", &link]);
        let verified = small(&["link", "verify", &link]);
        match ran.code {
            Some(0) => assert_eq!(verified.code, Some(1), "{kib}"),
            code => assert_eq!((code, verified.code), (Some(3), Some(0)), "{kib}: {}", ran.stderr),
        }
        codes.push(ran.code);
    }
    assert!(codes.contains(&Some(0)) && codes.contains(&Some(3)), "{codes:?}");
}
