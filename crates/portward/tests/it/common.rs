//! A small deployment to test against.

use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use portward::*;

pub(crate) const NOW: Now = Now { wall: Timestamp::from_unix(1_764_600_000), steady: Steady::from_millis(5_000_000) };
pub(crate) const LIVE: Freshness = Freshness::Live { max_staleness: Duration::from_secs(30) };

pub(crate) struct World {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) issuer: Issuer,
    pub(crate) authority: Authority,
    pub(crate) follower: Follower,
}

impl World {
    pub(crate) fn new() -> Self {
        let deployment = Arc::new(Deployment::generate(Vocabulary::portal()).unwrap());
        let keyring = Arc::new(Keyring::generate(&deployment, NOW.wall).unwrap());
        let incarnation = Incarnation::generate(NOW.wall, None).unwrap();
        Self {
            issuer: Issuer::new(Arc::clone(&deployment), Arc::clone(&keyring)),
            authority: Authority::new(Arc::clone(&keyring), incarnation).unwrap(),
            follower: Follower::new(Arc::clone(&keyring), Scope::ALL, Duration::from_secs(60), None).unwrap(),
            deployment,
            keyring,
        }
    }

    pub(crate) fn verifier(&self) -> Verifier {
        self.verifier_with(Revocation::View(self.follower.cell(), LIVE), VerifierOptions::default())
    }

    pub(crate) fn verifier_with(&self, revocation: Revocation, options: VerifierOptions) -> Verifier {
        Verifier::new(Arc::clone(&self.deployment), Arc::clone(&self.keyring), revocation, options).unwrap()
    }

    pub(crate) fn set(&self, names: &[&str]) -> Permissions {
        self.deployment.vocabulary.expand(names).unwrap()
    }

    pub(crate) fn permission(&self, name: &str) -> Permission {
        self.deployment.vocabulary.permission(name).unwrap()
    }

    pub(crate) fn link(&self, tenant: &str, client: &str) -> IssuedToken {
        let (tenant, client) = (id(tenant), id(client));
        let request = LinkRequest::new(tenant, client, self.set(&["files:read", "files:upload", "invoices:read"]));
        self.issuer.issue_link(&request, self.authority.view().generations(&tenant, &client), NOW.wall).unwrap()
    }

    /// One round of the feed, sent at `now`.
    pub(crate) fn sync(&mut self, now: Now) {
        let challenge = self.follower.request(now.steady).unwrap();
        let since = self.follower.cell().load().stamp();
        let answer = self.authority.answer(&Scope::ALL, since, challenge).unwrap();
        self.follower.accept(&answer, now.wall).unwrap();
    }
}

pub(crate) fn id(text: &str) -> Identifier {
    text.parse().unwrap()
}

pub(crate) fn verify(verifier: &Verifier, text: &str, now: Now) -> Result<LinkAccess, VerifyError> {
    verifier.verify_link(text, now)
}

pub(crate) fn verify_session(verifier: &Verifier, text: &str, now: Now) -> Result<Access, VerifyError> {
    verifier.verify_session(text, now)
}

pub(crate) fn later(seconds: u64) -> Now {
    Now {
        wall: Timestamp::from_unix(NOW.wall.unix() + seconds),
        steady: Steady::from_millis(NOW.steady.millis() + seconds * 1000),
    }
}

pub(crate) fn code<T>(result: Result<T, VerifyError>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

pub(crate) fn revoke(unit: Unit, id: EntryId, expires_at: Timestamp) -> TenantChange {
    TenantChange::Revoke { unit, id, expires_at }
}

/// The same token with other bytes before its checksum, which agrees.
pub(crate) fn changed(text: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let (prefix, encoded) = text.split_at(4);
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).unwrap();
    bytes.truncate(bytes.len() - 4);
    change(&mut bytes);
    let crc = crc32fast::hash(&[prefix.as_bytes(), &bytes].concat());
    bytes.extend(crc.to_be_bytes());
    format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(&bytes))
}

/// The same token with another tag.
pub(crate) fn with_another_tag(text: &str, byte: usize) -> String {
    changed(text, |bytes| {
        let tag = bytes.len() - 32;
        bytes[tag + byte] ^= 0x10;
    })
}
