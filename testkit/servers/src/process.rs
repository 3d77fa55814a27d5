//! Signals to a server and the processes that it started.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A process that can have ended meanwhile is no error.
pub(crate) fn signal(id: u32, signal: Signal) -> io::Result<()> {
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("no process id"))?;
    match kill_process(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A process and all that it started and that is not finished. PostgreSQL puts each of its own into a group of its own.
pub(crate) fn family(id: u32) -> io::Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // It can end while it is looked at.
        let parent = fs::read_to_string(format!("/proc/{process}/stat")).ok().and_then(|stat| parent(&stat));
        parents.extend(parent.map(|parent| (process, parent)));
    }
    let mut family = vec![id];
    let mut seen = 0;
    while let Some(&older) = family.get(seen) {
        family.extend(parents.iter().filter(|(_, parent)| *parent == older).map(|(process, _)| *process));
        seen = seen.saturating_add(1);
    }
    Ok(family)
}

/// The parent of a process that is not a zombie.
fn parent(stat: &str) -> Option<u32> {
    // The name before it can hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    fields.next()?.parse().ok().filter(|_| state != "Z")
}

pub(crate) fn is_alive(id: u32) -> bool {
    fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| parent(&stat).is_some())
}

pub(crate) fn wait_until(what: &str, limit: Duration, mut is_so: impl FnMut() -> io::Result<bool>) -> io::Result<()> {
    let start = Instant::now();
    while !is_so()? {
        if start.elapsed() > limit {
            return Err(io::Error::other(format!("{what}: not within {} seconds", limit.as_secs())));
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Copies a directory as it is, with owners and rights.
pub(crate) fn copy_directory(from: &Path, to: &Path) -> io::Result<()> {
    let mut copy = std::process::Command::new("cp");
    let done = copy.arg("-a").arg(from).arg(to).status()?;
    if done.success() { Ok(()) } else { Err(io::Error::other("`cp -a` failed")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_read_behind_any_name() {
        assert_eq!(parent("12 (a) R 9 (b) S 7 12"), Some(7));
        assert_eq!(parent("12 (sh) Z 7 12"), None);
    }

    #[test]
    fn a_family_has_its_head_and_its_children() {
        let mut child = std::process::Command::new("sleep").arg("120").spawn().unwrap();
        let family = family(std::process::id()).unwrap();
        assert_eq!(family[0], std::process::id());
        assert!(family.contains(&child.id()) && is_alive(child.id()));
        child.kill().unwrap();
        wait_until("it ends", Duration::from_secs(60), || Ok(!is_alive(child.id()))).unwrap();
        child.wait().unwrap();
    }
}
