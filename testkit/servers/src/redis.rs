use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::absent::absent;
use crate::server::{Server, password};

/// A Redis server of its own, which writes every change to its file before it answers.
pub struct Redis {
    server: Server,
}

const PROGRAM: &str = "redis-server";

impl Redis {
    /// Makes an empty server; `None` where Redis is not installed.
    ///
    /// # Errors
    /// If it does not start, or is asked for and not installed.
    pub fn start() -> io::Result<Option<Self>> {
        let mut version = std::process::Command::new(PROGRAM);
        match version.arg("--version").stdout(Stdio::null()).status() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return absent("Redis", "redis-server"),
            found => found?,
        };
        let server = Server::new("redis", "TERM", password()?)?;
        let (path, port, password) = (server.file("redis.conf"), server.port, &server.password);
        // On the command line everybody could read the password.
        let mut config = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        write!(
            config,
            "bind 127.0.0.1\nport {port}\nrequirepass {password}\nappendonly yes\nappendfsync always\nsave \"\"\n"
        )?;
        server.account.own(&path)?;
        let redis = Self { server };
        redis.restart()?;
        Ok(Some(redis))
    }

    /// What a client connects to.
    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}/", self.server.password, self.server.port)
    }

    /// Ends it at once; its file stays.
    ///
    /// # Errors
    /// If it does not end.
    pub fn kill(&self) -> io::Result<()> {
        self.server.kill()
    }

    /// Starts it again on its file, at the same port, after it was killed.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart(&self) -> io::Result<()> {
        let mut command = self.server.command(Path::new(PROGRAM));
        self.server.start(command.arg(self.server.file("redis.conf")), || {
            self.says(&["PING"]).is_ok_and(|said| said == "+PONG")
        })
    }

    /// Starts it again without what it knew, as one that keeps nothing.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart_empty(&self) -> io::Result<()> {
        self.kill()?;
        fs::remove_dir_all(self.server.file("appendonlydir"))?;
        self.restart()
    }

    /// The first line that it answers to one command, of words without spaces.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub fn says(&self, command: &[&str]) -> io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.server.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "AUTH {}\r\n{}\r\nQUIT\r\n", self.server.password, command.join(" "))?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.lines().nth(1).unwrap_or_default().to_owned())
    }
}
