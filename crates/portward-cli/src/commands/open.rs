//! `portward open`.

use std::sync::Arc;

use clap::Args;
use portward::envelope::ScopeKeys;
use portward_store::objects;

use crate::context::Portal;
use crate::data::{DataArguments, Target};
use crate::failure::{Exit, Failure};
use crate::global::Global;
use crate::key_store::Keys;
use crate::object::{Object, ObjectArguments};
use crate::report::Report;

#[derive(Args, Debug)]
#[command(
    after_help = "A file appears only when all of it is authentic. Standard output gets each part as soon as that part is\n\
    authentic: it has everything only if the exit code is 0."
)]
pub(crate) struct OpenArguments {
    #[command(flatten)]
    pub(crate) data: DataArguments,
    #[command(flatten)]
    object: ObjectArguments,
}

pub(crate) fn run(global: &Global, arguments: &OpenArguments) -> Result<Report, Failure> {
    let OpenArguments { data, object } = arguments;
    let object = object.read()?;
    let target = data.target()?;
    let mut source = data.source(global)?;
    let keys = keys(global, &object)?;

    let (context, threads) = (&object.context, data.threads);
    let opened = match target {
        Target::File(file) => objects::open_file(&keys, context, &mut source, file, threads),
        Target::Stdout(stdout) => {
            objects::open_stream(&keys, context, &mut source, stdout, threads).map(|(length, _)| length)
        }
    };
    let length = opened.map_err(|error| data.failed(error))?;
    Ok(data.said(Report::new().fact("opened", data.made()).fact("plaintext_bytes", length)))
}

/// A tenant or scope that never had a key has nothing that opens.
fn keys(global: &Global, object: &Object) -> Result<Arc<ScopeKeys>, Failure> {
    let portal = Portal::open(global)?;
    let keys = Keys::open(global, &portal)?;
    keys.wait(keys.store.known_scope(object.tenant, &object.scope)).map_err(|failure| match failure.exit {
        Exit::Refused => failure.of_object(),
        _ => failure,
    })
}
