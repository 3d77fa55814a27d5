//! The life of the root keys.

use crate::home::{Home, mode, mode_of, text};

#[test]
fn new_makes_everything_once() {
    let home = Home::empty();
    home.fails(&["keyring", "list"], 3, "file_missing");
    let made = home.ok(&["keyring", "new", "--permission=files:read", "--permission=notes:write", "--link-days=30"]);
    assert_eq!(made["permissions"], serde_json::json!(["files:read", "notes:write"]));
    assert_eq!(mode_of(&home.file("")), 0o700);
    for secret in ["keyring.json", "view.pwf", "view.stamp"] {
        assert_eq!(mode_of(&home.file(secret)), 0o600, "{secret}");
    }
    let before = (home.read("deployment.json"), home.read("keyring.json"), home.read("view.pwf"));
    home.fails(&["keyring", "new"], 3, "file_exists");
    assert_eq!(before, (home.read("deployment.json"), home.read("keyring.json"), home.read("view.pwf")));

    let link = home.ok(&["link", "issue", "--tenant=a", "--client=b", "--permission=notes:write"]);
    let verified = home.ok(&["link", "verify", &text(&link, "token")]);
    assert_eq!(verified["permissions"], serde_json::json!(["notes:write"]));
    home.fails(&["link", "issue", "--tenant=a", "--client=b", "--permission=files:delete"], 2, "unknown_permission");
}

#[test]
fn new_refuses_a_wrong_vocabulary_and_wrong_lifetimes() {
    let home = Home::empty();
    home.fails(&["keyring", "new", "--permission=Files"], 2, "permission_name");
    home.fails(&["keyring", "new", "--link-days=9", "--link-ceiling-days=8"], 2, "lifetimes");
    home.fails(&["keyring", "new", "--session-minutes=0"], 2, "lifetimes");
    assert!(!home.file("").exists(), "nothing is left of a refused deployment");
    home.ok(&["keyring", "new", "--link-days=8", "--link-ceiling-days=8"]);
}

#[test]
fn a_root_goes_through_its_life() {
    let home = Home::new();
    let link = home.link();
    let first = home.active();
    let second = text(&home.ok(&["keyring", "add"]), "added");
    assert_eq!(home.states(), ["active", "verify_only"]);
    home.fails(&["keyring", "retire", &first], 1, "root_wrong_state");
    home.ok(&["keyring", "activate", &second]);
    assert_eq!((home.states(), home.active()), (vec!["verify_only".into(), "active".into()], second.clone()));
    home.ok(&["link", "verify", &link]);

    home.ok(&["keyring", "retire", &first]);
    home.refuses(&["link", "verify", &link], "refused", "unknown_root");
    home.ok(&["keyring", "reinstate", &first]);
    home.ok(&["link", "verify", &link]);
    home.fails(&["keyring", "reinstate", &first], 1, "root_wrong_state");
    home.ok(&["link", "verify", &home.link()]);
}

#[test]
fn the_view_survives_the_root_it_was_under() {
    let home = Home::new();
    let (link, first) = (home.link(), home.active());
    let second = text(&home.ok(&["keyring", "add"]), "added");
    let kept = home.ok(&["revoke", "client", "--tenant=studio-7", "--client=99"]);
    let under_the_first = home.read("view.pwf");
    home.ok(&["keyring", "activate", &second]);
    assert_ne!(home.read("view.pwf"), under_the_first);
    // As if activating had been killed between keyring and view.
    std::fs::write(home.file("view.pwf"), under_the_first).unwrap();
    home.ok(&["keyring", "retire", &first]);
    assert_eq!(home.ok(&["view", "show"])["stamp"], kept["stamp"]);
    home.ok(&["keyring", "reinstate", &first]);
    home.ok(&["revoke", "link", &link]);
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");
}

#[test]
fn a_root_in_use_is_destroyed_only_by_name() {
    let home = Home::new();
    let first = home.active();
    let second = text(&home.ok(&["keyring", "add"]), "added");
    let unused = text(&home.ok(&["keyring", "add"]), "added");
    home.ok(&["keyring", "activate", &second]);
    home.fails(&["keyring", "destroy", &first], 1, "root_wrong_state");
    home.ok(&["keyring", "retire", &first]);
    let before = home.read("keyring.json");
    home.fails(&["keyring", "destroy", &first], 1, "root_in_use");
    home.fails(&["keyring", "destroy", &first, "--force", &second], 2, "force_differs");
    home.fails(&["keyring", "destroy", "0000000g"], 2, "root_id");
    home.fails(&["keyring", "destroy", "00000000"], 1, "unknown_root");
    assert_eq!(home.read("keyring.json"), before);
    home.ok(&["keyring", "destroy", &first, "--force", &first]);
    assert_eq!(home.states(), ["destroyed", "active", "verify_only"]);

    home.ok(&["keyring", "retire", &unused]);
    home.ok(&["keyring", "destroy", &unused]);
    assert_eq!(home.states(), ["destroyed", "active", "destroyed"]);
}

#[test]
fn sealing_and_unsealing() {
    let home = Home::new();
    let link = home.link();
    let (right, wrong) = (home.secret("right", "correct horse\n"), home.secret("wrong", "battery\n"));
    let run = |words: &[&str], file: &str| home.ok(&[words, &["--passphrase-file", file]].concat());
    let fails = |words: &[&str], file: &str, exit, code| {
        home.fails(&[words, &["--passphrase-file", file]].concat(), exit, code)
    };
    std::fs::copy(home.file("keyring.json"), home.file(".keyring.json.tmp")).unwrap(); // as if killed in a write
    run(&["keyring", "seal"], &right);
    assert!(!home.file("keyring.json").exists() && !home.file(".keyring.json.tmp").exists());
    assert_eq!(mode_of(&home.file("keyring.sealed.json")), 0o600);
    assert!(!String::from_utf8(home.read("keyring.sealed.json")).unwrap().contains("pwk1_"));

    let before = home.read("keyring.sealed.json");
    fails(&["keyring", "add"], &wrong, 1, "sealed_wrong_passphrase");
    fails(&["link", "verify", &link], &wrong, 1, "sealed_wrong_passphrase");
    home.fails(&["keyring", "add"], 3, "passphrase_unavailable");
    assert_eq!(home.read("keyring.sealed.json"), before);

    mode(&home.beside("right"), 0o640);
    fails(&["keyring", "list"], &right, 3, "file_permissions");
    mode(&home.beside("right"), 0o600);
    assert_eq!(run(&["link", "verify", &link], &right)["valid"], true);
    run(&["keyring", "add"], &right);
    assert_ne!(home.read("keyring.sealed.json"), before);
    assert_eq!(run(&["keyring", "list"], &right)["roots"].as_array().unwrap().len(), 2);
    fails(&["keyring", "seal"], &right, 3, "file_exists");

    run(&["keyring", "unseal"], &right);
    assert!(!home.file("keyring.sealed.json").exists());
    assert_eq!(home.states(), ["active", "verify_only"]);
    home.fails(&["keyring", "unseal"], 3, "file_exists");
    home.ok(&["link", "verify", &link]);
}

#[test]
fn a_passphrase_file_seals_from_the_start() {
    let home = Home::empty();
    let file = format!("--passphrase-file={}", home.secret("passphrase", "correct horse\n"));
    home.fails(&["keyring", "new", "--passphrase-file=lost"], 3, "file_missing");
    assert!(!home.file("").exists());
    assert_eq!(home.ok(&["keyring", "new", &file])["protection"], "passphrase");
    assert!(home.file("keyring.sealed.json").exists() && !home.file("keyring.json").exists());
    home.ok(&["keyring", "check", &file]);

    let right = format!("--recovery-passphrase-file={}", home.secret("right", "for the safe"));
    home.ok(&["keyring", "export-recovery", "export.json", &right, &file]);
    let recover = ["keyring", "recover", "export.json", &right, "--dir=elsewhere"];
    home.fails(&[&recover[..], &["--passphrase-file=lost"]].concat(), 3, "file_missing");
    assert!(!home.beside("elsewhere").exists());
    home.ok(&[&recover[..], &[&file]].concat());
    assert!(home.beside("elsewhere/keyring.sealed.json").exists() && !home.beside("elsewhere/keyring.json").exists());
    let clear = home.run(&["keyring", "recover", "export.json", &right, "--dir=clear"]);
    assert!(clear.stderr.contains("in the clear"), "{}", clear.stderr);
}

#[test]
fn a_keyring_in_the_clear_is_spoken_of() {
    let home = Home::empty();
    let made = home.run(&["keyring", "new"]);
    assert!(
        made.stderr.contains("in the clear: keyring seal") && made.stderr.contains("view export"),
        "{}",
        made.stderr
    );
    home.fails(&["keyring", "list", "--passphrase-file=lost"], 3, "file_missing");
}

#[test]
fn the_recovery_drill_and_the_recovery() {
    let home = Home::new();
    let link = home.link();
    let right = format!("--recovery-passphrase-file={}", home.secret("right", "for the safe"));
    let wrong = format!("--recovery-passphrase-file={}", home.secret("wrong", "for the save"));
    home.ok(&["keyring", "export-recovery", "export.json", &right]);
    assert_eq!(mode_of(&home.beside("export.json")), 0o600);
    home.fails(&["keyring", "export-recovery", "export.json", &right], 3, "file_exists");
    home.ok(&["keyring", "check"]);
    assert!(home.ok(&["keyring", "check", "--recovery=export.json", &right])["recovery"].is_string());
    home.fails(&["keyring", "check", "--recovery=export.json", &wrong], 1, "sealed_wrong_passphrase");
    home.fails(&["keyring", "check", "--recovery=nowhere.json", &right], 3, "file_missing");
    home.ok(&["view", "export", "view.pwf"]);

    // On another machine.
    let elsewhere = home.beside("elsewhere").to_str().unwrap().to_owned();
    let dir = ["--dir", &elsewhere];
    home.ok(&[&["keyring", "recover", "export.json", &right], &dir[..]].concat());
    home.fails(&[&["link", "verify", &link], &dir[..]].concat(), 3, "file_missing");
    home.ok(&[&["view", "restore", "view.pwf"], &dir[..]].concat());
    home.ok(&[&["link", "verify", &link], &dir[..]].concat());
    home.fails(&[&["keyring", "recover", "export.json", &right], &dir[..]].concat(), 3, "file_exists");

    home.ok(&["keyring", "add"]);
    home.fails(&["keyring", "check", "--recovery=export.json", &right], 1, "recovery_differs");
}

#[test]
fn a_drill_fails_for_an_export_that_would_bring_a_retired_root_back() {
    let home = Home::new();
    let right = format!("--recovery-passphrase-file={}", home.secret("right", "for the safe"));
    let (first, second) = (home.active(), text(&home.ok(&["keyring", "add"]), "added"));
    home.ok(&["keyring", "export-recovery", "old.json", &right]);
    home.ok(&["keyring", "check", "--recovery=old.json", &right]);
    home.ok(&["keyring", "activate", &second]);
    home.ok(&["keyring", "retire", &first]);
    home.fails(&["keyring", "check", "--recovery=old.json", &right], 1, "recovery_differs");
    home.ok(&["keyring", "export-recovery", "new.json", &right]);
    home.ok(&["keyring", "check", "--recovery=new.json", &right]);
}

#[test]
fn a_refused_root_is_not_activated() {
    let home = Home::new();
    let refused = text(&home.ok(&["keyring", "add"]), "added");
    let good = text(&home.ok(&["keyring", "add"]), "added");
    home.ok(&["revoke", "root", &refused]);
    home.fails(&["keyring", "activate", &refused], 1, "root_refused");
    home.ok(&["keyring", "activate", &good]);
    home.ok(&["link", "verify", &home.link()]);
}
