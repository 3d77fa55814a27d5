//! Names: identifiers of tenants, clients, audiences and resources; permissions and their vocabulary.

mod compact;
mod identifier;
mod permission;

pub(crate) use compact::CompactIdentifier;
pub(crate) use identifier::Form;
pub use identifier::{Identifier, IdentifierError};
pub use permission::{Permission, Permissions, Vocabulary, VocabularyError};
