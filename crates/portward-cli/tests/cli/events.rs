//! `--events`: what is told before it is done, and what is refused where it cannot be.

use serde_json::Value;

use crate::home::{Home, text};

fn told(home: &Home) -> Vec<Value> {
    let lines = std::fs::read_to_string(home.beside("events.jsonl")).unwrap_or_default();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(home: &Home) -> Vec<String> {
    told(home).iter().map(|event| text(event, "operation")).collect()
}

fn telling() -> Home {
    Home::empty().with("PORTWARD_EVENTS", "events.jsonl").with("PORTWARD_ACTOR", "ann@example.com")
}

#[test]
fn a_directory_tells_of_roots_links_and_revocations() {
    let home = telling();
    home.ok(&["keyring", "new"]);
    let (first, link) = (home.active(), home.link());
    let second = text(&home.ok(&["keyring", "add"]), "added");
    home.ok(&["keyring", "activate", &second]);
    home.ok(&["keyring", "retire", &first]);
    home.ok(&["keyring", "reinstate", &first]);
    home.ok(&["session", "issue", &link]);
    home.ok(&["revoke", "pause", "link", &link]);
    home.ok(&["revoke", "restore", "link", &link]);
    home.ok(&["revoke", "link", &link]);
    home.ok(&["revoke", "client", "--tenant=studio-7", "--client=42"]);
    home.ok(&["revoke", "everything"]);
    home.ok(&["view", "collect"]);
    // What only reads is not told.
    home.ok(&["view", "show"]);
    home.ok(&["keyring", "list"]);
    let expected = [
        "root_made",
        "root_activated",
        "begun",
        "issued",
        "root_made",
        "root_activated",
        "root_retired",
        "root_reinstated",
        "redeemed",
        "paused",
        "restored",
        "revoked",
        "client_revoked",
        "everything_revoked",
        "compacted",
    ];
    assert_eq!(names(&home), expected);
    let events = told(&home);
    assert!(events.iter().all(|event| event["actor"] == "ann@example.com"));
    assert_eq!(events[5]["subject"]["root"], second.as_str());
    assert!(!std::fs::read_to_string(home.beside("events.jsonl")).unwrap().contains(&link), "no token is told");
}

#[test]
fn a_store_key_store_and_backups_tell() {
    let home = telling().with("PORTWARD_STORE", "sqlite:store.db");
    home.ok(&["keyring", "new"]);
    home.ok(&["store", "init"]);
    home.link();
    home.ok(&["tenant", "new", "studio-7"]);
    home.ok(&["tenant", "rotate", "studio-7"]);
    home.ok(&["backup", "create", "backups", "--data=sqlite:store.db"]);
    home.ok(&["tenant", "destroy", "studio-7", "--confirm=studio-7", "--backups-kept=35"]);
    home.ok(&["store", "compact"]);
    home.ok(&["store", "recover", "--refuse-everything"]);
    let expected = [
        "root_made",
        "root_activated",
        "begun",
        "begun",
        "store_decides",
        "issued",
        "tenant_kek_made",
        "tenant_kek_rotated",
        "backed_up",
        "tenant_destroyed",
        "committed",
        "compacted",
        "recovered",
    ];
    assert_eq!(names(&home), expected);
}

#[test]
fn what_is_destroyed_without_a_store_is_told_twice() {
    let home = telling();
    home.ok(&["keyring", "new"]);
    home.ok(&["tenant", "new", "studio-7"]);
    home.ok(&["tenant", "destroy", "studio-7", "--confirm=studio-7", "--backups-kept=35"]);
    assert_eq!(
        names(&home),
        ["root_made", "root_activated", "begun", "tenant_kek_made", "tenant_destroyed", "committed"]
    );
}

#[test]
fn what_becomes_of_a_keyring_is_told() {
    let home = telling();
    home.ok(&["keyring", "new"]);
    let first = home.active();
    let second = text(&home.ok(&["keyring", "add"]), "added");
    home.ok(&["keyring", "activate", &second]);
    home.ok(&["keyring", "retire", &first]);
    home.ok(&["keyring", "destroy", &first, "--force", &first]);
    let words = format!("--passphrase-file={}", home.secret("words", "correct horse battery"));
    home.ok(&["keyring", "seal", &words]);
    let right = format!("--recovery-passphrase-file={}", home.secret("right", "for the safe"));
    home.ok(&["keyring", "export-recovery", "export.json", &right, &words]);
    home.ok(&["keyring", "recover", "export.json", &right, "--dir=elsewhere"]);
    let operations = names(&home);
    let (_, behind) = operations.split_at(operations.iter().position(|name| name == "root_retired").unwrap() + 1);
    assert_eq!(behind, ["root_destroyed", "keyring_protected", "recovery_exported", "keyring_recovered"]);
    let destroyed = told(&home).into_iter().find(|event| event["operation"] == "root_destroyed").unwrap();
    assert_eq!(destroyed["subject"]["root"], first.as_str());
    assert_eq!(destroyed["actor"], "ann@example.com");

    // Where it cannot be told, it is not done.
    let third = text(&home.ok(&["keyring", "add", &words]), "added");
    home.ok(&["keyring", "activate", &third, &words]);
    let untold = |arguments: &[&str]| {
        home.fails(&[&["--events=/dev/full"], arguments].concat(), 3, "sink_failed");
    };
    untold(&["keyring", "retire", &second, &words]);
    home.ok(&["keyring", "retire", &second, &words]);
    untold(&["keyring", "destroy", &second, "--force", &second, &words]);
    untold(&["keyring", "export-recovery", "untold.json", &right, &words]);
    untold(&["keyring", "recover", "export.json", &right, "--dir=untold"]);
    assert!(!home.beside("untold.json").exists() && !home.beside("untold/keyring.json").exists());
    home.ok(&["keyring", "reinstate", &second, &words]);
}

#[test]
fn what_cannot_be_told_is_not_done() {
    let home = Home::new().with("PORTWARD_STORE", "sqlite:store.db");
    home.ok(&["store", "init"]);
    home.ok(&["tenant", "new", "studio-7"]);
    let (link, root) = (home.link(), home.active());
    let refused = |arguments: &[&str]| {
        home.fails(&[&["--events=/dev/full"], arguments].concat(), 3, "sink_failed");
        home.fails(&[&["--events=/nowhere/events"], arguments].concat(), 3, "file_no_parent");
    };
    let states = home.states();
    refused(&["link", "issue", "--tenant=studio-7", "--client=42", "--permission=files:read"]);
    refused(&["revoke", "link", &link]);
    refused(&["keyring", "add"]);
    let words = format!("--passphrase-file={}", home.secret("words", "correct horse battery"));
    refused(&["keyring", "seal", &words]);
    refused(&["tenant", "rotate", "studio-7"]);
    refused(&["tenant", "destroy", "studio-7", "--confirm=studio-7", "--backups-kept=35"]);
    refused(&["store", "compact"]);
    refused(&["store", "recover", "--refuse-everything"]);
    refused(&["backup", "create", "backups", "--data=sqlite:store.db"]);
    assert_eq!((home.states(), home.active()), (states, root));
    home.ok(&["link", "verify", &link]);
    assert_eq!(home.ok(&["tenant", "rotate", "studio-7"])["version"], 2, "none was made");
}
