//! Rows that carry a MAC, in and out of a database. `spec/store.md` section 1: nothing of a row is looked at before its MAC is.

use portward::{Keyring, RootId, Row, RowError, RowMac, RowValue};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row as _};

use crate::database::{DatabaseError, Work};

/// A table: its name, its columns in the order of the specification, and how many of them, from the first on, are its key.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Type)],
    pub(crate) key: usize,
}

/// What a column holds, if it holds something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Number,
    Text,
    Bytes,
}

/// What one holds.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Absent,
    Number(u64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What is kept as a row.
pub(crate) trait Record: Sized {
    const TABLE: Table;

    /// In the order of the columns.
    fn to_values(&self) -> Vec<Value>;

    /// Of a row that is authentic. `None` if it is not what its page says.
    fn from_values(values: &mut Values) -> Option<Self>;
}

/// Why a row is not taken.
pub(crate) enum RecordError {
    Database(DatabaseError),
    Row(RowError),
    /// Authentic, and not of its page.
    Malformed,
}

/// The values of an authentic row, taken one after the other.
pub(crate) struct Values(std::vec::IntoIter<Value>);

type Result<T> = core::result::Result<T, RecordError>;
type Bound<'q> = Query<'q, Any, AnyArguments>;

impl Values {
    pub(crate) fn number(&mut self) -> Option<u64> {
        if let Value::Number(number) = self.0.next()? { Some(number) } else { None }
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        if let Value::Text(text) = self.0.next()? { Some(text) } else { None }
    }

    pub(crate) fn bytes(&mut self) -> Option<Vec<u8>> {
        if let Value::Bytes(bytes) = self.0.next()? { Some(bytes) } else { None }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes()?.try_into().ok()
    }

    pub(crate) fn parsed<T: core::str::FromStr>(&mut self) -> Option<T> {
        self.text()?.parse().ok()
    }

    /// `Some(None)` for what is absent.
    pub(crate) fn optional<T>(&mut self, take: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.0.as_slice().first()? == &Value::Absent {
            self.0.next();
            return Some(None);
        }
        take(self).map(Some)
    }
}

impl Value {
    pub(crate) fn optional<T>(value: Option<T>, some: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Absent, some)
    }

    fn as_row_value(&self) -> RowValue<'_> {
        match self {
            Self::Absent => RowValue::Absent,
            Self::Number(number) => RowValue::Number(*number),
            Self::Text(text) => RowValue::Text(text),
            Self::Bytes(bytes) => RowValue::Bytes(bytes),
        }
    }

    fn bind(self, of: Type, query: Bound<'_>) -> Result<Bound<'_>> {
        Ok(match (self, of) {
            // A server wants to know of what type nothing is.
            (Self::Absent, Type::Number) => query.bind(None::<i64>),
            (Self::Absent, Type::Text) => query.bind(None::<String>),
            (Self::Absent, Type::Bytes) => query.bind(None::<Vec<u8>>),
            // The database's whole numbers end at 2⁶³−1.
            (Self::Number(number), _) => query.bind(i64::try_from(number).map_err(|_| RecordError::Malformed)?),
            (Self::Text(text), _) => query.bind(text),
            (Self::Bytes(bytes), _) => query.bind(bytes),
        })
    }

    fn read(row: &AnyRow, name: &str, of: Type) -> Result<Self> {
        let value = match of {
            Type::Number => {
                let number = row.try_get::<Option<i64>, _>(name)?;
                number
                    .map(|number| u64::try_from(number).map(Self::Number))
                    .transpose()
                    .map_err(|_| RecordError::Malformed)?
            }
            Type::Text => row.try_get::<Option<String>, _>(name)?.map(Self::Text),
            Type::Bytes => row.try_get::<Option<Vec<u8>>, _>(name)?.map(Self::Bytes),
        };
        Ok(value.unwrap_or(Self::Absent))
    }
}

/// Reads a row that a query found.
pub(crate) fn read<R: Record>(row: &AnyRow, keyring: &Keyring) -> Result<R> {
    let columns = R::TABLE.columns.iter();
    let values = columns.map(|(name, of)| Value::read(row, name, *of)).collect::<Result<Vec<_>>>()?;
    let bytes = |name: &str| row.try_get::<Vec<u8>, _>(name);
    let root = RootId::from_bytes(bytes("root")?.try_into().map_err(|_| RecordError::Malformed)?);
    let carried = RowMac { root, mac: bytes("mac")?.try_into().map_err(|_| RecordError::Malformed)? };
    believe(values, &carried, keyring)
}

/// Takes values that came from wherever, if what they carried fits them.
pub(crate) fn believe<R: Record>(values: Vec<Value>, carried: &RowMac, keyring: &Keyring) -> Result<R> {
    with_row::<R, _>(&values, |row| keyring.check_row(row, carried))?;
    let mut values = Values(values.into_iter());
    R::from_values(&mut values).ok_or(RecordError::Malformed)
}

/// Writes a row that is not there yet.
#[cfg(feature = "links")]
pub(crate) async fn insert<R: Record>(record: &R, keyring: &Keyring, to: &mut Work) -> Result<()> {
    write(record, keyring, to, String::new()).await
}

/// Writes a row, in place of the one with the same key if there is one.
pub(crate) async fn save<R: Record>(record: &R, keyring: &Keyring, to: &mut Work) -> Result<()> {
    let table = R::TABLE;
    let (key, others) = table.columns.split_at_checked(table.key).unwrap_or((table.columns, &[]));
    let name = |(name, _): &(&'static str, Type)| quoted(name);
    let key: Vec<_> = key.iter().map(name).collect();
    let others = others.iter().map(name).chain(["root".to_owned(), "mac".to_owned()]);
    let others: Vec<_> = others.map(|name| format!("{name} = excluded.{name}")).collect();
    write(record, keyring, to, format!(" ON CONFLICT ({}) DO UPDATE SET {}", key.join(", "), others.join(", "))).await
}

/// Writes a row, unless there is one with the same key: that stays as it is.
#[cfg(feature = "keys")]
pub(crate) async fn keep<R: Record>(record: &R, keyring: &Keyring, to: &mut Work) -> Result<()> {
    write(record, keyring, to, " ON CONFLICT DO NOTHING".to_owned()).await
}

/// Rows under another root than this, in the order of the table's key, behind a row if one is given: what is read and left as it is does not
/// come again. Its key is taken as it lies there, whatever it is.
#[cfg(feature = "links")]
pub(crate) async fn under_other_roots<R: Record>(
    root: RootId,
    behind: Option<&AnyRow>,
    limit: i64,
    from: &mut Work,
) -> Result<Vec<AnyRow>> {
    let Table { name, columns, key } = R::TABLE;
    let key: Vec<_> = columns.iter().take(key).collect();
    let names = key.iter().map(|(name, _)| quoted(name)).collect::<Vec<_>>().join(", ");
    let places = (3..).take(key.len()).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ");
    let behind_it = behind.map_or(String::new(), |_| format!(" AND ({names}) > ({places})"));
    // Names that are constants of this program are all that is put in.
    let sql = format!("SELECT * FROM {name} WHERE root <> $1{behind_it} ORDER BY {names} LIMIT $2");
    let mut query = from.query(AssertSqlSafe(sql)).bind(root.to_bytes().to_vec()).bind(limit);
    if let Some(row) = behind {
        for (name, of) in &key {
            query = match of {
                Type::Number => query.bind(row.try_get::<i64, _>(name)?),
                Type::Text => query.bind(row.try_get::<String, _>(name)?),
                Type::Bytes => query.bind(row.try_get::<Vec<u8>, _>(name)?),
            };
        }
    }
    Ok(query.fetch_all(&mut **from).await?)
}

/// Gives an authentic row a MAC under the active root, unless it was changed meanwhile: then that gave it one.
pub(crate) async fn sign_again<R: Record>(row: &AnyRow, keyring: &Keyring, to: &mut Work) -> Result<()> {
    let record: R = read(row, keyring)?;
    let Table { name, columns, key } = R::TABLE;
    let mut values = record.to_values();
    let RowMac { root, mac } = with_row::<R, _>(&values, |row| keyring.mac_row(row))?;
    values.truncate(key);
    let place =
        |(at, (name, _)): (usize, &(&'static str, Type))| format!("{} = ${}", quoted(name), at.saturating_add(4));
    let key: Vec<_> = columns.iter().take(key).enumerate().map(place).collect();
    // Names that are constants of this program are all that is put in.
    let sql = format!("UPDATE {name} SET root = $1, mac = $2 WHERE mac = $3 AND {}", key.join(" AND "));
    let mut query = to.query(AssertSqlSafe(sql)).bind(root.to_bytes().to_vec()).bind(mac.to_vec());
    query = query.bind(row.try_get::<Vec<u8>, _>("mac")?);
    for (value, (_, of)) in values.into_iter().zip(columns) {
        query = value.bind(*of, query)?;
    }
    query.execute(&mut **to).await?;
    Ok(())
}

async fn write<R: Record>(record: &R, keyring: &Keyring, to: &mut Work, conflict: String) -> Result<()> {
    let Table { name, columns, .. } = R::TABLE;
    let values = record.to_values();
    let RowMac { root, mac } = with_row::<R, _>(&values, |row| keyring.mac_row(row))?;
    let places: Vec<_> = (1..=columns.len().saturating_add(2)).map(|place| format!("${place}")).collect();
    // Names that are constants of this program are all that is put in.
    let sql = format!("INSERT INTO {name} VALUES ({}){conflict}", places.join(", "));
    let mut query = to.query(AssertSqlSafe(sql));
    for (value, (_, of)) in values.into_iter().zip(columns) {
        query = value.bind(*of, query)?;
    }
    query.bind(root.to_bytes().to_vec()).bind(mac.to_vec()).execute(&mut **to).await?;
    Ok(())
}

/// The statement of PostgreSQL that writes a row into a schema.
#[cfg(all(unix, feature = "backup", feature = "postgres"))]
pub(crate) fn statement<R: Record>(record: &R, keyring: &Keyring, schema: &str) -> Result<String> {
    let values = record.to_values();
    let RowMac { root, mac } = with_row::<R, _>(&values, |row| keyring.mac_row(row))?;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let literal = |value: Value| match value {
        Value::Absent => "NULL".to_owned(),
        Value::Number(number) => number.to_string(),
        // Without a backslash, which not every server reads alike.
        Value::Text(text) => format!("convert_from(decode('{}', 'hex'), 'UTF8')", hex(text.as_bytes())),
        Value::Bytes(bytes) => format!("decode('{}', 'hex')", hex(&bytes)),
    };
    let all = values.into_iter().chain([Value::Bytes(root.to_bytes().to_vec()), Value::Bytes(mac.to_vec())]);
    let all: Vec<_> = all.map(literal).collect();
    Ok(format!("INSERT INTO {schema}.{} VALUES ({}) ON CONFLICT DO NOTHING;", R::TABLE.name, all.join(", ")))
}

fn with_row<R: Record, T>(
    values: &[Value],
    take: impl FnOnce(&Row<'_>) -> core::result::Result<T, RowError>,
) -> Result<T> {
    let fields = R::TABLE.columns.iter().zip(values).map(|((name, _), value)| (*name, value.as_row_value()));
    let fields: Vec<_> = fields.collect();
    take(&Row { table: R::TABLE.name, fields: &fields }).map_err(RecordError::Row)
}

/// `check` is a word of SQL.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

impl From<sqlx::Error> for RecordError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            // The column is there, and holds something else.
            sqlx::Error::ColumnDecode { .. } => Self::Malformed,
            error => Self::Database(error.into()),
        }
    }
}
