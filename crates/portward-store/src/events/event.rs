use portward::envelope::DataScope;
use portward::{EntryId, Identifier, RootId, Timestamp};

use crate::events::Operation;

/// Something that is about to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Who does it, as far as that was said: [`Recorder::acting_as`](crate::events::Recorder::acting_as).
    pub actor: Option<String>,
    /// What.
    pub operation: Operation,
    /// Whose data it concerns; `None` for the whole deployment.
    pub tenant: Option<Identifier>,
    /// What of it.
    pub subject: Option<Subject>,
    /// More of it: what is not named above, such as the id of a data key, the version of a KEK, the number of a backup.
    pub detail: Option<String>,
}

/// What it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Subject {
    /// A link, copy or session.
    Entry(EntryId),
    /// A client.
    Client(Identifier),
    /// The data keys of a scope.
    Scope(DataScope),
    /// A root key.
    Root(RootId),
}

impl Event {
    /// Of the whole deployment, until it is said otherwise.
    pub const fn new(at: Timestamp, operation: Operation) -> Self {
        Self { at, actor: None, operation, tenant: None, subject: None, detail: None }
    }

    /// Of this tenant.
    #[must_use]
    pub fn of(self, tenant: Identifier) -> Self {
        Self { tenant: Some(tenant), ..self }
    }

    /// About this.
    #[must_use]
    pub fn about(self, subject: Subject) -> Self {
        Self { subject: Some(subject), ..self }
    }

    /// And more of it.
    #[must_use]
    pub fn with(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}
