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

/// A root is not destroyed while encryption keys lie under it. Rows under a root that does not check, as one to be destroyed, are not counted but
/// found to be there.
pub(crate) fn under_root(rows: Result<u64, Failure>) -> Result<(), Failure> {
    match rows {
        Ok(0) => Ok(()),
        Err(failure) if failure.code != "unknown_root" => Err(failure),
        _ => Err(Failure::from(KeyringError::InUse)
            .hint("the key store has rows under it, and without their root nothing of them opens again")),
    }
}

pub(crate) fn in_use(keyring: &Keyring, id: RootId, deployment: &Deployment) -> Failure {
    let failure = Failure::from(KeyringError::InUse);
    match keyring.destroyable_from(id, deployment) {
        Some(from) => failure.hint(&format!("keyring destroy does it from {from} on")),
        None => failure,
    }
}
