//! What is sealed opens, in its place only, and what goes wrong costs nothing that was there.

use std::fs::{self, File};
use std::process::Stdio;

use serde_json::Value;

use crate::home::{Home, mode_of, text};
use crate::studio::{CONTRACT, SmallMedium, plaintext};

const CHUNK: usize = 16_384;

#[test]
fn what_was_sealed_opens() {
    let home = Home::studio();
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 4 * CHUNK, 3_000_000] {
        for embed in [&[][..], &["--embed"]] {
            let plaintext = plaintext(length);
            let object = home.sealed("sealed", &plaintext, embed);
            assert!(!object.windows(64).any(|window| plaintext.windows(64).next() == Some(window)));
            let opened = home.ok(&home.open("sealed", &["-o", "opened"]));
            assert_eq!(opened["plaintext_bytes"].as_u64(), u64::try_from(length).ok());
            assert_eq!((home.bytes("opened"), mode_of(&home.beside("opened"))), (plaintext.clone(), 0o600));
            assert_eq!(mode_of(&home.beside("sealed")), 0o600);
            home.has_only(&["opened", "plaintext", "sealed"]);

            let says = home.ok(&["inspect", "sealed"]);
            assert_eq!(says["plaintext_bytes"].as_u64(), u64::try_from(length).ok());
            assert_eq!(says["kind"], if embed.is_empty() { "detached" } else { "embedded" });
            let piped = home.pipe(&["inspect", "-", "--json"], &object);
            assert_eq!(serde_json::from_slice::<Value>(&piped.stdout).unwrap(), says);

            let sealed = home.pipe(&[&["seal"], &CONTRACT[..], embed].concat(), &plaintext);
            let opened = home.pipe(&home.open("-", &["-o", "-"]), &sealed.stdout);
            assert!(sealed.status.success() && opened.status.success());
            assert!(sealed.stderr.is_empty() && opened.stderr.is_empty(), "a pipe that succeeds says nothing");
            assert_eq!(opened.stdout, plaintext);
            fs::remove_file(home.beside("sealed")).unwrap();
            fs::remove_file(home.beside("opened")).unwrap();
        }
    }
}

/// Refused, with one public answer; nothing is made, and what was there stays.
#[track_caller]
fn unreadable(home: &Home, arguments: &[&str], code: &str) {
    home.write("before", b"before");
    for (output, force) in [("nothing", false), ("before", true)] {
        let force: &[&str] = if force { &["--force"] } else { &[] };
        home.refuses(&[arguments, &["-o", output], force].concat(), "unreadable", code);
    }
    assert_eq!(home.bytes("before"), b"before");
    home.has_only(&["before", "object", "plaintext"]);
    let piped = home.pipe(arguments, b"");
    let said = String::from_utf8(piped.stderr).unwrap();
    assert_eq!(piped.status.code(), Some(1), "{said}");
    assert!(said.starts_with("public answer: unreadable\nerror["), "{said}");
    let json = home.pipe(&[arguments, &["--json"]].concat(), b"");
    let error: Value = serde_json::from_slice(&json.stderr).unwrap();
    assert_eq!((&error["error"]["code"], &error["error"]["public"]), (&code.into(), &"unreadable".into()));
}

#[test]
fn every_damage_is_refused() {
    let home = Home::studio();
    let object = home.sealed("object", &plaintext(2 * CHUNK + 100), &["--embed"]);
    let body = object.len() - (56 + 2 * (CHUNK + 16) + 116);
    let (first, second) = (body + 56, body + 56 + CHUNK + 16);
    let flipped = |at: usize| {
        let mut bytes = object.clone();
        bytes[at] ^= 1;
        bytes
    };
    let swapped = [
        &object[..first],
        &object[second..second + CHUNK + 16],
        &object[first..second],
        &object[second + CHUNK + 16..],
    ]
    .concat();
    for (damaged, code) in [
        (flipped(0), "not_an_envelope"),
        (flipped(1), "unknown_version"),
        (flipped(2), "unknown_suite"),
        (flipped(3), "wrong_commitment"), // said to be detached, its body begins at 20
        (flipped(4), "unwrap_failed"),
        (flipped(21), "header_malformed"),
        (flipped(30), "no_slot"),
        (flipped(body - 1), "unwrap_failed"),
        (flipped(body), "wrong_commitment"),
        (flipped(body + 24), "wrong_commitment"),
        (flipped(first), "chunk_forged"),
        (flipped(object.len() - 1), "chunk_forged"),
        (object[..object.len() - 1].to_vec(), "chunk_forged"),
        (object[..second].to_vec(), "body_truncated"),
        (object[..body + 10].to_vec(), "body_truncated"),
        (object[..10].to_vec(), "header_malformed"),
        (Vec::new(), "not_an_envelope"),
        ([&object[..], b"x"].concat(), "chunk_forged"),
        (swapped, "chunk_forged"),
    ] {
        home.write("object", &damaged);
        unreadable(&home, &home.open("object", &[]), code);
    }
    home.write("object", &object);
    home.ok(&home.open("object", &["-o", "opened"]));
}

#[test]
fn threads_change_nothing_but_the_time() {
    let home = Home::studio();
    let plaintext = plaintext(5_000_000);
    for (sealing, opening) in [("--threads=3", "--threads=1"), ("--threads=1", "--threads=4")] {
        let mut object = home.sealed("object", &plaintext, &[sealing, "--force"]);
        home.ok(&home.open("object", &["-o", "opened", "--force", opening]));
        assert_eq!(home.bytes("opened"), plaintext);

        object[4_500_000] ^= 1;
        home.write("object", &object);
        home.refuses(&home.open("object", &["-o", "opened", "--force", opening]), "unreadable", "chunk_forged");
        assert_eq!(home.bytes("opened"), plaintext);
        let piped = home.pipe(&home.open("object", &[opening]), b"");
        assert_eq!(piped.status.code(), Some(1));
        assert!(plaintext.starts_with(&piped.stdout) && piped.stdout.len() < 4_500_000, "only what is authentic");
    }
    home.fails(&home.open("object", &["-o", "no", "--threads=0"]), 2, "usage");
}

#[test]
fn an_object_opens_in_its_place_only() {
    let home = Home::studio();
    home.ok(&["tenant", "new", "studio-8"]);
    home.write("mine", b"x");
    let of_8 = ["--tenant=studio-8", "--name=files.content", "--id=1"];
    home.ok(&[&["seal", "mine", "-o", "theirs"], &of_8[..]].concat());
    fs::remove_file(home.beside("theirs")).unwrap();
    fs::remove_file(home.beside("mine")).unwrap();

    home.sealed("object", b"x", &["--with=x-revision=3", "--scope=subject:anna"]);
    let (tenant, name, id) = ("--tenant=studio-7", "--name=files.content", "--id=1");
    let (scope, revision) = ("--scope=subject:anna", "--with=x-revision=3");
    for (elsewhere, code) in [
        (["--tenant=studio-8", name, id, scope, revision], "unknown_data_key"),
        (["--tenant=studio-8", name, id, "--scope=file:1", revision], "unknown_data_key"),
        ([tenant, "--name=files.title", id, scope, revision], "wrong_commitment"),
        ([tenant, name, "--id=2", scope, revision], "wrong_commitment"),
        ([tenant, name, id, "--scope=subject:bob", revision], "unknown_data_key"),
        ([tenant, name, id, scope, "--with=x-revision=2"], "wrong_commitment"),
        ([tenant, name, id, scope, "--with=x-rev=3"], "wrong_commitment"),
    ] {
        unreadable(&home, &[&["open", "object"], &elsewhere[..]].concat(), code);
    }
    unreadable(&home, &home.open("object", &[scope]), "wrong_commitment");
    home.ok(&home.open("object", &["-o", "opened", scope, revision]));

    home.fails(&home.open("object", &["--with=revision=3"]), 2, "context_key");
    home.fails(&home.open("object", &["--with=x-revision"]), 2, "context_key");
    home.fails(&home.open("object", &["--with=x-a=1", "--with=x-a=2"]), 2, "context_key");
    home.fails(&home.open("object", &["--with=x-a="]), 2, "context_value");
    home.fails(&home.open("object", &["--scope=anna"]), 2, "scope_kind");
    let spaced = home.fails(&["open", "object", tenant, name, "--id=a b"], 2, "identifier_character");
    assert!(text(&spaced["error"], "message").contains("--scope KIND:NAME"), "{spaced}");
    home.ok(&["seal", "object", "-o", "spaced", tenant, name, "--id=a b", scope]);
}

#[test]
fn what_is_there_is_replaced_only_when_asked() {
    let home = Home::studio();
    home.write("plaintext", b"new");
    home.write("there", b"old");
    std::os::unix::fs::symlink("there", home.beside("link")).unwrap();
    fs::create_dir(home.beside("folder")).unwrap();
    let seal = |output: &'static str| [&["seal", "plaintext", "-o", output], &CONTRACT[..]].concat();
    let said = text(&home.fails(&seal("there"), 3, "file_exists")["error"], "message");
    assert!(said.starts_with("there: ") && said.contains("--force"), "{said}");
    for name in ["link", "folder", "/dev/null"] {
        home.fails(&seal(name), 3, "file_not_regular");
        home.fails(&[&seal(name)[..], &["--force"]].concat(), 3, "file_not_regular");
    }
    assert_eq!(home.bytes("there"), b"old");
    home.ok(&[&seal("there")[..], &["--force"]].concat());
    home.ok(&home.open("there", &["-o", "plaintext", "--force"]));
    assert_eq!(home.bytes("plaintext"), b"new");
    home.has_only(&["folder", "link", "plaintext", "there"]);
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let home = Home::studio();
    let object = home.sealed("object", &plaintext(100_000), &[]);
    let says = |arguments: &[&str], code: &str, part: &str| {
        let said = home.fails(arguments, 3, code);
        assert!(text(&said["error"], "message").contains(part), "{said}");
    };
    says(&home.open("lost", &["-o", "opened"]), "file_missing", "lost: ");
    says(&home.open("portward", &["-o", "opened"]), "file_unreadable", "portward: ");
    says(&home.open("object", &["-o", "no/opened"]), "file_no_parent", "no/opened: ");
    let elsewhere = [&home.open("object", &["-o", "opened"])[..], &["--key-store=lost.db"]].concat();
    says(&elsewhere, "file_missing", "lost.db: ");
    home.secret("rubbish.db", "no database, but a text that is long enough to be told from one");
    let rubbish = [&home.open("object", &["-o", "opened"])[..], &["--key-store=rubbish.db"]].concat();
    says(&rubbish, "store_unavailable", "rubbish.db: ");
    home.has_only(&["object", "plaintext", "rubbish.db"]);
    home.ok(&home.open("object", &["-o", "opened"]));
    assert_eq!(home.bytes("object"), object);
}

#[test]
#[expect(clippy::print_stdout, reason = "says why it was not tried")]
fn a_full_medium_costs_nothing_that_was_there() {
    let home = Home::studio();
    home.sealed("object", &plaintext(2_000_000), &[]);
    let Some(_medium) = SmallMedium::new(home.beside("small"), 1024) else {
        return println!("not tried: mounting a small tmpfs asks for root");
    };
    home.write("small/there", b"before");
    home.fails(&home.open("object", &["-o", "small/there", "--force"]), 3, "file_no_space");
    home.fails(&home.open("object", &["-o", "small/new"]), 3, "file_no_space");
    assert_eq!(home.bytes("small/there"), b"before");
    assert_eq!(fs::read_dir(home.beside("small")).unwrap().count(), 1, "no temporary file is left");
    home.write("less", &plaintext(200_000));
    home.ok(&[&["seal", "less", "-o", "small/there", "--force"], &CONTRACT[..]].concat());
}

#[test]
fn data_that_nobody_takes_is_no_success() {
    let home = Home::studio();
    home.sealed("object", &plaintext(1_000_000), &[]);
    for command in [home.open("object", &[]), [&["seal", "plaintext"], &CONTRACT[..]].concat()] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (reader, closed) = std::io::pipe().unwrap();
        drop(reader);
        for stdout in [Stdio::from(full), Stdio::from(closed), Stdio::from(File::open("/dev/null").unwrap())] {
            let output = home.command(&command).stdout(stdout).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(3), "{command:?}: {said}");
            assert!(said.starts_with("error[output_failed]: ") && said.contains("is not whole"), "{said}");
        }
        assert_eq!(home.pipe(&command, b"").status.code(), Some(0), "the control");
    }
    home.sealed("empty", b"", &[]);
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    assert!(
        home.command(&home.open("empty", &[])).stdout(closed).status().unwrap().success(),
        "nothing is lost of nothing"
    );
}
