//! `portward tenant`: the keys that a tenant's objects are encrypted under.

use clap::{Args, Subcommand};
use portward::envelope::DataScope;
use portward::{Audience, Identifier};
use portward_store::files::StampText;
use serde_json::json;

use crate::context::{self, Portal};
use crate::events;
use crate::failure::{Exit, Failure};
use crate::global::Global;
use crate::key_store::Keys;
use crate::report::{self, Report};
use crate::{kek, read};

#[derive(Subcommand, Debug)]
pub(crate) enum TenantCommand {
    /// Make the first KEK of a tenant, and the key store if there is none; with --scope, a data key of a scope that was destroyed
    New {
        /// Which tenant
        tenant: String,
        /// A data key of this scope instead, which has none to seal with; what was sealed before it was destroyed stays erased
        #[arg(long)]
        scope: Option<String>,
    },
    /// Make the next version of a tenant's KEK, or of one scope a new data key; what was sealed opens as before
    Rotate {
        /// Which tenant
        tenant: String,
        /// A new data key of this scope instead, for what is sealed from now on
        #[arg(long)]
        scope: Option<String>,
    },
    /// Destroy the keys of a tenant, of one scope, or one of its data keys, for ever: nothing sealed under them opens again
    Destroy(DestroyArguments),
    /// Bring every key under the active root of the keyring, before an older root is retired; take out what is destroyed and was put back
    Rewrap,
    /// Count what lies under which KEK and root
    Census,
    /// Look at every row, also for destroyed keys that were put back; put tombstones into the feed that it misses after an interruption
    Check,
}

#[derive(Args, Debug)]
pub(crate) struct DestroyArguments {
    /// Which tenant
    tenant: String,
    /// Only the data keys of this scope
    #[arg(long)]
    scope: Option<String>,
    /// Only this data key of it, as inspect shows it: one that was rotated away
    #[arg(long, value_name = "ID", requires = "scope")]
    key: Option<String>,
    /// Repeat the data key, or without one the scope, or without one the tenant
    #[arg(long, value_name = "NAME")]
    confirm: String,
    /// For how many days backups of the key store are kept
    #[arg(long, value_name = "DAYS")]
    backups_kept: u64,
}

pub(crate) fn run(global: &Global, command: TenantCommand) -> Result<Report, Failure> {
    match command {
        TenantCommand::New { tenant, scope } => new(global, &tenant, scope.as_deref()),
        TenantCommand::Rotate { tenant, scope } => rotate(global, &tenant, scope.as_deref()),
        TenantCommand::Destroy(arguments) => destroy(global, &arguments),
        TenantCommand::Rewrap => rewrap(global),
        TenantCommand::Census => census(global),
        TenantCommand::Check => check(global),
    }
}

fn new(global: &Global, tenant: &str, scope: Option<&str>) -> Result<Report, Failure> {
    let (tenant, scope) = (read::identifier(tenant)?, scope.map(read::scope).transpose()?);
    let portal = Portal::open(global)?;
    if let Some(scope) = scope {
        let keys = Keys::open(global, &portal)?;
        keys.wait(keys.store.new_scope(tenant, &scope))?;
        return Ok(Report::new().fact("made", format!("a data key of {scope} of {tenant}")));
    }
    let keys = Keys::open_or_make(global, &portal)?;
    keys.wait(keys.store.new_tenant(tenant))?;
    Ok(Report::new()
        .fact("tenant", tenant.to_string())
        .fact("key_store", keys.place().to_string())
        .note("back the key store up apart from the data: without it, or without the keyring, nothing opens"))
}

fn rotate(global: &Global, tenant: &str, scope: Option<&str>) -> Result<Report, Failure> {
    let (tenant, scope) = (read::identifier(tenant)?, scope.map(read::scope).transpose()?);
    let portal = Portal::open(global)?;
    let keys = Keys::open(global, &portal)?;
    if let Some(scope) = scope {
        keys.wait(keys.store.rotate_scope(tenant, &scope))?;
        return Ok(Report::new().fact("rotated", format!("the data key of {scope} of {tenant}")));
    }
    let version = keys.wait(keys.store.rotate_tenant(tenant))?;
    Ok(Report::new()
        .fact("rotated", format!("the KEK of {tenant}"))
        .fact("version", version)
        .note("objects that carry their data key still do so under an older version: rewrap puts them under this one"))
}

/// Under the lock of the directory. Killed between store and feed, the same command goes on: the store names the same keys again.
fn destroy(global: &Global, arguments: &DestroyArguments) -> Result<Report, Failure> {
    let tenant = read::identifier(&arguments.tenant)?;
    let scope = arguments.scope.as_deref().map(read::scope).transpose()?;
    let key = arguments.key.as_deref().map(read::entry_id).transpose()?;
    let name = arguments.key.as_ref().or(arguments.scope.as_ref()).unwrap_or(&arguments.tenant);
    if arguments.confirm != *name {
        let message = "--confirm has to repeat the data key, or without one the scope, or without one the tenant";
        return Err(Failure::usage("confirm_differs", message));
    }
    let directory = context::directory(global)?;
    let locked = directory.lock(&events::recorder(global)?)?;
    let mut portal = Portal::locked(global, &locked)?;
    let keys = Keys::open(global, &portal)?;
    let kept = read::days(arguments.backups_kept);
    let erasure = match (&scope, key) {
        (Some(scope), Some(key)) => {
            keys.wait(keys.store.destroy_data_key(tenant, scope, key, kept)).map_err(sealing)?
        }
        (Some(scope), None) => keys.wait(keys.store.destroy_scope(tenant, scope, kept))?,
        (None, _) => keys.wait(keys.store.destroy_tenant(tenant, kept))?,
    };
    let stamp = portal.commit(&locked, erasure.changes()).map_err(|failure| match failure.code {
        "file_unsynced" => failure.hint(UNSURE),
        _ => failure.hint(UNTOLD),
    })?;
    Ok(Report::new()
        .fact("destroyed", what(tenant, scope.as_ref(), arguments.key.as_deref()))
        .fact("keys", erasure.keys.len())
        .fact("stamp", StampText(stamp).to_string())
        .fact("complete_at", report::time(erasure.complete_at))
        .note("the erasure is complete then, if no backup of the key store from before now is left and every server has seen this stamp")
        .note("blind indexes of what was erased still tell of it: delete them")
        .note(match &scope {
            Some(_) => "objects that were sealed with --embed carry the key under the tenant's KEK: delete them, too",
            None => "what was sealed with --embed is erased with the rest",
        })
        .note("export the view now (view export): only beside it a backup of the key store that is put back stays erased"))
}

const UNSURE: &str = "the keys are destroyed, and the feed of this directory knows it: do the same again";
const UNTOLD: &str = "the keys are destroyed, and the feed does not know yet: do the same again";

fn what(tenant: Identifier, scope: Option<&DataScope>, key: Option<&str>) -> String {
    match (scope, key) {
        (Some(scope), Some(key)) => format!("the data key {key} of {scope} of {tenant}"),
        (Some(scope), None) => format!("the data keys of {scope} of {tenant}"),
        (None, _) => format!("every key of {tenant}"),
    }
}

/// A scope would be left without a key to seal with.
fn sealing(failure: Failure) -> Failure {
    match failure.code {
        "key_state" => failure.hint("the scope seals with it: tenant rotate --scope makes another one first"),
        _ => failure,
    }
}

fn rewrap(global: &Global) -> Result<Report, Failure> {
    let portal = Portal::open(global)?;
    let keys = Keys::open(global, &portal)?;
    let rewrapped = keys.wait(keys.store.rewrap())?;
    if let Some((tenant, code)) = rewrapped.failed.first() {
        let message =
            format!("of {} tenants something is left where it was, first of {tenant}", rewrapped.failed.len());
        return Err(Failure::new(code, Audience::Environment, message, Exit::Environment));
    }
    let report = Report::new().fact("keks", rewrapped.keks).fact("rows", rewrapped.rows);
    Ok(report.fact("buried", rewrapped.buried))
}

fn census(global: &Global) -> Result<Report, Failure> {
    let portal = Portal::open(global)?;
    let keys = Keys::open(global, &portal)?;
    let census = keys.wait(keys.store.census())?;
    let mut text = format!("{:8}  {:32}  {:>7}  {:>8}\n", "kek", "id", "version", "keys");
    let mut keks = Vec::new();
    for (name, count) in &census.keks {
        let (kind, id) = (name.kind().to_string(), kek::id(name));
        text += &format!("{kind:8}  {id:32}  {:>7}  {count:>8}\n", name.version());
        keks.push(json!({ "kek": kind, "id": id, "version": name.version(), "keys": count }));
    }
    text += &format!("\n{:8}  {:>8}\n", "root", "rows");
    let mut roots = Vec::new();
    for (root, count) in &census.roots {
        let root = report::hex(root);
        text += &format!("{root}  {count:>8}\n");
        roots.push(json!({ "root": root, "rows": count }));
    }
    Ok(Report::new().fact("keks", keks).fact("roots", roots).plain(text))
}

/// Under the lock of the directory.
fn check(global: &Global) -> Result<Report, Failure> {
    let directory = context::directory(global)?;
    let locked = directory.lock(&events::recorder(global)?)?;
    let mut portal = Portal::locked(global, &locked)?;
    let keys = Keys::open(global, &portal)?;
    let checked = keys.wait(keys.store.check(portal.authority.view()))?;
    let missing = checked.missing.len();
    if missing > 0 {
        portal.commit(&locked, checked.missing)?;
    }
    if let Some((table, tenant, code)) = checked.bad.first() {
        let message = format!("{} rows are not believed, first one of {table} of {tenant}", checked.bad.len());
        return Err(Failure::new(code, Audience::Environment, message, Exit::Environment));
    }
    if !checked.put_back.is_empty() {
        let message = format!("{} keys are destroyed and have their slots again", checked.put_back.len());
        let failure = Failure::new("keys_put_back", Audience::Environment, message, Exit::Environment);
        return Err(failure.hint("an older copy of the key store was put back: tenant rewrap takes them out"));
    }
    Ok(Report::new().fact("rows", checked.rows).fact("tombstones_added", missing))
}
