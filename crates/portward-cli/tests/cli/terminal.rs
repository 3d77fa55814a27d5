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
    let shown = run(&[]);
    assert!(shown.contains("KiB/s") && !shown.contains("left"), "nobody knows how long a pipe is: {shown}");
    for silent in ["--quiet", "--json"] {
        assert_eq!(run(&[silent]), "");
    }
}

/// A file so long that its sealing takes longer than the test waits; it takes no room.
fn endless(home: &Home) {
    File::create(home.beside("endless")).unwrap().set_len(1 << 40).unwrap();
}

/// Of a file the length is known: how much of it is done, how fast, and how long it will still take.
#[test]
fn the_time_that_is_left_is_shown_where_the_length_is_known() {
    let home = Home::studio();
    endless(&home);
    let (mut screen, slave) = terminal();
    let mut command = home.command(&[&["seal", "endless"], &CONTRACT[..]].concat());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(slave).spawn().unwrap();
    drop(command);
    let (mut shown, mut part) = (Vec::new(), [0; 4096]);
    // Once it has drawn a few times there is a rate that it believes. Each drawing comes within a quarter of a second.
    while shown.windows(4).filter(|window| window == b"left").count() < 4 {
        match screen.read(&mut part) {
            Ok(length @ 1..) => shown.extend_from_slice(&part[..length]),
            other => panic!("it ended without a bar: {other:?}"),
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let shown = String::from_utf8_lossy(&shown);
    let line = shown.rsplit('\r').find(|line| line.contains("left")).unwrap();
    let is_shown = |unit: &str| line.split_whitespace().any(|word| word.ends_with(unit));
    assert!(line.contains('[') && line.contains("of 1.00 TiB"), "{line:?}");
    assert!(is_shown("iB/s"), "the rate: {line:?}");
    let (_, left) = line.split_once("iB/s").unwrap();
    let time = left.split_whitespace().next().unwrap();
    assert!(time.starts_with(|letter: char| letter.is_ascii_digit()), "the time: {left:?}");
}

/// The same, for long enough that a bar would be there.
#[test]
fn a_pipe_is_shown_no_progress() {
    let home = Home::studio();
    endless(&home);
    let mut command = home.command(&[&["seal", "endless"], &CONTRACT[..]].concat());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    assert!(child.try_wait().unwrap().is_none(), "it is still at work");
    child.kill().unwrap();
    assert_eq!(String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap(), "");

    let seal = [&["seal", "-o", "sealed"], &CONTRACT[..]].concat();
    let mut command = home.command(&seal);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for part in plaintext(400_000).chunks(100_000) {
        stdin.write_all(part).unwrap();
        std::thread::sleep(Duration::from_millis(300));
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("iB"), "{said}");
}

/// The body is copied, which takes its time: here of an object behind which there is more than it can have.
#[test]
fn the_copy_of_a_rewrapping_is_shown_at_a_terminal() {
    let home = Home::studio();
    home.sealed("object", b"x", &["--embed"]);
    File::options().write(true).open(home.beside("object")).unwrap().set_len(1 << 33).unwrap();
    let rewrap = ["rewrap", "object", "--tenant=studio-7", "--scope=file:1"];
    let (mut screen, slave) = terminal();
    let mut command = home.command(&rewrap);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(slave).spawn().unwrap();
    drop(command);
    let (mut shown, mut part) = (String::new(), [0; 4096]);
    // What was copied has no name, and goes with the process.
    while !shown.contains("left") {
        match screen.read(&mut part) {
            Ok(length @ 1..) => shown += &String::from_utf8_lossy(&part[..length]),
            other => panic!("it ended without a bar: {other:?} {shown}"),
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(shown.contains("of 8.00 GiB") && shown.contains("iB/s"), "{shown}");

    let mut command = home.command(&rewrap);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(child.try_wait().unwrap().is_none(), "it is still at work");
    child.kill().unwrap();
    assert_eq!(String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap(), "");
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
