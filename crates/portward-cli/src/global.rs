use std::path::PathBuf;

use clap::Args;

use crate::store::StoreName;

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// The directory of the deployment
    #[arg(
        long,
        global = true,
        env = "PORTWARD_DIR",
        hide_env_values = true,
        default_value = "./portward",
        value_name = "DIR"
    )]
    pub(crate) dir: PathBuf,
    /// The key store: a file, or sqlite:FILE, or postgres://…, whose password is better in the environment; without it: keys.db in that directory
    #[arg(long, global = true, env = "PORTWARD_KEY_STORE", hide_env_values = true, value_name = "PLACE")]
    pub(crate) key_store: Option<PathBuf>,
    /// Where links, and what is revoked, are kept for all machines: sqlite:PATH, or postgres://…, whose password may be in PGPASSWORD or PGPASSFILE
    #[arg(long, global = true, env = "PORTWARD_STORE", hide_env_values = true, value_name = "LOCATION")]
    pub(crate) store: Option<StoreName>,
    /// Append what is about to be done to this file, in lines of JSON; what cannot be written there is not done
    #[arg(long, global = true, env = "PORTWARD_EVENTS", hide_env_values = true, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
    /// Who does it, for that file
    #[arg(long, global = true, env = "PORTWARD_ACTOR", hide_env_values = true, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// Answer in JSON, errors too
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Read the keyring's passphrase from a file that nobody else has rights on, instead of asking
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// The KEK that the keyring lies under: pkcs11:token=LABEL;id=ID?module-path=FILE&pin-source=FILE, as in RFC 7512, or aws-kms:KEY-ID
    #[arg(long, global = true, env = "PORTWARD_KEK", hide_env_values = true, value_name = "URI")]
    pub(crate) kek: Option<String>,
}
