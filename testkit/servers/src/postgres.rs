use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::Signal;

use crate::absent::absent;
use crate::disk::SmallDisk;
use crate::process::copy_directory;
use crate::server::{Server, password};

/// A PostgreSQL server of its own, as Debian's package `postgresql` brings it.
pub struct Postgres {
    pub(crate) server: Server,
    programs: PathBuf,
    durability: Durability,
    databases: AtomicU32,
}

/// Whether what was committed outlives a loss of power.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// As a real one: every commit is synced.
    Synced,
    /// Only a death of the processes: several times as fast.
    Fast,
}

/// What a server's files were at one moment; removed when it is dropped.
pub struct Snapshot(tempfile::TempDir);

/// The user that all is done as: a superuser.
pub(crate) const USER: &str = "postgres";

impl Postgres {
    /// Makes an empty server; `None` where PostgreSQL is not installed.
    ///
    /// # Errors
    /// If it does not start, or is asked for and not installed.
    pub fn start(durability: Durability) -> io::Result<Option<Self>> {
        Self::start_with(durability, |_, _| Ok(()))
    }

    /// The same, with its write-ahead log, in small files, on a disk of its own.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn start_with_log_on(disk: &SmallDisk) -> io::Result<Option<Self>> {
        Self::start_with(Durability::Synced, |server, initdb| {
            initdb.arg("--wal-segsize=1").arg("--waldir").arg(disk.directory_of(server.account, "log")?);
            Ok(())
        })
    }

    fn start_with(
        durability: Durability,
        more: impl FnOnce(&Server, &mut Command) -> io::Result<()>,
    ) -> io::Result<Option<Self>> {
        let Some(programs) = programs()? else { return absent("PostgreSQL", "postgresql") };
        let server = Server::new("postgres", "INT", password()?)?;
        let pwfile = server.file("password");
        fs::write(&pwfile, &server.password)?;
        server.account.own(&pwfile)?;
        let mut initdb = server.command(&programs.join("initdb"));
        initdb.args(["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=scram-sha-256", "--username", USER]);
        more(&server, &mut initdb)?;
        done(initdb.arg("--pwfile").arg(&pwfile).arg("--pgdata").arg(server.file("data")))?;
        let postgres = Self { server, programs, durability, databases: AtomicU32::new(0) };
        postgres.restart()?;
        Ok(Some(postgres))
    }

    /// Starts another server, of the same users and passwords, on a copy of what this one, or another like it, was.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start_on(&self, snapshot: &Snapshot) -> io::Result<Self> {
        let server = Server::new("postgres", "INT", self.server.password.clone())?;
        copy_directory(&snapshot.data(), &server.file("data"))?;
        let databases = AtomicU32::new(self.databases.load(Ordering::Relaxed));
        let postgres = Self { server, programs: self.programs.clone(), durability: self.durability, databases };
        postgres.restart()?;
        Ok(postgres)
    }

    /// What a client connects to, as the superuser.
    pub fn url(&self, database: &str) -> String {
        self.url_as(database, USER, &self.server.password)
    }

    /// The same for another user.
    pub fn url_as(&self, database: &str, user: &str, password: &str) -> String {
        format!("postgres://{user}:{password}@127.0.0.1:{}/{database}", self.server.port)
    }

    /// The port, for what stands between: a pooler, a proxy.
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// Makes an empty database, of another name in each call, and returns the name.
    ///
    /// # Errors
    /// If that fails.
    pub fn create_database(&self) -> io::Result<String> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(name)
    }

    /// The same, with all that is in it on a disk of its own.
    ///
    /// # Errors
    /// If that fails.
    pub fn create_database_on(&self, disk: &SmallDisk) -> io::Result<String> {
        let (name, place) = (self.create_database()?, disk.directory_of(self.server.account, "tables")?);
        // The name of a new directory, in which there is no quotation mark.
        self.sql("postgres", &format!("CREATE TABLESPACE {name} LOCATION '{}'", place.display()))?;
        self.sql("postgres", &format!("ALTER DATABASE {name} SET TABLESPACE {name}"))?;
        Ok(name)
    }

    /// Makes another database of what one of them holds, which may be in use, and returns its name.
    ///
    /// # Errors
    /// If that fails.
    pub fn copy_database(&self, database: &str) -> io::Result<String> {
        let copy = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {copy} TEMPLATE template0"))?;
        let dump = self.server.file(&copy);
        done(self.client("pg_dump").args(["-d", database, "-f"]).arg(&dump))?;
        done(self.client("psql").args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &copy, "-f"]).arg(&dump))?;
        fs::remove_file(dump)?;
        Ok(copy)
    }

    /// Runs statements as the superuser; returns what they print, without decoration.
    ///
    /// # Errors
    /// What the server answers.
    pub fn sql(&self, database: &str, statements: &str) -> io::Result<String> {
        ask(&mut self.client("psql"), database, statements)
    }

    /// Ends all its processes at once, as a machine that dies; its files stay.
    ///
    /// # Errors
    /// If they do not end.
    pub fn kill(&self) -> io::Result<()> {
        self.server.kill()
    }

    /// Starts it again on its files, at the same port, after it was killed.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart(&self) -> io::Result<()> {
        let mut postgres = self.server.command(&self.programs.join("postgres"));
        postgres.arg("-D").arg(self.server.file("data")).arg("-k").arg(&self.server.directory);
        postgres.args(["-p", &self.server.port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        postgres.args(["-c", "max_connections=400", "-c", "shared_buffers=32MB"]);
        if self.durability == Durability::Fast {
            postgres.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
        }
        let is_ready = || {
            let mut asked = self.client("pg_isready");
            asked.stdout(Stdio::null()).status().is_ok_and(|answer| answer.success())
        };
        self.server.start(&mut postgres, is_ready)
    }

    /// Starts it again on an older state of its files, at the same port, after it was killed: as a fail-over to a copy that had fallen behind.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart_on(&self, snapshot: &Snapshot) -> io::Result<()> {
        self.kill()?;
        fs::remove_dir_all(self.server.file("data"))?;
        copy_directory(&snapshot.data(), &self.server.file("data"))?;
        self.restart()
    }

    /// The same, as a standby that follows another server, which is not there: it can be read, and nothing is written.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart_as_standby(&self, snapshot: &Snapshot) -> io::Result<()> {
        fs::write(snapshot.data().join("standby.signal"), "")?;
        self.restart_on(snapshot)
    }

    /// Stops all its processes where they are: connections stay, and nobody answers.
    ///
    /// # Errors
    /// If it does not run.
    pub fn pause(&self) -> io::Result<()> {
        self.server.signal_all(Signal::STOP)
    }

    /// Lets them go on.
    ///
    /// # Errors
    /// If it does not run.
    pub fn resume(&self) -> io::Result<()> {
        self.server.signal_all(Signal::CONT)
    }

    /// Copies the files at one moment: what would be found if everything had died then. It answers nobody meanwhile.
    ///
    /// # Errors
    /// If it does not run, or nothing can be written.
    pub fn copy_data(&self) -> io::Result<Snapshot> {
        let folder = tempfile::Builder::new().prefix("portward-snapshot-").tempdir()?;
        self.pause()?;
        let copied = copy_directory(&self.server.file("data"), &folder.path().join("data"));
        self.resume()?;
        copied?;
        fs::remove_file(folder.path().join("data/postmaster.pid"))?;
        Ok(Snapshot(folder))
    }

    fn client(&self, program: &str) -> Command {
        self.client_of(program, self.server.port)
    }

    /// A client of what listens at a port.
    pub(crate) fn client_of(&self, program: &str, port: u16) -> Command {
        let mut command = self.server.command(&self.programs.join(program));
        command.env("PGPASSWORD", &self.server.password).env("PGUSER", USER).env("PGCONNECT_TIMEOUT", "10");
        command.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        command
    }
}

impl Snapshot {
    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }
}

/// The newest that Debian, or something like it, installed.
fn programs() -> io::Result<Option<PathBuf>> {
    let Ok(versions) = fs::read_dir(Path::new("/usr/lib/postgresql")) else { return Ok(None) };
    let mut newest = None;
    for version in versions {
        let number = version?.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        newest = newest.max(number);
    }
    let programs = newest.map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")));
    let is_whole = |programs: &PathBuf| ["initdb", "postgres", "psql"].iter().all(|name| programs.join(name).exists());
    Ok(programs.filter(is_whole))
}

/// What statements print.
pub(crate) fn ask(psql: &mut Command, database: &str, statements: &str) -> io::Result<String> {
    done(psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statements]))
}

fn done(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
}
