//! One file a command.

pub(crate) mod backup;
pub(crate) mod completions;
pub(crate) mod initialise;
pub(crate) mod inspect;
pub(crate) mod keyring;
pub(crate) mod link;
pub(crate) mod narrow;
pub(crate) mod obstacle;
pub(crate) mod open;
pub(crate) mod recovery;
pub(crate) mod redeem;
pub(crate) mod registry;
pub(crate) mod revoke;
pub(crate) mod rewrap;
pub(crate) mod seal;
pub(crate) mod session;
pub(crate) mod store;
pub(crate) mod stored;
pub(crate) mod target;
pub(crate) mod tenant;
pub(crate) mod told;
pub(crate) mod view;
