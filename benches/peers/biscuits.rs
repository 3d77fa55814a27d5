//! biscuit-auth: Ed25519 over Datalog facts, checked by its authorizer.

use std::time::{Duration, SystemTime};

use biscuit_auth::builder::{Algorithm, AuthorizerBuilder, BlockBuilder, date, fact, string};
use biscuit_auth::builder_ext::BuilderExt as _;
use biscuit_auth::{AuthorizerLimits, Biscuit, KeyPair, PublicKey};

use portward_benches::facts;

pub struct Peer {
    root: KeyPair,
    public: PublicKey,
    authorizer: AuthorizerBuilder,
}

impl Default for Peer {
    /// The authorizer's policy is parsed once; its limit of one millisecond would refuse tokens on a busy machine.
    fn default() -> Self {
        let root = KeyPair::new_with_algorithm(Algorithm::Ed25519);
        let limits = AuthorizerLimits { max_time: Duration::from_secs(1), ..AuthorizerLimits::default() };
        let authorizer = AuthorizerBuilder::new().code(r#"allow if right("files:read");"#).unwrap().set_limits(limits);
        Self { public: root.public(), root, authorizer }
    }
}

impl Peer {
    /// The rights as facts, the expiry as a check.
    pub fn issue(&self, now: SystemTime) -> String {
        let id = facts::token_id_text();
        let mut builder = Biscuit::builder()
            .fact(fact("tenant", &[string(facts::TENANT)]))
            .and_then(|builder| builder.fact(fact("client", &[string(facts::CLIENT)])))
            .and_then(|builder| builder.fact(fact("token_id", &[string(&id)])))
            .and_then(|builder| builder.fact(fact("issued_at", &[date(&now)])))
            .unwrap();
        for permission in facts::PERMISSIONS {
            builder = builder.fact(fact("right", &[string(permission)])).unwrap();
        }
        let expiry = BlockBuilder::new().check_expiration_date(now + facts::LIFETIME);
        builder.merge(expiry).build(&self.root).unwrap().to_base64().unwrap()
    }

    /// Signatures, and an authorizer that knows the time and asks for one right.
    pub fn verify(&self, token: &str) {
        let biscuit = Biscuit::from_base64(token, self.public).unwrap();
        self.authorizer.clone().time().build(&biscuit).unwrap().authorize().unwrap();
    }

    /// Adds blocks, each with an expiry of its own.
    pub fn narrow(&self, token: &str, blocks: u64, now: SystemTime) -> String {
        let biscuit = Biscuit::from_base64(token, self.public).unwrap();
        let narrowed = (1..=blocks).fold(biscuit, |biscuit, block| {
            let expiry = now + facts::LIFETIME - Duration::from_secs(block);
            biscuit.append(BlockBuilder::new().check_expiration_date(expiry)).unwrap()
        });
        narrowed.to_base64().unwrap()
    }
}
