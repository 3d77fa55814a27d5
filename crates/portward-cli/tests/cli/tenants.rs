//! The encryption keys of tenants: rotated, rewrapped under, destroyed, counted.

use std::fs;

use serde_json::{Value, json};

use crate::home::{Home, mode, mode_of, text};
use crate::studio::CONTRACT;

const SCOPE: [&str; 2] = ["--tenant=studio-7", "--scope=file:1"];

fn versions(slots: &Value) -> Vec<u64> {
    slots.as_array().unwrap().iter().map(|slot| slot["version"].as_u64().unwrap()).collect()
}

#[test]
fn a_rotated_kek_opens_what_was_sealed_and_rewraps_it() {
    let home = Home::studio();
    let detached = home.sealed("detached", b"x", &[]);
    let before = home.sealed("embedded", b"y", &["--embed"]);
    home.fails(&["tenant", "rotate", "studio-8"], 1, "unknown_key");
    assert_eq!(home.ok(&["tenant", "rotate", "studio-7"])["version"], 2);
    let open = |file: &str, content: &[u8]| {
        let opened = home.pipe(&home.open(file, &[]), b"");
        assert_eq!((opened.status.code(), opened.stdout.as_slice()), (Some(0), content), "{file}");
    };
    open("detached", b"x");
    open("embedded", b"y");

    let rewrap = |file: &'static str| [&["rewrap", file], &SCOPE[..]].concat();
    home.fails(&rewrap("detached"), 1, "no_slot");
    home.fails(&rewrap("lost"), 3, "file_missing");
    home.fails(&["rewrap", "embedded", "--tenant=studio-8", "--scope=file:1"], 1, "unknown_key");
    home.sealed("other", b"z", &["--scope=file:2"]);
    let refused = home.fails(&["rewrap", "embedded", "--tenant=studio-7", "--scope=file:2"], 1, "unwrap_failed");
    assert!(refused["public"].is_null() && refused["error"]["public"].is_null(), "nobody is turned away: {refused}");
    std::os::unix::fs::symlink("embedded", home.beside("link")).unwrap();
    home.fails(&rewrap("link"), 3, "file_not_regular");
    assert_eq!((home.bytes("detached"), home.bytes("embedded")), (detached, before.clone()));

    mode(&home.beside("embedded"), 0o640);
    let rewrapped = home.ok(&rewrap("embedded"));
    assert_eq!((versions(&rewrapped["before"]), versions(&rewrapped["after"])), (vec![1], vec![2]));
    assert_eq!(versions(&home.ok(&["inspect", "embedded"])["slots"]), [2]);
    assert_eq!(mode_of(&home.beside("embedded")), 0o640, "who could read it still can");
    let (after, header) = (home.bytes("embedded"), 20 + 3 + 96);
    assert_eq!((after.len(), &after[header..]), (before.len(), &before[header..]));
    assert_ne!(after[..header], before[..header]);
    open("embedded", b"y");
    home.has_only(&["detached", "embedded", "link", "other", "plaintext"]);
}

#[test]
fn a_rotated_data_key_seals_only_what_is_new() {
    let home = Home::studio();
    home.fails(&["tenant", "rotate", "studio-7", "--scope=file:1"], 1, "unknown_key");
    home.sealed("old", b"x", &[]);
    home.ok(&["tenant", "rotate", "studio-7", "--scope=file:1"]);
    home.sealed("new", b"y", &[]);
    assert_ne!(home.ok(&["inspect", "old"])["data_key"], home.ok(&["inspect", "new"])["data_key"]);
    for file in ["old", "new"] {
        home.ok(&home.open(file, &["-o", "opened", "--force"]));
    }
}

/// Of one scope.
const DESTROY: [&str; 5] = ["tenant", "destroy", "studio-7", "--scope=file:1", "--backups-kept=30"];

#[test]
fn an_erased_scope_does_not_come_back() {
    let home = Home::studio();
    home.sealed("detached", b"x", &[]);
    home.sealed("embedded", b"x", &["--embed"]);
    home.sealed("other", b"x", &["--scope=file:2"]);
    home.fails(&[&DESTROY[..], &["--confirm=studio-7"]].concat(), 2, "confirm_differs");
    home.fails(&DESTROY, 2, "usage");
    home.fails(&["tenant", "destroy", "studio-7", "--confirm=studio-7"], 2, "usage");
    home.ok(&home.open("detached", &["-o", "opened"]));

    let destroy = [&DESTROY[..], &["--confirm=file:1"]].concat();
    let first = home.ok(&destroy);
    let said = home.run(&destroy).stderr;
    assert!(["backup", "blind indexes", "view export"].iter().all(|part| said.contains(part)), "{said}");
    let again = home.ok(&destroy);
    assert_eq!((&again["keys"], &again["complete_at"]), (&json!(1), &first["complete_at"]), "as the first time");
    assert!(text(&again, "complete_at") > text(&home.ok(&["link", "inspect", &home.link()]), "says_issued_at"));
    for file in ["detached", "embedded"] {
        home.refuses(&home.open(file, &["-o", "no"]), "unreadable", "data_key_destroyed");
    }
    home.fails(&[&["seal", "plaintext", "-o", "no"], &CONTRACT[..]].concat(), 1, "key_destroyed");
    home.fails(&["tenant", "rotate", "studio-7", "--scope=file:1"], 1, "key_destroyed");
    home.fails(&[&["rewrap", "embedded"], &SCOPE[..]].concat(), 1, "data_key_destroyed");
    home.ok(&home.open("other", &["-o", "opened", "--force", "--scope=file:2"]));
    home.fails(
        &["tenant", "destroy", "studio-7", "--scope=file:9", "--confirm=file:9", "--backups-kept=1"],
        1,
        "unknown_key",
    );
    home.has_only(&["detached", "embedded", "opened", "other", "plaintext"]);
}

/// What was sealed since opens, and what was sealed under the key does not.
#[test]
fn one_data_key_is_destroyed_by_its_name() {
    let home = Home::studio();
    home.sealed("old", b"x", &[]);
    let key = text(&home.ok(&["inspect", "old"]), "data_key");
    let (named, confirmed) = (format!("--key={key}"), format!("--confirm={key}"));
    let destroy = [&DESTROY[..], &[&named, &confirmed]].concat();
    let refused = home.fails(&destroy, 1, "key_state");
    assert!(text(&refused["error"], "message").contains("tenant rotate --scope"), "it seals: {refused}");
    home.ok(&["tenant", "rotate", "studio-7", "--scope=file:1"]);
    home.sealed("new", b"y", &[]);
    home.fails(&[&DESTROY[..], &[&named, "--confirm=file:1"]].concat(), 2, "confirm_differs");
    home.fails(&[&DESTROY[..], &[&named]].concat(), 2, "usage");
    home.fails(&["tenant", "destroy", "studio-7", "--backups-kept=30", &named, &confirmed], 2, "usage");
    home.fails(&[&DESTROY[..], &["--key=07", "--confirm=07"]].concat(), 2, "entry_id");
    let other = "07".repeat(16);
    let unknown = [format!("--key={other}"), format!("--confirm={other}")];
    home.fails(&[&DESTROY[..], &[&unknown[0], &unknown[1]]].concat(), 1, "unknown_key");
    home.ok(&home.open("old", &["-o", "opened"]));

    let first = home.ok(&destroy);
    assert_eq!((&first["keys"], text(&first, "destroyed").contains(&key)), (&json!(1), true), "{first}");
    home.refuses(&home.open("old", &["-o", "no"]), "unreadable", "data_key_destroyed");
    home.ok(&home.open("new", &["-o", "opened", "--force"]));
    assert_eq!(home.ok(&destroy)["complete_at"], first["complete_at"], "as the first time");
    assert_eq!(home.ok(&["view", "show", "--entries"])["changes"][0]["change"], "tombstone");
}

#[test]
fn an_erased_scope_begins_anew_by_name() {
    let home = Home::studio();
    let new = |scope: &'static str| ["tenant", "new", "studio-7", scope];
    home.sealed("old", b"x", &[]);
    home.fails(&new("--scope=file:1"), 1, "key_exists");
    home.ok(&[&DESTROY[..], &["--confirm=file:1"]].concat());
    home.fails(&[&["seal", "plaintext", "-o", "no"], &CONTRACT[..]].concat(), 1, "key_destroyed");
    home.fails(&["tenant", "new", "studio-8", "--scope=file:1"], 1, "unknown_key");
    assert_eq!(home.ok(&new("--scope=file:1")), json!({ "made": "a data key of file:1 of studio-7" }));
    home.sealed("new", b"y", &[]);
    home.ok(&home.open("new", &["-o", "opened"]));
    home.refuses(&home.open("old", &["-o", "no"]), "unreadable", "data_key_destroyed");
    home.fails(&new("--scope=index:email"), 1, "index_key");
    home.ok(&new("--scope=file:2"));
}

#[test]
fn an_erased_tenant_begins_anew_only_by_name() {
    let home = Home::studio();
    home.sealed("detached", b"x", &[]);
    home.sealed("embedded", b"x", &["--embed"]);
    for file in ["detached", "embedded"] {
        home.ok(&home.open(file, &["-o", "opened", "--force"]));
    }
    home.ok(&[&["rewrap", "embedded"], &SCOPE[..]].concat());
    let destroyed = home.ok(&["tenant", "destroy", "studio-7", "--confirm=studio-7", "--backups-kept=0"]);
    assert_eq!(destroyed["keys"], 2, "its KEK and a data key");
    let seal = |id: &'static str| ["seal", "plaintext", "-o", "new", "--tenant=studio-7", "--name=files.content", id];
    home.fails(&seal("--id=1"), 1, "key_destroyed");
    home.fails(&seal("--id=2"), 1, "unknown_key");
    home.fails(&[&["rewrap", "embedded"], &SCOPE[..]].concat(), 1, "no_active_kek");
    home.ok(&["tenant", "new", "studio-7"]);
    home.fails(&seal("--id=1"), 1, "key_destroyed");
    home.ok(&seal("--id=2"));
    for file in ["detached", "embedded"] {
        home.refuses(&home.open(file, &["-o", "no"]), "unreadable", "data_key_destroyed");
    }
}

fn put_back(home: &Home, saved: &[(&str, Vec<u8>)]) {
    for (name, bytes) in saved {
        fs::write(home.file(name), bytes).unwrap();
    }
}

#[test]
fn destroying_goes_on_where_it_was_killed() {
    let home = Home::studio();
    home.sealed("object", b"x", &[]);
    home.ok(&home.open("object", &["-o", "opened"]));
    let view = ["view.pwf", "view.stamp"].map(|name| (name, home.read(name)));
    let destroy = [&DESTROY[..], &["--confirm=file:1"]].concat();
    home.ok(&destroy);
    // As if killed between the store and the feed.
    put_back(&home, &view);
    let tombstones = || home.ok(&["view", "show", "--entries"])["changes"].clone();
    assert_eq!(tombstones(), json!([]));
    home.refuses(&home.open("object", &["-o", "no"]), "unreadable", "data_key_destroyed");
    home.ok(&destroy);
    assert_eq!(tombstones()[0]["change"], "tombstone");
}

#[test]
fn a_key_store_put_back_stays_erased_beside_its_view() {
    let home = Home::studio();
    home.sealed("object", b"x", &["--embed"]);
    let keys = [("keys.db", home.read("keys.db"))];
    let view = ["view.pwf", "view.stamp"].map(|name| (name, home.read(name)));
    home.ok(&[&DESTROY[..], &["--confirm=file:1"]].concat());
    put_back(&home, &keys);
    home.refuses(&home.open("object", &["-o", "no"]), "unreadable", "data_key_destroyed");
    home.fails(&[&["seal", "plaintext", "-o", "no"], &CONTRACT[..]].concat(), 1, "key_destroyed");
    put_back(&home, &view);
    home.ok(&home.open("object", &["-o", "why-the-view-is-kept"]));
}

#[test]
fn what_a_key_store_that_was_put_back_has_is_told_and_taken_out() {
    let home = Home::studio();
    home.sealed("object", b"x", &[]);
    home.sealed("other", b"x", &["--scope=file:2"]);
    let keys = [("keys.db", home.read("keys.db"))];
    let view = ["view.pwf", "view.stamp"].map(|name| (name, home.read(name)));
    home.ok(&[&DESTROY[..], &["--confirm=file:1"]].concat());
    assert_eq!(home.ok(&["tenant", "rewrap"])["buried"], 0);
    put_back(&home, &keys);
    let said = home.fails(&["tenant", "check"], 3, "keys_put_back");
    assert!(text(&said["error"], "message").contains("tenant rewrap"), "{said}");
    assert_eq!(home.ok(&["tenant", "rewrap"])["buried"], 1);
    assert_eq!(home.ok(&["tenant", "check"]), json!({ "rows": 4, "tombstones_added": 0 }));
    put_back(&home, &view);
    home.refuses(&home.open("object", &["-o", "no"]), "unreadable", "data_key_destroyed");
    home.ok(&home.open("other", &["-o", "opened", "--scope=file:2"]));
}

#[test]
fn a_census_counts_what_lies_where() {
    let home = Home::studio();
    for scope in ["--scope=file:1", "--scope=file:2"] {
        home.sealed("object", b"x", &[scope, "--force"]);
    }
    let census = home.ok(&["tenant", "census"]);
    let keks: Vec<_> =
        census["keks"].as_array().unwrap().iter().map(|kek| (text(kek, "kek"), kek["keys"].clone())).collect();
    assert_eq!(keks, [("tenant".into(), json!(2)), ("root".into(), json!(1))]);
    assert_eq!(census["roots"], json!([{ "root": home.active(), "rows": 3 }]));
    let table = home.run(&["tenant", "census"]).stdout;
    assert!(table.lines().any(|line| line.starts_with("tenant") && line.ends_with("1         2")), "{table}");
}

/// Killed between store and feed: the next look finds it.
#[test]
fn a_check_puts_tombstones_into_the_feed() {
    let home = Home::studio();
    home.sealed("object", b"x", &[]);
    assert_eq!(home.ok(&["tenant", "check"]), json!({ "rows": 2, "tombstones_added": 0 }));
    let (view, stamp) = (home.read("view.pwf"), home.read("view.stamp"));
    home.ok(&[&DESTROY[..], &["--confirm=file:1"]].concat());
    fs::write(home.file("view.pwf"), view).unwrap();
    fs::write(home.file("view.stamp"), stamp).unwrap();
    assert_eq!(home.ok(&["tenant", "check"]), json!({ "rows": 3, "tombstones_added": 1 }));
    assert_eq!(home.ok(&["tenant", "check"]), json!({ "rows": 3, "tombstones_added": 0 }));
}

#[test]
fn an_index_key_is_not_rotated() {
    let home = Home::studio();
    home.fails(&["tenant", "rotate", "studio-7", "--scope=index:email"], 1, "index_key");
    home.sealed("object", b"x", &[]);
    home.ok(&["tenant", "rotate", "studio-7", "--scope=file:1"]);
}

/// The name of a file is not obeyed by the terminal.
#[test]
fn what_a_terminal_would_obey_is_not_said() {
    let home = Home::studio();
    let said = home.run(&["inspect", "\u{1b}]0;owned\u{7}"]);
    assert!(said.stderr.contains("owned") && !said.stderr.contains('\u{1b}'), "{said:?}", said = said.stderr);
    let said = home.run(&["inspect", "a\nnote: all is well \u{202e}txt"]).stderr;
    assert!(said.lines().count() == 1 && said.contains("all is well") && !said.contains('\u{202e}'), "{said}");
}

/// A mistyped place of the key store is not one without rows.
#[test]
fn a_key_store_that_was_named_and_is_not_there_is_not_an_empty_one() {
    let home = Home::studio();
    let unused = text(&home.ok(&["keyring", "add"]), "added");
    home.ok(&["keyring", "retire", &unused]);
    let destroy = ["keyring", "destroy", &unused];
    let with = |place: &str| [&destroy[..], &[&format!("--key-store={place}")]].concat().join(" ");
    for (place, exit, code) in
        [("absent.db", 3, "file_missing"), ("postgresql+x://me:secret@host/keys", 2, "store_location")]
    {
        let words = with(place);
        home.fails(&words.split(' ').collect::<Vec<_>>(), exit, code);
        assert!(!home.run(&words.split(' ').collect::<Vec<_>>()).stderr.contains("secret"));
    }
    home.ok(&destroy);
}

#[test]
fn a_root_that_keys_lie_under_is_not_destroyed() {
    let home = Home::studio();
    home.sealed("object", b"x", &[]);
    let (first, second, unused) =
        (home.active(), text(&home.ok(&["keyring", "add"]), "added"), text(&home.ok(&["keyring", "add"]), "added"));
    home.ok(&["keyring", "activate", &second]);
    home.ok(&["keyring", "retire", &unused]);
    home.ok(&["keyring", "destroy", &unused]);
    let said = home.run(&["keyring", "retire", &first]).stderr;
    assert!(said.contains("key store has rows under this root"), "{said}");
    home.fails(&home.open("object", &["-o", "opened"]), 3, "unknown_root");
    let refused = home.fails(&["keyring", "destroy", &first], 1, "root_in_use");
    assert!(text(&refused["error"], "message").contains("key store"), "{refused}");
    home.ok(&["keyring", "reinstate", &first]);
    home.ok(&home.open("object", &["-o", "opened"]));

    let rewrapped = home.ok(&["tenant", "rewrap"]);
    assert_eq!((&rewrapped["keks"], &rewrapped["rows"]), (&json!(1), &json!(1)), "and the row of the KEK with it");
    let said = home.run(&["keyring", "retire", &first]).stderr;
    assert!(!said.contains("key store"), "{said}");
    home.ok(&home.open("object", &["-o", "opened", "--force"]));
    let refused = home.fails(&["keyring", "destroy", &first], 1, "root_in_use");
    assert!(!text(&refused["error"], "message").contains("key store"), "tokens are in the way, not keys: {refused}");
}

#[test]
fn only_a_new_tenant_makes_a_key_store() {
    let home = Home::new();
    home.write("plaintext", b"x");
    let seal = [&["seal", "plaintext", "-o", "object"], &CONTRACT[..]].concat();
    let commands: [&[&str]; 4] = [
        &["tenant", "census"],
        &["tenant", "rotate", "studio-7"],
        &seal,
        &[&DESTROY[..], &["--confirm=file:1"]].concat(),
    ];
    for command in commands {
        let said = home.fails(command, 3, "file_missing");
        assert!(text(&said["error"], "message").contains("tenant new"), "{said}");
        assert!(!home.file("keys.db").exists());
    }
    let elsewhere = "--key-store=elsewhere.db";
    home.ok(&["tenant", "new", "studio-7", elsewhere]);
    home.fails(&["tenant", "new", "studio-7", elsewhere], 1, "key_exists");
    assert!(!home.file("keys.db").exists());
    assert_eq!(mode_of(&home.beside("elsewhere.db")), 0o600);
    home.ok(&[&seal[..], &[elsewhere]].concat());
    let by_environment = home.command(&home.open("object", &[])).env("PORTWARD_KEY_STORE", "elsewhere.db").output();
    assert_eq!(by_environment.unwrap().stdout, b"x");

    let other = Home::studio();
    fs::copy(other.file("keys.db"), home.file("keys.db")).unwrap();
    home.fails(&["tenant", "rotate", "studio-7"], 3, "unknown_root");
    let of_8 = ["seal", "plaintext", "-o", "new", "--tenant=studio-8", "--name=n", "--id=1", elsewhere];
    let said = home.fails(&of_8, 1, "unknown_key");
    assert!(text(&said["error"], "message").contains("tenant new studio-8"), "{said}");
}
