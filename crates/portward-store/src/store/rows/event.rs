use portward::{EntryId, Identifier, Timestamp};

use crate::database::record::{Record, Table, Type, Value, Values};

/// What happened to a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventKind {
    /// It was made.
    Issued,
    /// Its token was shown again.
    Shown,
    /// It got another label.
    Labelled,
    /// It ends later.
    Extended,
    /// It ends sooner.
    Shortened,
    /// It grants more.
    Widened,
    /// It grants less.
    Narrowed,
    /// Its uses were capped otherwise.
    Capped,
    /// It was paused.
    Paused,
    /// It was restored.
    Restored,
    /// It was revoked.
    Revoked,
    /// It was redeemed.
    Redeemed,
    /// A copy of it was revoked.
    CopyRevoked,
}

/// One line of a link's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkEvent {
    /// From 0, without gaps.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// More of it: the new expiry, the chain that was redeemed.
    pub detail: Option<String>,
}

pub(crate) struct EventRow {
    pub(crate) tenant: Identifier,
    pub(crate) link: EntryId,
    pub(crate) event: LinkEvent,
}

impl EventKind {
    const ALL: [Self; 13] = [
        Self::Issued,
        Self::Shown,
        Self::Labelled,
        Self::Extended,
        Self::Shortened,
        Self::Widened,
        Self::Narrowed,
        Self::Capped,
        Self::Paused,
        Self::Restored,
        Self::Revoked,
        Self::Redeemed,
        Self::CopyRevoked,
    ];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Shown => "shown",
            Self::Labelled => "labelled",
            Self::Extended => "extended",
            Self::Shortened => "shortened",
            Self::Widened => "widened",
            Self::Narrowed => "narrowed",
            Self::Capped => "capped",
            Self::Paused => "paused",
            Self::Restored => "restored",
            Self::Revoked => "revoked",
            Self::Redeemed => "redeemed",
            Self::CopyRevoked => "copy_revoked",
        }
    }
}

impl Record for EventRow {
    const TABLE: Table = Table {
        name: "link_event",
        columns: &[
            ("tenant", Type::Text),
            ("link", Type::Bytes),
            ("number", Type::Number),
            ("at", Type::Number),
            ("kind", Type::Text),
            ("detail", Type::Text),
        ],
        key: 3,
    };

    fn to_values(&self) -> Vec<Value> {
        let LinkEvent { number, at, kind, detail } = &self.event;
        vec![
            Value::Text(self.tenant.to_string()),
            Value::Bytes(self.link.to_vec()),
            Value::Number(*number),
            Value::Number(at.unix()),
            Value::Text(kind.name().to_owned()),
            Value::optional(detail.clone(), Value::Text),
        ]
    }

    fn from_values(values: &mut Values) -> Option<Self> {
        let (tenant, link) = (values.parsed()?, values.array()?);
        let (number, at, kind) = (values.number()?, Timestamp::from_unix(values.number()?), values.text()?);
        let kind = EventKind::ALL.into_iter().find(|known| known.name() == kind)?;
        let event = LinkEvent { number, at, kind, detail: values.optional(Values::text)? };
        Some(Self { tenant, link, event })
    }
}
