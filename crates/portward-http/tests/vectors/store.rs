use portward::{NonceError, PeekCookie, Timestamp, Verifier};
use portward_http::{Peeked, Reason, Redeemed, Refusal};
use portward_test_vectors::Input;

use crate::fixtures::{Fixtures, now};

/// Verifies as a store does, and then says what the case lets it say.
pub(crate) struct Store<'a> {
    case: Input<'a>,
    fixtures: &'a Fixtures<'a>,
    verifier: Verifier,
}

impl<'a> Store<'a> {
    pub(crate) fn of(case: Input<'a>, fixtures: &'a Fixtures<'_>) -> Self {
        Self { case, fixtures, verifier: fixtures.verifier(case) }
    }

    pub(crate) fn peek(&self, token: &str, cookie: Option<PeekCookie>) -> Result<Peeked, Reason> {
        let chain = self.verifier.verify_link(token, now(self.case))?.chain_id();
        let cookie = cookie.unwrap_or_else(|| self.made_cookie());
        let (keyring, wall) = (self.fixtures.keyring(self.case), now(self.case).wall);
        let (made, expires_at) = keyring.make_nonce(chain, &cookie, wall).unwrap();
        // Which bytes are drawn cannot be told to the core from here, but what a nonce of these bytes is.
        let expected = self.case.value["expect"]["ok"]["body"]["json"]["nonce"].as_str().filter(|expected| {
            let checked = keyring.check_nonce(expected, chain, &cookie, wall);
            checked.is_ok_and(|nonce| nonce.id == self.made("random") && nonce.expires_at == expires_at)
        });
        Ok(Peeked { nonce: expected.map_or(made, str::to_owned), expires_at, cookie })
    }

    pub(crate) fn redeem(&self, token: &str, cookie: &PeekCookie, nonce: &str) -> Result<Redeemed, Reason> {
        let chain = self.verifier.verify_link(token, now(self.case))?.chain_id();
        let checked = self.fixtures.keyring(self.case).check_nonce(nonce, chain, cookie, now(self.case).wall);
        checked.map_err(|error| match error {
            NonceError::Malformed => Refusal::Damaged,
            _ => Refusal::Refused,
        })?;
        self.says()
    }

    pub(crate) fn renew(&self, session: &str) -> Result<Redeemed, Reason> {
        self.verifier.verify_to_renew(session, now(self.case))?;
        self.says()
    }

    fn says(&self) -> Result<Redeemed, Reason> {
        if !self.case.has("store") {
            return Err(Reason { refusal: Refusal::Refused, code: NOT_ASKED, token_id: None });
        }
        let store = Input { value: &self.case.value["store"] };
        if store.value == "unavailable" || store.has("feed") {
            Err(Refusal::Unavailable.into())
        } else if store.has("error") {
            Err(Refusal::Refused.into())
        } else {
            let expires_at = Timestamp::from_unix(store.number("expires_at"));
            Ok(Redeemed { session: store.text("session").to_owned(), expires_at })
        }
    }

    fn made_cookie(&self) -> PeekCookie {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.made::<32>("cookie")).parse().unwrap()
    }

    fn made<const N: usize>(&self, name: &str) -> [u8; N] {
        Input { value: &self.case.value["made"] }.array(name)
    }
}

/// The code of who asks a store that is not to be asked.
pub(crate) const NOT_ASKED: &str = "the store is not to be asked";
