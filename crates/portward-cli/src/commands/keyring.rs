//! `portward keyring`: the life of the root keys.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use portward::{Authority, Deployment, Incarnation, Keyring, KeyringError, Lifetimes, RootInfo, Vocabulary};
use portward_store::events::Operation;
use portward_store::files::{Directory, FileError, FilesError, Protection};
use serde_json::{Value, json};

use crate::commands::obstacle::{in_use, of_root, under_root};
use crate::commands::recovery;
use crate::context;
use crate::events::{self, event};
use crate::failure::{Exit, Failure};
use crate::global::Global;
use crate::report::{self, Report};
use crate::{kek_uri, key_store, named, passphrase, read};

#[derive(Subcommand, Debug)]
pub(crate) enum KeyringCommand {
    /// Make a deployment, its keyring and an empty view in a directory that has none
    New(NewArguments),
    /// Add a root key that only checks, to be handed to every verifier before it signs
    Add,
    /// Let a root key sign; the one that signed only checks from now on
    Activate(RootArgument),
    /// Let a root key refuse everything; its material is kept
    Retire(RootArgument),
    /// Let a retired root key check again
    Reinstate(RootArgument),
    /// Destroy a retired root key once nothing signed under it can be alive
    Destroy(DestroyArguments),
    /// List the root keys without their material
    List,
    /// Put the keyring under a passphrase
    Seal,
    /// Put the keyring under a KEK in a token or a service: --kek says which
    Wrap(WrapArguments),
    /// Keep the keyring in the clear again
    Unseal,
    /// Write deployment and keyring under a passphrase of its own into a new file, to be kept elsewhere
    ExportRecovery(recovery::ExportArguments),
    /// Make deployment and keyring again from a recovery export, in a directory that has none
    Recover(recovery::RecoverArguments),
    /// Read and verify the keyring; with a recovery export, the drill: open it and compare every root
    Check(recovery::CheckArguments),
}

#[derive(Args, Debug)]
pub(crate) struct NewArguments {
    /// A permission name, resource:action; repeat it, the order is for ever. Without any: the vocabulary of a portal
    #[arg(long = "permission", value_name = "NAME")]
    permissions: Vec<String>,
    /// How many days a link lives unless said otherwise
    #[arg(long, default_value_t = 90, value_name = "N")]
    link_days: u64,
    /// How many days a link lives at most
    #[arg(long, default_value_t = 365, value_name = "N")]
    link_ceiling_days: u64,
    /// How many minutes a session lives unless said otherwise
    #[arg(long, default_value_t = 15, value_name = "N")]
    session_minutes: u64,
    /// How many minutes a session lives at most
    #[arg(long, default_value_t = 1440, value_name = "N")]
    session_ceiling_minutes: u64,
}

#[derive(Args, Debug)]
pub(crate) struct WrapArguments {
    /// Make the key in the token first: one that never leaves it
    #[arg(long)]
    generate: bool,
    /// Another KEK than the one that --kek names, which the keyring lies under so far
    #[arg(long, value_name = "URI")]
    to: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct RootArgument {
    /// The id of the root: 8 hexadecimal digits
    root: String,
}

#[derive(Args, Debug)]
pub(crate) struct DestroyArguments {
    /// The id of the root: 8 hexadecimal digits
    root: String,
    /// Destroy it although links under it can be alive: repeat its id
    #[arg(long, value_name = "ROOT")]
    force: Option<String>,
}

pub(crate) fn run(global: &Global, command: KeyringCommand) -> Result<Report, Failure> {
    match command {
        KeyringCommand::New(arguments) => new(global, &arguments),
        KeyringCommand::Add => change(global, |keyring, _| {
            let root = keyring.add(context::now().wall)?;
            Ok(Report::new().fact("added", root.to_string()))
        }),
        KeyringCommand::Activate(RootArgument { root }) => activate(global, &root),
        KeyringCommand::Retire(RootArgument { root }) => retire(global, &root),
        KeyringCommand::Reinstate(RootArgument { root }) => change(global, |keyring, _| {
            let id = read::root_id(&root)?;
            keyring.reinstate(id).map_err(|error| of_root(keyring, id, error))?;
            Ok(Report::new().fact("reinstated", root.as_str()))
        }),
        KeyringCommand::Destroy(arguments) => destroy(global, &arguments),
        KeyringCommand::List => list(global),
        KeyringCommand::Seal => seal(global),
        KeyringCommand::Wrap(arguments) => wrap(global, &arguments),
        KeyringCommand::Unseal => protect(global, "clear", false, || Ok(Protection::Clear)),
        KeyringCommand::ExportRecovery(arguments) => recovery::export(global, &arguments),
        KeyringCommand::Recover(arguments) => recovery::recover(global, &arguments),
        KeyringCommand::Check(arguments) => recovery::check(global, &arguments),
    }
}

fn new(global: &Global, arguments: &NewArguments) -> Result<Report, Failure> {
    let now = context::now().wall;
    let mut deployment = Deployment::generate(vocabulary(&arguments.permissions)?)?;
    deployment.link = Lifetimes::new(read::days(arguments.link_days), read::days(arguments.link_ceiling_days))
        .map_err(|_| lifetimes())?;
    deployment.session = Lifetimes::new(minutes(arguments.session_minutes), minutes(arguments.session_ceiling_minutes))
        .map_err(|_| lifetimes())?;
    let keyring = Arc::new(Keyring::generate(&deployment, now)?);
    let authority = Authority::new(Arc::clone(&keyring), Incarnation::generate(now, None)?)?;

    let protection = context::protection(global)?;
    let directory = Directory::create(&global.dir)?;
    if directory.has_deployment() {
        return Err(already(&format!("{} holds a deployment already: name a new directory", global.dir.display())));
    }
    let locked = directory.lock(&events::recorder(global)?)?;
    let active = keyring.roots().next().map(|root| root.id);
    locked.create(&deployment, &keyring, &protection, Some(authority.view()))?;
    Ok(context::kept(&protection)
        .fact("deployment", deployment.id.to_string())
        .fact("directory", global.dir.to_string_lossy())
        .fact("active", active.map(|root| root.to_string()))
        .fact("permissions", report::names(deployment.vocabulary.all()))
        .note("make a recovery export now (keyring export-recovery), export the view (view export), and keep both elsewhere"))
}

fn vocabulary(names: &[String]) -> Result<Vocabulary, Failure> {
    if names.is_empty() { Ok(Vocabulary::portal()) } else { Ok(Vocabulary::new(names)?) }
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes.saturating_mul(60))
}

fn lifetimes() -> Failure {
    Failure::usage("lifetimes", "a lifetime is at least 1 and at most its ceiling")
}

/// Reads the keyring under the lock, changes it, writes it back. Nothing is written if the change is refused.
fn change(
    global: &Global,
    change: impl FnOnce(&mut Keyring, &Deployment) -> Result<Report, Failure>,
) -> Result<Report, Failure> {
    let directory = context::directory(global)?;
    let locked = directory.lock(&events::recorder(global)?)?;
    let deployment = context::deployment(&directory)?;
    let mut open = context::locked_keyring(global, &locked, &deployment)?;
    let report = change(&mut open.keyring, &deployment)?;
    open.replace()?;
    Ok(report)
}

/// The view goes under the new root at once, so that the old one can be retired. Killed in between, it is under a root that still checks.
fn activate(global: &Global, root: &str) -> Result<Report, Failure> {
    let directory = context::directory(global)?;
    let locked = directory.lock(&events::recorder(global)?)?;
    let deployment = context::deployment(&directory)?;
    let mut open = context::locked_keyring(global, &locked, &deployment)?;
    named::told(global, &directory)?;
    let before = Arc::new(context::copy(&open.keyring, &deployment)?);
    let view = context::own_view(&directory, &before)?;
    let id = read::root_id(root)?;
    let stored = named::links_with(global, &open.keyring, &deployment)?;
    let stored = stored.map(|links| links.store.cell().load());
    if [view.as_ref(), stored.as_deref()].into_iter().flatten().any(|view| view.is_refused(id)) {
        return Err(Failure::refused("root_refused", "this root is refused: everything under it would be refused too"));
    }
    open.keyring.activate(id, context::now().wall).map_err(|error| of_root(&open.keyring, id, error))?;
    open.replace()?;
    locked.reseal_view(&before, &open.keyring)?;
    Ok(Report::new()
        .fact("active", root)
        .note("views saved or published so far are under the old root: export and publish again before it is retired"))
}

/// The view is written under the active root first: under the retired one nobody could read it any more.
fn retire(global: &Global, root: &str) -> Result<Report, Failure> {
    let directory = context::directory(global)?;
    let locked = directory.lock(&events::recorder(global)?)?;
    let deployment = context::deployment(&directory)?;
    let mut open = context::locked_keyring(global, &locked, &deployment)?;
    named::told(global, &directory)?;
    let before = Arc::new(context::copy(&open.keyring, &deployment)?);
    // Refused before anything is changed.
    context::own_view(&directory, &before)?;
    let id = read::root_id(root)?;
    // A root that has to go goes, whatever lies under it.
    let rows = key_store::rows_under(global, &deployment, context::copy(&open.keyring, &deployment)?, id);
    let links = named::links_with(global, &open.keyring, &deployment);
    open.keyring.retire(id).map_err(|error| of_root(&open.keyring, id, error))?;
    let kept = links.and_then(|links| links.map(|links| links.bring_feed_under_active_root()).transpose());
    if let Err(failure) = &kept
        && failure.code == "sink_failed"
    {
        return Err(failure.clone());
    }
    locked.reseal_view(&before, &open.keyring).map_err(FilesError::of_a_step)?;
    open.replace()?;
    let report =
        Report::new().fact("retired", root).note("every link under this root is refused now").note(EXPORT_AGAIN);
    let report = match kept {
        Ok(None) => report,
        Ok(Some(_)) => report.note(STORED_UNDER_IT),
        Err(failure) => {
            report.note(STORED_UNDER_IT).note(format!("the store's feed is still under it: {}", failure.message))
        }
    };
    Ok(if matches!(rows, Ok(1..)) { report.note(SEALED_UNDER_IT) } else { report })
}

fn destroy(global: &Global, arguments: &DestroyArguments) -> Result<Report, Failure> {
    let root = read::root_id(&arguments.root)?;
    if arguments.force.as_ref().is_some_and(|repeated| *repeated != arguments.root) {
        return Err(Failure::usage("force_differs", "--force has to repeat the id of the root"));
    }
    change(global, |keyring, deployment| {
        if arguments.force.is_none() {
            under_root(key_store::rows_under(global, deployment, context::copy(keyring, deployment)?, root))?;
        }
        let destroyed = match arguments.force {
            Some(_) => keyring.dangerous_destroy_in_use(root),
            None => keyring.destroy(root, deployment, context::now().wall),
        };
        destroyed.map_err(|error| match error {
            KeyringError::InUse => in_use(keyring, root, deployment),
            other => of_root(keyring, root, other),
        })?;
        Ok(Report::new()
            .fact("destroyed", arguments.root.as_str())
            .note(EXPORT_AGAIN)
            .note("copies in backups and recovery exports are destroyed by making new ones and deleting the old"))
    })
}

const STORED_UNDER_IT: &str =
    "rows of the store that were written under this root are not believed until keyring reinstate";

const SEALED_UNDER_IT: &str = "the key store has rows under this root: until keyring reinstate, nothing of theirs opens; tenant rewrap brings them under another";

const EXPORT_AGAIN: &str = "saved and published views under this root stop working: export and publish again";

fn list(global: &Global) -> Result<Report, Failure> {
    let directory = context::directory(global)?;
    let deployment = context::deployment(&directory)?;
    let open = context::open_keyring(global, &directory, &deployment)?;
    let mut text = format!("{:8}  {:11}  {:20}  {:20}  check\n", "root", "state", "created", "last active");
    let mut roots = Vec::new();
    for root in open.keyring.roots() {
        let last_active = root.last_active.map_or_else(|| "-".into(), |time| time.to_string());
        let (id, state, check) = (root.id, root.state.name(), report::hex(&root.check));
        text += &format!("{id}  {state:11}  {:20}  {last_active:20}  {check}\n", root.created.to_string());
        roots.push(to_json(root));
    }
    Ok(Report::new().fact("protection", open.protection().name()).fact("roots", roots).plain(text))
}

fn to_json(root: &RootInfo) -> Value {
    json!({
        "id": root.id.to_string(),
        "state": root.state.name(),
        "created": report::time(root.created),
        "last_active": root.last_active.map(report::time),
        "check": report::hex(&root.check),
    })
}

fn seal(global: &Global) -> Result<Report, Failure> {
    protect(global, "passphrase", false, || {
        let (prompt, option) = ("new passphrase of the keyring: ", passphrase::OPTION);
        passphrase::new(global.passphrase_file.as_deref(), prompt, option).map(Protection::Passphrase)
    })
}

fn wrap(global: &Global, WrapArguments { generate, to }: &WrapArguments) -> Result<Report, Failure> {
    let uri = to.as_deref().or(global.kek.as_deref());
    let made = Cell::new(false);
    let wrapped = protect(global, "kek", to.is_some(), || {
        let uri = uri.ok_or_else(kek_uri::missing)?;
        if !*generate {
            return kek_uri::from_uri(uri).map(Protection::Kek);
        }
        let kek = kek_uri::generate(uri, || events::tell(global, event(Operation::KekMade)))?;
        made.set(true);
        Ok(Protection::Kek(kek))
    });
    // It is not taken away again: under a key that a keyring may lie under, nothing is tidied.
    wrapped.map_err(|failure| match failure.code {
        "file_unsynced" => failure,
        _ if made.get() => failure.hint("the token has made the key and keeps it: do the same without --generate"),
        _ => failure,
    })
}

/// Keeps the keyring in another way, or, if that is meant, in the same way under another key.
fn protect(
    global: &Global,
    name: &'static str,
    again: bool,
    protection: impl FnOnce() -> Result<Protection, Failure>,
) -> Result<Report, Failure> {
    let directory = context::directory(global)?;
    let locked = directory.lock(&events::recorder(global)?)?;
    let deployment = context::deployment(&directory)?;
    let mut open = locked.open_keyring(&deployment, context::unlock(global)?)?;
    let before = open.protection().name();
    if before == name && !again {
        let how = match before {
            "clear" => "in the clear",
            "passphrase" => "sealed",
            _ => "under a KEK",
        };
        return Err(already(&format!("the keyring is already {how}")));
    }
    let protection = protection()?;
    open.protect(&protection)?;
    let report = Report::new().fact("protection", name);
    let was_clear = before == Protection::Clear.name();
    Ok(if was_clear {
        report.note("blocks of the old file may linger on the medium and in its backups")
    } else {
        report
    })
}

fn already(message: &str) -> Failure {
    let error = FileError::Exists;
    Failure::new(error.code(), error.audience(), message, Exit::Environment)
}
