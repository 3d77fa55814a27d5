//! A keyring goes under a KEK, and the operating system refuses, or the command is killed, at whatever moment: one keyring is there, and it opens.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::Token;
use crate::faults::{FAULTS, Refusals, WRITES, stands, sweep};
use crate::killed::Killer;

impl Token {
    /// Whether a keyring is there in the clear, and one under the KEK.
    fn there(&self) -> [bool; 2] {
        ["keyring.json", "keyring.wrapped.json"].map(|name| self.home.file(name).exists())
    }

    /// A copy of the token.
    fn keep(&self) {
        copied(&self.home.beside("tokens"), &self.home.beside("kept"));
    }

    fn put_back(&self) {
        std::fs::remove_dir_all(self.home.beside("tokens")).unwrap();
        copied(&self.home.beside("kept"), &self.home.beside("tokens"));
    }

    /// The one keyring opens; then it lies in the clear again.
    fn opens(&self) {
        if self.there() == [false, true] {
            self.home.ok(&["keyring", "list", &self.kek]);
            self.home.ok(&["keyring", "unseal", &self.kek]);
        }
        assert_eq!(self.there(), [true, false]);
        self.home.ok(&["keyring", "list"]);
    }
}

fn copied(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
}

#[test]
fn what_is_refused_at_whatever_moment_leaves_one_keyring() {
    let token = Token::new();
    assert_eq!(token.code(&["keyring", "wrap", "--generate", &token.kek]), (0, "ok".into()));
    token.opens();
    token.keep();
    sweep(&token.home, &[&FAULTS, &WRITES], |faulty| {
        let ran = faulty(&["keyring", "wrap", &token.kek]);
        // What the module lost of its own is not looked at here.
        token.put_back();
        let is_wrapped = stands(&ran);
        assert_eq!(token.there(), [!is_wrapped, is_wrapped], "an error says which: {ran:?}");
        token.opens();
    });
}

#[test]
fn no_keyring_is_wrapped_without_random_bytes() {
    let token = Token::new();
    assert_eq!(token.code(&["keyring", "wrap", "--generate", &token.kek]), (0, "ok".into()));
    token.opens();
    let folder = std::fs::read_dir(token.home.beside("tokens")).unwrap().next().unwrap().unwrap().file_name();
    // The module keeps an account of who logs in.
    let account = format!("tokens/{}/token.object", folder.to_str().unwrap());
    Refusals::of(&token.home).but_for(&[&account], &["keyring", "wrap", &token.kek], || {
        assert_eq!(token.there(), [true, false]);
    });
    token.opens();
}

#[test]
fn who_is_killed_at_whatever_moment_leaves_a_keyring() {
    let token = Token::new();
    token.code(&["keyring", "wrap", "--generate", &token.kek]);
    token.opens();
    let wrap = ["keyring", "wrap", &token.kek];
    let begun = Instant::now();
    assert_eq!(token.code(&wrap), (0, "ok".into()));
    let mut killer = Killer::new(begun.elapsed(), 0);
    token.opens();
    let mut outcomes = [0; 3];
    for round in 0..50 {
        killer.kills(&token.home, &wrap, b"");
        match token.there() {
            [true, false] => outcomes[0] += 1,
            [false, true] => outcomes[1] += 1,
            // Between the one and the other nothing is taken for granted: somebody has to take one away.
            [true, true] => {
                outcomes[2] += 1;
                token.home.fails(&["keyring", "list"], 3, "keyring_two_files");
                std::fs::remove_file(token.home.file(if round % 2 == 0 {
                    "keyring.json"
                } else {
                    "keyring.wrapped.json"
                }))
                .unwrap();
            }
            [false, false] => panic!("no keyring is left"),
        }
        token.opens();
    }
    assert!(outcomes[0] > 0 && outcomes[1] > 0, "some were killed before, some after: {outcomes:?}");
}
