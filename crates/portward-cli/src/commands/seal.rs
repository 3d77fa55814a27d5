//! `portward seal`.

use std::io::IsTerminal as _;

use clap::Args;
use portward::envelope::{Keep, ScopeKeys, TenantKek, WrapKey};
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
    /// Put the data key into the object, too, under the tenant's KEK
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
    let (keys, kek) = keys(global, &object, *embed)?;

    let slots: Vec<&dyn WrapKey> = kek.iter().map(|kek| kek as &dyn WrapKey).collect();
    let keep = if slots.is_empty() { Keep::Detached } else { Keep::Embedded(&slots) };
    let (context, threads) = (&object.context, data.threads);
    let sealed = match target {
        Target::File(file) => objects::seal_file(&keys, context, keep, &mut source, file, threads),
        Target::Stdout(stdout) => {
            objects::seal_stream(&keys, context, keep, &mut source, stdout, threads).map(|(length, _)| length)
        }
    };
    let length = sealed.map_err(|error| data.failed(error))?;
    let report = Report::new()
        .fact("sealed", data.made())
        .fact("plaintext_bytes", length)
        .fact("scope", object.scope.as_str())
        .fact("embedded", *embed);
    Ok(data.said(report))
}

/// The store is closed again before the work begins, so that nobody waits for it.
fn keys(global: &Global, object: &Object, embed: bool) -> Result<(ScopeKeys, Option<TenantKek>), Failure> {
    let portal = Portal::open(global)?;
    let keys = Keys::open(global, &portal)?;
    let scope = keys.wait(keys.store.scope(object.tenant, &object.scope, portal.now.wall));
    let scope = scope.map_err(|failure| match failure.code {
        "unknown_key" => failure.hint(&format!("tenant new {} makes the tenant's", object.tenant)),
        _ => failure,
    })?;
    let kek = if embed { Some(keys.wait(keys.store.wrapping_kek(object.tenant))?) } else { None };
    Ok((scope, kek))
}
