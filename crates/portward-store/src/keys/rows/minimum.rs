use portward::envelope::KeyId;
use portward::{Identifier, Keyring, Row, RowMac, RowValue};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::database::Work;
use crate::keys::error::KeyStoreError;
use crate::keys::rows::column::{Result, bytes, integer, mac_of, number};

/// The lowest version of a tenant's KEK that opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MinimumRow {
    pub(crate) tenant: Identifier,
    pub(crate) id: KeyId,
    pub(crate) minimum: u32,
    pub(crate) revision: u64,
}

impl MinimumRow {
    pub(crate) async fn save(&self, keyring: &Keyring, to: &mut Work) -> Result<()> {
        let RowMac { root, mac } = self.with_row(|row| keyring.mac_row(row))?;
        let sql = "INSERT INTO tenant_minimum VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, id) DO UPDATE SET minimum = excluded.minimum, revision = excluded.revision, root = excluded.root, mac = excluded.mac";
        let query = to.query(sql).bind(self.tenant.to_string()).bind(self.id.as_slice());
        let query = query.bind(i64::from(self.minimum)).bind(integer(self.revision)?);
        query.bind(root.to_bytes().to_vec()).bind(mac.to_vec()).execute(&mut **to).await?;
        Ok(())
    }

    pub(crate) fn read(row: &AnyRow, keyring: &Keyring) -> Result<Self> {
        let read = Self {
            tenant: row.try_get::<String, _>("tenant")?.parse().map_err(|_| KeyStoreError::Malformed)?,
            id: bytes(row, "id")?,
            minimum: u32::try_from(number(row, "minimum")?).map_err(|_| KeyStoreError::Malformed)?,
            revision: number(row, "revision")?,
        };
        let carried = mac_of(row)?;
        read.with_row(|row| keyring.check_row(row, &carried))?;
        Ok(read)
    }

    fn with_row<T>(&self, take: impl FnOnce(&Row<'_>) -> T) -> T {
        let tenant = self.tenant.to_string();
        let fields = [
            ("tenant", RowValue::Text(&tenant)),
            ("id", RowValue::Bytes(&self.id)),
            ("minimum", RowValue::Number(self.minimum.into())),
            ("revision", RowValue::Number(self.revision)),
        ];
        take(&Row { table: "tenant_minimum", fields: &fields })
    }
}
