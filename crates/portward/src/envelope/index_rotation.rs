use crate::envelope::index::{BlindIndex, IndexError, IndexName};
use crate::envelope::keys::ScopeKeys;

/// A blind index while one version takes the place of another: writes state the new one, look-ups ask for both, and a fill goes over the
/// rows of the old one. `spec/envelope.md` section 9.
///
/// ```
/// use std::sync::Arc;
/// use portward::envelope::{DataKey, IndexName, IndexRotation, Normaliser, ScopeKeys};
/// use portward::{Deployment, KeyState, Vocabulary};
///
/// # let deployment = Deployment::generate(Vocabulary::portal())?;
/// # let keys = |scope: &str| -> Result<ScopeKeys, Box<dyn std::error::Error>> {
/// #     let key = Arc::new(DataKey::generate(&deployment.id, "acme".parse()?, scope.parse()?)?);
/// #     Ok(ScopeKeys::new(&deployment, "acme".parse()?, scope.parse()?).with_data_key(key, KeyState::Active))
/// # };
/// # let (keys, new_keys) = (keys("index:email-1")?, keys("index:email-2")?);
/// let name = |version| IndexName {
///     table: "clients",
///     column: "email",
///     name: "login",
///     normaliser: Normaliser::AsciiLowercase,
///     bits: 15,
///     version,
/// };
/// let old = keys.blind_index(&name(1))?;
/// let stored = old.of("Anna@example.com")?;
///
/// let rotation = IndexRotation::new(old, new_keys.blind_index(&name(2))?)?;
/// assert!(rotation.look_up("anna@example.com")?.contains(&stored)); // WHERE email_index IN (?, ?)
/// assert!(!rotation.is_new(&stored)); // so the fill opens the row's email and writes what `of` gives
/// assert!(rotation.is_new(&rotation.of("anna@example.com")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct IndexRotation {
    old: BlindIndex,
    new: BlindIndex,
}

impl IndexRotation {
    /// Two versions of an index, which have to differ in their number.
    ///
    /// # Errors
    /// [`IndexError::Parameters`].
    pub fn new(old: BlindIndex, new: BlindIndex) -> Result<Self, IndexError> {
        if old.version() == new.version() { Err(IndexError::Parameters) } else { Ok(Self { old, new }) }
    }

    /// What a write states.
    ///
    /// # Errors
    /// [`IndexError::EmptyValue`].
    pub fn of(&self, value: &str) -> Result<Vec<u8>, IndexError> {
        self.new.of(value)
    }

    /// What a look-up asks for: a row that has either may be it. Of two normalisers one can leave nothing of a value; the other counts.
    ///
    /// # Errors
    /// [`IndexError::EmptyValue`].
    pub fn look_up(&self, value: &str) -> Result<Vec<Vec<u8>>, IndexError> {
        let asked: Vec<_> = [&self.new, &self.old].into_iter().filter_map(|index| index.of(value).ok()).collect();
        if asked.is_empty() { Err(IndexError::EmptyValue) } else { Ok(asked) }
    }

    /// Whether a stored index is of the new version: the fill leaves it alone.
    pub fn is_new(&self, stored: &[u8]) -> bool {
        stored.first() == Some(&self.new.version())
    }

    /// The new version alone, when the fill is done.
    pub fn finish(self) -> BlindIndex {
        self.new
    }
}

impl ScopeKeys {
    /// The blind index of this name, under the key of a scope of kind `index`. Its key is not rotated: a new version of an index that is to
    /// have a new key takes another scope.
    ///
    /// # Errors
    /// [`IndexError::NoActiveKey`], [`IndexError::Scope`], [`IndexError::Parameters`].
    pub fn blind_index(&self, name: &IndexName<'_>) -> Result<BlindIndex, IndexError> {
        BlindIndex::under(&self.deployment, self.active().ok_or(IndexError::NoActiveKey)?, name)
    }
}
