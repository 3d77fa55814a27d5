//! When something is lost.

use crate::home::{Home, mode, text};

#[test]
fn a_directory_without_a_view_gets_a_new_one_that_brings_nothing_back() {
    let home = Home::new();
    let (revoked, old) = (home.link(), home.link());
    home.ok(&["revoke", "link", &revoked]);
    home.fails(&["view", "new", "--generation=1"], 3, "file_exists");
    let right = format!("--recovery-passphrase-file={}", home.secret("right", "for the safe"));
    assert!(home.run(&["keyring", "export-recovery", "export.json", &right]).stderr.contains("view export"));

    let (elsewhere, export) = (Home::empty(), home.beside("export.json"));
    assert!(
        elsewhere
            .run(&["keyring", "recover", export.to_str().unwrap(), &right])
            .stderr
            .contains("view new --generation")
    );
    let lost = text(&elsewhere.fails(&["link", "verify", &old], 3, "file_missing")["error"], "message");
    assert!(lost.contains("view.pwf: ") && lost.contains("view restore") && lost.contains("view new"), "{lost}");

    elsewhere.fails(&["view", "new"], 2, "usage");
    elsewhere.fails(&["view", "new", "--generation=0"], 2, "usage");
    elsewhere.ok(&["view", "new", "--generation=7"]);
    for link in [&revoked, &old] {
        elsewhere.refuses(&["link", "verify", link], "refused", "deployment_revoked");
    }
    let new = elsewhere.ok(&["link", "issue", "--tenant=studio-7", "--client=42", "--permission=files:read"]);
    elsewhere.ok(&["link", "verify", &text(&new, "token")]);
    elsewhere.fails(&["view", "new", "--generation=8"], 3, "file_exists");
}

#[test]
fn a_new_view_goes_on_top_of_the_one_that_is_lost() {
    let home = Home::new();
    let before = text(&home.ok(&["view", "show"]), "stamp");
    std::fs::remove_file(home.file("view.pwf")).unwrap();
    let after = text(&home.ok(&["view", "new", "--generation=2"]), "stamp");
    assert!(after[..32] > before[..32], "a greater incarnation");
    assert_eq!(home.ok(&["view", "show"])["highest_stamp"], after);
}

#[test]
fn restoring_says_which_view_is_in_the_way() {
    let home = Home::new();
    home.ok(&["view", "export", "backup.pwf"]);
    let old = home.read("view.pwf");
    home.ok(&["revoke", "everything"]);
    let says = |code: &str| {
        let message = text(&home.fails(&["view", "restore", "backup.pwf"], 3, code)["error"], "message");
        assert!(message.starts_with(home.file("view.pwf").to_str().unwrap()), "{message}");
        assert!(message.contains("move it away first"), "{message}");
    };
    mode(&home.file("view.pwf"), 0o666);
    says("keyring_permissions");
    mode(&home.file("view.pwf"), 0o600);
    std::fs::write(home.file("view.pwf"), old).unwrap();
    says("rollback");
    std::fs::remove_file(home.file("view.pwf")).unwrap();
    home.ok(&["view", "restore", "backup.pwf"]);
}

#[test]
fn collecting_drops_what_has_expired() {
    let home = Home::new();
    let link = home.link();
    home.ok(&["revoke", "link", &link]);
    let id = format!("--id={}", "0".repeat(32));
    home.ok(&["revoke", "link", "--tenant=studio-7", &id, "--expires=2020-01-01T00:00:00Z"]);
    let stamp = home.ok(&["view", "show"])["stamp"].clone();
    let collected = home.ok(&["view", "collect"]);
    assert_eq!((collected["dropped"].as_u64(), collected["entries"].as_u64()), (Some(1), Some(1)));
    assert_eq!(home.ok(&["view", "show"])["stamp"], stamp);
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");
}

#[test]
fn views_under_an_old_root_are_spoken_of() {
    let home = Home::new();
    let (first, second) = (home.active(), text(&home.ok(&["keyring", "add"]), "added"));
    for command in ["activate", "retire", "destroy"] {
        let root = if command == "activate" { &second } else { &first };
        let force: &[&str] = if command == "destroy" { &["--force", root] } else { &[] };
        let said = home.run(&[&["keyring", command, root], force].concat()).stderr;
        assert!(said.contains("export and publish again"), "{command}: {said}");
    }
}
