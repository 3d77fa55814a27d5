//! One case with a large file: a process, which prints what it took.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::program;
use super::took::{Cases, Took};

/// What seals and opens: how it is started, and how often at most.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Program {
    path: PathBuf,
    script: Option<&'static str>,
    runs: usize,
}

/// From where to where, what, who, and on how many threads.
type Words = [&'static str; 4];

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Case {
    program: Program,
    words: Words,
}

impl Program {
    pub(super) const fn ours(path: PathBuf) -> Self {
        Self { path, script: None, runs: usize::MAX }
    }

    pub(super) const fn foreign(path: PathBuf, script: &'static str) -> Self {
        Self { path, script: Some(script), runs: usize::MAX }
    }

    /// Once is enough.
    pub(super) fn slow(&self) -> Self {
        Self { runs: 1, ..self.clone() }
    }

    pub(super) fn cases(&self, words: &[Words]) -> Vec<Case> {
        words.iter().map(|words| Case { program: self.clone(), words: *words }).collect()
    }
}

impl Case {
    /// `None` where it failed, which is said, and is an error if it is ours.
    fn run(&self, folder: &Path, mebibytes: &str) -> io::Result<Option<(String, Took)>> {
        let Program { path, script, .. } = &self.program;
        let mut command = Command::new(path);
        command.args(script.iter()).args(self.words).arg(mebibytes).arg(folder);
        let (_, line) = program::printed(&mut command)?;
        let took = Took::parse(line.trim());
        if took.is_none() && script.is_none() {
            return Err(io::Error::other(format!("{}: what is `{line}`?", self.words.join(" "))));
        }
        Ok(took)
    }
}

/// Every case once, then every case again, so that a mood of the machine meets them all. The first of them makes the file.
pub(super) fn measure(cases: &[Case], folder: &Path, mebibytes: &str, rounds: usize) -> io::Result<Cases> {
    let mut took = Cases::new();
    if let Some(Case { program, .. }) = cases.first() {
        program::printed(Command::new(&program.path).args(["make", mebibytes]).arg(folder))?;
    }
    for round in 1..=rounds {
        for case in cases.iter().filter(|case| round <= case.program.runs) {
            println!("{round} of {}: {}", rounds.min(case.program.runs), case.words.join(" "));
            if let Some((id, this)) = case.run(folder, mebibytes)? {
                took.entry(id).and_modify(|best| *best = best.and(this)).or_insert(this);
            }
        }
    }
    Ok(took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_slow_runs_once_and_who_fails_is_left_out() {
        let line = r#"echo '{"id": "'$1/$3'", "seconds": 1.5, "cpu": 1.0, "peak_kib": 9}' && echo $1 >> $0.runs"#;
        let folder = Path::new("../target/xtask/tests/file-case");
        std::fs::create_dir_all(folder).unwrap();
        let script = "../target/xtask/tests/file-case/script";
        std::fs::write(script, line).unwrap();
        let _ = std::fs::remove_file(format!("{script}.runs"));
        let shell = Program::foreign("sh".into(), script);
        let broken = Program::foreign("false".into(), script);
        let cases = [
            shell.cases(&[["memory", "seal", "a", "1"]]),
            shell.slow().cases(&[["disk", "seal", "b", "1"]]),
            broken.cases(&[["disk", "seal", "c", "1"]]),
        ];
        let took = measure(&cases.concat(), folder, "1", 3).unwrap();
        assert_eq!(took.keys().collect::<Vec<_>>(), ["disk/b", "memory/a"]);
        let runs = std::fs::read_to_string(format!("{script}.runs")).unwrap();
        assert_eq!(runs.lines().collect::<Vec<_>>(), ["memory", "disk", "memory", "memory"]);

        let ours = Program::ours("false".into()).cases(&[["disk", "seal", "ours", "1"]]);
        assert!(measure(&ours, folder, "1", 1).is_err());
    }
}
