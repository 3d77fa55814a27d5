use std::fs;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::account::Account;
use crate::process::wait_until;

/// A file system of its own with little room, in memory. It is gone when this is dropped, and when the process that made it ends.
pub struct SmallDisk {
    directory: PathBuf,
    /// Takes it away at the end of its input.
    shell: Child,
}

const UNMOUNT: &str = "read -r end; umount -l \"$1\"; rmdir \"$1\"";

impl SmallDisk {
    /// With room for so many MiB; `None` where nothing may be mounted, which is said.
    ///
    /// # Errors
    /// If there is no directory for it, or no shell.
    pub fn mount(mebibytes: u32) -> io::Result<Option<Self>> {
        let directory = tempfile::Builder::new().prefix("portward-disk-").tempdir()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m,mode=0755"), "tmpfs"]).arg(directory.path());
        let mounted = mount.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !mounted.is_ok_and(|status| status.success()) {
            io::stderr().write_all(b"skipped: a small disk cannot be mounted, which takes root\n")?;
            return Ok(None);
        }
        let directory = directory.keep();
        let mut shell = Command::new("sh");
        shell.args(["-c", UNMOUNT, "sh"]).arg(&directory).current_dir("/").process_group(0);
        let shell = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Some(Self { directory, shell }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// Writes until there is room for nothing more.
    ///
    /// # Errors
    /// If that is not why it ends.
    pub fn fill(&self) -> io::Result<()> {
        let mut filling = fs::OpenOptions::new().create(true).append(true).open(self.filling())?;
        loop {
            match filling.write(&[0; 4096]) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes away what [`SmallDisk::fill`] wrote.
    ///
    /// # Errors
    /// If it was not filled.
    pub fn make_room(&self) -> io::Result<()> {
        fs::remove_file(self.filling())
    }

    /// Lets nothing be written any more, or lets it again. No file may be open for writing, but for a moment: a process that was just forked has
    /// all those that were open, until it runs its own program.
    ///
    /// # Errors
    /// If the system does not do it.
    pub fn be_read_only(&self, read_only: bool) -> io::Result<()> {
        let options = if read_only { "remount,ro" } else { "remount,rw" };
        wait_until("it is mounted anew", Duration::from_secs(20), || {
            let mut mount = Command::new("mount");
            mount.args(["-o", options]).arg(&self.directory).stderr(Stdio::null());
            Ok(mount.status()?.success())
        })
    }

    /// A new directory on it, of this account.
    pub(crate) fn directory_of(&self, account: Account, name: &str) -> io::Result<PathBuf> {
        let directory = self.directory.join(name);
        fs::create_dir(&directory)?;
        account.own(&directory)?;
        Ok(directory)
    }

    fn filling(&self) -> PathBuf {
        self.directory.join("filling")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // It has done what it could.
        let _ = self.shell.wait();
    }
}
