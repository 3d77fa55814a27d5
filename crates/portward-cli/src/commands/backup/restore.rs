use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use portward::{Identifier, RevocationView};
use portward_store::backup::{Existing, Kind, RestoreOptions, Restored};
use portward_store::events::Recorder;
use portward_store::files::FileError;
use portward_store::objects::WholeFile;

use crate::commands::backup::place::{Place, PlaceArguments, location, series, told};
use crate::context;
use crate::failure::Failure;
use crate::global::Global;
use crate::read;
use crate::report::{self, Report, Stream};
use crate::store::Links;

#[derive(Args, Debug)]
pub(crate) struct RestoreArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// Into this database, without rows of a key store
    #[arg(long, value_name = "DATABASE", conflicts_with_all = ["keys", "stream"])]
    data: Option<String>,
    /// The key store, into this database
    #[arg(long, value_name = "DATABASE", conflicts_with = "stream")]
    keys: Option<String>,
    /// The stream of this name
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// Of which database, if there are backups of several
    #[arg(long, value_name = "NAME", conflicts_with = "stream")]
    name: Option<String>,
    /// The backup of this number, in the place of the newest
    #[arg(long, value_name = "N")]
    number: Option<u64>,
    /// Take the place of what is there; stop who works with it first
    #[arg(long)]
    replace: bool,
    /// The file for the stream; - or nothing for standard output
    #[arg(short, long, requires = "stream")]
    output: Option<PathBuf>,
}

/// Where a stream goes.
enum Sink {
    File(WholeFile),
    Stdout(File),
}

impl RestoreArguments {
    pub(super) fn tells(&self) -> Stream {
        if self.stream.is_some() && self.file().is_none() { Stream::Stderr } else { Stream::Stdout }
    }

    fn file(&self) -> Option<&Path> {
        self.output.as_deref().filter(|path| *path != Path::new("-"))
    }
}

pub(super) fn run(global: &Global, arguments: &RestoreArguments) -> Result<Report, Failure> {
    let (kind, database) = match (&arguments.data, &arguments.keys, &arguments.stream) {
        (Some(database), None, None) => (Kind::Data, database),
        (None, Some(database), None) => (Kind::Keys, database),
        (None, None, Some(name)) => return stream(global, arguments, read::identifier(name)?),
        _ => return Err(Failure::usage("usage", "say what: --data, --keys or --stream")),
    };
    let into = location(database)?;
    let place = arguments.place.open(global)?;
    let catalogue = place.backups.catalogue().map_err(|error| place.failed(error))?;
    let series = series(&catalogue, kind, arguments.name.as_deref(), arguments.number)?;
    let views = if kind == Kind::Keys { views(global, &place)? } else { Vec::new() };
    let has_view = !views.is_empty();
    let existing = if arguments.replace { Existing::Replaced } else { Existing::Kept };
    let options = RestoreOptions { number: arguments.number, existing, views };
    let now = context::now().wall;
    let restored =
        place.wait(place.backups.restore(series, &into, options, now)).map_err(|failure| match failure.code {
            "backup_target_exists" => failure.hint("--replace says so"),
            _ => failure,
        })?;
    let mut report = said(&restored);
    if kind == Kind::Keys {
        report = report.fact("destroyed_again", restored.buried);
        if !has_view {
            report = report.note(
                "there is no view here, and no store was named (--store): what was destroyed after this backup, and is known nowhere else, opens again",
            );
        }
    }
    if restored.manifest.feed.is_some() {
        report = report.note("the store is refused until it is recovered: store recover");
    }
    Ok(report)
}

/// What was destroyed, as this machine knows it, and the store if one is named.
fn views(global: &Global, place: &Place) -> Result<Vec<Arc<RevocationView>>, Failure> {
    let directory = context::directory(global)?;
    let mut views = Vec::new();
    if directory.view_path().exists() {
        views.extend(context::own_view(&directory, &place.keyring)?.map(Arc::new));
    }
    if let Some(name) = &global.store {
        let deployment = Arc::new(context::deployment(&directory)?);
        views.push(Links::open(name, &deployment, &place.keyring, None, Recorder::none())?.store.cell().load());
    }
    Ok(views)
}

fn stream(global: &Global, arguments: &RestoreArguments, name: Identifier) -> Result<Report, Failure> {
    let place = arguments.place.open(global)?;
    let sink = match arguments.file() {
        None => report::stdout().map(Sink::Stdout),
        Some(path) if arguments.replace => WholeFile::replace(path).map(Sink::File),
        Some(path) => WholeFile::create(path).map(Sink::File),
    };
    let unwritten = |error: io::Error| match arguments.file() {
        Some(path) => Failure::file(path, FileError::writing(&error)),
        None => Failure::output(&error),
    };
    let sink = sink.map_err(unwritten)?;
    let (restored, sink) = place.wait(place.backups.restore_stream(name, arguments.number, sink))?;
    match sink {
        Sink::File(file) => file.finish().map_err(unwritten)?,
        Sink::Stdout(_) => return Ok(said(&restored).silent()),
    }
    Ok(said(&restored))
}

fn said(restored: &Restored) -> Report {
    Report::new()
        .fact("restored", vec![told(&restored.entry)])
        .fact("plaintext_bytes", restored.dump)
        .fact("rows", restored.manifest.rows())
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stdout(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Stdout(file) => file.flush(),
        }
    }
}
