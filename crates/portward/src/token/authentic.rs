//! From a token that nobody has vouched for to one that is authentic. `spec/token.md` section 5, parts B and C.

use std::sync::Arc;

use crate::key::{Deployment, Keyring, TokenKey, TokenKeyId, derive_token_key};
use crate::random::{self, RandomError};
use crate::secret::Secret;
use crate::token::cache::KeyCache;
use crate::token::chain::Chain;
use crate::token::error::{RefusalError, VerifyError};
use crate::token::frame::UnverifiedToken;
use crate::token::kind::Kind;

/// A token that ends in the tag it should end in. Nothing but an [`Authenticator`] makes one, and nothing is interpreted but one.
pub(super) struct Authentic<'a, 't> {
    token: &'a UnverifiedToken<'t>,
    chain: &'a Chain,
}

impl<'a, 't> Authentic<'a, 't> {
    #[inline]
    fn new(token: &'a UnverifiedToken<'t>, chain: &'a mut Chain) -> Self {
        chain.name_copies();
        Self { token, chain }
    }

    pub(super) const fn token(&self) -> &'a UnverifiedToken<'t> {
        self.token
    }

    /// Its copies are named.
    pub(super) const fn chain(&self) -> &'a Chain {
        self.chain
    }
}

/// Knows the keys that tokens are made with.
pub(super) struct Authenticator {
    deployment: Arc<Deployment>,
    keyring: Arc<Keyring>,
    cache: KeyCache,
    /// Stands in for a root that is not there, and for a key that is not cached.
    decoy: Secret,
    decoy_key: TokenKey,
}

impl Authenticator {
    /// With room for the keys of so many tenants.
    pub(super) fn new(
        deployment: Arc<Deployment>,
        keyring: Arc<Keyring>,
        cached_keys: usize,
    ) -> Result<Self, RandomError> {
        let decoy = Secret::try_filled(|bytes| random::draw(bytes))?;
        let mut decoy_key = TokenKey::EMPTY;
        decoy_key.absorb(decoy.expose());
        Ok(Self { deployment, keyring, cache: KeyCache::with_capacity(cached_keys), decoy, decoy_key })
    }

    pub(super) fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The numbers are the steps of the page.
    #[inline]
    pub(super) fn authenticate<'a, 't>(
        &self,
        token: &'a UnverifiedToken<'t>,
        kind: Kind,
        chain: &'a mut Chain,
    ) -> Result<Authentic<'a, 't>, VerifyError> {
        let fields = &token.fields;
        if fields.kind != kind {
            return Err(VerifyError::refused(RefusalError::WrongKind)); // 12
        }
        let root = self.keyring.root(fields.root).and_then(|root| root.for_checking()); // 13
        let id = TokenKeyId {
            root: fields.root,
            kind: kind.wire(),
            tenant: fields.tenant,
            tenant_generation: fields.generations.tenant,
        };
        // Whoever is refused here has waited for the same work, to some tens of nanoseconds: one look into the cache, one chain, one
        // derivation, one more chain. So the time does not tell whether a tenant exists, or was here lately, or a root is known.
        let cached = self.cache.with(&id, |key| chain.fill(key, token)).is_some();
        if !cached {
            chain.fill(&self.decoy_key, token);
        }
        if chain.ends_in(token.tag) && cached && root.is_some() {
            return Ok(Authentic::new(token, chain)); // 14
        }
        let mut key = TokenKey::EMPTY;
        derive_token_key(root.unwrap_or(&self.decoy), &self.deployment.id, &id, &mut key);
        chain.fill(&key, token);
        let authentic = chain.ends_in(token.tag); // 14
        match root {
            None => Err(VerifyError::refused(RefusalError::UnknownRoot)),
            Some(_) if !authentic => Err(VerifyError::refused(RefusalError::Forged)),
            Some(_) => {
                self.cache.insert(&id, &key);
                Ok(Authentic::new(token, chain))
            }
        }
    }
}
