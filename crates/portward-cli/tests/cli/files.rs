//! Files that are refused, kept, shared and survived.

use std::process::Stdio;
use std::time::Instant;

use crate::home::{Home, mode};
use crate::killed::Killer;

/// Every command that would use the keyring refuses it by name and leaves it byte for byte.
#[track_caller]
fn refused_and_kept(home: &Home, code: &str) {
    let before = home.read("keyring.json");
    let commands: &[&[&str]] = &[
        &["keyring", "list"],
        &["keyring", "add"],
        &["keyring", "check"],
        &["keyring", "activate", "00000000"],
        &["keyring", "seal"],
        &["link", "issue", "--tenant=a", "--client=b", "--permission=files:read"],
        &["revoke", "everything"],
        &["view", "show"],
    ];
    for command in commands {
        home.fails(command, 3, code);
    }
    assert_eq!(home.read("keyring.json"), before, "unchanged");
    let strays = std::fs::read_dir(home.file("")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(strays.into_iter().all(|name| !name.to_str().unwrap().ends_with(".tmp")), "no temporary file is left");
}

#[test]
fn a_keyring_that_others_could_read_is_refused() {
    let home = Home::new();
    home.ok(&["keyring", "check"]);
    for open in [0o644, 0o640, 0o604, 0o620, 0o602] {
        mode(&home.file("keyring.json"), open);
        refused_and_kept(&home, "keyring_permissions");
    }
    mode(&home.file("keyring.json"), 0o600);
    home.ok(&["keyring", "add"]);
    mode(&home.file("keyring.json"), 0o400);
    home.ok(&["keyring", "check"]);
}

#[test]
fn a_directory_or_deployment_that_others_could_write_is_refused() {
    let home = Home::new();
    mode(&home.file(""), 0o770);
    home.fails(&["keyring", "list"], 3, "file_permissions");
    mode(&home.file(""), 0o755);
    home.ok(&["keyring", "list"]);
    mode(&home.file("deployment.json"), 0o664);
    home.fails(&["keyring", "list"], 3, "file_permissions");
}

#[test]
fn a_damaged_or_newer_keyring_is_refused_and_never_overwritten() {
    let home = Home::new();
    let good = String::from_utf8(home.read("keyring.json")).unwrap();
    let write = |text: &str| std::fs::write(home.file("keyring.json"), text).unwrap();
    let key = good.find("pwk1_").unwrap() + 10;
    let swapped = if good.as_bytes()[key] == b'A' { "B" } else { "A" };
    let mut flipped = good.clone();
    flipped.replace_range(key..=key, swapped);
    let check = good.find("\"check\": \"").unwrap() + 10;
    let mut mismatched = good.clone();
    mismatched.replace_range(check..check + 16, "0000000000000000");
    for (text, code) in [
        (good[..good.len() / 2].to_owned(), "keyring_malformed"),
        (String::new(), "keyring_malformed"),
        (flipped, "keyring_malformed"),
        (mismatched, "keyring_check_mismatch"),
        (good.replace("\"version\": 1", "\"version\": 2"), "keyring_newer_version"),
        (good.replace("\"active\"", "\"verify_only\""), "keyring_no_active_root"),
    ] {
        assert_ne!(text, good, "{code}");
        write(&text);
        refused_and_kept(&home, code);
    }
    write(&good);
    home.ok(&["keyring", "add"]);
}

#[test]
fn a_keyring_of_another_deployment_is_refused() {
    let (home, other) = (Home::new(), Home::new());
    let own = home.read("keyring.json");
    std::fs::write(home.file("keyring.json"), other.read("keyring.json")).unwrap();
    refused_and_kept(&home, "keyring_wrong_deployment");
    std::fs::write(home.file("keyring.json"), own).unwrap();
    home.ok(&["keyring", "check"]);
}

#[test]
fn links_and_pipes_in_the_place_of_a_file_are_refused() {
    let home = Home::new();
    std::fs::rename(home.file("keyring.json"), home.beside("elsewhere.json")).unwrap();
    std::os::unix::fs::symlink(home.beside("elsewhere.json"), home.file("keyring.json")).unwrap();
    home.fails(&["keyring", "add"], 3, "file_not_regular");
    std::fs::remove_file(home.file("keyring.json")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        home.file("keyring.json"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    home.fails(&["keyring", "add"], 3, "file_not_regular");
    std::fs::remove_file(home.file("keyring.json")).unwrap();
    std::fs::rename(home.beside("elsewhere.json"), home.file("keyring.json")).unwrap();
    home.ok(&["keyring", "add"]);
}

#[test]
fn two_keyrings_side_by_side_are_refused() {
    let home = Home::new();
    std::fs::write(home.file("keyring.sealed.json"), "{}").unwrap();
    refused_and_kept(&home, "keyring_two_files");
    std::fs::remove_file(home.file("keyring.sealed.json")).unwrap();
    home.ok(&["keyring", "check"]);
}

#[test]
fn commands_at_the_same_time_lose_nothing() {
    let home = Home::new();
    let children: Vec<_> =
        (0..8).map(|_| home.command(&["keyring", "add"]).stdout(Stdio::null()).spawn().unwrap()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(home.states().len(), 9);

    let children: Vec<_> =
        (0..8).map(|_| home.command(&["revoke", "everything"]).stdout(Stdio::null()).spawn().unwrap()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert!(home.ok(&["view", "show"])["stamp"].as_str().unwrap().ends_with(":8"));
}

/// Killed at fifty different moments, from before the start to after the end.
#[test]
fn a_killed_command_leaves_a_whole_keyring() {
    let home = Home::new();
    let begun = Instant::now();
    home.ok(&["keyring", "add"]);
    let mut killer = Killer::new(begun.elapsed(), 0);
    let mut roots = 2;
    let mut killed = 0;
    for _ in 0..50 {
        killed += u32::from(!killer.kills(&home, &["keyring", "add"], b""));
        let now = home.states().len();
        assert!(now == roots || now == roots + 1, "from {roots} to {now} roots");
        roots = now;
    }
    assert!(killed > 5, "only {killed} were killed in time");
    assert!(roots > 2, "none came to its end");
    home.ok(&["keyring", "add"]);
    assert!(!home.file(".keyring.json.tmp").exists(), "what a killed command left is gone with the next write");
}

#[test]
fn a_view_put_back_from_a_backup_is_noticed() {
    let home = Home::new();
    let (link, good) = (home.link(), home.link());
    let old = home.read("view.pwf");
    home.ok(&["revoke", "link", &link]);
    let new = home.read("view.pwf");
    std::fs::write(home.file("view.pwf"), &old).unwrap();
    home.fails(&["link", "verify", &link], 3, "rollback");
    home.fails(&["revoke", "everything"], 3, "rollback");
    std::fs::remove_file(home.file("view.pwf")).unwrap();
    home.fails(&["link", "verify", &link], 3, "file_missing");
    std::fs::write(home.file("view.pwf"), &new).unwrap();
    mode(&home.file("view.pwf"), 0o600);
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");
    home.ok(&["link", "verify", &good]);
    std::fs::write(home.file("view.stamp"), "rubbish").unwrap();
    home.fails(&["link", "verify", &link], 3, "file_malformed");
}
