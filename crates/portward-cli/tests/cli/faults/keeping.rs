//! Keys of tenants, rotated and brought under another root, and a keyring that goes under a KEK.

use super::{FAULTS, TENANT, stands, sweep};
use crate::home::{Home, text};

fn opens(home: &Home) {
    home.ok(&home.open("object", &["-o", "opened", "--force"]));
    assert_eq!(home.bytes("opened"), b"a contract");
}

/// The one version of the tenant's KEK that there are data keys under.
pub(crate) fn lies_under(home: &Home) -> u64 {
    let census = home.ok(&["tenant", "census"]);
    let keks: Vec<_> = census["keks"].as_array().unwrap().iter().filter(|kek| kek["kek"] == "tenant").collect();
    assert_eq!(keks.len(), 1, "{census}");
    keks[0]["version"].as_u64().unwrap()
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn rotating_the_kek_of_a_tenant() {
    let home = Home::studio();
    home.sealed("object", b"a contract", &["--embed"]);
    let next = || home.ok(&["tenant", "rotate", "studio-7"])["version"].as_u64().unwrap();
    sweep(&home, &[&FAULTS], |faulty| {
        let before = next();
        let ran = faulty(&["tenant", "rotate", "studio-7"]);
        opens(&home);
        assert_eq!(home.ok(&["tenant", "check"])["tombstones_added"], 0, "every row is believed");
        let under = lies_under(&home);
        assert_eq!(under, next() - 1, "all data keys lie under the last version");
        let rotated = under - before;
        assert!(if ran.code == Some(0) { rotated == 1 } else { rotated <= 1 }, "{rotated} {ran:?}");
    });
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn rewrapping_under_another_root() {
    let home = Home::studio();
    home.sealed("object", b"a contract", &["--embed"]);
    sweep(&home, &[&FAULTS], |faulty| {
        let (old, new) = (home.active(), text(&home.ok(&["keyring", "add"]), "added"));
        home.ok(&["keyring", "activate", &new]);
        let ran = faulty(&["tenant", "rewrap"]);
        opens(&home);
        let again = home.ok(&["tenant", "rewrap"]);
        if stands(&ran) {
            assert_eq!((&again["keks"], &again["rows"]), (&0.into(), &0.into()), "all of it was done");
        }
        let roots = home.ok(&["tenant", "census"])["roots"].clone();
        assert!(roots.as_array().unwrap().iter().all(|root| root["root"] == new.as_str()), "{roots}");
        home.ok(&["keyring", "retire", &old]);
        home.ok(&["keyring", "destroy", &old, "--force", &old]);
        opens(&home);
    });
}

/// Once more wrapped, or as it was: it opens, and its key lies under one version.
#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn rewrapping_an_object() {
    let home = Home::studio();
    home.sealed("object", b"a contract", &["--embed"]);
    sweep(&home, &[&FAULTS], |faulty| {
        home.ok(&["tenant", "rotate", "studio-7"]);
        let before = home.bytes("object");
        let rewrap = ["rewrap", "object", TENANT, "--scope=file:1"];
        let ran = faulty(&rewrap);
        assert_eq!(home.bytes("object") != before, stands(&ran), "an error says which: {ran:?}");
        opens(&home);
        assert_eq!(home.ok(&rewrap)["after"].as_array().unwrap().len(), 1);
        opens(&home);
    });
}

/// What is sealed since opens, whatever became of the command; what was sealed under the key does not, once it succeeded.
#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn destroying_one_data_key() {
    let home = Home::studio();
    home.sealed("object", b"a contract", &[]);
    sweep(&home, &[&FAULTS], |faulty| {
        let old = text(&home.ok(&["inspect", "object"]), "data_key");
        home.ok(&["tenant", "rotate", "studio-7", "--scope=file:1"]);
        std::fs::rename(home.beside("object"), home.beside("old")).unwrap();
        home.sealed("object", b"a contract", &[]);
        let (key, confirm) = (format!("--key={old}"), format!("--confirm={old}"));
        let destroy = ["tenant", "destroy", "studio-7", "--scope=file:1", &key, &confirm, "--backups-kept=1"];
        if faulty(&destroy).code != Some(0) {
            home.ok(&destroy);
        }
        home.refuses(&home.open("old", &["-o", "no"]), "unreadable", "data_key_destroyed");
        opens(&home);
        home.ok(&["tenant", "check"]);
    });
}
