//! `portward seal`.

use std::io::IsTerminal as _;
use std::sync::Arc;

use clap::Args;
use portward::envelope::{Keep, ScopeKeys};
use portward_store::objects;

use crate::context::Portal;
use crate::data::{DataArguments, Target};
use crate::failure::Failure;
use crate::global::Global;
use crate::key_store::Keys;
use crate::object::{Object, ObjectArguments};
use crate::report::Report;

#[derive(Args, Debug)]
#[command(after_help = "Tenant, name, id, scope and pairs are not stored: who opens it has to say the same.\n\
    What standard output got is whole only if the exit code is 0; a part of it does not open.")]
pub(crate) struct SealArguments {
    #[command(flatten)]
    pub(crate) data: DataArguments,
    #[command(flatten)]
    object: ObjectArguments,
    /// Put the data key into the object, too, under the tenant's KEK: destroying the scope's key then does not erase it
    #[arg(long)]
    embed: bool,
}

pub(crate) fn run(global: &Global, arguments: &SealArguments) -> Result<Report, Failure> {
    let SealArguments { data, object, embed } = arguments;
    let object = object.read()?;
    if data.output().is_none() && std::io::stdout().is_terminal() {
        let message = "sealed bytes are not for a terminal: give -o FILE, or send standard output elsewhere";
        return Err(Failure::usage("terminal", message));
    }
    let target = data.target()?;
    let mut source = data.source(global)?;
    let keys = keys(global, &object, source.length())?;

    let keep = if *embed { Keep::Embedded } else { Keep::Detached };
    let (context, threads) = (&object.context, data.threads);
    let sealed = match target {
        Target::File(file) => objects::seal_file(&keys, context, keep, &mut source, file, threads),
        Target::Stdout(stdout) => {
            objects::seal_stream(&keys, context, keep, &mut source, stdout, threads).map(|(length, _)| length)
        }
    };
    let length = sealed.map_err(|error| data.failed(error))?;
    let worn = keys.needs_rotation();
    let report = Report::new()
        .fact("sealed", data.made())
        .fact("plaintext_bytes", length)
        .fact("scope", object.scope.as_str())
        .fact("embedded", *embed);
    let report = if worn {
        report.note(
            "half of what is safe was sealed, or reserved, under this data key: tenant rotate TENANT --scope SCOPE",
        )
    } else {
        report
    };
    Ok(data.said(report))
}

/// The store is closed again before the work begins, so that nobody waits for it. Of the key's budget it takes what the length costs.
fn keys(global: &Global, object: &Object, length: Option<u64>) -> Result<Arc<ScopeKeys>, Failure> {
    let portal = Portal::open(global)?;
    let keys = Keys::open(global, &portal)?;
    let most = length.map_or(OF_A_PIPE, |length| length.max(AT_LEAST));
    keys.wait(keys.store.scope_for(object.tenant, &object.scope, most)).map_err(|failure| match failure.code {
        "unknown_key" => failure.hint(&format!("tenant new {} makes the tenant's", object.tenant)),
        _ => failure,
    })
}

/// A pipe can be as long as this, 4 TiB. There are 2²¹ such pieces of work under one data key.
const OF_A_PIPE: u64 = 1 << 42;
/// A file can still grow to this, 1 GiB. There are 2⁴⁵ such pieces of work.
const AT_LEAST: u64 = 1 << 30;
