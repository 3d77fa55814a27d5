//! A store is made, looked at, lost and recovered.

use insta::assert_snapshot;
use serde_json::json;

use crate::home::{Home, mode, mode_of, text};
use crate::shell::masked;

#[test]
fn a_store_is_made_and_looked_at() {
    let home = Home::new().with("PORTWARD_STORE", "sqlite:store.db");
    let missing = home.fails(&["store", "status"], 3, "file_missing");
    assert!(text(&missing["error"], "message").contains("store init"), "{missing}");
    home.fails(&["link", "verify", "pwl_"], 3, "file_missing");
    home.fails(&["store", "recover", "--refuse-everything"], 3, "file_missing");
    assert!(!home.beside("store.db").exists(), "a mistyped path makes none");

    assert_snapshot!(masked(&home.run(&["store", "init"]).stdout), @r"
    store       sqlite:store.db
    stamp       [id]:0
    taken over  0
    ");
    assert_eq!(mode_of(&home.beside("store.db")), 0o600);
    assert_eq!(home.ok(&["store", "init"])["taken_over"], 0, "again it changes nothing");
    let link = home.link();
    home.ok(&["session", "issue", &link]);
    home.ok(&["revoke", "link", &link]);
    assert_snapshot!(masked(&home.run(&["store", "status"]).stdout), @r"
    stamp    [id]:1
    fresh    yes
    entries  1
    ");
    assert_snapshot!(masked(&home.run(&["store", "check"]).stdout), @r"
    links        1
    events       3
    chains       1
    redemptions  1
    changes      1
    ");
    assert_snapshot!(masked(&home.run(&["store", "compact", "--keep-days=0"]).stdout), @r"
    links         0
    redemptions   0
    changes       0
    signed again  0
    not believed  0
    ");
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");

    let other = Home::new();
    let foreign = format!("--store=sqlite:{}", home.beside("store.db").display());
    other.fails(&["store", "status", &foreign], 3, "unknown_root");
    mode(&home.beside("store.db"), 0o644);
    home.fails(&["store", "status"], 3, "store_permissions");
    mode(&home.beside("store.db"), 0o600);
    home.ok(&["store", "status"]);
}

#[test]
fn what_was_revoked_before_there_was_a_store_stays_so() {
    let home = Home::new();
    let (revoked, paused, good) = (home.link(), home.link(), home.link());
    home.ok(&["revoke", "link", &revoked]);
    home.ok(&["revoke", "pause", "link", &paused]);
    let home = home.with("PORTWARD_STORE", "sqlite:store.db");
    assert_eq!(home.ok(&["store", "init"])["taken_over"], 2);
    home.refuses(&["link", "verify", &revoked], "refused", "link_revoked");
    home.refuses(&["link", "verify", &paused], "refused", "link_suspended");
    home.ok(&["link", "verify", &good]);
    home.ok(&["revoke", "restore", "link", &paused]);
    assert_eq!(home.ok(&["store", "init"])["taken_over"], 0);
    home.ok(&["link", "verify", &paused]);
}

#[test]
fn a_view_of_the_store_is_shown_exported_and_published() {
    let home = Home::stored();
    let (link, good) = (home.link(), home.link());
    let stamp = text(&home.ok(&["revoke", "link", &link]), "stamp");
    let shown = home.ok(&["view", "show", "--entries"]);
    assert_eq!((&shown["stamp"], &shown["changes"][0]["change"]), (&json!(stamp), &json!("revoke")));
    assert_eq!(home.ok(&["view", "export", "store.pwf"])["stamp"], stamp.as_str());
    assert_eq!(home.ok(&["view", "publish", "list.pwf", "--hours=1"])["stamp"], stamp.as_str());

    let by_file = |arguments: &[&str]| home.command(arguments).env_remove("PORTWARD_STORE").output().unwrap().status;
    assert_eq!(
        by_file(&["link", "verify", &good]).code(),
        Some(2),
        "the directory has not heard of it, and says nothing"
    );
    std::fs::remove_file(home.file("store")).unwrap();
    assert!(by_file(&["link", "verify", &link]).success(), "nor has a copy that no store decides about");
    for (command, instead) in [
        (&["view", "import", "store.pwf"][..], "store recover"),
        (&["view", "restore", "store.pwf"], "store recover"),
        (&["view", "new", "--generation=9"], "store recover"),
        (&["view", "collect"], "store compact"),
    ] {
        let said = home.fails(command, 2, "store_decides");
        assert!(text(&said["error"], "message").contains(instead), "{said}");
    }
    assert!(by_file(&["view", "import", "list.pwf"]).success());
    assert!(!by_file(&["link", "verify", &link]).success());
    assert!(by_file(&["link", "verify", &good]).success());
}

#[test]
fn who_forgets_the_store_is_told() {
    let home = Home::new();
    let link = home.link();
    home.ok(&["view", "export", "own.pwf"]);
    let root = text(&home.ok(&["keyring", "add"]), "added");
    let forgetful = [
        &["link", "verify", &link][..],
        &["link", "issue", "--tenant=a", "--client=b", "--permission=files:read"],
        &["session", "issue", &link],
        &["revoke", "link", &link],
        &["revoke", "everything"],
        &["view", "show"],
        &["view", "export", "view.pwf"],
        &["view", "publish", "list.pwf", "--hours=1"],
        &["view", "import", "own.pwf"],
        &["view", "restore", "own.pwf"],
        &["view", "collect"],
        &["keyring", "activate", &root],
        &["tenant", "check"],
    ];
    assert_eq!(home.run(&["revoke", "pause", "link", &link]).stderr, "");
    home.ok(&["revoke", "restore", "link", &link]);
    let store = "--store=sqlite:portward/store.db";
    home.ok(&["store", "init", store]);
    for command in forgetful {
        let said = home.fails(command, 2, "store_decides");
        let message = text(&said["error"], "message");
        assert!(message.contains("store.db") && message.contains("PORTWARD_STORE"), "{command:?} {message}");
    }
    std::fs::remove_file(home.file("view.pwf")).unwrap();
    home.fails(&["view", "new", "--generation=9"], 2, "store_decides");
    assert_eq!(home.run(&["revoke", "link", &link, store]).stderr, NO_ROW);
    home.refuses(&["link", "verify", &link, store], "refused", "link_revoked");
    home.ok(&["keyring", "activate", &root, store]);
    home.ok(&["store", "init", store]);
    home.fails(&["store", "init", "--store=sqlite:other.db"], 1, "store_decides");
}

const NO_ROW: &str = "note: the store has no row of this link: it was made elsewhere, or taken away by store compact\n";

/// Moved to another medium: what the store was when the copy was made, or what is known elsewhere.
#[test]
fn a_copied_store_is_recovered() {
    let home = Home::stored();
    let (revoked, good, paused) = (home.link(), home.link(), home.link());
    home.ok(&["view", "export", "old.pwf"]);
    home.ok(&["store", "compact"]);
    std::fs::copy(home.beside("store.db"), home.beside("copy.db")).unwrap();
    mode(&home.beside("copy.db"), 0o600);
    home.ok(&["revoke", "link", &revoked]);
    home.ok(&["revoke", "pause", "link", &paused]);
    home.ok(&["view", "export", "newer.pwf"]);
    let copy = "--store=sqlite:copy.db";
    let said = home.fails(&["link", "verify", &good, copy], 3, "store_restored");
    assert!(text(&said["error"], "message").contains("store recover --newer"), "{said}");
    home.fails(&["store", "recover", "--newer=lost.pwf", copy], 3, "file_missing");
    std::fs::write(home.beside("bad.pwf"), "pwf").unwrap();
    home.fails(&["store", "recover", "--newer=bad.pwf", copy], 1, "malformed_message");
    let recovered = home.ok(&["store", "recover", "--newer=newer.pwf", copy]);
    assert!(recovered["merged"] == true && text(&recovered, "begins") > text(&recovered, "found"), "{recovered}");
    home.refuses(&["link", "verify", &revoked, copy], "refused", "link_revoked");
    home.ok(&["link", "verify", &good, copy]);
    home.refuses(&["link", "verify", &paused, copy], "refused", "link_suspended");
    home.ok(&["revoke", "restore", "link", &paused, copy]);
    home.ok(&["link", "verify", &paused, copy]);
    home.fails(&["revoke", "restore", "link", &paused, copy], 1, "link_state");
    let older = home.fails(&["store", "recover", "--newer=old.pwf", copy], 1, "rollback");
    assert!(text(&older["error"], "message").contains("older"), "{older}");
    home.ok(&["link", "verify", &good, copy]);

    let said = home.run(&["store", "recover", "--refuse-everything", copy]);
    assert_snapshot!(masked(&said.stdout), @r"
    found   [id]:2
    begins  [id]:1
    merged  no
    ");
    assert!(said.stderr.contains("every token made so far is refused"), "{}", said.stderr);
    home.refuses(&["link", "verify", &good, copy], "refused", "deployment_revoked");
    home.ok(&["link", "verify", &good]);
}

#[test]
fn where_a_store_is_stays_secret() {
    let shows_no = |ran: crate::home::Ran| {
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!said.is_empty() && !said.contains("geheim"), "{said}");
    };
    for (location, code, exit) in [
        ("mysql://portward:geheim@localhost/x", "store_location", 2),
        ("geheim", "store_location", 2),
        ("postgres://portward:geheim@127.0.0.1:eins/x", "store_unavailable", 3),
        ("postgres://portward:geheim@127.0.0.1:1/x", "store_unavailable", 3),
    ] {
        let home = Home::new().with("PORTWARD_STORE", location);
        home.fails(&["store", "status"], exit, code);
        let commands =
            [&["store", "init"][..], &["link", "list", "--tenant=a", "--json"], &["--help"], &["store", "-h"]];
        commands.into_iter().for_each(|command| shows_no(home.run(command)));
    }
    let home = Home::new();
    for mistake in [&["postgres://portward:geheim'@localhost/x"][..], &["store", "postgresql://a:geheim@b"]] {
        for form in [mistake, &[mistake, &["--json"]].concat()] {
            let ran = home.run(form);
            assert!(ran.stderr.contains("postgres"), "the control: {}", ran.stderr);
            shows_no(ran);
        }
        home.fails(mistake, 2, "usage");
    }
}
