//! One deployment, whose root keys are known to nobody.

use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use portward::*;

use crate::allocator::blocks_of;
use crate::memcheck::{poison, publish};

pub(crate) const NOW: Now = Now { wall: Timestamp::from_unix(1_764_600_000), steady: Steady::from_millis(5_000_000) };
const LIVE: Freshness = Freshness::Live { max_staleness: Duration::from_secs(30) };

pub(crate) struct World {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) issuer: Issuer,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(Arc::new(Deployment::generate(Vocabulary::portal()).unwrap()))
    }

    /// Another one of the same deployment, so with another root.
    pub(crate) fn beside(&self) -> Self {
        Self::of(Arc::clone(&self.deployment))
    }

    fn of(deployment: Arc<Deployment>) -> Self {
        let keyring = Arc::new(Keyring::generate(&deployment, NOW.wall).unwrap());
        let issuer = Issuer::new(Arc::clone(&deployment), Arc::clone(&keyring));
        Self { deployment, keyring, issuer }
    }

    /// From here on memcheck follows the root key. It lies in one place, which a test of the core holds it to (`tests/residue`).
    pub(crate) fn with_secret_root(self) -> Self {
        let key = root_key(&self.keyring.to_json());
        let blocks = blocks_of(&key);
        assert_eq!(blocks.len(), 1, "the root key lies in one place");
        blocks.iter().for_each(|block| poison(block));
        self
    }

    pub(crate) fn verifier(&self, revocation: Revocation) -> Verifier {
        let (deployment, keyring) = (Arc::clone(&self.deployment), Arc::clone(&self.keyring));
        Verifier::new(deployment, keyring, revocation, VerifierOptions::default()).unwrap()
    }

    pub(crate) fn link(&self, tenant: &str) -> IssuedToken {
        let permissions = self.deployment.vocabulary.expand(["files:read", "files:upload", "invoices:read"]).unwrap();
        let request = LinkRequest::new(tenant.parse().unwrap(), "42".parse().unwrap(), permissions);
        let link = self.issuer.issue_link(&request, Generations::default(), NOW.wall).unwrap();
        publish(link.text());
        link
    }

    pub(crate) fn session(&self, of: &LinkAccess) -> IssuedToken {
        let session = self.issuer.issue_session(of, &SessionLimits::default(), NOW.wall).unwrap();
        publish(session.text());
        session
    }
}

/// Where a follower has just been told everything.
pub(crate) fn live(follower: &Follower) -> Revocation {
    Revocation::View(follower.cell(), LIVE)
}

/// Out of the file's form: `pwk1_`, then the key and its checksum.
fn root_key(json: &[u8]) -> [u8; 32] {
    let at = json.windows(5).position(|place| place == b"pwk1_").unwrap() + 5;
    BASE64_URL_SAFE_NO_PAD.decode(&json[at..at + 48]).unwrap()[..32].try_into().unwrap()
}
