//! What is said, and what never is.

use std::fs::File;
use std::process::Stdio;

use serde_json::json;

use crate::home::{Home, mode, text};

#[test]
fn output_that_cannot_be_written_is_no_success() {
    let home = Home::new();
    let issue = ["link", "issue", "--tenant=a", "--client=b", "--permission=files:read"];
    let commands: &[&[&str]] = &[
        &issue,
        &["--help"],
        &["--version"],
        &["completions", "bash"],
        &["keyring", "list", "--json"],
        &["quickstart"],
    ];
    for command in commands {
        assert_eq!(home.run(command).code, Some(0), "{command:?}");
        let full = File::options().write(true).open("/dev/full").unwrap();
        let read_only = File::open("/dev/null").unwrap();
        for stdout in [full, read_only] {
            let output = home.command(command).stdout(Stdio::from(stdout)).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(3), "{command:?}: {said}");
            assert!(said.contains("output_failed"), "{command:?}: {said}");
        }
    }
}

#[test]
fn a_usage_error_shows_no_token() {
    let home = Home::new();
    let link = home.link();
    let session = text(&home.ok(&["session", "issue", &link]), "token");
    let key = format!("pwk1_{}", "A".repeat(48));
    for secret in [&link, &session, &key] {
        let commands: [&[&str]; 6] = [
            &[secret],
            &["link", "verify", "x", secret],
            &["link", secret],
            &["link", "narrow", "x", "--days", secret],
            &["link", "verify", &format!("--{secret}"), "x"],
            &["view", "import", secret],
        ];
        for command in commands {
            for form in [command, &[command, &["--json"]].concat()] {
                let output = home.command(form).output().unwrap();
                let said = String::from_utf8(output.stderr).unwrap();
                assert!([Some(2), Some(3)].contains(&output.status.code()), "{said}");
                let prefix = &secret[..secret.find('_').unwrap() + 1];
                assert!(said.contains(&format!("{prefix}…")), "{said}");
                assert!(!said.contains(&secret[..prefix.len() + 3]), "{said}");
            }
        }
    }
}

#[test]
fn a_usage_error_names_what_is_missing() {
    let home = Home::new();
    let missing = home.fails(&["link", "issue"], 2, "usage");
    let names = ["--tenant <TENANT>", "--client <CLIENT>", "--permission <NAME>"];
    assert_eq!(missing["error"]["arguments"], json!(names));
    assert!(names.iter().all(|name| text(&missing["error"], "message").contains(name)), "{missing}");
    let wrong = home.fails(&["link", "issue", "--frobnicate"], 2, "usage");
    assert_eq!(wrong["error"]["arguments"], json!(["--frobnicate"]));
    let none: serde_json::Value = serde_json::from_str(&home.run(&["session", "--json"]).stderr).unwrap();
    assert_eq!(none["error"]["arguments"], json!(["issue", "renew", "verify", "help"]));
}

/// What a failure says.
fn message(home: &Home, arguments: &[&str], exit: i32, code: &str) -> String {
    text(&home.fails(arguments, exit, code)["error"], "message")
}

#[track_caller]
fn says(home: &Home, arguments: &[&str], exit: i32, code: &str, parts: &[&str]) {
    let message = message(home, arguments, exit, code);
    assert!(parts.iter().all(|part| message.contains(part)), "{arguments:?}: {message}");
}

#[test]
fn a_message_names_the_path_and_the_reason() {
    let home = Home::empty();
    says(&home, &["keyring", "list"], 3, "file_missing", &["no deployment in /", "PORTWARD_DIR", "keyring new"]);
    let home = Home::new();
    let file = |name: &str| home.file(name).to_str().unwrap().to_owned();
    let lost = "--passphrase-file=lost";
    says(&home, &["keyring", "list", lost], 3, "file_missing", &["lost: there is no such file"]);
    says(&home, &["view", "import", "lost.pwf"], 3, "file_missing", &["lost.pwf: there is no such file"]);
    says(&home, &["view", "export", "no/view.pwf"], 3, "file_no_parent", &["no/view.pwf: ", "directory"]);
    says(&home, &["keyring", "new", "--dir=/proc/portward"], 3, "file_no_parent", &["/proc/portward: "]);

    mode(&home.file("deployment.json"), 0o666);
    says(&home, &["keyring", "list"], 3, "file_permissions", &[&file("deployment.json")]);
    mode(&home.file("deployment.json"), 0o644);
    std::fs::write(home.file("view.pwf"), "pwf").unwrap();
    says(&home, &["view", "show"], 3, "malformed_message", &[&file("view.pwf")]);
    std::fs::write(home.file("keyring.json"), "{").unwrap();
    says(&home, &["keyring", "list"], 3, "keyring_malformed", &[&file("keyring.json")]);
}

#[test]
fn an_error_says_what_helps() {
    let home = Home::new();
    let (first, second) = (home.active(), text(&home.ok(&["keyring", "add"]), "added"));
    let export = ["keyring", "export-recovery", "export.json"];
    says(&home, &export, 3, "passphrase_unavailable", &["--recovery-passphrase-file"]);
    says(&home, &["view", "publish", "list.pwf", "--hours=0"], 2, "list_times", &["--hours is from 1 to "]);

    let wrong = "root_wrong_state";
    says(&home, &["keyring", "retire", &first], 1, wrong, &["is active", "keyring activate"]);
    says(&home, &["keyring", "destroy", &second], 1, wrong, &["is verify_only", "keyring retire"]);
    home.ok(&["keyring", "activate", &second]);
    home.ok(&["keyring", "retire", &first]);
    says(&home, &["keyring", "activate", &first], 1, wrong, &["is retired", "keyring reinstate"]);
    says(&home, &["keyring", "destroy", &first], 1, "root_in_use", &["Z on"]);
    home.ok(&["keyring", "destroy", &first, "--force", &first]);
    says(&home, &["keyring", "reinstate", &first], 1, wrong, &["is destroyed"]);

    let sealed = format!("--passphrase-file={}", home.secret("passphrase", "correct horse"));
    says(&home, &["keyring", "unseal"], 3, "file_exists", &["already in the clear"]);
    home.ok(&["keyring", "seal", &sealed]);
    says(&home, &["keyring", "seal", &sealed], 3, "file_exists", &["already sealed"]);
}

#[track_caller]
fn notes(home: &Home, arguments: &[&str], part: &str) -> String {
    let ran = home.run(arguments);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
    assert!(ran.stderr.lines().any(|line| line.starts_with("note: ") && line.contains(part)), "{}", ran.stderr);
    ran.stdout
}

#[test]
fn a_revocation_says_what_it_did_and_what_may_not_be_meant() {
    let home = Home::new();
    let (link, other) = (home.link(), home.link());
    let id = text(&home.ok(&["link", "verify", &link]), "id");
    let copy = text(&home.ok(&["link", "narrow", &link, "--days=1"]), "token");
    assert!(notes(&home, &["revoke", "link", &copy], "revoke copy").contains(&format!("link {id} of studio-7, with")));
    notes(&home, &["revoke", "restore", "link", &link], "revoked for good");
    notes(&home, &["revoke", "restore", "link", &other], "not paused");
    notes(&home, &["revoke", "tenant", "stdio-7"], "stdio-7");
    let past = ["--tenant=studio-7", &format!("--id={id}"), "--expires=2020-01-01T00:00:00Z"];
    notes(&home, &[&["revoke", "session"], &past[..]].concat(), "expiry is past");
    let quiet = home.run(&["revoke", "link", &other]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(0), ""));
    assert!(home.ok(&["revoke", "everything"])["revoked"].is_string());
}

#[test]
fn a_copy_without_use_and_names_without_a_deployment_are_noted() {
    let home = Home::new();
    let link = home.link();
    notes(&home, &["link", "narrow", &link, "--permission=invoices:read"], "grants nothing");
    notes(&home, &["link", "narrow", &link, "--until=2020-01-01T00:00:00Z"], "it has expired");
    notes(&home, &["link", "narrow", &link, "--days=300"], "grants the same");
    assert_eq!(home.run(&["link", "narrow", &link, "--recipient=Anna"]).stderr, "");

    let elsewhere = Home::empty();
    notes(&elsewhere, &["link", "inspect", &link], "names of the permissions are unknown");
    let narrow = ["link", "narrow", &link, "--permission=files:read"];
    says(&elsewhere, &narrow, 3, "file_missing", &["deployment.json, and no keyring"]);
}
