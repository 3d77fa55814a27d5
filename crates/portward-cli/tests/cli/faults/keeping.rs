//! Keys of tenants, rotated and brought under another root, and a keyring that goes under a KEK.

use super::{FAULTS, stands, sweep};
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
