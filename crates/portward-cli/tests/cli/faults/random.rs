//! Where the operating system gives no random bytes, nothing is made of anything else: a command says so, and all is as it was before.
//!
//! Each draw of a command is refused in turn, alone and with all that come after. In the end there is none left to refuse, and the same command
//! succeeds in the same directory. That it was one of our draws is known: there are no others on SQLite.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

use portward_test_randomness::{Fails, Randomness};

use super::{ISSUE, TENANT};
use crate::home::{Home, Ran, text};
use crate::studio::CONTRACT;

pub(crate) struct Refusals<'a> {
    home: &'a Home,
    randomness: Randomness,
}

impl<'a> Refusals<'a> {
    pub(crate) fn of(home: &'a Home) -> Self {
        Self { home, randomness: Randomness::new() }
    }

    /// Every refusal leaves every file as it was. What the command printed when it succeeded.
    pub(crate) fn of_each_draw(&self, arguments: &[&str]) -> String {
        self.but_for(&[], arguments, || ())
    }

    /// The same, but for these files, of which `look` says more.
    pub(crate) fn but_for(&self, changed: &[&str], arguments: &[&str], look: impl Fn()) -> String {
        let before = self.files(changed);
        for number in 1.. {
            for fails in [Fails::From(number), Fails::Once(number)] {
                let ran = self.run(arguments, fails);
                if !self.randomness.was_felt() {
                    assert!(ran.code == Some(0) && number > 1, "{arguments:?} draws something, and succeeds: {ran:?}");
                    return ran.stdout;
                }
                assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{arguments:?} {fails:?}: {ran:?}");
                assert!(ran.stderr.contains("error[random_unavailable]: "), "{arguments:?} {fails:?}: {ran:?}");
                let after = self.files(changed);
                assert!(after.keys().eq(before.keys()), "{arguments:?} {fails:?}: {:?}", after.keys());
                for (name, bytes) in &after {
                    assert!(before.get(name) == Some(bytes), "{arguments:?} {fails:?}: {name} is another one");
                }
                look();
            }
        }
        unreachable!()
    }

    fn run(&self, arguments: &[&str], fails: Fails) -> Ran {
        self.randomness.fails(fails);
        let mut command = self.home.command(arguments);
        Ran::of(arguments, self.randomness.under(&mut command).stdin(Stdio::null()).output().unwrap())
    }

    /// All files and folders, and what is in them. SQLite's index of a log is none of them, nor is the log, in which nothing stands.
    fn files(&self, changed: &[&str]) -> BTreeMap<String, Vec<u8>> {
        let root = self.home.beside("");
        let (mut found, mut folders) = (BTreeMap::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                let bytes = if path.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
                if path.is_dir() {
                    folders.push(path);
                }
                let is_empty_log = name.ends_with("-wal") && bytes.is_empty();
                if !is_empty_log && !name.ends_with("-shm") && !changed.contains(&name.as_str()) {
                    found.insert(name, bytes);
                }
            }
        }
        found
    }
}

#[test]
#[ignore = "it needs a C compiler: cargo xtask test faults"]
fn a_directory() {
    let home = Home::empty();
    let day = format!("--passphrase-file={}", home.secret("day", "for the day"));
    let safe = format!("--recovery-passphrase-file={}", home.secret("safe", "for the safe"));
    let refusals = Refusals::of(&home);
    let of_each_draw = |arguments: &[&str]| refusals.of_each_draw(arguments).trim().to_owned();
    of_each_draw(&["keyring", "new"]);
    of_each_draw(&["keyring", "add"]);
    let link = of_each_draw(&ISSUE);
    of_each_draw(&["link", "verify", &link]);
    let session = of_each_draw(&["session", "issue", &link]);
    of_each_draw(&["session", "verify", &session]);
    of_each_draw(&["view", "export", "export.pwf"]);
    of_each_draw(&["view", "publish", "list.pwf", "--hours=1"]);
    of_each_draw(&["view", "import", "export.pwf"]);
    of_each_draw(&["revoke", "link", &link]);
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");
    of_each_draw(&["view", "collect"]);
    of_each_draw(&["keyring", "export-recovery", "export.json", &safe]);
    of_each_draw(&["keyring", "seal", &day]);
    home.ok(&["keyring", "unseal", &day]);
    fs::remove_file(home.file("view.pwf")).unwrap();
    of_each_draw(&["view", "restore", "export.pwf"]);
    fs::remove_file(home.file("view.pwf")).unwrap();
    of_each_draw(&["view", "new", "--generation=2"]);
    home.refuses(&["link", "verify", &link], "refused", "deployment_revoked");
}

#[test]
#[ignore = "it needs a C compiler: cargo xtask test faults"]
fn a_store() {
    let home = Home::new();
    let revoked = home.link();
    home.ok(&["revoke", "link", &revoked]);
    let home = home.with("PORTWARD_STORE", "sqlite:store.db");
    let refusals = Refusals::of(&home);
    let of_each_draw = |arguments: &[&str]| refusals.of_each_draw(arguments).trim().to_owned();
    // The file is made first, then the tables, then the feed, with what the directory knows.
    refusals.but_for(&["store.db"], &["store", "init"], || {
        let verified = home.run(&["link", "verify", &revoked]);
        let codes = ["file_missing", "store_uninitialised", "link_revoked"];
        assert!(codes.iter().any(|code| verified.stderr.starts_with(&format!("error[{code}]"))), "{verified:?}");
    });
    home.refuses(&["link", "verify", &revoked], "refused", "link_revoked");
    let link = of_each_draw(&ISSUE);
    let session = of_each_draw(&["session", "issue", &link]);
    of_each_draw(&["session", "renew", &session]);
    of_each_draw(&["session", "verify", &session]);
    of_each_draw(&["link", "verify", &link]);
    let id = text(&home.ok(&["link", "verify", &link]), "id");
    of_each_draw(&["link", "show", &id, TENANT]);
    of_each_draw(&["link", "edit", &id, TENANT, "--uses=7"]);
    of_each_draw(&["store", "check"]);
    of_each_draw(&["store", "compact"]);
    of_each_draw(&["view", "export", "older.pwf"]);
    // What the store knows, and the view that it is recovered with does not.
    of_each_draw(&["revoke", "link", &link]);
    of_each_draw(&["view", "export", "newer.pwf"]);
    of_each_draw(&["store", "recover", "--newer=newer.pwf"]);
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");
    of_each_draw(&["store", "recover", "--refuse-everything"]);
    home.refuses(&["link", "verify", &link], "refused", "deployment_revoked");
}

#[test]
#[ignore = "it needs a C compiler: cargo xtask test faults"]
fn keys() {
    let home = Home::new();
    let refusals = Refusals::of(&home);
    let of_each_draw = |arguments: &[&str]| refusals.of_each_draw(arguments);
    let keys = ["portward/keys.db"];
    // The key store is made first, and there is nothing in it.
    refusals.but_for(&keys, &["tenant", "new", "studio-7"], || {
        let (exit, code) = if home.file("keys.db").exists() { (1, "unknown_key") } else { (3, "file_missing") };
        home.fails(&["tenant", "rotate", "studio-7"], exit, code);
    });
    home.write("plaintext", b"a contract");
    let seal = [&["seal", "plaintext", "--embed", "-o", "object", "--force"], &CONTRACT[..]].concat();
    let open = home.open("object", &["-o", "opened", "--force"]);
    for _ in ["with the scope's first data key", "over the object that is there"] {
        // The data key may be there already, for the next one, and a use of a key be counted; there is no object.
        refusals.but_for(&keys, &seal, || ());
        of_each_draw(&open);
    }
    of_each_draw(&["tenant", "rotate", "studio-7"]);
    of_each_draw(&["tenant", "rotate", "studio-7", "--scope=file:1"]);
    of_each_draw(&["rewrap", "object", TENANT, "--scope=file:1"]);
    of_each_draw(&["tenant", "check"]);
    of_each_draw(&open);
    let new = text(&home.ok(&["keyring", "add"]), "added");
    home.ok(&["keyring", "activate", &new]);
    of_each_draw(&["tenant", "rewrap"]);
    of_each_draw(&["tenant", "destroy", "studio-7", "--scope=file:1", "--confirm=file:1", "--backups-kept=1"]);
    of_each_draw(&["tenant", "new", "studio-7", "--scope=file:1"]);
    home.refuses(&open, "unreadable", "data_key_destroyed");
}

#[test]
#[ignore = "it needs a C compiler: cargo xtask test faults"]
fn backups() {
    let home = Home::studio();
    home.sealed("object", b"a contract", &[]);
    let refusals = Refusals::of(&home);
    // A number is taken before there is a backup.
    let catalogue = ["backups", "backups/.lock", "backups/catalogue.pwc"];
    let seen = ["portward/backups.seen", "portward/.backups.seen.lock"];
    let list = || home.ok(&["backup", "list", "backups"])["backups"].as_array().unwrap().len();
    let notes = ["--stream=notes", "--input=plaintext"];
    for (made, of) in [&["--keys"][..], &notes].into_iter().enumerate() {
        refusals.but_for(&[&catalogue[..], &seen].concat(), &[&["backup", "create", "backups"], of].concat(), || {
            assert!(!home.beside("backups/catalogue.pwc").exists() || list() == made);
        });
        assert_eq!(list(), made + 1);
    }
    home.ok(&["tenant", "rotate", "studio-7", "--scope=file:1"]);
    refusals.of_each_draw(&["backup", "restore", "backups", "--keys=sqlite:portward/keys.db", "--replace"]);
    home.ok(&["backup", "verify", "backups"]);
}
