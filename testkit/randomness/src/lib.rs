//! An operating system that gives no random bytes when a test says so.
//!
//! A library of C, which is loaded in front of the others, answers the draws of a process, counts them, and refuses those that it is told to.
//! Nothing of the code under test is another one, and with SQLite it is all ours that is counted: where the core drew elsewhere, nothing was.
//! Linux with a C compiler only.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "for tests: what cannot be prepared ends them")]

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

const FOLDER: &str = "PORTWARD_TEST_RANDOMNESS";
const PRELOAD: &str = "LD_PRELOAD";

/// The draws of one process after the other.
pub struct Randomness {
    folder: PathBuf,
    _own: Option<TempDir>,
}

/// Which draws fail, counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fails {
    /// None.
    Never,
    /// This one alone.
    Once(usize),
    /// This one and all after it.
    From(usize),
}

impl Randomness {
    /// Compiles the library.
    #[must_use]
    pub fn new() -> Self {
        let own = tempfile::tempdir().unwrap();
        let source = own.path().join("getrandom.c");
        fs::write(&source, include_str!("getrandom.c")).unwrap();
        let library = own.path().join("getrandom.so");
        let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
        let mut compile = Command::new(compiler);
        compile.args(["-shared", "-fPIC", "-Wall", "-Werror", "-pthread", "-o"]).arg(library).arg(source);
        assert!(compile.status().unwrap().success(), "{compile:?}");
        let randomness = Self { folder: own.path().to_owned(), _own: Some(own) };
        randomness.fails(Fails::Never);
        randomness
    }

    /// Of this process, where [`Self::again`] started it.
    #[must_use]
    pub fn here() -> Option<Self> {
        env::var_os(FOLDER).map(|folder| Self { folder: folder.into(), _own: None })
    }

    /// Runs one test of this program again, in a process of its own in which [`Self::here`] is.
    pub fn again(test: &str) {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args([test, "--exact", "--include-ignored", "--nocapture"]);
        let output = Self::new().under(&mut command).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("1 passed"), "{test} is there: {said}");
    }

    /// Lets a command draw what it is given here.
    pub fn under<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env(PRELOAD, self.folder.join("getrandom.so")).env(FOLDER, &self.folder)
    }

    /// From now on, counted anew.
    pub fn fails(&self, which: Fails) {
        let (first, last) = match which {
            Fails::Never => (0, 0),
            Fails::Once(number) => (number, number),
            Fails::From(number) => (number, usize::MAX),
        };
        fs::write(self.folder.join("draws"), "").unwrap();
        fs::write(self.folder.join("fails"), format!("{first} {last}")).unwrap();
    }

    /// Whether a draw since then was refused.
    #[must_use]
    pub fn was_felt(&self) -> bool {
        fs::read_to_string(self.folder.join("draws")).unwrap().contains('-')
    }
}

impl Default for Randomness {
    fn default() -> Self {
        Self::new()
    }
}
