//! Why a root key cannot be changed so, and what gets past it.

use portward::{Deployment, KeyState, Keyring, KeyringError, RootId};

use crate::failure::Failure;

/// What of a root's state is in the way, and the command that gets past it.
pub(crate) fn of_root(keyring: &Keyring, id: RootId, error: KeyringError) -> Failure {
    let failure = Failure::from(error);
    let Some(root) = keyring.roots().find(|root| root.id == id && error == KeyringError::WrongState) else {
        return failure;
    };
    let next = match root.state {
        KeyState::Active => "it signs until another one does: keyring activate ROOT".into(),
        KeyState::VerifyOnly => format!("keyring retire {id} makes it refuse, keyring activate {id} lets it sign"),
        KeyState::Retired => format!("keyring reinstate {id} lets it check again, keyring destroy {id} destroys it"),
        _ => "nothing brings it back".into(),
    };
    Failure { message: format!("root {id} is {}: {next}", root.state.name()), ..failure }
}

pub(crate) fn in_use(keyring: &Keyring, id: RootId, deployment: &Deployment) -> Failure {
    let failure = Failure::from(KeyringError::InUse);
    match keyring.destroyable_from(id, deployment) {
        Some(from) => failure.hint(&format!("keyring destroy does it from {from} on")),
        None => failure,
    }
}
