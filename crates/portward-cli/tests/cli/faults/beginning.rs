//! Where a feed begins: a store that takes over from a directory, one that is recovered, a view in the place of a lost one.
//!
//! Each scenario is played with a command that may fail, or be killed, at any moment, and tells whether it had done its work. Done or not, nothing
//! that was revoked is granted, and the same command ends it.

use super::{FAULTS, Faulty, WRITES, sweep};
use crate::home::{Home, Ran, mode, text};

/// Whether a link is granted, or which code refuses it.
fn verified(home: &Home, link: &str, options: &[&str]) -> String {
    let ran = home.run(&[&["link", "verify", link, "--json"], options].concat());
    if ran.code == Some(0) {
        return "granted".to_owned();
    }
    text(&serde_json::from_str::<serde_json::Value>(&ran.stderr).unwrap()["error"], "code")
}

fn revoked(home: &Home) -> String {
    let link = home.link();
    home.ok(&["revoke", "link", &link]);
    link
}

/// What succeeded is done; what did not may be.
fn is_done(done: bool, ran: &Ran) -> bool {
    assert!(done || ran.code != Some(0), "{ran:?}");
    done
}

/// What is revoked in the directory until the store decides, the store knows.
pub(crate) fn a_store_takes_over(home: &Home, attempt: Faulty<'_>) -> bool {
    let store = "--store=sqlite:store.db";
    let init = ["store", "init", store];
    let (first, good) = (revoked(home), home.link());
    let ran = attempt(&init);
    let in_store = verified(home, &first, &[store]);
    // No file, no tables, tables without a feed, or a feed that has begun.
    let codes = ["file_missing", "store_uninitialised", "link_malformed", "link_revoked"];
    assert!(codes.contains(&in_store.as_str()), "{in_store} {ran:?}");
    let done = is_done(home.file("store").exists(), &ran);
    assert_eq!(verified(home, &good, &[]), if done { "store_decides" } else { "granted" }, "{ran:?}");
    let late = (!done).then(|| revoked(home));
    home.ok(&init);
    for link in [Some(first), late].iter().flatten() {
        home.refuses(&["link", "verify", link, store], "refused", "link_revoked");
    }
    home.ok(&["link", "verify", &good, store]);
    home.ok(&["store", "check", store]);
    for file in ["store.db", "portward/store"] {
        std::fs::remove_file(home.beside(file)).unwrap();
    }
    done
}

/// A copy of the store, which the original went on from.
fn copied(home: &Home) -> (String, String) {
    let (second, good) = (home.link(), home.link());
    home.ok(&["store", "compact"]);
    std::fs::copy(home.beside("store.db"), home.beside("copy.db")).unwrap();
    mode(&home.beside("copy.db"), 0o600);
    home.ok(&["revoke", "link", &second]);
    home.ok(&["view", "export", "newer.pwf"]);
    (second, good)
}

const COPY: &str = "--store=sqlite:copy.db";

pub(crate) fn a_store_is_recovered(home: &Home, attempt: Faulty<'_>) -> bool {
    let (second, good) = copied(home);
    let recover = ["store", "recover", "--newer=newer.pwf", COPY];
    let ran = attempt(&recover);
    let granted = verified(home, &good, &[COPY]);
    let done = is_done(granted == "granted", &ran);
    assert!(done || granted == "store_restored", "{granted} {ran:?}");
    assert_eq!(verified(home, &second, &[COPY]), if done { "link_revoked" } else { "store_restored" }, "{ran:?}");
    if !done {
        home.ok(&recover);
    }
    home.refuses(&["link", "verify", &second, COPY], "refused", "link_revoked");
    home.ok(&["link", "verify", &good, COPY]);
    done
}

pub(crate) fn a_store_refuses_everything(home: &Home, attempt: Faulty<'_>) -> bool {
    let (second, good) = copied(home);
    let recover = ["store", "recover", "--refuse-everything", COPY];
    let ran = attempt(&recover);
    let said = [&second, &good].map(|link| verified(home, link, &[COPY]));
    let done = is_done(said == ["deployment_revoked"; 2], &ran);
    assert!(done || said == ["store_restored"; 2], "{said:?} {ran:?}");
    home.ok(&recover);
    home.refuses(&["link", "verify", &good, COPY], "refused", "deployment_revoked");
    done
}

/// The view is lost. Whether another one is in its place.
fn is_replaced(home: &Home, command: &[&str], attempt: Faulty<'_>) -> bool {
    std::fs::remove_file(home.file("view.pwf")).unwrap();
    let ran = attempt(command);
    let done = is_done(home.file("view.pwf").exists(), &ran);
    if !done {
        home.ok(command);
    }
    done
}

pub(crate) fn a_view_is_restored(home: &Home, attempt: Faulty<'_>) -> bool {
    let (link, good) = (revoked(home), home.link());
    home.ok(&["view", "export", "saved.pwf"]);
    let before = text(&home.ok(&["view", "show"]), "stamp");
    let done = is_replaced(home, &["view", "restore", "saved.pwf"], attempt);
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");
    home.ok(&["link", "verify", &good]);
    assert!(text(&home.ok(&["view", "show"]), "stamp")[..32] > before[..32], "a greater incarnation");
    done
}

pub(crate) fn a_view_is_made_anew(home: &Home, attempt: Faulty<'_>) -> bool {
    let link = home.link();
    let generation = home.ok(&["view", "show", "--entries"])["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|change| change["generation"].as_u64())
        .unwrap_or_default();
    let command = ["view", "new", &format!("--generation={}", generation.saturating_add(1))];
    let done = is_replaced(home, &command, attempt);
    home.refuses(&["link", "verify", &link], "refused", "deployment_revoked");
    home.ok(&["link", "verify", &home.link()]);
    done
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn beginning_a_store() {
    let home = Home::new();
    sweep(&home, &[&FAULTS], |faulty| {
        a_store_takes_over(&home, faulty);
    });
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn recovering_a_store() {
    let home = Home::stored();
    sweep(&home, &[&FAULTS], |faulty| {
        a_store_is_recovered(&home, faulty);
    });
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn refusing_everything() {
    let home = Home::stored();
    sweep(&home, &[&FAULTS], |faulty| {
        a_store_refuses_everything(&home, faulty);
    });
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn restoring_a_view() {
    let home = Home::new();
    sweep(&home, &[&FAULTS, &WRITES], |faulty| {
        a_view_is_restored(&home, faulty);
    });
}

#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn making_a_view_anew() {
    let home = Home::new();
    sweep(&home, &[&FAULTS, &WRITES], |faulty| {
        a_view_is_made_anew(&home, faulty);
    });
}
