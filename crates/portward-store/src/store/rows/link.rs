use portward::{EntryId, LinkHead, Permissions, Resources, SessionLimits, Timestamp};

use crate::database::record::{Record, Table, Type, Value, Values};

/// How it stands with a link's row. What the view says goes before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkState {
    /// It can be redeemed.
    Active,
    /// Not until it is restored.
    Paused,
    /// Never again.
    Revoked,
}

/// One link. Its tenant, id and client are those of the head.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LinkRow {
    pub(crate) head: LinkHead,
    pub(crate) check: EntryId,
    pub(crate) label: Option<String>,
    pub(crate) expires: Timestamp,
    pub(crate) permissions: Permissions,
    pub(crate) resources: Resources,
    pub(crate) uses_max: Option<u32>,
    pub(crate) uses: u64,
    pub(crate) state: LinkState,
    pub(crate) revision: u32,
    pub(crate) events: u64,
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
    pub(crate) last_used: Option<Timestamp>,
}

impl LinkState {
    const ALL: [Self; 3] = [Self::Active, Self::Paused, Self::Revoked];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Revoked => "revoked",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl LinkRow {
    /// What the row says of a session.
    pub(crate) fn limits(&self) -> SessionLimits {
        SessionLimits {
            lifetime: None,
            revision: self.revision,
            expires_at: Some(self.expires),
            permissions: Some(self.permissions),
            resources: match &self.resources {
                Resources::All => None,
                Resources::Only(resources) => Some(resources.clone()),
            },
        }
    }
}

impl Record for LinkRow {
    const TABLE: Table = Table {
        name: "link",
        columns: &[
            ("tenant", Type::Text),
            ("id", Type::Bytes),
            ("client", Type::Text),
            ("head", Type::Bytes),
            ("check", Type::Bytes),
            ("label", Type::Text),
            ("expires", Type::Number),
            ("permissions", Type::Bytes),
            ("resources", Type::Bytes),
            ("uses_max", Type::Number),
            ("uses", Type::Number),
            ("state", Type::Text),
            ("revision", Type::Number),
            ("events", Type::Number),
            ("created", Type::Number),
            ("changed", Type::Number),
            ("last_used", Type::Number),
        ],
        key: 2,
    };

    fn to_values(&self) -> Vec<Value> {
        vec![
            Value::Text(self.head.tenant().to_string()),
            Value::Bytes(self.head.id().to_vec()),
            Value::Text(self.head.client().to_string()),
            Value::Bytes(self.head.as_bytes().to_vec()),
            Value::Bytes(self.check.to_vec()),
            Value::optional(self.label.clone(), Value::Text),
            Value::Number(self.expires.unix()),
            Value::Bytes(self.permissions.bits().to_be_bytes().to_vec()),
            Value::optional(self.resources.to_bytes(), Value::Bytes),
            Value::optional(self.uses_max, |max| Value::Number(max.into())),
            Value::Number(self.uses),
            Value::Text(self.state.name().to_owned()),
            Value::Number(self.revision.into()),
            Value::Number(self.events),
            Value::Number(self.created.unix()),
            Value::Number(self.changed.unix()),
            Value::optional(self.last_used, |at| Value::Number(at.unix())),
        ]
    }

    fn from_values(values: &mut Values) -> Option<Self> {
        let (tenant, id, client) = (values.text()?, values.array()?, values.text()?);
        let head = LinkHead::from_bytes(&values.bytes()?).ok()?;
        let row = Self {
            check: values.array()?,
            label: values.optional(Values::text)?,
            expires: Timestamp::from_unix(values.number()?),
            permissions: Permissions::from_bits(u64::from_be_bytes(values.array()?)),
            resources: resources(values)?,
            uses_max: values.optional(|values| u32::try_from(values.number()?).ok())?,
            uses: values.number()?,
            state: LinkState::from_name(&values.text()?)?,
            revision: u32::try_from(values.number()?).ok()?,
            events: values.number()?,
            created: Timestamp::from_unix(values.number()?),
            changed: Timestamp::from_unix(values.number()?),
            last_used: values.optional(Values::number)?.map(Timestamp::from_unix),
            head,
        };
        let head = &row.head;
        let is_of_head = (tenant, id, client) == (head.tenant().to_string(), head.id(), head.client().to_string());
        let is_within =
            row.expires <= head.expires_at() && row.permissions.intersection(head.permissions()) == row.permissions;
        let is_labelled = row.label.as_deref().is_none_or(is_label);
        (is_of_head && is_within && is_labelled && row.uses_max != Some(0)).then_some(row)
    }
}

/// 1 to 200 characters, none of them a control character.
pub(crate) fn is_label(label: &str) -> bool {
    (1..=200).contains(&label.chars().count()) && !label.chars().any(char::is_control)
}

/// `count ‖ identifiers`; absent: not restricted. A list in a row names at least one.
pub(super) fn resources(values: &mut Values) -> Option<Resources> {
    let Some(bytes) = values.optional(Values::bytes)? else { return Some(Resources::All) };
    let resources = Resources::from_bytes(&bytes).ok()?;
    (resources != Resources::Only(Vec::new())).then_some(resources)
}
