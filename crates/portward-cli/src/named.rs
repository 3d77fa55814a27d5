//! The store that was named, for commands that need one, use one, or have none.

use std::sync::Arc;

use portward::{Deployment, Identifier, Keyring};

use portward_store::files::Directory;

use crate::context::{copy, deployment, directory, open_keyring, without_view};
use crate::events;
use crate::failure::Failure;
use crate::global::Global;
use crate::store::Links;

/// The store, for a command that works on nothing else. `audience` is who redeems.
pub(crate) fn links(global: &Global, audience: Option<Identifier>) -> Result<Links, Failure> {
    let name = global.store.as_ref().ok_or_else(needed)?;
    let directory = directory(global)?;
    let deployment = deployment(&directory)?;
    let keyring = Arc::new(open_keyring(global, &directory, &deployment)?.keyring);
    Links::open(name, &Arc::new(deployment), &keyring, audience, events::recorder(global)?)
}

/// For a command that works on the saved view of the directory and on nothing else.
pub(crate) fn no_store(global: &Global, instead: &str) -> Result<(), Failure> {
    if global.store.is_none() {
        return Ok(());
    }
    let message = "this works on the directory's own view, and a store is named, which decides in its place";
    Err(Failure::usage("store_decides", message).hint(instead))
}

/// The store if one was named, read with a copy of the keyring that is about to change.
pub(crate) fn links_with(global: &Global, keyring: &Keyring, of: &Deployment) -> Result<Option<Links>, Failure> {
    let Some(name) = &global.store else { return Ok(None) };
    Links::open(name, &Arc::new(of.clone()), &Arc::new(copy(keyring, of)?), None, events::recorder(global)?).map(Some)
}

/// Where a store decides, it has to be named.
pub(crate) fn told(global: &Global, directory: &Directory) -> Result<(), Failure> {
    if global.store.is_some() {
        return Ok(());
    }
    directory.refuse_decided().map_err(without_view)
}

/// A command that works on a store only was given none.
pub(crate) fn needed() -> Failure {
    Failure::usage("store_needed", "this needs a store: name it with --store or PORTWARD_STORE, store init makes one")
}
