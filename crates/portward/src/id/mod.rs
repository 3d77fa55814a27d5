//! Names: identifiers of tenants, clients, audiences and resources; permissions and their vocabulary.

mod identifier;
mod permission;

pub(crate) use identifier::Form;
pub use identifier::{Identifier, IdentifierError};
pub use permission::{Permission, Permissions, Vocabulary, VocabularyError};
