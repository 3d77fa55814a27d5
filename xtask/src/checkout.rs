//! Folders for sources that are compiled from elsewhere, and what a clone of this repository would hold.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder for sources, which is removed. Not below the target directory that they are compiled in: cargo would remember them as its own, and
/// take the workspace for compiled as long as these do not change.
pub(crate) struct Elsewhere(PathBuf);

impl Elsewhere {
    /// An empty one.
    ///
    /// # Errors
    /// Those of files.
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        let folder = env::temp_dir().join(format!("portward-{name}-{}", std::process::id()));
        // Of a process that was killed, and had this number.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }

    /// With the tracked files of a repository, as they are now, and nothing that was built.
    ///
    /// # Errors
    /// Where there is no git, or no repository, and those of files.
    pub(crate) fn checkout(name: &str, repository: &Path) -> io::Result<Self> {
        let listed = Command::new("git").arg("-C").arg(repository).args(["ls-files", "-z"]).output()?;
        let Output { status, stdout, stderr } = listed;
        if !status.success() {
            return Err(io::Error::other(format!("git ls-files: {}", String::from_utf8_lossy(&stderr))));
        }
        let elsewhere = Self::new(name)?;
        let names = stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        let names = names.map(|name| Path::new(OsStr::from_bytes(name)));
        // A file that was removed is tracked until the next commit.
        for name in names.filter(|name| repository.join(name).is_file()) {
            let to = elsewhere.0.join(name);
            to.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::copy(repository.join(name), to)?;
        }
        Ok(elsewhere)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        // It is in the folder for what is temporary.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tracked_is_copied_and_nothing_else() {
        let from = Path::new(crate::log::TEST_FOLDER).join("checkout");
        fs::remove_dir_all(&from).ok();
        let git = |arguments: &[&str]| {
            assert!(Command::new("git").arg("-C").arg(&from).args(arguments).output().unwrap().status.success());
        };
        for (name, text) in [("a", "1"), ("inner/b", "2"), ("inner.c", "3"), ("gone", "4")] {
            fs::create_dir_all(from.join(name).parent().unwrap()).unwrap();
            fs::write(from.join(name), text).unwrap();
        }
        git(&["init", "--quiet"]);
        git(&["add", "--all"]);
        fs::remove_file(from.join("gone")).unwrap();
        fs::write(from.join("a"), "changed").unwrap();
        fs::write(from.join("inner/untracked"), "5").unwrap();

        let checkout = Elsewhere::checkout("test-checkout", &from).unwrap();
        let there = |name: &str| fs::read_to_string(checkout.path().join(name)).ok();
        assert_eq!(there("a").as_deref(), Some("changed"));
        assert_eq!([there("inner/b").as_deref(), there("inner.c").as_deref()], [Some("2"), Some("3")]);
        assert_eq!([there("gone"), there("inner/untracked"), there(".git/HEAD")], [None, None, None]);

        let path = checkout.path().to_owned();
        drop(checkout);
        assert!(!path.exists());
        assert!(Elsewhere::checkout("test-none", Path::new("/")).is_err());
    }
}
