//! pasetors: v4.local, XChaCha20 and BLAKE2b over JSON claims.

use pasetors::claims::{Claims, ClaimsValidationRules};
use pasetors::keys::SymmetricKey;
use pasetors::token::{TrustedToken, UntrustedToken};
use pasetors::version4::V4;
use pasetors::{Local, local};

use portward_benches::facts;

pub struct Peer {
    key: SymmetricKey<V4>,
    rules: ClaimsValidationRules,
}

impl Default for Peer {
    fn default() -> Self {
        Self { key: SymmetricKey::from(&[7; 32]).unwrap(), rules: ClaimsValidationRules::new() }
    }
}

impl Peer {
    /// The claims state the present time by themselves.
    pub fn issue(&self) -> String {
        let mut claims = Claims::new_expires_in(&facts::LIFETIME).unwrap();
        claims.add_additional("tenant", facts::TENANT).unwrap();
        claims.subject(facts::CLIENT).unwrap();
        claims.token_identifier(&facts::token_id_text()).unwrap();
        claims.add_additional("scope", facts::PERMISSIONS.map(str::to_owned).to_vec()).unwrap();
        local::encrypt(&self.key, &claims, None, None).unwrap()
    }

    /// Authenticity, issued-at and expiry.
    pub fn verify(&self, token: &str) -> TrustedToken {
        let token = UntrustedToken::<Local, V4>::try_from(token).unwrap();
        local::decrypt(&self.key, &token, &self.rules, None, None).unwrap()
    }
}
