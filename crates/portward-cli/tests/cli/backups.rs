//! Backups by the command: made, refused, restored, in little memory and on a full medium.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::home::{Home, mode_of, text};
use crate::studio::{SmallMedium, plaintext};

fn numbers(list: &serde_json::Value) -> Vec<u64> {
    list["backups"].as_array().unwrap().iter().map(|entry| entry["number"].as_u64().unwrap()).collect()
}

#[test]
fn what_was_backed_up_comes_back() {
    let home = Home::studio();
    home.sealed("object", b"a contract", &[]);
    let made = home.ok(&["backup", "create", "backups", "--keys"]);
    assert_eq!((numbers(&made), text(&made["backups"][0], "kind")), (vec![1], "keys".into()));
    let piped = home.pipe(&["backup", "create", "backups", "--stream=view", "--json"], &home.read("view.pwf"));
    assert!(piped.status.success());
    let list = home.ok(&["backup", "list", "backups"]);
    assert_eq!((numbers(&list), list["highest"].as_u64()), (vec![1, 2], Some(2)));
    let file = home.beside("backups").join(text(&list["backups"][0], "file"));
    assert_eq!(
        (mode_of(&file), mode_of(&home.beside("backups")), mode_of(&home.file("backups.seen"))),
        (0o600, 0o700, 0o600)
    );
    let verified = home.ok(&["backup", "verify", "backups"]);
    assert_eq!(verified["verified"].as_u64(), Some(2));
    home.ok(&["backup", "verify", "backups", "--number=2", "--seal-only"]);

    fs::rename(home.file("keys.db"), home.beside("lost.db")).unwrap();
    home.fails(&home.open("object", &["-o", "opened"]), 3, "file_missing");
    let restored = home.ok(&["backup", "restore", "backups", "--keys=sqlite:portward/keys.db"]);
    assert_eq!((restored["destroyed_again"].as_u64(), mode_of(&home.file("keys.db"))), (Some(0), 0o600));
    home.ok(&home.open("object", &["-o", "opened"]));
    assert_eq!(home.bytes("opened"), b"a contract");
    home.fails(&["backup", "restore", "backups", "--keys=sqlite:portward/keys.db"], 1, "backup_target_exists");
    let out = home.pipe(&["backup", "restore", "backups", "--stream=view"], b"");
    assert_eq!((out.status.code(), out.stdout), (Some(0), home.read("view.pwf")));
    home.ok(&["backup", "restore", "backups", "--stream=view", "-o", "view"]);
    assert_eq!(home.bytes("view"), home.read("view.pwf"));
}

/// Two databases in one folder are not taken for each other.
#[test]
fn several_databases_are_told_apart() {
    fn restore<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
        [&["backup", "restore", "backups", "--data=sqlite:back.db", "--replace"], arguments].concat()
    }
    let home = Home::stored();
    let link = home.link();
    home.ok(&["store", "init", "--store=sqlite:store.db"]);
    fs::copy(home.beside("store.db"), home.beside("other.db")).unwrap();
    let create = ["backup", "create", "backups"];
    let names = |made: &serde_json::Value| {
        let backups = made["backups"].as_array().unwrap().iter();
        backups.map(|entry| (text(entry, "name"), entry["number"].as_u64().unwrap())).collect::<Vec<_>>()
    };
    let made = home.ok(&[&create[..], &["--data=sqlite:store.db"]].concat());
    assert_eq!(names(&made), [("store".into(), 1)]);
    home.ok(&["backup", "restore", "backups", "--data=sqlite:only.db"]);
    home.ok(&["revoke", "link", &link]);
    for (arguments, name, number) in [
        (&["--data=sqlite:other.db"][..], "other", 2),
        (&["--data=sqlite:store.db"], "store", 3),
        (&["--data=sqlite:other.db", "--name=copy"], "copy", 4),
    ] {
        assert_eq!(names(&home.ok(&[&create[..], arguments].concat())), [(name.into(), number)]);
    }
    let said = home.fails(&restore(&[]), 2, "backup_name");
    assert!(text(&said["error"], "message").contains("copy, other, store"), "{said}");
    for (arguments, number) in
        [(&["--name=store"][..], 3), (&["--name=other"], 2), (&["--number=1"], 1), (&["--name=store", "--number=1"], 1)]
    {
        let restored = home.ok(&restore(arguments));
        assert_eq!(restored["restored"][0]["number"].as_u64(), Some(number), "{arguments:?}");
    }
    home.fails(&restore(&["--name=store", "--number=2"]), 1, "backup_unknown");
    home.fails(&restore(&["--name=nothing"]), 1, "backup_unknown");
    fs::copy(home.beside("other.db"), home.beside("a b.db")).unwrap();
    home.fails(&[&create[..], &["--data=sqlite:a b.db"]].concat(), 2, "backup_name");
    let piped = home.pipe(&[&create[..], &["--data=sqlite:other.db", "--stream=empty"]].concat(), b"");
    let said = String::from_utf8(piped.stderr).unwrap();
    assert!(said.contains("backup_empty") && said.contains("1 made before it"), "{said}");
}

#[test]
fn what_was_destroyed_stays_destroyed() {
    let home = Home::studio();
    home.sealed("object", b"a contract", &[]);
    home.ok(&home.open("object", &["-o", "before"]));
    home.ok(&["backup", "create", "backups", "--keys"]);
    home.ok(&["tenant", "destroy", "studio-7", "--scope=file:1", "--confirm=file:1", "--backups-kept=35"]);
    home.ok(&["backup", "create", "backups", "--keys"]);
    for (number, again) in [("--number=2", 0), ("--number=1", 1)] {
        let restored =
            home.ok(&["backup", "restore", "backups", "--keys=sqlite:portward/keys.db", "--replace", number]);
        assert_eq!(restored["destroyed_again"].as_u64(), Some(again));
        home.refuses(&home.open("object", &["-o", "opened"]), "unreadable", "data_key_destroyed");
    }
    home.fails(&["backup", "restore", "backups", "--keys=sqlite:other.db", "--number=3"], 1, "backup_unknown");
}

#[test]
fn damage_and_older_states_are_refused() {
    let home = Home::studio();
    for word in ["first", "other"] {
        let piped = home.pipe(&["backup", "create", "backups", "--stream=notes"], word.as_bytes());
        assert!(piped.status.success());
        if word == "first" {
            let copied = Command::new("cp").args(["-r", "backups", "older"]).current_dir(home.beside("")).status();
            assert!(copied.unwrap().success());
        }
    }
    let verify = ["backup", "verify", "backups"];
    home.ok(&verify);
    let path = home.beside("backups/stream-000000000002.pwb");
    let whole = fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(&path, damaged).unwrap();
    let said = text(&home.fails(&verify, 1, "chunk_forged")["error"], "message");
    assert!(said.starts_with("backup 2: "), "{said}");
    home.fails(&["backup", "restore", "backups", "--stream=notes", "-o", "restored"], 1, "chunk_forged");
    assert!(!home.beside("restored").exists());
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    home.fails(&verify, 1, "backup_differs");
    fs::write(&path, &whole).unwrap();
    fs::write(home.beside("backups/other.pwb"), b"x").unwrap();
    fs::write(home.beside("backups/another.pwb"), b"x").unwrap();
    let said = text(&home.fails(&verify, 1, "backup_stray")["error"], "message");
    assert!(said.contains("another.pwb, other.pwb"), "{said}");
    fs::rename(&path, home.beside("backups/renamed.pwb")).unwrap();
    let said = text(&home.fails(&verify, 1, "backup_missing")["error"], "message");
    assert!(said.contains("backup 2") && said.contains("another.pwb, other.pwb, renamed.pwb"), "{said}");
    fs::rename(home.beside("backups/renamed.pwb"), &path).unwrap();
    home.ok(&["backup", "prune", "backups", "--strays"]);
    home.ok(&verify);
    home.ok(&["backup", "restore", "backups", "--stream=notes", "-o", "restored"]);
    fs::rename(home.beside("backups"), home.beside("newer")).unwrap();
    fs::rename(home.beside("older"), home.beside("backups")).unwrap();
    home.fails(&verify, 1, "catalogue_rolled_back");
    fs::remove_file(home.beside("backups/catalogue.pwc")).unwrap();
    home.fails(&verify, 3, "catalogue_missing");
    home.fails(&["backup", "create", "backups", "--stream=notes"], 3, "catalogue_missing");
    home.fails(&["backup", "list", "nowhere"], 3, "catalogue_missing");
    home.fails(&["backup", "create", "newer"], 2, "usage");
    home.fails(&["backup", "create", "newer", "--data=mysql:x"], 2, "store_location");
    home.fails(&["backup", "create", "newer", "--data=sqlite:portward/keys.db"], 1, "backup_kind");
    home.fails(&["backup", "create", "newer", "--stream=empty"], 1, "backup_empty");
    home.ok(&["backup", "create", "newer", "--keys"]);
}

/// The memory that the command may take is a small part of what it seals, and of what it opens.
#[test]
fn a_large_stream_takes_little_memory() {
    let home = Home::new();
    let limited = |line: &str| {
        let line = format!("ulimit -v 262144; exec {line}");
        let mut command = Command::new("sh");
        command.args(["-c", &line]).env("PORTWARD_DIR", home.file("")).current_dir(home.beside(""));
        command.env("PORTWARD", env!("CARGO_BIN_EXE_portward"));
        command
    };
    let mut sealing = limited("\"$PORTWARD\" backup create backups --stream=large");
    let mut sealing = sealing.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = sealing.stdin.take().unwrap();
    let piece = plaintext(1 << 20);
    for _ in 0..512 {
        stdin.write_all(&piece).unwrap();
    }
    drop(stdin);
    assert!(sealing.wait().unwrap().success());
    assert!(fs::metadata(home.beside("backups/stream-000000000001.pwb")).unwrap().len() > 512 << 20);
    let mut verifying = limited("\"$PORTWARD\" backup verify backups");
    assert!(verifying.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    let mut opening = limited("\"$PORTWARD\" backup restore backups --stream=large");
    let mut opening = opening.stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = opening.stdout.take().unwrap();
    let mut read = vec![0; piece.len()];
    for _ in 0..512 {
        std::io::Read::read_exact(&mut stdout, &mut read).unwrap();
        assert!(read == piece);
    }
    assert!(opening.wait().unwrap().success());
    // The control: the limit is one.
    assert!(!limited("perl -e '$x = \"x\" x 300_000_000'").stderr(Stdio::null()).status().unwrap().success());
}

/// Killed in the middle: no file, not even a part of one, and the next one gets the next number.
#[test]
fn a_killed_backup_leaves_nothing() {
    let home = Home::new();
    home.ok(&["backup", "create", "backups", "--stream=notes", "--input=portward/view.pwf"]);
    let mut killed = home.command(&["backup", "create", "backups", "--stream=notes"]);
    let mut killed = killed.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    killed.stdin.as_mut().unwrap().write_all(&plaintext(3 << 20)).unwrap();
    assert_eq!(home.ok(&["backup", "list", "backups"])["highest"].as_u64(), Some(2), "it is under way");
    killed.kill().unwrap();
    killed.wait().unwrap();
    let mut found: Vec<_> =
        fs::read_dir(home.beside("backups")).unwrap().map(|found| found.unwrap().file_name()).collect();
    found.sort();
    assert_eq!(found, [".lock", "catalogue.pwc", "stream-000000000001.pwb"]);
    home.ok(&["backup", "verify", "backups"]);
    let pipe = Command::new("mkfifo").arg(home.file(".portward-backup-evil")).status();
    assert!(pipe.unwrap().success());
    home.ok(&["tenant", "new", "studio-7"]);
    home.ok(&["backup", "create", "backups", "--keys"]);
    home.ok(&["backup", "verify", "backups"]);
    let next = home.ok(&["backup", "create", "backups", "--stream=notes", "--input=portward/view.pwf"]);
    assert_eq!(numbers(&next), [4]);
}

/// Nothing is acknowledged, nothing is half there, and what was there is whole.
#[test]
#[expect(clippy::print_stdout, reason = "says why it was not tried")]
fn a_full_medium_leaves_no_backup() {
    let home = Home::studio();
    let Some(_medium) = SmallMedium::new(home.beside("small"), 256) else {
        return println!("not tried: mounting a small tmpfs asks for root");
    };
    home.write("little", b"a note");
    home.write("large", &plaintext(1_000_000));
    home.ok(&["backup", "create", "small/backups", "--stream=notes", "--input=little"]);
    let large = ["backup", "create", "small/backups", "--stream=notes", "--input=large"];
    let ran = home.run(&[&large[..], &["--json"]].concat());
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("target_unwritable"), "{}", ran.stderr);
    let names = |folder: &str| {
        let found =
            fs::read_dir(home.beside(folder)).unwrap().map(|found| found.unwrap().file_name().into_string().unwrap());
        let mut found: Vec<_> = found.collect();
        found.sort();
        found
    };
    assert_eq!(names("small/backups"), [".lock", "catalogue.pwc", "stream-000000000001.pwb"]);
    home.ok(&["backup", "verify", "small/backups"]);
    // Full to the last byte: not even a number can be taken.
    let _ = fs::write(home.beside("small/filler"), plaintext(1 << 20));
    let ran = home.run(&["backup", "create", "small/backups", "--stream=notes", "--input=little"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    home.ok(&["backup", "verify", "small/backups"]);
    fs::remove_file(home.beside("small/filler")).unwrap();
    // Restoring onto it.
    home.ok(&["backup", "create", "elsewhere", "--stream=notes", "--input=large"]);
    home.write("small/there", b"before");
    home.fails(
        &["backup", "restore", "elsewhere", "--stream=notes", "-o", "small/there", "--replace"],
        3,
        "target_unwritable",
    );
    home.fails(&["backup", "restore", "elsewhere", "--stream=notes", "-o", "small/new"], 3, "target_unwritable");
    assert_eq!(home.bytes("small/there"), b"before");
    assert_eq!(names("small"), ["backups", "there"]);
    home.ok(&["backup", "create", "small/backups", "--stream=notes", "--input=little"]);
    home.ok(&["backup", "verify", "small/backups"]);
}

#[test]
fn a_store_that_is_named_knows_what_was_destroyed() {
    let home = Home::stored();
    home.ok(&["tenant", "new", "studio-7"]);
    home.sealed("object", b"x", &[]);
    home.ok(&["backup", "create", "backups", "--keys"]);
    home.ok(&["tenant", "destroy", "studio-7", "--scope=file:1", "--confirm=file:1", "--backups-kept=35"]);
    let asked = home.ok(&["backup", "restore", "backups", "--keys=sqlite:asked.db"]);
    assert_eq!(asked["destroyed_again"].as_u64(), Some(1));
    let restore = ["backup", "restore", "backups", "--keys=sqlite:unasked.db", "--json"];
    let unasked = home.command(&restore).env_remove("PORTWARD_STORE").output().unwrap();
    let unasked: serde_json::Value = serde_json::from_slice(&unasked.stdout).unwrap();
    assert_eq!(
        unasked["destroyed_again"].as_u64(),
        Some(0),
        "the control: the directory's own view has not heard of it"
    );
    let gone = home.command(&[&restore[..3], &["--keys=sqlite:no.db", "--store=sqlite:gone.db"]].concat()).output();
    assert!(!gone.unwrap().status.success() && !home.beside("no.db").exists());
}

/// The drill by the command: a recovery export, its passphrase and the backups bring keys and objects back on a new machine.
#[test]
fn on_a_new_machine_sealed_objects_open() {
    let old = Home::studio();
    let object = old.sealed("object", b"a contract", &[]);
    let erased = old.ok(&["seal", "plaintext", "-o", "erased", "--tenant=studio-7", "--name=files.content", "--id=2"]);
    assert_eq!(erased["scope"], "file:2");
    let (good, bad) = (old.link(), old.link());
    old.ok(&["backup", "create", "backups", "--keys"]);
    old.ok(&["tenant", "destroy", "studio-7", "--scope=file:2", "--confirm=file:2", "--backups-kept=35"]);
    old.ok(&["revoke", "link", &bad]);
    old.ok(&["view", "export", "view"]);
    old.ok(&["backup", "create", "backups", "--stream=view", "--input=view"]);
    let right = format!("--recovery-passphrase-file={}", old.secret("right", "for the safe"));
    old.ok(&["keyring", "export-recovery", "export.json", &right]);

    let new = Home::empty();
    for name in ["backups", "export.json", "erased"] {
        let copied = Command::new("cp").arg("-r").arg(old.beside(name)).arg(new.beside(name)).status().unwrap();
        assert!(copied.success());
    }
    drop(old);
    let right = format!("--recovery-passphrase-file={}", new.secret("right", "for the safe"));
    new.ok(&["keyring", "recover", "export.json", &right]);
    new.ok(&["backup", "verify", "backups"]);
    new.ok(&["backup", "restore", "backups", "--stream=view", "-o", "view"]);
    new.ok(&["view", "restore", "view"]);
    let restored = new.ok(&["backup", "restore", "backups", "--keys=sqlite:portward/keys.db"]);
    assert_eq!(restored["destroyed_again"].as_u64(), Some(1));
    new.write("object", &object);
    new.ok(&new.open("object", &["-o", "opened"]));
    assert_eq!(new.bytes("opened"), b"a contract");
    let erased = ["open", "erased", "--tenant=studio-7", "--name=files.content", "--id=2", "-o", "no"];
    new.refuses(&erased, "unreadable", "data_key_destroyed");
    new.ok(&["link", "verify", &good]);
    new.refuses(&["link", "verify", &bad], "refused", "link_revoked");
}
