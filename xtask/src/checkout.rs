//! What a clone of this repository would hold, in a folder of its own: the tracked files, as they are now, and nothing that was built.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Copies the tracked files of a repository to a folder, in which nothing else is then. What is the same there already keeps its time of
/// change: cargo builds it no second time.
///
/// # Errors
/// Where there is no git, or no repository, and those of files.
pub(crate) fn clean(repository: &Path, to: &Path) -> io::Result<()> {
    let listed = Command::new("git").arg("-C").arg(repository).args(["ls-files", "-z"]).output()?;
    let Output { status, stdout, stderr } = listed;
    if !status.success() {
        return Err(io::Error::other(format!("git ls-files: {}", String::from_utf8_lossy(&stderr))));
    }
    let names =
        stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(|name| Path::new(OsStr::from_bytes(name)));
    // A file that was removed is tracked until the next commit.
    let tracked: BTreeSet<PathBuf> = names.filter(|name| repository.join(name).is_file()).map(PathBuf::from).collect();
    fs::create_dir_all(to)?;
    keep_only(to, Path::new(""), &tracked)?;
    for name in &tracked {
        let (from, to) = (repository.join(name), to.join(name));
        let bytes = fs::read(&from)?;
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        to.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::copy(&from, &to)?;
    }
    Ok(())
}

/// Removes what is not among these.
fn keep_only(folder: &Path, below: &Path, tracked: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let (path, name) = (entry.path(), below.join(entry.file_name()));
        let is_folder = entry.file_type()?.is_dir();
        // In their order a folder stands before what is in it.
        let holds = tracked.range(name.clone()..).next().is_some_and(|next| next.starts_with(&name));
        match (is_folder, holds) {
            (true, true) => keep_only(folder, &name, tracked)?,
            (true, false) => fs::remove_dir_all(path)?,
            (false, _) if !tracked.contains(&name) => fs::remove_file(path)?,
            (false, _) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tracked_is_copied_and_nothing_else_is_left() {
        let folder = Path::new(crate::log::TEST_FOLDER).join("checkout");
        let (from, to) = (folder.join("from"), folder.join("to"));
        fs::remove_dir_all(&folder).ok();
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
        for name in ["inner/built", "node_modules/x", "old"] {
            fs::create_dir_all(to.join(name).parent().unwrap()).unwrap();
            fs::write(to.join(name), "left").unwrap();
        }

        clean(&from, &to).unwrap();
        let there = |name: &str| fs::read_to_string(to.join(name)).ok();
        assert_eq!(there("a").as_deref(), Some("changed"));
        assert_eq!([there("inner/b").as_deref(), there("inner.c").as_deref()], [Some("2"), Some("3")]);
        for name in ["gone", "inner/untracked", "inner/built", "node_modules", "old"] {
            assert!(!to.join(name).exists(), "{name}");
        }

        let time = || fs::metadata(to.join("inner/b")).unwrap().modified().unwrap();
        let before = time();
        clean(&from, &to).unwrap();
        assert_eq!(time(), before);
        assert!(clean(Path::new("/"), &to).is_err());
    }
}
