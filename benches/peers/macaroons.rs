//! macaroon: chained HMAC by libsodium, caveats as text.

use macaroon::{Format, Macaroon, MacaroonKey, Verifier};

use portward_benches::{facts, floor};

pub struct Peer {
    key: MacaroonKey,
    verifier: Verifier,
}

impl Default for Peer {
    fn default() -> Self {
        macaroon::initialize().unwrap();
        let mut verifier = Verifier::default();
        verifier.satisfy_general(|caveat| satisfied(&caveat.0).unwrap_or(false));
        Self { key: MacaroonKey::generate(&[7; 32]), verifier }
    }
}

impl Peer {
    /// The id as identifier, every other fact as a caveat, in the binary form.
    pub fn issue(&self, now: u64) -> String {
        let id = floor::draw().to_vec();
        let mut macaroon = Macaroon::create(None, &self.key, id.into()).unwrap();
        macaroon.add_first_party_caveat(format!("tenant = {}", facts::TENANT).into());
        macaroon.add_first_party_caveat(format!("client = {}", facts::CLIENT).into());
        macaroon.add_first_party_caveat(format!("issued = {now}").into());
        macaroon.add_first_party_caveat(format!("expires = {}", now + facts::LIFETIME.as_secs()).into());
        macaroon.add_first_party_caveat(format!("scope = {}", facts::PERMISSIONS.join(" ")).into());
        macaroon.serialize(Format::V2).unwrap()
    }

    /// All tags, and every caveat.
    pub fn verify(&self, token: &str) -> Macaroon {
        let macaroon = Macaroon::deserialize(token).unwrap();
        self.verifier.verify(&macaroon, &self.key, Vec::new()).unwrap();
        macaroon
    }

    /// Adds caveats, each an earlier expiry.
    pub fn narrow(&self, token: &str, caveats: u64, now: u64) -> String {
        let mut macaroon = Macaroon::deserialize(token).unwrap();
        for caveat in 1..=caveats {
            let expiry = now + facts::LIFETIME.as_secs() - caveat;
            macaroon.add_first_party_caveat(format!("expires = {expiry}").into());
        }
        macaroon.serialize(Format::V2).unwrap()
    }
}

fn satisfied(caveat: &[u8]) -> Option<bool> {
    let (name, value) = std::str::from_utf8(caveat).ok()?.split_once(" = ")?;
    Some(match name {
        "tenant" | "client" | "issued" => true,
        "expires" => facts::now() < value.parse().ok()?,
        "scope" => value.split(' ').any(|permission| permission == "files:read"),
        _ => false,
    })
}
