//! A keyring that lies under a key of a token: SoftHSM, with tokens of its own for each test.

mod interrupted;

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::home::Home;

struct Token {
    home: Home,
    /// As an argument: `--kek=…`
    kek: String,
}

impl Token {
    fn new() -> Self {
        let home = Home::new();
        let configured = home.beside("softhsm2.conf").to_str().unwrap().to_owned();
        let home = home.with("SOFTHSM2_CONF", configured);
        let tokens = home.beside("tokens");
        fs::create_dir(&tokens).unwrap();
        let configuration = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
        fs::write(home.beside("softhsm2.conf"), configuration).unwrap();
        let init = ["--init-token", "--free", "--label", "the token", "--pin", "4321", "--so-pin", "5678"];
        let made = Command::new("softhsm2-util").args(init).env("SOFTHSM2_CONF", home.beside("softhsm2.conf")).output();
        assert!(made.unwrap().status.success());
        let pin = home.secret("pin", "4321\n");
        let kek = Self::uri("key%201", &pin);
        Self { home, kek }
    }

    fn uri(id: &str, pin: &str) -> String {
        format!(
            "--kek=pkcs11:token=the%20token;id={id}?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:{pin}"
        )
    }

    /// Exit code, and what was said in JSON.
    fn run(&self, arguments: &[&str]) -> (i32, Value) {
        let mut command = self.home.command(arguments);
        command.arg("--json").stdin(Stdio::null());
        let output = command.output().unwrap();
        let said = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
        let told = serde_json::from_slice(said).unwrap_or_else(|_| panic!("{arguments:?}: {output:?}"));
        (output.status.code().unwrap(), told)
    }

    fn code(&self, arguments: &[&str]) -> (i32, String) {
        let (exit, told) = self.run(arguments);
        (exit, told["error"]["code"].as_str().unwrap_or("ok").to_owned())
    }
}

#[test]
fn a_keyring_goes_under_a_kek_and_back() {
    let token = Token::new();
    let (home, kek) = (&token.home, token.kek.as_str());
    let link = ["link", "issue", "--tenant=studio-7", "--client=42", "--permission=files:read"];
    let issued = home.ok(&link)["token"].as_str().unwrap().to_owned();
    assert_eq!(token.code(&["keyring", "wrap", kek]), (3, "token_no_key".into()), "there is no such key yet");
    assert!(home.file("keyring.json").exists());
    let pin = home.secret("pin", "4321");
    let nowhere = Token::uri("key%201", &pin).replace("the%20token", "no-token");
    let no_pin = Token::uri("key%201", &home.beside("no-pin").display().to_string());
    for (wrong, exit, code) in [
        ("--kek=pkcs11:token=x", 2, "kek_uri"),
        ("--kek=aws-kms:key", 2, "kek_generate"),
        (nowhere.as_str(), 3, "token_missing"),
        (no_pin.as_str(), 3, "file_missing"),
    ] {
        let said = token.code(&["keyring", "wrap", "--generate", wrong, "--events=events.jsonl"]);
        assert_eq!(said, (exit, code.into()));
        let told = fs::read_to_string(home.beside("events.jsonl")).unwrap_or_default();
        assert!(told.is_empty(), "nothing is told of a key that nobody could make: {told}");
    }
    let untold = ["keyring", "wrap", "--generate", kek, "--events=/dev/full"];
    assert_eq!(token.code(&untold), (3, "sink_failed".into()));
    assert_eq!(token.code(&["keyring", "wrap", kek]), (3, "token_no_key".into()), "what is not told is not made");
    let (exit, told) = token.run(&["keyring", "wrap", "--generate", kek, "--events=events.jsonl"]);
    assert_eq!((exit, &told["protection"]), (0, &"kek".into()));
    let events = fs::read_to_string(home.beside("events.jsonl")).unwrap();
    let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let operations: Vec<_> = events.iter().map(|event| event["operation"].as_str().unwrap()).collect();
    assert_eq!(operations, ["kek_made", "keyring_protected"]);
    assert!(!home.file("keyring.json").exists() && home.file("keyring.wrapped.json").exists());

    let verify = ["link", "verify", &issued];
    assert_eq!(token.code(&verify), (2, "kek_missing".into()));
    let with_kek = ["link", "verify", &issued, kek];
    assert_eq!(token.code(&with_kek), (0, "ok".into()), "the control: with the KEK it is the same keyring");
    assert_eq!(token.code(&["keyring", "add", kek]), (0, "ok".into()), "and it can be changed");
    assert_eq!(token.run(&["keyring", "list", kek]).1["roots"].as_array().unwrap().len(), 2);
    assert_eq!(token.code(&["keyring", "wrap", "--generate", kek]), (3, "file_exists".into()));

    let other = Token::uri("other", &home.secret("pin", "4321"));
    assert_eq!(token.code(&["link", "verify", &issued, &other]), (3, "token_no_key".into()));
    let wrong = Token::uri("key%201", &home.secret("wrong", "9999"));
    assert_eq!(token.code(&["link", "verify", &issued, &wrong]), (3, "token_pin".into()));
    for malformed in ["--kek=pkcs11:token=x", "--kek=vault:key", "--kek=root"] {
        assert_eq!(token.code(&["link", "verify", &issued, malformed]), (2, "kek_uri".into()));
    }

    // Under another key of the token, without ever lying in the clear.
    let next = Token::uri("next", &home.secret("pin", "4321"));
    let to = next.replacen("--kek", "--to", 1);
    assert_eq!(token.code(&["keyring", "wrap", "--generate", kek, &to]), (0, "ok".into()));
    assert_eq!(token.code(&with_kek), (3, "no_slot".into()));
    assert_eq!(token.code(&["link", "verify", &issued, &next]), (0, "ok".into()));

    // Somebody puts a keyring in the clear in its place: whoever says that it lies under a KEK notices.
    assert_eq!(token.code(&["keyring", "unseal", &next]), (0, "ok".into()));
    assert_eq!(token.code(&["link", "verify", &issued, &next]), (3, "keyring_lock".into()));
    assert!(home.file("keyring.json").exists() && !home.file("keyring.wrapped.json").exists());
    home.ok(&verify);
}

/// From the first moment, so that it never lay in the clear; and everything works under it.
#[test]
fn a_deployment_begins_under_a_kek() {
    let token = Token::new();
    let (home, kek) = (&token.home, token.kek.as_str());
    token.run(&["keyring", "wrap", "--generate", kek]);
    let second = format!("--dir={}", home.beside("second").display());
    let (exit, told) = token.run(&["keyring", "new", &second, kek]);
    assert_eq!((exit, &told["protection"]), (0, &"kek".into()));
    assert!(!home.beside("second/keyring.json").exists());
    assert_eq!(token.code(&["tenant", "new", "studio-7", &second, kek]), (0, "ok".into()));
    let plaintext = home.secret("plan.txt", "the plan");
    let sealed = home.beside("plan.sealed");
    let place = ["--tenant=studio-7", "--name=files.content", "--id=1", &second, kek];
    let seal = [&["seal", &plaintext, "-o", sealed.to_str().unwrap()][..], &place].concat();
    assert_eq!(token.code(&seal), (0, "ok".into()));
    let opened = home.beside("plan.opened");
    let open = [&["open", sealed.to_str().unwrap(), "-o", opened.to_str().unwrap()][..], &place].concat();
    assert_eq!(token.code(&open), (0, "ok".into()));
    assert_eq!(fs::read(&opened).unwrap(), b"the plan");

    // A byte of the file changes.
    let path = home.beside("second/keyring.wrapped.json");
    let json = fs::read_to_string(&path).unwrap();
    let at = json.find("ciphertext").unwrap() + 40;
    let other = if json.as_bytes()[at] == b'A' { "B" } else { "A" };
    fs::write(&path, format!("{}{other}{}", &json[..at], &json[at + 1..])).unwrap();
    assert_eq!(token.code(&["keyring", "check", &second, kek]).1, "wrapped_damaged");
}

/// Where the keyring could not be written, the error says that the token has its key, and what to do; that then works.
#[test]
fn a_key_that_was_made_for_nothing_is_told() {
    let token = Token::new();
    let (home, kek) = (&token.home, token.kek.as_str());
    // In the way of what is about to be written.
    let obstacle = home.file(".keyring.wrapped.json.tmp");
    fs::create_dir(&obstacle).unwrap();
    let (exit, told) = token.run(&["keyring", "wrap", "--generate", kek]);
    let said = told["error"]["message"].as_str().unwrap();
    assert_eq!(exit, 3, "{said}");
    assert!(said.contains("without --generate"), "{said}");
    assert!(home.file("keyring.json").exists() && !home.file("keyring.wrapped.json").exists());
    let (_, told) = token.run(&["keyring", "wrap", kek]);
    assert!(!told["error"]["message"].as_str().unwrap().contains("--generate"), "the control: none was made");
    fs::remove_dir(&obstacle).unwrap();
    assert_eq!(token.code(&["keyring", "wrap", "--generate", kek]), (3, "token_generate".into()), "it is there");
    assert_eq!(token.code(&["keyring", "wrap", kek]), (0, "ok".into()));
    assert_eq!(token.code(&["keyring", "list", kek]), (0, "ok".into()));
}
