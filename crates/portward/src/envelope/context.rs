use core::fmt;

use crate::error::error_codes;
use crate::id::Identifier;

/// What a ciphertext belongs to. It is not stored with it: whoever opens states it again, and what belongs elsewhere does not open.
///
/// Always a tenant, a stable logical name and the record's id; further pairs, whose keys begin with `x-`, if the application wants them.
/// Source: `spec/envelope.md` section 2.
///
/// ```
/// use portward::envelope::Context;
/// let tenant = "acme".parse()?;
/// let context = Context::new(&tenant, "invoices.notes", "1204")?.with("x-revision", "3")?;
/// assert_eq!(context.tenant(), &tenant);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Context {
    tenant: Identifier,
    canonical: Box<[u8]>,
    /// Sorted by key.
    pairs: Vec<(String, String)>,
}

error_codes! {
    /// Why a context cannot be.
    pub enum ContextError {
        Key => "context_key", Caller, "a key of a context is there once; those of an application are x- and 1 to 62 of a-z 0-9 -";
        Value => "context_value", Caller, "a value of a context has 1 to 256 bytes, and the tenant is an identifier";
        Incomplete => "context_incomplete", Caller, "a context has a tenant, a name and an id";
        TooLong => "context_too_long", Caller, "a context has at most 16 pairs and 4,096 bytes";
    }
}

const TENANT: &str = "tenant";
const PAIRS_MAX: usize = 16;
const CANONICAL_MAX: usize = 4096;

impl Context {
    /// The three pairs that every context has. `name` is a logical name that outlives renamed tables; `id` the record's own.
    ///
    /// # Errors
    /// [`ContextError::Value`].
    pub fn new(tenant: &Identifier, name: &str, id: &str) -> Result<Self, ContextError> {
        Self::from_pairs([(TENANT, tenant.to_string().as_str()), ("name", name), ("id", id)])
    }

    /// The same and one pair more. Integers are written in minimal decimal.
    ///
    /// # Errors
    /// [`ContextError::Key`], [`ContextError::Value`], [`ContextError::TooLong`].
    pub fn with(&self, key: &str, value: &str) -> Result<Self, ContextError> {
        let pairs = self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        Self::from_pairs(pairs.chain([(key, value)]))
    }

    /// Of all its pairs, in any order.
    ///
    /// # Errors
    /// [`ContextError`].
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ContextError> {
        let mut sorted: Vec<(String, String)> = Vec::new();
        for (key, value) in pairs {
            let place = sorted.binary_search_by(|(known, _)| known.as_str().cmp(key));
            let (Err(place), true) = (place, is_key(key)) else { return Err(ContextError::Key) };
            if value.is_empty() || value.len() > 256 || key == TENANT && Identifier::new(value).is_err() {
                return Err(ContextError::Value);
            }
            sorted.insert(place, (key.to_owned(), value.to_owned()));
        }
        let value_of = |key: &str| sorted.iter().find(|(known, _)| known == key).map(|(_, value)| value);
        let (Some(tenant), Some(_), Some(_)) = (value_of(TENANT), value_of("name"), value_of("id")) else {
            return Err(ContextError::Incomplete);
        };
        let tenant = Identifier::new(tenant).map_err(|_| ContextError::Value)?;
        let canonical = canonical(&sorted).ok_or(ContextError::TooLong)?;
        Ok(Self { tenant, canonical, pairs: sorted })
    }

    /// Whose.
    pub const fn tenant(&self) -> &Identifier {
        &self.tenant
    }

    /// Its pairs, sorted by key.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The one encoding of it.
    pub(crate) fn canonical(&self) -> &[u8] {
        &self.canonical
    }
}

/// `u16(count)`, then for each pair `lp(key) ‖ lp(value)`.
fn canonical(pairs: &[(String, String)]) -> Option<Box<[u8]>> {
    if pairs.len() > PAIRS_MAX {
        return None;
    }
    let mut bytes = u16::try_from(pairs.len()).ok()?.to_be_bytes().to_vec();
    for part in pairs.iter().flat_map(|(key, value)| [key, value]) {
        bytes.extend_from_slice(&u16::try_from(part.len()).ok()?.to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    (bytes.len() <= CANONICAL_MAX).then(|| bytes.into())
}

fn is_key(key: &str) -> bool {
    let own = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match key.strip_prefix("x-") {
        Some(rest) => (1..=62).contains(&rest.len()) && rest.bytes().all(own),
        None => matches!(key, TENANT | "name" | "id"),
    }
}

impl fmt::Debug for Context {
    /// Values may be personal; keys are not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Context");
        shown.field("tenant", &self.tenant);
        shown.field("keys", &self.pairs.iter().map(|(key, _)| key).collect::<Vec<_>>()).finish()
    }
}
