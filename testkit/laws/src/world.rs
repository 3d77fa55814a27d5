//! The deployment of the shared vectors, so that what was written for them is genuine here.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use portward::{
    Deployment, Issuer, Keyring, NoRevocation, Now, Revocation, RootId, Steady, Timestamp, Verifier, VerifierOptions,
};
use portward_test_vectors::Vectors;

pub(crate) const NOW: Now = Now { wall: Timestamp::from_unix(1_764_600_000), steady: Steady::from_millis(5_000_000) };
/// The active root.
pub(crate) const ROOT: [u8; 4] = [0xA1, 0xB2, 0xC3, 0xD4];
/// A root that only checks.
pub(crate) const OLD_ROOT: [u8; 4] = [0, 0, 0, 1];

pub(crate) struct World {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) issuer: Issuer,
    /// Knows of no revocation and states no audience.
    pub(crate) verifier: Verifier,
    roots: Vec<(RootId, [u8; 32])>,
}

pub(crate) static WORLD: LazyLock<World> = LazyLock::new(World::read);

impl World {
    fn read() -> Self {
        let fixtures = Vectors::read("portward", "token").fixtures;
        let (deployment, keyring) = (&fixtures["deployments"]["main"], &fixtures["keyrings"]["main"]);
        let roots = keyring["roots"].as_array().unwrap().iter().filter_map(|root| {
            let key = BASE64_URL_SAFE_NO_PAD.decode(root["key"].as_str()?.strip_prefix("pwk1_")?).unwrap();
            Some((RootId::from_hex(root["id"].as_str()?)?, key[..32].try_into().unwrap()))
        });
        let roots = roots.collect();
        let deployment = Arc::new(Deployment::from_json(deployment.to_string().as_bytes()).unwrap());
        let keyring = Arc::new(Keyring::from_json(keyring.to_string().as_bytes(), &deployment).unwrap());
        let issuer = Issuer::new(Arc::clone(&deployment), Arc::clone(&keyring));
        let verifier = verifier(&deployment, &keyring, VerifierOptions::default());
        Self { deployment, keyring, issuer, verifier, roots }
    }

    /// The key of any root, also of one that is not used any more.
    pub(crate) fn root(&self, id: [u8; 4]) -> Option<&[u8; 32]> {
        self.roots.iter().find(|(known, _)| known.to_bytes() == id).map(|(_, key)| key)
    }

    pub(crate) fn verifier_for(&self, audience: &str) -> Verifier {
        let options = VerifierOptions { audience: Some(audience.parse().unwrap()), ..VerifierOptions::default() };
        verifier(&self.deployment, &self.keyring, options)
    }
}

fn verifier(deployment: &Arc<Deployment>, keyring: &Arc<Keyring>, options: VerifierOptions) -> Verifier {
    let revocation = Revocation::None(NoRevocation);
    Verifier::new(Arc::clone(deployment), Arc::clone(keyring), revocation, options).unwrap()
}
