//! The files of the repository, without what is hidden, built or installed.

use std::fs;
use std::io;
use std::path::Path;

/// Paths from the root, with slashes, in order.
pub(crate) fn below(root: &Path) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    walk(root, "", &mut paths)?;
    paths.sort();
    Ok(paths)
}

pub(crate) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn walk(folder: &Path, prefix: &str, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = format!("{prefix}{name}");
        if !entry.file_type()?.is_dir() {
            paths.push(path);
        } else if !name.starts_with('.') && !PASSED_OVER.contains(&name.as_str()) {
            walk(&entry.path(), &format!("{path}/"), paths)?;
        }
    }
    Ok(())
}

const PASSED_OVER: [&str; 3] = ["target", "node_modules", "__pycache__"];
