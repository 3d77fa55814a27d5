//! The recovery export, the way back from it, and the drill that shows that it would work.

use std::path::{Path, PathBuf};

use clap::Args;
use portward::{Deployment, Keyring, PassphraseCost, Purpose, SealedError, SealedKeyring};
use portward_store::events::Operation;
use portward_store::files::{self, Directory};

use crate::context;
use crate::events::{self, event};
use crate::failure::Failure;
use crate::global::Global;
use crate::passphrase;
use crate::report::Report;

#[derive(Args, Debug)]
pub(crate) struct ExportArguments {
    /// The file to make; it must not be there yet
    file: PathBuf,
    #[command(flatten)]
    passphrase: RecoveryPassphrase,
}

#[derive(Args, Debug)]
pub(crate) struct RecoverArguments {
    /// The recovery export
    file: PathBuf,
    #[command(flatten)]
    passphrase: RecoveryPassphrase,
}

#[derive(Args, Debug)]
pub(crate) struct CheckArguments {
    /// The recovery export to compare the keyring with
    #[arg(long, value_name = "FILE")]
    recovery: Option<PathBuf>,
    #[command(flatten)]
    passphrase: RecoveryPassphrase,
}

#[derive(Args, Debug)]
struct RecoveryPassphrase {
    /// Read the passphrase of the recovery export from a file that nobody else has rights on, instead of asking
    #[arg(long, value_name = "FILE")]
    recovery_passphrase_file: Option<PathBuf>,
}

const PROMPT: &str = "passphrase of the recovery export: ";

pub(crate) fn export(global: &Global, arguments: &ExportArguments) -> Result<Report, Failure> {
    let directory = context::directory(global)?;
    let deployment = context::deployment(&directory)?;
    let open = context::open_keyring(global, &directory, &deployment)?;
    let passphrase =
        passphrase::new(arguments.passphrase.recovery_passphrase_file.as_deref(), PROMPT, passphrase::RECOVERY_OPTION)?;
    let cost = PassphraseCost::default();
    let sealed = SealedKeyring::export_recovery(&deployment, &open.keyring, &passphrase, cost)?;
    events::tell(global, event(Operation::RecoveryExported))?;
    files::write_new_secret(&arguments.file, &sealed.to_json())
        .map_err(|error| Failure::file(&arguments.file, error))?;
    Ok(Report::new()
        .fact("exported", arguments.file.to_string_lossy())
        .fact("roots", open.keyring.roots().count())
        .note("what is revoked is not in it: keep an export of the view beside it (view export FILE)")
        .note("prove now and then that it opens: keyring check --recovery FILE"))
}

pub(crate) fn recover(global: &Global, arguments: &RecoverArguments) -> Result<Report, Failure> {
    let (deployment, keyring) = open(&arguments.file, &arguments.passphrase)?;
    let protection = context::protection(global)?;
    let directory = Directory::create(&global.dir)?;
    let locked = directory.lock(&events::recorder(global)?)?;
    locked.recover(&deployment, &keyring, &protection)?;
    Ok(context::kept(&protection)
        .fact("deployment", deployment.id.to_string())
        .fact("roots", keyring.roots().count())
        .note("what was revoked is not in it: bring the view back (view restore FILE), or begin a new one (view new --generation N)"))
}

pub(crate) fn check(global: &Global, arguments: &CheckArguments) -> Result<Report, Failure> {
    let directory = context::directory(global)?;
    let deployment = context::deployment(&directory)?;
    let opened = context::open_keyring(global, &directory, &deployment)?;
    let report = Report::new()
        .fact("keyring", "whole")
        .fact("deployment", deployment.id.to_string())
        .fact("protection", opened.protection().name())
        .fact("roots", opened.keyring.roots().count());
    let Some(file) = &arguments.recovery else { return Ok(report) };
    let (exported, recovered) = open(file, &arguments.passphrase)?;
    if exported != deployment || facts(&recovered) != facts(&opened.keyring) {
        let message = "the recovery export opens, but does not hold the same roots and deployment: make a new one";
        return Err(Failure::refused("recovery_differs", message));
    }
    Ok(report.fact("recovery", "opens and holds the same roots"))
}

/// What has to agree: id, check value and state. An export in which a retired root still signs would bring it back.
fn facts(keyring: &Keyring) -> Vec<(portward::RootId, [u8; 8], &'static str)> {
    let mut facts: Vec<_> = keyring.roots().map(|root| (root.id, root.check, root.state.name())).collect();
    facts.sort_unstable();
    facts
}

fn open(file: &Path, passphrase: &RecoveryPassphrase) -> Result<(Deployment, Keyring), Failure> {
    let json = files::read_secret(file, SealedKeyring::FILE_MAX).map_err(|error| Failure::file(file, error))?;
    let sealed = SealedKeyring::from_json(&json).map_err(|error| of(file, error.into()))?;
    if sealed.purpose() != Purpose::Recovery {
        return Err(Failure::refused("recovery_purpose", "this is a sealed keyring, not a recovery export"));
    }
    let passphrase =
        passphrase::known(passphrase.recovery_passphrase_file.as_deref(), PROMPT, passphrase::RECOVERY_OPTION)?;
    let opened = sealed.open(&passphrase).map_err(|error| of(file, error.into()))?;
    let deployment = opened.deployment.ok_or_else(|| of(file, SealedError::Malformed.into()))?;
    Ok((deployment, opened.keyring))
}

fn of(file: &Path, failure: Failure) -> Failure {
    Failure { message: format!("{}: {}", file.display(), failure.message), ..failure }
}
