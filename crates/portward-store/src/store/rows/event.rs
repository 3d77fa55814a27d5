use portward::{EntryId, Identifier, Timestamp};

use crate::database::record::{Record, Table, Type, Value, Values};
use crate::events::EventKind;

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
