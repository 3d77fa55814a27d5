//! A deployment in one directory.
//!
//! | file | mode | holds |
//! |---|---|---|
//! | `deployment.json` | 0644 | the deployment; not secret, but what it says is believed |
//! | `keyring.json`, `keyring.sealed.json` or `keyring.wrapped.json` | 0600 | the root keys: in the clear, under a passphrase, under a KEK |
//! | `view.pwf` | 0600 | what is revoked, as a saved feed message |
//! | `view.stamp` | 0600 | the highest stamp ever accepted, so that an older view put in its place is noticed |
//! | `store` | 0644 | the name of the store that decides in the place of the view; without it, the view decides |
//! | `.lock` | 0600 | nothing; it is locked during a change |
//!
//! A symbolic link in the place of one of these files is refused; directories on the way to them may be links.
//! Whoever can write the directory can put back an older view together with its stamp: the stamp finds accidents and
//! restored backups, not an intruder with the owner's rights.
//!
//! Who locks the directory says who is told of what is about to be written there: a keyring that is made or changed, a view that says something new.

mod atomic;
mod change;
mod decider;
mod directory;
mod error;
mod keyring;
mod lock;
mod told;
mod view;

pub(crate) use atomic::sync_parent;
pub use atomic::{MESSAGE_MAX, read_message, read_secret, replace_message, write_new_secret};
#[cfg(feature = "backup")]
pub(crate) use atomic::{read_authentic, read_believed, replace_secret};
pub use change::LockedKeyring;
pub use directory::{Directory, Locked};
pub use error::{FileError, FilesError};
pub use keyring::{KeyringKek, Lock, OpenKeyring, Passphrase, Protection};
#[cfg(feature = "backup")]
pub(crate) use lock::lock;
pub use view::{StampText, parse_stamp};
