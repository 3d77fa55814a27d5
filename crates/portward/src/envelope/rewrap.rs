use crate::envelope::error::{OpenError, SealError};
use crate::envelope::header::Header;
use crate::envelope::kek::WrapKey;
use crate::envelope::keys::{ScopeKeys, embedded};

/// Why an object was not rewrapped; it is as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RewrapError {
    /// Its data key was not to be had.
    Open(OpenError),
    /// The new slots could not be made.
    Seal(SealError),
}

impl ScopeKeys {
    /// Puts the data key that an object carries under the tenant's present KEK; its body is not touched. `header`: the object's first
    /// bytes, at least its header. Returns the new header and the length of the old: replace one by the other.
    ///
    /// # Errors
    /// [`RewrapError`].
    pub fn rewrap(&self, header: &[u8]) -> Result<(Vec<u8>, usize), RewrapError> {
        self.rewrap_under(header, &[self.tenant_kek()?])
    }

    /// The same, under each of these KEKs and no others.
    ///
    /// # Errors
    /// [`RewrapError`].
    pub fn rewrap_under(&self, header: &[u8], keks: &[&dyn WrapKey]) -> Result<(Vec<u8>, usize), RewrapError> {
        let (old, length) = Header::parse(header)?;
        self.row(old.data_key())?;
        let key = self.embedded_key(&old)?;
        Ok((embedded(&key, keks)?.to_bytes(), length))
    }
}

impl core::fmt::Display for RewrapError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Seal(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for RewrapError {}

impl From<OpenError> for RewrapError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<SealError> for RewrapError {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}
