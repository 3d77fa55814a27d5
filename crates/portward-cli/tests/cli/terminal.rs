//! What somebody at a terminal sees, and what a pipe never does.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::home::Home;
use crate::studio::{CONTRACT, plaintext};

/// A terminal: what shows it, and what writes to it.
fn terminal() -> (File, OwnedFd) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    (File::from(master), slave)
}

/// Runs it with these bytes, which come slowly, and tells what the terminal showed.
fn shown(mut command: Command, mut screen: File, input: &[u8]) -> (Option<i32>, String) {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // The command has its own; ours would keep the terminal open.
    drop(command);
    let mut stdin = child.stdin.take().unwrap();
    for part in input.chunks(input.len().div_ceil(4)) {
        let _ = stdin.write_all(part);
        std::thread::sleep(Duration::from_millis(250));
    }
    drop(stdin);
    let code = child.wait().unwrap().code();
    let mut shown = Vec::new();
    // When nobody writes to it any more, a terminal ends with an error.
    let _ = screen.read_to_end(&mut shown);
    (code, String::from_utf8(shown).unwrap())
}

#[test]
fn progress_is_shown_where_somebody_waits() {
    let home = Home::studio();
    let seal = [&["seal", "-o", "sealed", "--force"], &CONTRACT[..]].concat();
    let run = |options: &[&str]| {
        let (screen, slave) = terminal();
        let mut command = home.command(&[&seal[..], options].concat());
        command.stdout(Stdio::null()).stderr(slave);
        let (code, shown) = shown(command, screen, &plaintext(400_000));
        assert_eq!(code, Some(0), "{shown}");
        shown
    };
    assert!(run(&[]).contains("KiB/s"));
    for silent in ["--quiet", "--json"] {
        assert_eq!(run(&[silent]), "");
    }
}

#[test]
fn no_progress_disturbs_what_is_opened_to_the_terminal() {
    let home = Home::studio();
    let object = home.sealed("object", b"the contract", &[]);
    let (screen, slave) = terminal();
    let mut command = home.command(&home.open("-", &[]));
    command.stdout(slave.try_clone().unwrap()).stderr(slave);
    assert_eq!(shown(command, screen, &object), (Some(0), "the contract".into()));
}

#[test]
fn sealed_bytes_do_not_go_to_a_terminal() {
    let home = Home::studio();
    home.write("plaintext", b"x");
    let (_screen, slave) = terminal();
    let seal = [&["seal", "plaintext"], &CONTRACT[..]].concat();
    assert!(home.pipe(&seal, b"").status.success(), "the control");
    let mut command = home.command(&seal);
    let output = command.stdout(slave).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with("error[terminal]: "), "{said}");
}
