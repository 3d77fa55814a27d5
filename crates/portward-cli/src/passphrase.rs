//! Passphrases: from the terminal or from a file, never from an argument or the environment.

use std::path::Path;

use portward::Audience;
use portward_store::files::{self, Passphrase};
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure};

/// The option that names a file with the keyring's passphrase.
pub(crate) const OPTION: &str = "--passphrase-file";
/// The same for that of a recovery export.
pub(crate) const RECOVERY_OPTION: &str = "--recovery-passphrase-file";

/// A passphrase that exists. `option` is what names a file instead of the terminal.
pub(crate) fn known(file: Option<&Path>, prompt: &str, option: &str) -> Result<Passphrase, Failure> {
    match file {
        Some(file) => from_file(file),
        None => ask(prompt, option),
    }
}

/// A new one: asked for twice.
pub(crate) fn new(file: Option<&Path>, prompt: &str, option: &str) -> Result<Passphrase, Failure> {
    let Some(file) = file else {
        let first = ask(prompt, option)?;
        if ask("the same again: ", option)? == first {
            return Ok(first);
        }
        return Err(Failure::refused("passphrases_differ", "the two passphrases differ"));
    };
    from_file(file)
}

/// The whole file without the line feed at its end.
pub(crate) fn from_file(file: &Path) -> Result<Passphrase, Failure> {
    let mut bytes = files::read_secret(file, 1026).map_err(|error| Failure::file(file, error))?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(bytes)
}

fn ask(prompt: &str, option: &str) -> Result<Passphrase, Failure> {
    let text = rpassword::prompt_password(prompt).map_err(|_| {
        let message = format!("there is no terminal to ask for the passphrase: give {option} FILE");
        Failure::new("passphrase_unavailable", Audience::Environment, message, Exit::Environment)
    })?;
    Ok(Zeroizing::new(text.into_bytes()))
}
