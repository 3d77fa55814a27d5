//! A deployment with a tenant that seals. Data is bytes, and comes from files or pipes.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use crate::home::Home;

/// What the objects of these tests belong to.
pub(crate) const CONTRACT: [&str; 3] = ["--tenant=studio-7", "--name=files.content", "--id=1"];

impl Home {
    pub(crate) fn studio() -> Self {
        let home = Self::new();
        home.ok(&["tenant", "new", "studio-7"]);
        home
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.beside(name), bytes).unwrap();
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.beside(name)).unwrap()
    }

    /// Seals these bytes into a file that is not there yet, and gives the object.
    pub(crate) fn sealed(&self, name: &str, plaintext: &[u8], options: &[&str]) -> Vec<u8> {
        self.write("plaintext", plaintext);
        self.ok(&[&["seal", "plaintext", "-o", name], &CONTRACT[..], options].concat());
        self.bytes(name)
    }

    /// Bytes in, bytes out.
    pub(crate) fn pipe(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            // Who refuses early does not read it all.
            scope.spawn(move || drop(stdin.write_all(input)));
            child.wait_with_output().unwrap()
        })
    }

    /// `open FILE`, with the same in front and behind.
    pub(crate) fn open<'a>(&self, file: &'a str, options: &[&'a str]) -> Vec<&'a str> {
        [&["open", file], &CONTRACT[..], options].concat()
    }

    /// Nothing but these files stands beside the deployment.
    #[track_caller]
    pub(crate) fn has_only(&self, names: &[&str]) {
        let mut found: Vec<_> = fs::read_dir(self.beside(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.retain(|name| name != "portward");
        found.sort();
        assert_eq!(found, names);
    }
}

/// Bytes that differ from chunk to chunk.
pub(crate) fn plaintext(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from((index ^ (index >> 8) ^ (index >> 16)) & 0xff).unwrap()).collect()
}

/// A folder on a medium of this many KiB, if this process may make one.
pub(crate) struct SmallMedium(PathBuf);

impl SmallMedium {
    pub(crate) fn new(at: PathBuf, kib: u32) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let size = format!("size={kib}k");
        let mount = std::process::Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(&at).output();
        mount.is_ok_and(|output| output.status.success()).then_some(Self(at))
    }
}

impl Drop for SmallMedium {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).status();
    }
}
