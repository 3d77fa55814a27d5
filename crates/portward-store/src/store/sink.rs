use core::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use portward::{EntryId, Identifier, Timestamp};

use crate::store::rows::EventKind;

/// Something that is about to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Who does it, as far as that was said: [`Store::acting_as`](crate::store::Store::acting_as).
    pub actor: Option<String>,
    /// What.
    pub operation: Operation,
    /// Whose data it concerns; `None` for the whole deployment.
    pub tenant: Option<Identifier>,
    /// The link, copy, session or client it is about.
    pub subject: Option<Subject>,
    /// More of it.
    pub detail: Option<String>,
}

/// What is about to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Something with one link.
    Link(EventKind),
    /// A session is made of one that ends.
    Renewed,
    /// One session is revoked.
    SessionRevoked,
    /// All of a client is revoked.
    ClientRevoked,
    /// All of a tenant is revoked.
    TenantRevoked,
    /// Everything is revoked.
    EverythingRevoked,
    /// Other changes go into the feed, tombstones for instance.
    Committed,
    /// The store begins a new life after a restore.
    Recovered,
}

/// What it is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// A link, copy or session.
    Entry(EntryId),
    /// A client.
    Client(Identifier),
}

/// Who is told of everything that is about to be done: of each operation before it takes effect. One that fails refuses the operation.
/// What was told may still not happen, if the database fails thereafter.
pub trait EventSink: Send + Sync {
    /// Takes the event in. Return when it is safe.
    fn record<'a>(&'a self, event: &'a Event) -> Recording<'a>;
}

/// What [`EventSink::record`] returns.
pub type Recording<'a> = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send + 'a>>;

/// The sink could not take an event in.
#[derive(Clone, Debug)]
pub struct SinkError(Arc<dyn core::error::Error + Send + Sync>);

impl SinkError {
    /// With what happened.
    pub fn new(cause: impl core::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(cause))
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the event could not be recorded")
    }
}

impl core::error::Error for SinkError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&*self.0)
    }
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSink;

impl EventSink for NoSink {
    fn record<'a>(&'a self, _: &'a Event) -> Recording<'a> {
        Box::pin(core::future::ready(Ok(())))
    }
}

impl Operation {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Link(kind) => kind.name(),
            Self::Renewed => "renewed",
            Self::SessionRevoked => "session_revoked",
            Self::ClientRevoked => "client_revoked",
            Self::TenantRevoked => "tenant_revoked",
            Self::EverythingRevoked => "everything_revoked",
            Self::Committed => "committed",
            Self::Recovered => "recovered",
        }
    }
}
