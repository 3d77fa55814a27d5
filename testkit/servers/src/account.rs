use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// Who a server runs as: root does not run databases.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Account {
    /// Who runs the test.
    Own,
    /// Another one, which root may become.
    Other { user: u32, group: u32 },
}

impl Account {
    pub(crate) fn find() -> io::Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        let passwd = fs::read_to_string("/etc/passwd")?;
        let found = ["postgres", "nobody"].iter().find_map(|name| Self::named(&passwd, name));
        found.ok_or_else(|| io::Error::other("there is neither a user `postgres` nor a user `nobody`"))
    }

    fn named(passwd: &str, name: &str) -> Option<Self> {
        let mut fields = passwd.lines().find(|line| line.split(':').next() == Some(name))?.split(':').skip(2);
        let (user, group) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(Self::Other { user, group })
    }

    /// Gives a file to it.
    pub(crate) fn own(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { user, group } => chown(path, Some(user), Some(group)),
        }
    }

    /// A command that runs as it, in a directory that it can read, out of reach of the terminal's signals.
    pub(crate) fn command(self, program: &Path, directory: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(directory).process_group(0);
        if let Self::Other { user, group } = self {
            command.uid(user).gid(group);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\npostgres:x:101:104:A,b:/var:/bin/sh\n";
        assert_eq!(Account::named(passwd, "postgres"), Some(Account::Other { user: 101, group: 104 }));
        assert_eq!(Account::named(passwd, "nobody"), None);
    }
}
