use portward::envelope::KeyId;
use portward::{Identifier, Keyring, Row, RowMac, RowValue, Timestamp};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::database::Work;
use crate::keys::error::KeyStoreError;
use crate::keys::rows::column::{Result, bytes, integer, mac_of, number};

/// That a key is destroyed for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TombstoneRow {
    pub(crate) tenant: Identifier,
    pub(crate) id: KeyId,
    pub(crate) at: Timestamp,
}

impl TombstoneRow {
    /// One that is there already, of another time, stays as it is.
    pub(crate) async fn save(&self, keyring: &Keyring, to: &mut Work) -> Result<()> {
        let RowMac { root, mac } = self.with_row(|row| keyring.mac_row(row))?;
        let query = to.query(
            "INSERT INTO key_tombstone VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant, id) DO UPDATE SET root = excluded.root, mac = excluded.mac WHERE key_tombstone.at = excluded.at",
        );
        let query = query.bind(self.tenant.to_string()).bind(self.id.as_slice()).bind(integer(self.at.unix())?);
        query.bind(root.to_bytes().to_vec()).bind(mac.to_vec()).execute(&mut **to).await?;
        Ok(())
    }

    pub(crate) fn read(row: &AnyRow, keyring: &Keyring) -> Result<Self> {
        let tenant = row.try_get::<String, _>("tenant")?.parse().map_err(|_| KeyStoreError::Malformed)?;
        let read = Self { tenant, id: bytes(row, "id")?, at: Timestamp::from_unix(number(row, "at")?) };
        let carried = mac_of(row)?;
        read.with_row(|row| keyring.check_row(row, &carried))?;
        Ok(read)
    }

    fn with_row<T>(&self, take: impl FnOnce(&Row<'_>) -> T) -> T {
        let tenant = self.tenant.to_string();
        let fields = [
            ("tenant", RowValue::Text(&tenant)),
            ("id", RowValue::Bytes(&self.id)),
            ("at", RowValue::Number(self.at.unix())),
        ];
        take(&Row { table: "key_tombstone", fields: &fields })
    }
}
