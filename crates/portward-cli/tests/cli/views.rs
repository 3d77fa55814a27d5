//! What is revoked, moved from one directory to another.

use crate::home::{Home, mode, text};

/// A second directory with the same deployment and keyring.
pub(crate) fn twin(home: &Home) -> Home {
    let twin = Home::empty();
    std::fs::create_dir(twin.file("")).unwrap();
    mode(&twin.file(""), 0o700);
    for name in ["deployment.json", "keyring.json", "view.pwf", "view.stamp"] {
        std::fs::copy(home.file(name), twin.file(name)).unwrap();
    }
    twin
}

fn path(home: &Home, name: &str) -> String {
    home.beside(name).to_str().unwrap().to_owned()
}

#[test]
fn exported_and_imported() {
    let home = Home::new();
    let other = twin(&home);
    let (link, old, new) = (home.link(), path(&home, "old.pwf"), path(&home, "new.pwf"));
    home.ok(&["view", "export", &old]);
    let stamp = home.ok(&["revoke", "link", &link]);
    home.ok(&["view", "export", &new]);
    other.ok(&["link", "verify", &link]);
    assert_eq!(other.ok(&["view", "import", &new])["stamp"], stamp["stamp"]);
    other.refuses(&["link", "verify", &link], "refused", "link_revoked");
    let shown = other.ok(&["view", "show", "--entries"]);
    assert_eq!((&shown["stamp"], shown["entries"].as_u64()), (&stamp["stamp"], Some(1)));
    assert_eq!(shown["changes"][0]["change"], "revoke");
    let lines = other.run(&["view", "show", "--entries"]).stdout;
    assert!(
        lines.lines().any(|line| line.starts_with("  change revoke  ") && line.contains("tenant studio-7")),
        "{lines}"
    );

    other.fails(&["view", "import", &old], 1, "rollback");
    other.refuses(&["link", "verify", &link], "refused", "link_revoked");
    Home::new().fails(&["view", "import", &new], 1, "wrong_deployment");
}

#[test]
fn a_changed_message_is_refused() {
    let home = Home::new();
    let message = path(&home, "message.pwf");
    home.ok(&["view", "export", &message]);
    let mut bytes = std::fs::read(&message).unwrap();
    home.ok(&["view", "import", &message]);
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&message, &bytes).unwrap();
    home.fails(&["view", "import", &message], 1, "forged_message");
    std::fs::write(&message, "pwf").unwrap();
    home.fails(&["view", "import", &message], 1, "malformed_message");
}

#[test]
fn published() {
    let home = Home::new();
    let other = twin(&home);
    let (link, list) = (home.link(), path(&home, "list.pwf"));
    home.ok(&["revoke", "link", &link]);
    let published = home.ok(&["view", "publish", &list, "--hours=24"]);
    assert!(published["next_update"].is_string());
    home.fails(&["view", "publish", &list, "--hours=0"], 2, "list_times");
    other.ok(&["view", "import", &list]);
    other.refuses(&["link", "verify", &link], "refused", "link_revoked");
    home.ok(&["view", "publish", &list, "--hours=1", "--tenant=studio-7"]);
    other.fails(&["view", "import", &list], 1, "wrong_scope");
}

#[test]
fn no_other_file_is_overwritten() {
    let home = Home::new();
    let before = home.read("keyring.json");
    home.fails(&["view", "export", "portward/keyring.json"], 3, "file_exists");
    home.fails(&["view", "publish", "portward/keyring.json", "--hours=1"], 3, "file_exists");
    assert_eq!(home.read("keyring.json"), before);
    home.ok(&["view", "export", "message.pwf"]);
    home.ok(&["view", "export", "message.pwf"]);
}

#[test]
fn a_restored_view_begins_a_new_life_that_goes_on_top() {
    let home = Home::new();
    let (first, second) = (home.link(), home.link());
    home.ok(&["revoke", "link", &first]);
    let backup = path(&home, "backup.pwf");
    home.ok(&["view", "export", &backup]);
    home.ok(&["revoke", "link", &second]);
    let follower = twin(&home);

    std::fs::remove_file(home.file("view.pwf")).unwrap();
    home.fails(&["link", "verify", &first], 3, "file_missing");
    home.fails(&["view", "import", &backup], 3, "file_missing");
    let before = text(&follower.ok(&["view", "show"]), "stamp");
    let restored = text(&home.ok(&["view", "restore", &backup]), "stamp");
    assert!(restored[..32] > before[..32], "a greater incarnation");
    home.refuses(&["link", "verify", &first], "refused", "link_revoked");
    home.ok(&["link", "verify", &second]);

    let message = path(&home, "message.pwf");
    home.ok(&["view", "export", &message]);
    follower.ok(&["view", "import", &message]);
    follower.refuses(&["link", "verify", &second], "refused", "link_revoked");
}

#[test]
fn restoring_gives_up_no_view_that_is_only_unreadable_now() {
    let home = Home::new();
    let (link, backup) = (home.link(), path(&home, "backup.pwf"));
    home.ok(&["view", "export", &backup]);
    home.ok(&["revoke", "link", &link]);
    let kept = home.read("view.pwf");
    mode(&home.file("view.pwf"), 0o666);
    assert_eq!(home.run(&["view", "restore", &backup]).code, Some(3));
    assert_eq!(home.read("view.pwf"), kept);
    mode(&home.file("view.pwf"), 0o600);
    home.ok(&["view", "restore", &backup]);
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");
}
