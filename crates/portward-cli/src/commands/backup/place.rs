//! The directory of the backups, opened with the keyring of the deployment.

use std::ffi::OsStr;
use std::future::Future;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use portward::{Audience, Deployment, Identifier, Keyring};
use portward_store::backup::{BackupError, BackupOptions, Backups, Catalogue, Entry, Kind, Series};
use portward_store::database::Location;
use portward_store::files::StampText;
use portward_store::objects::ObjectError;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::context;
use crate::events;
use crate::failure::{Exit, Failure};
use crate::global::Global;
use crate::progress::Meter;
use crate::{read, report};

/// Which backups.
#[derive(Args, Debug)]
pub(crate) struct PlaceArguments {
    /// The directory of the backups
    #[arg(value_name = "BACKUPS")]
    directory: PathBuf,
}

pub(super) struct Place {
    pub(super) backups: Backups,
    pub(super) keyring: Arc<Keyring>,
    runtime: Runtime,
}

/// Makes the directory or opens it.
type Opening = fn(&Path, Arc<Deployment>, Arc<Keyring>, BackupOptions) -> Result<Backups, BackupError>;

impl PlaceArguments {
    /// Makes the directory if it is not there.
    pub(super) fn make(&self, global: &Global) -> Result<Place, Failure> {
        self.with(global, Backups::create)
    }

    pub(super) fn open(&self, global: &Global) -> Result<Place, Failure> {
        self.with(global, Backups::open)
    }

    fn with(&self, global: &Global, open: Opening) -> Result<Place, Failure> {
        let directory = context::directory(global)?;
        let deployment = context::deployment(&directory)?;
        let keyring = Arc::new(context::open_keyring(global, &directory, &deployment)?.keyring);
        let meter = Meter::new(std::io::stderr().is_terminal() && !global.json);
        let options = BackupOptions {
            memory: Some(directory.path().join("backups.seen")),
            // Where the deployment's own secrets are: others cannot enter.
            scratch: directory.path().to_owned(),
            progress: Arc::new(move |bytes| meter.count(bytes)),
            recorder: events::recorder(global)?,
        };
        let backups = open(&self.directory, Arc::new(deployment), Arc::clone(&keyring), options);
        let backups = backups.map_err(|error| failed(error).of(&self.directory))?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|_| no_runtime())?;
        Ok(Place { backups, keyring, runtime })
    }
}

impl Place {
    pub(super) fn wait<T>(&self, work: impl Future<Output = Result<T, BackupError>>) -> Result<T, Failure> {
        self.runtime.block_on(work).map_err(|error| self.failed(error))
    }

    pub(super) fn failed(&self, error: BackupError) -> Failure {
        failed(error).of(self.backups.path())
    }
}

impl Failure {
    /// Where.
    fn of(self, path: &Path) -> Self {
        Self { message: format!("{}: {}", path.display(), self.message), ..self }
    }
}

fn failed(error: BackupError) -> Failure {
    let exit = match &error {
        BackupError::Object(ObjectError::Open(open)) if open.audience() != Audience::Environment => Exit::Refused,
        BackupError::CatalogueMalformed
        | BackupError::CatalogueWrongDeployment
        | BackupError::CatalogueForged
        | BackupError::CatalogueRolledBack
        | BackupError::Unknown
        | BackupError::Missing
        | BackupError::Differs
        | BackupError::Malformed
        | BackupError::Swapped
        | BackupError::Empty
        | BackupError::RowsDiffer
        | BackupError::Tables
        | BackupError::Stray(_)
        | BackupError::Kind
        | BackupError::TargetExists => Exit::Refused,
        _ => Exit::Environment,
    };
    let reason = match &error {
        BackupError::Sink(error) => core::error::Error::source(error).map(|source| format!(" ({source})")),
        BackupError::Database(error) => core::error::Error::source(error).map(|source| format!(" ({source})")),
        _ => None,
    };
    let message = format!("{error}{}", reason.unwrap_or_default());
    Failure::new(error.code(), error.audience(), message, exit)
}

pub(super) fn location(text: &str) -> Result<Location, Failure> {
    Ok(text.parse::<Location>()?)
}

/// How backups of a database are called where nobody says: as its file, without the ending, or as the database of a server.
pub(super) fn name_of(database: &Location) -> Result<Identifier, Failure> {
    let told = database.to_string();
    let name = match database {
        Location::Sqlite(path) => path.file_stem().and_then(OsStr::to_str),
        Location::Postgres(_) => told.rsplit('/').next(),
    };
    name.and_then(|name| Identifier::new(name).ok())
        .ok_or_else(|| Failure::usage("backup_name", "say how backups of this database are called: --name"))
}

/// The only one of its kind, if nobody says which.
pub(super) fn series(
    catalogue: &Catalogue,
    kind: Kind,
    name: Option<&str>,
    number: Option<u64>,
) -> Result<Series, Failure> {
    if let Some(name) = name {
        return Ok(Series::named(kind, read::identifier(name)?));
    }
    let numbered = number.and_then(|number| catalogue.numbered(number)).map(Entry::series);
    let all: Vec<Series> = catalogue.series().into_iter().filter(|series| series.kind() == kind).collect();
    match (numbered.filter(|series| series.kind() == kind), all.as_slice()) {
        (Some(series), _) => Ok(series),
        (None, []) => Ok(kind.into()),
        (None, [only]) => Ok(only.clone()),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(Series::name).collect();
            let message = format!("there are backups of several, say of which with --name: {}", names.join(", "));
            Err(Failure::usage("backup_name", message))
        }
    }
}

/// A backup, for a report.
pub(super) fn told(entry: &Entry) -> Value {
    json!({
        "number": entry.number,
        "kind": entry.kind.name(),
        "name": (!entry.name.is_empty()).then_some(&entry.name),
        "file": entry.file_name(),
        "created": report::time(entry.created),
        "bytes": entry.length,
        "sha256": report::hex(&entry.sha256),
        "stamp": entry.stamp.map(|stamp| StampText(stamp).to_string()),
    })
}

fn no_runtime() -> Failure {
    let message = "the operating system does not let the backup be waited for";
    Failure::new("backup_stopped", Audience::Environment, message, Exit::Environment)
}
