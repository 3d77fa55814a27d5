use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use portward_store::backup::{Kind, Series};
use serde_json::Value;

use crate::commands::backup::place::{PlaceArguments, location, name_of, told};
use crate::context;
use crate::data;
use crate::failure::Failure;
use crate::global::Global;
use crate::key_store;
use crate::read;
use crate::report::Report;

#[derive(Args, Debug)]
#[command(
    after_help = "A database is named as sqlite:PATH or postgres://USER@HOST/DATABASE. A password in a URL is for all to see who list\n\
    processes: put it into PGPASSWORD, or into a file of passwords of PostgreSQL."
)]
pub(crate) struct CreateArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// Of this database, without rows of a key store
    #[arg(long, value_name = "DATABASE")]
    data: Option<String>,
    /// Of the key store in this database; without one, of the deployment's
    #[arg(long, value_name = "DATABASE", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "not given, given without a value, given with one")]
    keys: Option<Option<String>>,
    /// How backups of that database are called; without it: as the file or the database
    #[arg(long, value_name = "NAME", conflicts_with = "stream")]
    name: Option<String>,
    /// Of what standard input gives, under this name
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// The file to read the stream from, in the place of standard input
    #[arg(long, value_name = "FILE", requires = "stream")]
    input: Option<PathBuf>,
}

pub(super) fn run(global: &Global, arguments: &CreateArguments) -> Result<Report, Failure> {
    let CreateArguments { place, data, keys, name: said, stream, input } = arguments;
    let mut databases = Vec::new();
    if let Some(data) = data {
        databases.push((Kind::Data, location(data)?));
    }
    if let Some(keys) = keys {
        databases.push((Kind::Keys, keys.as_deref().map_or_else(|| key_store::location(global), location)?));
    }
    if databases.is_empty() && stream.is_none() {
        return Err(Failure::usage("usage", "say of what: --data, --keys or --stream"));
    }
    if said.is_some() && databases.len() != 1 {
        return Err(Failure::usage("usage", "--name: of one database"));
    }
    let said = read::identifier_of(said.as_deref())?;
    let mut named = Vec::new();
    for (kind, database) in databases {
        let name = said.map_or_else(|| name_of(&database), Ok)?;
        named.push((Series::named(kind, name), database));
    }
    let name = stream.as_deref().map(read::identifier).transpose()?;
    let place = place.make(global).map_err(|failure| match failure.code {
        "file_unsynced" => failure.hint("that of the catalogue; no backup is made yet"),
        _ => failure,
    })?;
    let (mut made, now) = (Vec::new(), context::now().wall);
    for (series, database) in named {
        made.push(told(
            &place.wait(place.backups.back_up(series, &database, now)).map_err(|failure| beside(&made, failure))?,
        ));
    }
    if let Some(name) = name {
        let source: Box<dyn Read + Send> = match input {
            Some(file) => Box::new(File::open(file).map_err(|error| data::unread(Some(file), &error))?),
            None => Box::new(std::io::stdin()),
        };
        let backup = place.wait(place.backups.back_up_stream(name, source, now));
        made.push(told(&backup.map_err(|failure| beside(&made, failure))?));
    }
    Ok(Report::new()
        .fact("backups", made)
        .note("prove now and then that it comes back: backup verify, and backup restore on another machine"))
}

/// What was made before the one that failed.
fn beside(made: &[Value], failure: Failure) -> Failure {
    match made.len() {
        0 => failure,
        count => failure.hint(&format!("{count} made before it stand: backup list")),
    }
}
