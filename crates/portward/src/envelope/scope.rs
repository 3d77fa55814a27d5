use core::fmt;
use core::str::FromStr;

use crate::error::error_codes;
use crate::id::{Identifier, IdentifierError};

/// What a data key is for: `kind:name`, such as `file:1204` or `subject:anna`. Destroying the key erases what was sealed under it and does not
/// carry it, so the scope is the unit of erasure.
///
/// Kind: a lower-case letter, then up to 30 of `a-z 0-9 -`; usual are `record`, `file`, `conversation`, `subject`, `backup` and `index`.
/// Name: an identifier. Source: `spec/envelope.md` section 1.
///
/// ```
/// use portward::envelope::DataScope;
/// let scope: DataScope = "subject:anna".parse()?;
/// assert_eq!(scope.kind(), "subject");
/// # Ok::<(), portward::envelope::DataScopeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DataScope {
    text: Box<str>,
    kind_length: usize,
}

error_codes! {
    /// Why a text is no scope.
    pub enum DataScopeError {
        Kind => "scope_kind", Caller, "a scope is a kind, a colon and a name; the kind is a lower-case letter and up to 30 of a-z 0-9 -";
        Length => "identifier_length", Caller, "the name of a scope has 1 to 64 characters";
        Character => "identifier_character", Caller, "the name of a scope is printable ASCII without space";
        Ambiguous => "identifier_ambiguous", Caller, "a UUID is written in lower case, 8-4-4-4-12";
    }
}

impl DataScope {
    /// The kind of blind-index keys.
    pub const INDEX: &'static str = "index";

    /// Before the colon.
    pub fn kind(&self) -> &str {
        self.text.get(..self.kind_length).unwrap_or_default()
    }

    /// Behind the colon.
    pub fn name(&self) -> &str {
        self.text.get(self.kind_length.saturating_add(1)..).unwrap_or_default()
    }

    /// Both.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for DataScope {
    type Err = DataScopeError;

    fn from_str(text: &str) -> Result<Self, DataScopeError> {
        let (kind, name) = text.split_once(':').ok_or(DataScopeError::Kind)?;
        let letter = |byte: &u8| byte.is_ascii_lowercase();
        let rest = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
        match kind.as_bytes() {
            [first, others @ ..] if letter(first) && others.len() <= 30 && others.iter().all(rest) => {}
            _ => return Err(DataScopeError::Kind),
        }
        Identifier::new(name)?;
        Ok(Self { text: text.into(), kind_length: kind.len() })
    }
}

impl From<IdentifierError> for DataScopeError {
    fn from(error: IdentifierError) -> Self {
        match error {
            IdentifierError::Length => Self::Length,
            IdentifierError::Character => Self::Character,
            IdentifierError::Ambiguous => Self::Ambiguous,
        }
    }
}

impl fmt::Display for DataScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for DataScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataScope({self})")
    }
}
