use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Stops a server and removes its directory when it is dropped, and when this process is killed.
pub(crate) struct Warden {
    shell: Child,
}

impl Warden {
    pub(crate) fn new(stop: &str, directory: &Path) -> io::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", include_str!("warden.sh"), "warden", stop]).arg(directory);
        // In a group of its own: it outlives an interrupt from the terminal.
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { shell: shell.spawn()? })
    }

    pub(crate) fn watch(&mut self, process: Option<u32>) -> io::Result<()> {
        let line = process.map_or_else(|| "-\n".to_owned(), |id| format!("{id}\n"));
        let pipe = self.shell.stdin.as_mut().ok_or_else(|| io::Error::other("the warden has ended"))?;
        pipe.write_all(line.as_bytes())
    }

    /// Lets it do its work now.
    pub(crate) fn dismiss(&mut self) {
        drop(self.shell.stdin.take());
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        self.dismiss();
        // It has done what it could.
        let _ = self.shell.wait();
    }
}
