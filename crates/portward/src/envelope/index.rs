use core::fmt;

use crate::envelope::data_key::DataKey;
use crate::envelope::scope::DataScope;
use crate::error::error_codes;
use crate::key::{Deployment, DeploymentId, IndexKey, derive_index_key};

/// What is done to a value before it is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Normaliser {
    /// Nothing.
    Exact,
    /// ASCII white space at both ends goes, A–Z become a–z.
    AsciiLowercase,
    /// Only the bytes 0–9 stay.
    Digits,
}

/// Everything that says which index it is. Another one in any of the first five takes another version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IndexName<'a> {
    /// Of the table: 1 to 64 bytes.
    pub table: &'a str,
    /// Of the column: 1 to 64 bytes.
    pub column: &'a str,
    /// Of the index: 1 to 64 bytes.
    pub name: &'a str,
    /// What values become first.
    pub normaliser: Normaliser,
    /// 1 to 256, see [`index_bits`].
    pub bits: u16,
    /// From 1.
    pub version: u8,
}

/// Makes blind indexes: what is stored beside an encrypted column so that equal values can be found. `spec/envelope.md` section 9.
///
/// Whoever reads an index sees which rows have equal values and how often. Rows with one index are told apart by opening them.
pub struct BlindIndex {
    key: Box<IndexKey>,
    normaliser: Normaliser,
    bits: u16,
    version: u8,
}

error_codes! {
    /// Why there is no index.
    pub enum IndexError {
        NoActiveKey => "no_active_key", Caller, "there is no active data key of this tenant and scope";
        Scope => "index_scope", Caller, "the key of an index is of a scope of kind index";
        Parameters => "index_parameters", Caller, "an index has names of 1 to 64 bytes, 1 to 256 bits and a version from 1";
        EmptyValue => "index_empty_value", Caller, "there is nothing left of the value";
        TooFewValues => "index_too_few_values", Caller, "the column has too few distinct values: an index would tell them";
    }
}

impl Normaliser {
    /// Its name in derivations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::AsciiLowercase => "ascii-lowercase",
            Self::Digits => "digits",
        }
    }

    fn apply(self, value: &str) -> Vec<u8> {
        let space = |byte: &u8| matches!(byte, 0x09..=0x0D | 0x20);
        let bytes = value.as_bytes();
        match self {
            Self::Exact => bytes.to_vec(),
            Self::AsciiLowercase => {
                let start = bytes.iter().position(|byte| !space(byte)).unwrap_or(bytes.len());
                let end = bytes.iter().rposition(|byte| !space(byte)).map_or(start, |last| last.saturating_add(1));
                bytes.get(start..end).unwrap_or_default().to_ascii_lowercase()
            }
            Self::Digits => bytes.iter().filter(|byte| byte.is_ascii_digit()).copied().collect(),
        }
    }
}

impl BlindIndex {
    /// The index of this name, under a data key of scope kind `index`.
    ///
    /// # Errors
    /// [`IndexError::Scope`], [`IndexError::Parameters`].
    pub fn new(deployment: &Deployment, key: &DataKey, name: &IndexName<'_>) -> Result<Self, IndexError> {
        Self::under(&deployment.id, key, name)
    }

    pub(super) fn under(deployment: &DeploymentId, key: &DataKey, name: &IndexName<'_>) -> Result<Self, IndexError> {
        if key.scope().kind() != DataScope::INDEX {
            return Err(IndexError::Scope);
        }
        let &IndexName { table, column, name, normaliser, bits, version } = name;
        let named = [table, column, name].iter().all(|name| (1..=64).contains(&name.len()));
        if !named || !(1..=256).contains(&bits) || version == 0 {
            return Err(IndexError::Parameters);
        }
        let parts = [table, column, name, normaliser.name()].map(str::as_bytes);
        let [table, column, name, normal] = parts;
        let parts = [table, column, name, normal, &bits.to_be_bytes(), &[version]];
        let mut index_key = Box::new(IndexKey::EMPTY);
        derive_index_key(key.secret(), deployment, parts, &mut index_key);
        Ok(Self { key: index_key, normaliser, bits, version })
    }

    pub(super) const fn version(&self) -> u8 {
        self.version
    }

    /// The index of a value: its version, then ⌈bits / 8⌉ bytes.
    ///
    /// # Errors
    /// [`IndexError::EmptyValue`].
    pub fn of(&self, value: &str) -> Result<Vec<u8>, IndexError> {
        let normal = self.normaliser.apply(value);
        if normal.is_empty() {
            return Err(IndexError::EmptyValue);
        }
        let tag = self.key.tag(&normal);
        let length = usize::from(self.bits.div_ceil(8));
        let mut index: Vec<u8> = [self.version].into_iter().chain(tag.into_iter().take(length)).collect();
        let unused = u32::from(self.bits.div_ceil(8).saturating_mul(8).saturating_sub(self.bits));
        if let Some(last) = index.last_mut() {
            *last &= 0xFF_u8.wrapping_shl(unused);
        }
        Ok(index)
    }
}

impl fmt::Debug for BlindIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlindIndex").field("version", &self.version).field("bits", &self.bits).finish_non_exhaustive()
    }
}

/// How many bits an index should have: enough to find few rows by it, too few to tell each value.
///
/// `rows` and `distinct`: of the column; `other_bits`: in all other indexes of the table. A column with fewer than 256 distinct values is
/// refused, because the frequencies of its indexes tell them; `even_if_few` says that this is known.
///
/// # Errors
/// [`IndexError::TooFewValues`].
pub fn index_bits(rows: u64, distinct: u64, other_bits: u32, even_if_few: bool) -> Result<u16, IndexError> {
    // 2^bits < count / 2
    let below_half = |count: u64, bits: u32| {
        let power = if bits < 64 { 1u128.checked_shl(bits.saturating_add(1)) } else { None };
        power.is_some_and(|power| power < u128::from(count))
    };
    let fits = |bits: &u16| {
        let bits = u32::from(*bits);
        below_half(distinct, bits) && below_half(rows, bits.saturating_add(other_bits))
    };
    match (1..64).take_while(fits).last() {
        Some(bits) if distinct >= DISTINCT_MIN || even_if_few => Ok(bits),
        None if even_if_few => Ok(1),
        _ => Err(IndexError::TooFewValues),
    }
}

const DISTINCT_MIN: u64 = 256;
