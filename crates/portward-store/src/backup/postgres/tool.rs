use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use crate::backup::BackupError;
use crate::objects::ObjectError;

type Result<T> = core::result::Result<T, BackupError>;

/// A program of PostgreSQL that runs. It is killed if it is dropped before it was waited for.
pub(super) struct Tool {
    name: &'static str,
    child: Child,
    said: Option<JoinHandle<String>>,
}

impl Tool {
    pub(super) fn start(
        name: &'static str,
        arguments: &[&str],
        environment: &[(&'static str, String)],
        stdin: Stdio,
        stdout: Stdio,
    ) -> Result<Self> {
        let program = find(name, env::var_os("PATH").as_deref()).ok_or(BackupError::ToolMissing(name))?;
        let mut command = Command::new(program);
        for (name, _) in env::vars_os().filter(|(name, _)| is_elsewhere(name)) {
            command.env_remove(name);
        }
        command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
        let mut child =
            command.stdin(stdin).stdout(stdout).stderr(Stdio::piped()).spawn().map_err(ObjectError::Read)?;
        let said = child.stderr.take().map(|stderr| std::thread::spawn(move || first_error(stderr)));
        Ok(Self { name, child, said })
    }

    pub(super) fn stdin(&mut self) -> Result<ChildStdin> {
        self.child.stdin.take().ok_or(BackupError::Stopped)
    }

    pub(super) fn stdout(&mut self) -> Result<ChildStdout> {
        self.child.stdout.take().ok_or(BackupError::Stopped)
    }

    /// Ends it at once.
    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
    }

    /// Waits until it has ended, which it has to do well.
    pub(super) fn finish(mut self) -> Result<()> {
        let status = self.child.wait().map_err(ObjectError::Read)?;
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        match (status.success(), said.as_str()) {
            (true, _) => Ok(()),
            (false, "portward_rows_differ") => Err(BackupError::RowsDiffer),
            (false, "portward_target_exists") => Err(BackupError::TargetExists),
            (false, "portward_target_in_use") => Err(BackupError::TargetInUse),
            (false, _) => Err(BackupError::ToolFailed(self.name, said)),
        }
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        // Of one that has ended, nothing is killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first line that tells of an error; of the others, such as those with values of rows, nothing.
fn first_error(mut stderr: ChildStderr) -> String {
    let mut said = Vec::new();
    let _ = stderr.by_ref().take(SAID_MAX).read_to_end(&mut said);
    // Who writes more must not have to wait for who reads.
    let _ = std::io::copy(&mut stderr, &mut std::io::sink());
    let said = String::from_utf8_lossy(&said);
    let line = said.lines().find(|line| line.contains("ERROR:") || line.contains("error:") || line.contains("FATAL:"));
    let line = line.or_else(|| said.lines().next()).unwrap_or("it said nothing");
    let line = line.rsplit_once("ERROR:").map_or(line, |(_, behind)| behind);
    line.trim().chars().take(200).collect()
}

/// What would lead PostgreSQL's programs to another server or database than the one that was named, as a service does, or change what they do
/// there. What proves who asks, and who answers, stays.
fn is_elsewhere(variable: &OsStr) -> bool {
    variable.to_string_lossy().starts_with("PG") && !PROOFS.iter().any(|proof| variable == *proof)
}

const PROOFS: [&str; 6] = ["PGPASSWORD", "PGPASSFILE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PGSSLCRL"];

const SAID_MAX: u64 = 64 << 10;

/// On `PATH`, or the newest that Debian installed.
fn find(name: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    let on_path = path.into_iter().flat_map(env::split_paths).map(|folder| folder.join(name));
    let versions = fs::read_dir(Path::new("/usr/lib/postgresql")).into_iter().flatten().flatten();
    let mut versions: Vec<u32> = versions.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    versions.sort_unstable();
    let debian = versions
        .into_iter()
        .rev()
        .map(|version| Path::new("/usr/lib/postgresql").join(version.to_string()).join("bin").join(name));
    on_path.chain(debian).find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_elsewhere_is_not_inherited() {
        for name in ["PGSERVICE", "PGSERVICEFILE", "PGHOSTADDR", "PGOPTIONS", "PGHOST", "PGDATABASE", "PGAPPNAME"] {
            assert!(is_elsewhere(OsStr::new(name)), "{name}");
        }
        for name in PROOFS.into_iter().chain(["PATH", "HOME", "SPG", "LC_ALL"]) {
            assert!(!is_elsewhere(OsStr::new(name)), "{name}");
        }
    }
}
