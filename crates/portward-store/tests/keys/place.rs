//! Where the store is: a file.

use std::path::{Path, PathBuf};

use portward_store::database::Location;
use sqlx::{AnyConnection, Connection as _};
use tempfile::TempDir;

pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn location(&self) -> Location {
        Location::Sqlite(self.path())
    }

    /// For what else a test puts somewhere.
    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder().join("keys.db")
    }

    /// As somebody who can write the database and holds no key.
    pub(crate) async fn connect(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        AnyConnection::connect(&format!("sqlite://{}", self.path().display())).await.unwrap()
    }

    /// What it is now, at another place.
    pub(crate) async fn backup(&self) -> Location {
        let copy = self.folder().join("backup.db");
        sqlx::query("VACUUM INTO $1").bind(copy.to_str().unwrap()).execute(&mut self.connect().await).await.unwrap();
        std::fs::set_permissions(&copy, std::fs::metadata(self.path()).unwrap().permissions()).unwrap();
        Location::Sqlite(copy)
    }
}
