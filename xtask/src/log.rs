//! The log of one part: every command it ran and all that was printed.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) struct Log {
    path: PathBuf,
    file: File,
}

/// How a command ended.
pub(crate) struct Ran {
    pub(crate) success: bool,
    /// Standard output and standard error, as they came.
    pub(crate) output: String,
}

impl Log {
    /// An empty log at `<folder>/<part>.log`.
    pub(crate) fn create(folder: &str, part: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = Path::new(folder).join(format!("{part}.log"));
        File::create(&path)?;
        // Appending keeps the lines of parent and child in order.
        let file = OpenOptions::new().read(true).append(true).open(&path)?;
        Ok(Self { path, file })
    }

    pub(crate) fn note(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.file, "{line}")
    }

    /// Says what is being done, or was not, on the terminal too: a part that takes minutes is not taken for one that hangs.
    pub(crate) fn say(&mut self, what: &str) -> io::Result<()> {
        print!("{what} … ");
        io::stdout().flush()?;
        self.note(what)
    }

    /// Runs a command to its end.
    pub(crate) fn run(&mut self, command: &mut Command) -> io::Result<Ran> {
        self.note(&format!("$ {}", shown(command)))?;
        let start = self.file.metadata()?.len();
        // What cargo has told this program of itself. Build scripts that look at it would run again, and much would be built anew.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command.stdin(Stdio::null()).stdout(self.file.try_clone()?).stderr(self.file.try_clone()?);
        let status = command.status().map_err(|error| io::Error::other(format!("{}: {error}", shown(command))))?;
        if !status.success() {
            self.note(&format!("({status})"))?;
        }

        self.file.seek(SeekFrom::Start(start))?;
        let mut output = Vec::new();
        self.file.read_to_end(&mut output)?;
        Ok(Ran { success: status.success(), output: String::from_utf8_lossy(&output).into_owned() })
    }

    /// The last lines, for a reader who wants to know why.
    pub(crate) fn tail(&self) -> io::Result<String> {
        let text = self.text()?;
        let lines: Vec<&str> = text.lines().collect();
        let last = lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default();
        Ok(last.join("\n"))
    }

    /// The lines in which a runner names a test that failed, or says why. What ran after it may have filled the tail.
    pub(crate) fn failures(&self) -> io::Result<Vec<String>> {
        let mut goes_on = false;
        let named = |line: &&str| {
            let is_named = NAMING.iter().any(|word| line.starts_with(word)) || is_failed_rust(line) || goes_on;
            // A text of several lines, of which the first is below.
            goes_on = line.starts_with(WHY) && line.ends_with("|-");
            is_named
        };
        Ok(self.text()?.lines().map(str::trim).filter(named).take(TAIL_LINES).map(str::to_owned).collect())
    }

    fn text(&self) -> io::Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(&self.path)?).into_owned())
    }
}

/// What begins a line that names a failed test: pytest's, Node's, Maven's, JUnit's; and one that says why: Node's, and the compiler's.
const NAMING: [&str; 6] = ["FAILED ", "ERROR ", "not ok ", "[ERROR]   ", "[X] ", WHY];
const WHY: &str = "error: ";

fn is_failed_rust(line: &str) -> bool {
    line.starts_with("test ") && line.ends_with("FAILED")
}

/// A command line as a person would type it, near enough.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Where the logs of a real run go, from the repository's root.
pub(crate) const FOLDER: &str = "target/xtask";
/// The same folder, from where `cargo test` runs the tests of this crate.
#[cfg(test)]
pub(crate) const TEST_FOLDER: &str = "../target/xtask/tests";
const TAIL_LINES: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_kept_in_order_and_the_exit_is_seen() {
        let mut log = Log::create(TEST_FOLDER, "order").unwrap();
        let ran = log.run(Command::new("sh").args(["-c", "echo one; echo two >&2; echo three"])).unwrap();
        assert!(ran.success);
        assert_eq!(ran.output, "one\ntwo\nthree\n");

        let ran = log.run(Command::new("sh").args(["-c", "seq 100; exit 3"])).unwrap();
        assert!(!ran.success);
        let tail = log.tail().unwrap();
        assert_eq!(tail.lines().count(), TAIL_LINES);
        assert!(tail.contains("(exit status: 3)"));
    }

    #[test]
    fn failed_tests_are_named_wherever_they_stand() {
        let mut log = Log::create(TEST_FOLDER, "failures").unwrap();
        let printed = r"test a ... ok\ntest b::c ... FAILED\nFAILED tests/test_d.py::test_e - E\n    not ok 3 - f\n  error: |-\n    9 MiB more\n  code: g\nok 4 - not ok\n";
        log.run(Command::new("printf").arg(printed)).unwrap();
        log.run(Command::new("seq").arg("100")).unwrap();
        let test = ["test b::c ... FAILED", "FAILED tests/test_d.py::test_e - E", "not ok 3 - f"];
        let expected = [&test[..], &["error: |-", "9 MiB more"]].concat();
        assert_eq!(log.failures().unwrap(), expected);
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let mut log = Log::create(TEST_FOLDER, "absent").unwrap();
        let error = log.run(&mut Command::new("no-such-program")).err().unwrap();
        assert!(error.to_string().starts_with("no-such-program: "));
    }
}
