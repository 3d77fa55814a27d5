use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use portward_store::backup::Kind;

use crate::commands::backup::place::{PlaceArguments, location, told};
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
    /// Of what standard input gives, under this name
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// The file to read the stream from, in the place of standard input
    #[arg(long, value_name = "FILE", requires = "stream")]
    input: Option<PathBuf>,
}

pub(super) fn run(global: &Global, arguments: &CreateArguments) -> Result<Report, Failure> {
    let CreateArguments { place, data, keys, stream, input } = arguments;
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
    let name = stream.as_deref().map(read::identifier).transpose()?;
    let place = place.make(global)?;
    let (mut made, now) = (Vec::new(), context::now().wall);
    for (kind, database) in &databases {
        made.push(told(&place.wait(place.backups.back_up(*kind, database, now))?));
    }
    if let Some(name) = name {
        let source: Box<dyn Read + Send> = match input {
            Some(file) => Box::new(File::open(file).map_err(|error| data::unread(Some(file), &error))?),
            None => Box::new(std::io::stdin()),
        };
        made.push(told(&place.wait(place.backups.back_up_stream(name, source, now))?));
    }
    Ok(Report::new()
        .fact("backups", made)
        .note("prove now and then that it comes back: backup verify, and backup restore on another machine"))
}
