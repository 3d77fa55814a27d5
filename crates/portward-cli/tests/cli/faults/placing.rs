//! What has no name until it is whole needs one for a moment, where it takes the place of another file.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use super::inherit;
use crate::home::Home;
use crate::studio::{CONTRACT, plaintext};

/// Under `strace`, killed when it is about to rename a file.
fn killed_at_its_rename(home: &Home, arguments: &[&str]) {
    let plain = home.command(arguments);
    let inject = "inject=rename,renameat,renameat2:error=EIO:signal=KILL";
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=rename,renameat,renameat2", "-e", inject, "--"]);
    command.arg(plain.get_program()).args(plain.get_args()).stdin(Stdio::null());
    inherit(&plain, &mut command);
    let output = command.current_dir(home.beside("")).output().unwrap();
    assert_eq!(output.status.signal(), Some(9), "{output:?}");
}

fn leftovers(home: &Home) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(home.beside("")).unwrap().map(|entry| entry.unwrap());
    let is_one = |name: &str| name.starts_with(".portward-");
    entries
        .filter(|entry| is_one(entry.file_name().to_str().unwrap()))
        .map(|entry| fs::read(entry.path()).unwrap())
        .collect()
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn what_a_killed_command_left_goes_with_the_next() {
    let home = Home::studio();
    let plaintext = plaintext(40_000);
    home.sealed("object", &plaintext, &[]);
    let open = home.open("object", &["-o", "opened", "--force"]);
    let next: [(&str, &[&str], i32); 4] = [
        ("opened again", &open, 0),
        ("refused, as it is there", &home.open("object", &["-o", "opened"]), 3),
        (
            "refused, as it is of another",
            &["open", "object", "-o", "opened", "--force", CONTRACT[0], CONTRACT[1], "--id=2", "--scope=file:1"],
            1,
        ),
        ("sealed over it", &[&["seal", "plaintext", "-o", "opened", "--force"], &CONTRACT[..]].concat(), 0),
    ];
    for (what, next, code) in next {
        home.write("opened", b"before");
        killed_at_its_rename(&home, &open);
        assert_eq!(home.bytes("opened"), b"before", "{what}");
        assert!(leftovers(&home) == [plaintext.clone()], "the control: it was whole, and had a name: {what}");
        assert_eq!(home.run(next).code, Some(code), "{what}");
        assert!(leftovers(&home).is_empty() || code == 3, "{what}");
        home.ok(&open);
        assert!(leftovers(&home).is_empty(), "{what}");
        assert_eq!(home.bytes("opened"), plaintext);
    }
}
