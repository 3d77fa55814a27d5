//! Where the store is: a database of its own, on a server of all these tests.

use std::path::Path;
use std::sync::OnceLock;

use portward_store::database::Location;
use portward_test_servers::{Durability, Postgres};
use sqlx::{AnyConnection, Connection as _};
use tempfile::TempDir;

pub(crate) struct Place {
    folder: TempDir,
    pub(crate) database: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: server().create_database().unwrap() }
    }

    pub(crate) fn location(&self) -> Location {
        at(&server().url(&self.database))
    }

    /// For what else a test puts somewhere.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// As somebody who can write the database and holds no key.
    pub(crate) async fn connect(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&server().url(&self.database)).await.unwrap();
        sqlx::query("SET search_path = portward_keys, public").execute(&mut connection).await.unwrap();
        connection
    }

    /// What it is now, at another place.
    #[expect(clippy::unused_async, reason = "elsewhere it waits")]
    pub(crate) async fn backup(&self) -> Location {
        at(&server().url(&server().copy_database(&self.database).unwrap()))
    }

    /// As the superuser, outside of the store's schema.
    pub(crate) async fn sql(&self, statements: &str) -> String {
        let (database, statements) = (self.database.clone(), statements.to_owned());
        // The store's connections go on meanwhile.
        tokio::task::spawn_blocking(move || server().sql(&database, &statements).unwrap()).await.unwrap()
    }
}

pub(crate) fn at(url: &str) -> Location {
    url.parse().unwrap()
}

/// The server of all tests; where there is none, nothing is tested, and that is said.
pub(crate) fn server() -> &'static Postgres {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    SERVER.get_or_init(|| start(Durability::Fast))
}

/// One that a test may kill.
pub(crate) fn start(durability: Durability) -> Postgres {
    let Some(server) = Postgres::start(durability).unwrap() else { std::process::exit(0) };
    // What SQLite has, for statements that both understand.
    server.sql("template1", SQLITES).unwrap();
    server
}

const SQLITES: &str = "CREATE FUNCTION zeroblob(integer) RETURNS bytea LANGUAGE sql AS $$ SELECT decode(repeat('00', $1), 'hex') $$;
    CREATE FUNCTION randomblob(integer) RETURNS bytea LANGUAGE sql AS $$ SELECT substring(sha256(gen_random_uuid()::text::bytea) for $1) $$";
