use std::sync::Arc;

#[cfg(feature = "backend")]
use portward::{AllowError, Resources};
use portward::{Deployment as Core, Permissions, Vocabulary};

use crate::error::Error;
use crate::text;

/// What all parts of one deployment share. It is not secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment(pub(crate) Arc<Core>);

impl Deployment {
    /// A new one, with a random id and the usual lifetimes. `permissions`: the vocabulary, at most 64 names `resource:action`, to which more
    /// can be appended later; `None` is the one made for portals.
    ///
    /// # Errors
    /// Those of a vocabulary; `random_unavailable`.
    pub fn generate(permissions: Option<&[String]>) -> Result<Self, Error> {
        let vocabulary = match permissions {
            Some(names) => Vocabulary::new(names).map_err(|error| Error::from(error).of_argument("permissions"))?,
            None => Vocabulary::portal(),
        };
        Ok(Self(Arc::new(Core::generate(vocabulary)?)))
    }

    /// From the bytes of `deployment.json`.
    ///
    /// # Errors
    /// `deployment_malformed`, `deployment_newer_version`.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        Ok(Self(Arc::new(Core::from_json(json)?)))
    }

    /// The bytes of `deployment.json`.
    pub fn to_json(&self) -> Vec<u8> {
        self.0.to_json()
    }

    /// Its id: 32 hexadecimal digits.
    pub fn id(&self) -> String {
        self.0.id.to_string()
    }

    /// The vocabulary, in its order.
    pub fn permissions(&self) -> Vec<String> {
        self.0.vocabulary.all().map(str::to_owned).collect()
    }

    /// How long links live if nothing is said, and at most, in seconds.
    pub fn link_lifetimes(&self) -> (u64, u64) {
        (self.0.link.default_lifetime().as_secs(), self.0.link.ceiling().as_secs())
    }

    /// The same of sessions.
    pub fn session_lifetimes(&self) -> (u64, u64) {
        (self.0.session.default_lifetime().as_secs(), self.0.session.ceiling().as_secs())
    }

    /// The names that stand for a set, `files:*` for instance, in the vocabulary's order.
    ///
    /// # Errors
    /// `unknown_permission`.
    pub fn expand(&self, permissions: &[String]) -> Result<Vec<String>, Error> {
        Ok(self.names(text::permissions(&self.0.vocabulary, permissions)?))
    }

    /// What [`crate::Access::require`] decides, of an access that came [packed](crate::Access::packed) into another language: whether these
    /// permissions, a bitmap, for these resources, `None` for all, grant the permission.
    ///
    /// # Errors
    /// As [`crate::Access::require`].
    #[cfg(feature = "backend")]
    pub fn require(
        &self,
        (permissions, resources): (u64, Option<&[&str]>),
        permission: &str,
        resource: Option<&str>,
    ) -> Result<(), Error> {
        let Ok(permission) = self.0.vocabulary.permission(permission) else {
            return Err(AllowError::PermissionDenied.into());
        };
        let resource = resource.map(|resource| text::identifier("resource", resource)).transpose()?;
        let resources = match resources {
            None => Resources::All,
            Some(list) => {
                Resources::Only(list.iter().map(|text| text::identifier("resources", text)).collect::<Result<_, _>>()?)
            }
        };
        Ok(resources.allow(Permissions::from_bits(permissions), permission, resource.as_ref())?)
    }

    pub(crate) fn names(&self, set: Permissions) -> Vec<String> {
        text::names(&self.0.vocabulary, set)
    }

    #[cfg(feature = "backend")]
    pub(crate) fn set(&self, names: &[impl AsRef<str>]) -> Result<Permissions, Error> {
        text::permissions(&self.0.vocabulary, names)
    }
}
