//! What a shell sees: exit codes, help, pipes, completions, the quickstart.

use std::io::Read as _;
use std::process::Stdio;

use crate::home::Home;

#[test]
fn help_and_mistakes() {
    let home = Home::empty();
    for help in [&["--help"][..], &["--version"], &["link", "issue", "--help"]] {
        assert_eq!(home.run(help).code, Some(0), "{help:?}");
    }
    // Whoever lets in what is verified has no token for this.
    for help in [["link", "verify", "--help"], ["session", "verify", "-h"], ["link", "verify", "-V"]] {
        assert_eq!(home.run(&help).code, Some(2), "{help:?}");
    }
    home.fails(&["frobnicate"], 2, "usage");
    home.fails(&["link", "narrow", "x", "--until=0", "--days=1"], 2, "usage");
}

#[test]
fn a_closed_pipe_is_no_crash() {
    let home = Home::new();
    for command in [&["completions", "bash"][..], &["quickstart"], &["keyring", "list"]] {
        let mut child = home.command(command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(!said.contains("panicked"), "{command:?}: {said}");
        assert_eq!(child.wait().unwrap().code(), Some(0), "{command:?}");
    }
}

#[test]
fn completions_for_the_usual_shells() {
    let home = Home::empty();
    for (shell, sign) in [("bash", "complete -F"), ("zsh", "#compdef portward"), ("fish", "complete -c portward")] {
        let script = home.run(&["completions", shell]).stdout;
        assert!(script.contains(sign), "{shell}");
        assert!(["keyring", "quickstart", "export-recovery"].iter().all(|word| script.contains(word)), "{shell}");
    }
    home.fails(&["completions", "abacus"], 2, "usage");
}

#[test]
fn the_quickstart_tells_its_story() {
    let home = Home::empty();
    let temporary = home.beside("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let output = home
        .command(&["quickstart"])
        .env("TMPDIR", &temporary)
        .env("PORTWARD_KEY_STORE", "real.db")
        .env("PORTWARD_STORE", "sqlite:real.db")
        .env("PORTWARD_EVENTS", "real.jsonl")
        .output()
        .unwrap();
    let ran = crate::home::Ran::of(&["quickstart"], output);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(!home.beside("real.db").exists(), "it plays with nobody's real keys");
    assert!(!home.beside("real.jsonl").exists(), "nor are its events anybody's");
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "nothing is left behind");
    insta::assert_snapshot!(masked(&ran.stdout));

    let told = home.ok(&["quickstart", "--keep=kept"]);
    assert_eq!(told["steps"].as_array().unwrap().len(), 32);
    assert!(home.beside("kept").join("keyring.json").exists());
    home.ok(&["keyring", "check", "--dir=kept"]);
    let again = home.fails(&["quickstart", "--keep=kept"], 3, "file_exists");
    assert!(again["error"]["message"].as_str().unwrap().contains("kept holds a deployment already"), "{again}");
}

/// Without the ids and times, which are others in each run.
pub(crate) fn masked(text: &str) -> String {
    let line = |line: &str| line.split(' ').map(masked_word).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn masked_word(word: &str) -> String {
    let (first, rest) = word.split_once(':').unwrap_or((word, ""));
    let hex = first.len() >= 8 && first.bytes().all(|byte| byte.is_ascii_hexdigit());
    match hex {
        true => word.replace(first, "[id]"),
        false if word.ends_with('Z') && rest.contains(':') => "[time]".into(),
        false => word.into(),
    }
}
