//! What is changed, added and put back.

use super::{FAULTS, TENANT, WRITES, stands, sweep};
use crate::home::{Home, text};

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn narrowing_a_link_in_a_store() {
    let home = Home::stored();
    sweep(&home, &[&FAULTS], |faulty| {
        let issued = home.ok(&["link", "issue", TENANT, "--client=42", "--permission=files:*"]);
        let (link, id) = (text(&issued, "token"), text(&issued, "id"));
        let edit = ["link", "edit", &id, TENANT, "--permission=files:read", "--uses=1"];
        let before = home.ok(&["link", "show", &id, TENANT]);
        let ran = faulty(&edit);
        let after = home.ok(&["link", "show", &id, TENANT]);
        if ran.code == Some(0) {
            assert_ne!(after["permissions"], before["permissions"]);
        }
        // Both or none: what is narrowed is capped, too.
        assert_eq!(after["permissions"] == before["permissions"], after["uses_max"] == before["uses_max"], "{after}");
        home.ok(&edit);
        home.ok(&["session", "issue", &link]);
        home.fails(&["session", "issue", &link], 1, "uses_exhausted");
    });
    home.ok(&["store", "check"]);
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn adding_a_root() {
    let home = Home::new();
    sweep(&home, &[&FAULTS, &WRITES], |faulty| {
        let (link, before) = (home.link(), home.states().len());
        let ran = faulty(&["keyring", "add"]);
        let added = home.states().len() - before;
        // One that is in its place is told from one that was not written.
        assert_eq!(added, usize::from(stands(&ran)), "{ran:?}");
        home.ok(&["link", "verify", &link]);
        for root in home.ok(&["keyring", "list"])["roots"].as_array().unwrap() {
            if root["state"] == "verify_only" {
                let id = text(root, "id");
                home.ok(&["keyring", "retire", &id]);
                home.ok(&["keyring", "destroy", &id, "--force", &id]);
            }
        }
    });
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn restoring_keys() {
    let home = Home::studio();
    home.sealed("object", b"a contract", &[]);
    home.ok(&["backup", "create", "backups", "--keys"]);
    let rows = || home.ok(&["tenant", "census"])["keks"].clone();
    let in_backup = rows();
    sweep(&home, &[&FAULTS], |faulty| {
        home.ok(&["tenant", "rotate", "studio-7", "--scope=file:1"]);
        let there = rows();
        assert_ne!(there, in_backup, "the control");
        // Over those that are there: the old ones or the new ones, whatever happens.
        let ran = faulty(&["backup", "restore", "backups", "--keys=sqlite:portward/keys.db", "--replace"]);
        let found = rows();
        assert!(if ran.code == Some(0) { found == in_backup } else { found == in_backup || found == there }, "{found}");
        home.ok(&home.open("object", &["-o", "opened", "--force"]));
        assert_eq!(home.bytes("opened"), b"a contract");
    });
    assert!(
        std::fs::read_dir(home.file("")).unwrap().count() < 12,
        "what failed leaves little, and the next takes it away"
    );
}
