use portward::{BLOCKS_MAX, EntryId, Identifier, Permissions, StoredChain, Timestamp};

use crate::database::record::{Record, Table, Type, Value, Values};
use crate::store::rows::link::resources;

/// What a link has become where it was redeemed. Its id is the last of its copies', or the link's.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ChainRow {
    pub(crate) tenant: Identifier,
    pub(crate) link: EntryId,
    pub(crate) id: EntryId,
    pub(crate) grants: StoredChain,
    pub(crate) recipients: Vec<String>,
    pub(crate) uses: u64,
    pub(crate) first_used: Timestamp,
    pub(crate) last_used: Timestamp,
}

impl Record for ChainRow {
    const TABLE: Table = Table {
        name: "chain",
        columns: &[
            ("tenant", Type::Text),
            ("link", Type::Bytes),
            ("id", Type::Bytes),
            ("copies", Type::Bytes),
            ("permissions", Type::Bytes),
            ("resources", Type::Bytes),
            ("audience", Type::Text),
            ("expires", Type::Number),
            ("recipients", Type::Text),
            ("uses", Type::Number),
            ("first_used", Type::Number),
            ("last_used", Type::Number),
        ],
        key: 3,
    };

    fn to_values(&self) -> Vec<Value> {
        let grants = &self.grants;
        let recipients = (!self.recipients.is_empty()).then(|| self.recipients.join("\n"));
        vec![
            Value::Text(self.tenant.to_string()),
            Value::Bytes(self.link.to_vec()),
            Value::Bytes(self.id.to_vec()),
            Value::Bytes(grants.copies.as_flattened().to_vec()),
            Value::Bytes(grants.permissions.bits().to_be_bytes().to_vec()),
            Value::optional(grants.resources.to_bytes(), Value::Bytes),
            Value::optional(grants.audience, |audience| Value::Text(audience.to_string())),
            Value::Number(grants.expires_at.unix()),
            Value::optional(recipients, Value::Text),
            Value::Number(self.uses),
            Value::Number(self.first_used.unix()),
            Value::Number(self.last_used.unix()),
        ]
    }

    fn from_values(values: &mut Values) -> Option<Self> {
        let (tenant, link, id) = (values.parsed()?, values.array()?, values.array()?);
        let copies = values.bytes()?;
        let (copies, []) = copies.as_chunks() else { return None };
        let grants = StoredChain {
            copies: copies.to_vec(),
            permissions: Permissions::from_bits(u64::from_be_bytes(values.array()?)),
            resources: resources(values)?,
            audience: values.optional(Values::parsed)?,
            expires_at: Timestamp::from_unix(values.number()?),
        };
        let recipients = values.optional(Values::text)?;
        let recipients = recipients.iter().flat_map(|recipients| recipients.split('\n')).map(str::to_owned);
        let row = Self {
            tenant,
            link,
            id,
            recipients: recipients.collect(),
            uses: values.number()?,
            first_used: Timestamp::from_unix(values.number()?),
            last_used: Timestamp::from_unix(values.number()?),
            grants,
        };
        let blocks = row.grants.copies.len();
        let is_of_blocks = blocks <= BLOCKS_MAX
            && row.recipients.len() <= blocks
            && row.recipients.iter().all(|label| is_recipient(label))
            && row.grants.copies.last().copied().unwrap_or(row.link) == row.id;
        is_of_blocks.then_some(row)
    }
}

/// The label of a block: `spec/token.md` section 3.
fn is_recipient(label: &str) -> bool {
    (1..=32).contains(&label.len()) && label.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
