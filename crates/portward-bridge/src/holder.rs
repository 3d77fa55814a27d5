use core::fmt;

use portward::{Narrowing as Core, Resources, UntrustedLink as Link, Vocabulary};

use crate::error::Error;
use crate::text;

/// A link in the hands of its holder: what it says can be read, not believed.
pub struct UntrustedLink(Link);

/// What is taken away from a copy of a link. The default takes nothing away, and is refused.
#[derive(Clone, Debug, Default)]
pub struct Narrowing {
    /// When it ends, in Unix seconds. A time that has passed makes a copy that has expired.
    pub expires_at: Option<u64>,
    /// Which permissions it keeps.
    pub permissions: Option<Vec<String>>,
    /// For which resources it is good: 1 to 16.
    pub resources: Option<Vec<String>>,
    /// For whom it is good.
    pub audience: Option<String>,
    /// A label of 1 to 32 printable ASCII characters.
    pub recipient: Option<String>,
    /// Whether nobody can narrow it further.
    pub seal: bool,
}

impl UntrustedLink {
    /// Takes a link apart.
    ///
    /// # Errors
    /// Those of the token's form, all of which are `damaged` to the public but for `wrong_kind`.
    pub fn parse(token: &str) -> Result<Self, Error> {
        Ok(Self(Link::parse(token)?))
    }

    /// A copy that grants less, made without a key. `vocabulary`: the deployment's permission names in their order, if permissions are narrowed.
    ///
    /// # Errors
    /// `sealed`, `too_many_blocks`, `empty_block`, `token_too_long`, and those of the values; `time_out_of_range`.
    pub fn narrow(&self, narrowing: &Narrowing, vocabulary: &[String]) -> Result<String, Error> {
        let Narrowing { expires_at, permissions, resources, audience, recipient, seal } = narrowing;
        let mut block = Core::new();
        if let Some(seconds) = expires_at {
            block = block.expires_at(text::wire_time("expires_at", *seconds)?);
        }
        if let Some(names) = permissions {
            block = block.permissions(text::permissions(&self::vocabulary(vocabulary)?, names)?);
        }
        if let Some(resources) = resources {
            block = block.resources(text::identifiers("resources", resources)?)?;
        }
        if let Some(audience) = audience {
            block = block.audience(text::identifier("audience", audience)?);
        }
        if let Some(label) = recipient {
            block = block.recipient(label)?;
        }
        if *seal {
            block = block.seal();
        }
        Ok(self.0.narrow(&block)?)
    }

    /// Whose data.
    pub fn tenant(&self) -> String {
        self.0.tenant().to_string()
    }

    /// Who comes.
    pub fn client(&self) -> String {
        self.0.client().to_string()
    }

    /// When it was made, in Unix seconds.
    pub fn issued_at(&self) -> u64 {
        self.0.issued_at().unix()
    }

    /// When it ends, in Unix seconds.
    pub fn expires_at(&self) -> u64 {
        self.0.expires_at().unix()
    }

    /// What it grants, in the words of a vocabulary; what that lacks is left out.
    ///
    /// # Errors
    /// Those of a vocabulary.
    pub fn permissions(&self, vocabulary: &[String]) -> Result<Vec<String>, Error> {
        Ok(text::names(&self::vocabulary(vocabulary)?, self.0.permissions()))
    }

    /// What it grants, as a bitmap: bit n is the n-th name of the vocabulary.
    pub fn permission_bits(&self) -> u64 {
        self.0.permissions().bits()
    }

    /// For which resources it is good; `None` for all.
    pub fn resources(&self) -> Option<Vec<String>> {
        resources(self.0.resources())
    }

    /// For whom it is good; `None` for all.
    pub fn audience(&self) -> Option<String> {
        self.0.audience().map(ToString::to_string)
    }

    /// What holders wrote on its copies, in their order.
    pub fn recipients(&self) -> Vec<String> {
        self.0.recipients().to_vec()
    }

    /// Whether nobody can narrow it further.
    pub fn is_sealed(&self) -> bool {
        self.0.is_sealed()
    }
}

impl fmt::Debug for UntrustedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(crate) fn vocabulary(names: &[String]) -> Result<Vocabulary, Error> {
    Vocabulary::new(names).map_err(|error| Error::from(error).of_argument("vocabulary"))
}

pub(crate) fn resources(resources: &Resources) -> Option<Vec<String>> {
    match resources {
        Resources::All => None,
        Resources::Only(list) => Some(list.iter().map(ToString::to_string).collect()),
    }
}
