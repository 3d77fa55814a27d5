use core::fmt;

use crate::error::error_codes;

/// One permission: a bit of the deployment's [`Vocabulary`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Permission(u8);

/// A set of permissions, as a bitmap over the deployment's [`Vocabulary`]. Bits without a name grant nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions(u64);

impl Permissions {
    /// No permission at all.
    pub const NONE: Self = Self(0);

    /// The set whose bitmap this is: bit n for the vocabulary's nth name.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bitmap.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// This set and one more.
    #[must_use]
    pub const fn with(self, permission: Permission) -> Self {
        Self(self.0 | permission.bit())
    }

    /// What both sets hold.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the permission is in the set.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Permission {
    const fn bit(self) -> u64 {
        1u64.wrapping_shl(self.0 as u32)
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permissions({:#b})", self.0)
    }
}

/// The permission names of a deployment, `resource:action`, at most 64. The position is the bit, so the list only grows.
///
/// ```
/// use portward::Vocabulary;
/// let portal = Vocabulary::portal();
/// let granted = portal.expand(["files:*", "invoices:read"])?;
/// assert_eq!(portal.names(granted).collect::<Vec<_>>(), ["files:read", "files:upload", "files:delete", "invoices:read"]);
/// # Ok::<(), portward::VocabularyError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vocabulary(Vec<String>);

impl Vocabulary {
    /// Most names a deployment can have.
    pub const MAX: usize = 64;

    /// A list of distinct names in the order of their bits.
    ///
    /// # Errors
    /// [`VocabularyError::Name`], [`VocabularyError::Repeated`], [`VocabularyError::Full`].
    pub fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Result<Self, VocabularyError> {
        let mut vocabulary = Self(Vec::new());
        vocabulary.extend(names)?;
        Ok(vocabulary)
    }

    /// The ready-made vocabulary of a client portal.
    pub fn portal() -> Self {
        Self(PORTAL.iter().map(ToString::to_string).collect())
    }

    /// Adds names behind those there are. Nothing can be taken away or moved.
    ///
    /// # Errors
    /// As [`Vocabulary::new`]; the list is unchanged then.
    pub fn extend<S: Into<String>>(&mut self, names: impl IntoIterator<Item = S>) -> Result<(), VocabularyError> {
        let mut extended = self.0.clone();
        for name in names {
            let name = name.into();
            if !is_name(&name) {
                return Err(VocabularyError::Name);
            }
            if extended.contains(&name) {
                return Err(VocabularyError::Repeated);
            }
            if extended.len() >= Self::MAX {
                return Err(VocabularyError::Full);
            }
            extended.push(name);
        }
        self.0 = extended;
        Ok(())
    }

    /// The permission of this name.
    ///
    /// # Errors
    /// [`VocabularyError::Unknown`].
    pub fn permission(&self, name: &str) -> Result<Permission, VocabularyError> {
        let index = self.0.iter().position(|known| known == name).ok_or(VocabularyError::Unknown)?;
        u8::try_from(index).map(Permission).map_err(|_| VocabularyError::Unknown)
    }

    /// The set of these names; `files:*` stands for every name of `files` that there is today.
    ///
    /// # Errors
    /// [`VocabularyError::Unknown`], also for a `*` that stands for nothing.
    pub fn expand<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> Result<Permissions, VocabularyError> {
        let mut set = Permissions::NONE;
        for name in names {
            let name = name.as_ref();
            match name.strip_suffix('*') {
                Some(resource) if resource.ends_with(':') => {
                    for known in self.0.iter().filter(|known| known.starts_with(resource)) {
                        set = set.with(self.permission(known)?);
                    }
                    let matched = self.0.iter().any(|known| known.starts_with(resource));
                    if !matched {
                        return Err(VocabularyError::Unknown);
                    }
                }
                _ => set = set.with(self.permission(name)?),
            }
        }
        Ok(set)
    }

    /// The names in a set, in the order of their bits. Bits without a name are left out.
    pub fn names(&self, set: Permissions) -> impl Iterator<Item = &str> {
        (0u8..).zip(&self.0).filter(move |(bit, _)| set.contains(Permission(*bit))).map(|(_, name)| name.as_str())
    }

    /// The bits of a set that have a name.
    pub(crate) fn named(&self, set: Permissions) -> Permissions {
        (0u8..).zip(&self.0).map(|(bit, _)| Permission(bit)).filter(|permission| set.contains(*permission)).collect()
    }

    /// Every name, in the order of their bits.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

error_codes! {
    /// Why a permission name or a list of them is refused.
    pub enum VocabularyError {
        Name => "permission_name", Caller, "a permission is named resource:action, each part a lower-case letter and up to 30 more letters, digits or _";
        Repeated => "permission_repeated", Caller, "a permission name stands twice in the vocabulary";
        Full => "vocabulary_full", Caller, "a vocabulary has at most 64 names";
        Unknown => "unknown_permission", Caller, "the vocabulary has no such permission";
    }
}

/// Appended to, never reordered: the position is the bit.
const PORTAL: [&str; 12] = [
    "files:read",
    "files:upload",
    "files:delete",
    "messages:read",
    "messages:send",
    "invoices:read",
    "invoices:pay",
    "approvals:read",
    "approvals:decide",
    "comments:write",
    "profile:read",
    "profile:update",
];

fn is_name(name: &str) -> bool {
    name.split_once(':').is_some_and(|(resource, action)| is_part(resource) && is_part(action))
}

fn is_part(part: &str) -> bool {
    let word = part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    word && part.len() <= 31 && part.starts_with(|first: char| first.is_ascii_lowercase())
}
