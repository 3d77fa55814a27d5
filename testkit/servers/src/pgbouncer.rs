use std::fs;
use std::io;
use std::path::Path;
use std::process::Stdio;

use crate::absent::absent;
use crate::postgres::{Postgres, USER, ask};
use crate::server::Server;

/// A PgBouncer before a server, which gives each transaction any of two connections.
pub struct PgBouncer<'a> {
    behind: &'a Postgres,
    server: Server,
}

const PROGRAM: &str = "/usr/sbin/pgbouncer";

impl<'a> PgBouncer<'a> {
    /// `None` where PgBouncer is not installed.
    ///
    /// # Errors
    /// If it does not start, or is asked for and not installed.
    pub fn start(behind: &'a Postgres) -> io::Result<Option<Self>> {
        if !Path::new(PROGRAM).exists() {
            return absent("PgBouncer", "pgbouncer");
        }
        let server = Server::new("pgbouncer", "INT", behind.server.password.clone())?;
        let (users, config) = (server.file("users"), server.file("pgbouncer.ini"));
        fs::write(&users, format!("\"{USER}\" \"{}\"\n", server.password))?;
        let (users_file, port, behind_port) = (users.display(), server.port, behind.port());
        let lines = format!(
            "[databases]\n* = host=127.0.0.1 port={behind_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {users_file}\npool_mode = transaction\n\
             default_pool_size = 2\nignore_startup_parameters = extra_float_digits\n"
        );
        fs::write(&config, lines)?;
        server.account.own(&users)?;
        server.account.own(&config)?;
        let is_ready = || {
            let mut asked = behind.client_of("pg_isready", port);
            asked.stdout(Stdio::null()).status().is_ok_and(|answer| answer.success())
        };
        server.start(server.command(Path::new(PROGRAM)).arg(&config), is_ready)?;
        Ok(Some(Self { behind, server }))
    }

    /// What a client connects to, as the superuser.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{}@127.0.0.1:{}/{database}", self.server.password, self.server.port)
    }

    /// Runs statements through it, as [`Postgres::sql`].
    ///
    /// # Errors
    /// What is answered.
    pub fn sql(&self, database: &str, statements: &str) -> io::Result<String> {
        ask(&mut self.behind.client_of("psql", self.server.port), database, statements)
    }
}
