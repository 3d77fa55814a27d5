use portward::envelope::{BlindIndex as Core, IndexName, Normaliser};

use crate::error::Error;
use crate::keys::Scope;

/// Makes blind indexes: what is stored beside an encrypted column so that equal values can be found. Whoever reads them sees which rows have
/// equal values.
pub struct BlindIndex(Core);

/// Everything that says which index it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexOptions {
    /// Of the table: 1 to 64 bytes.
    pub table: String,
    /// Of the column: 1 to 64 bytes.
    pub column: String,
    /// Of the index: 1 to 64 bytes.
    pub name: String,
    /// What values become first: `exact`, `ascii-lowercase` or `digits`.
    pub normaliser: String,
    /// 1 to 256, see [`index_bits`].
    pub bits: u16,
    /// From 1.
    pub version: u8,
}

impl Scope {
    /// A blind index under the key of this scope, whose kind is `index`.
    ///
    /// # Errors
    /// `index_scope`, `index_parameters`, and those of the key store.
    pub fn blind_index(&self, options: &IndexOptions) -> Result<BlindIndex, Error> {
        let IndexOptions { table, column, name, normaliser, bits, version } = options;
        let known = [Normaliser::Exact, Normaliser::AsciiLowercase, Normaliser::Digits];
        let unknown =
            || Error::value("index_parameters", "one of exact, ascii-lowercase, digits").of_argument("normaliser");
        let normaliser = known.into_iter().find(|known| known.name() == normaliser).ok_or_else(unknown)?;
        let name = IndexName { table, column, name, normaliser, bits: *bits, version: *version };
        Ok(BlindIndex(self.to_seal()?.blind_index(&name)?))
    }
}

impl BlindIndex {
    /// The index of a value: its version, then as many bytes as its bits take.
    ///
    /// # Errors
    /// `index_empty_value`.
    pub fn of(&self, value: &str) -> Result<Vec<u8>, Error> {
        Ok(self.0.of(value)?)
    }
}

/// How many bits an index should have: enough to find few rows by it, too few to tell each value. `rows` and `distinct`: of the column;
/// `other_bits`: in all other indexes of the table; `even_if_few`: that frequencies tell the values of a column with fewer than 256 is known.
///
/// # Errors
/// `index_too_few_values`.
pub fn index_bits(rows: u64, distinct: u64, other_bits: u32, even_if_few: bool) -> Result<u16, Error> {
    Ok(portward::envelope::index_bits(rows, distinct, other_bits, even_if_few)?)
}
