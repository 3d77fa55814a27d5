//! What shows that a redemption was asked for by the browser that peeked. `spec/redeem.md` sections 1 and 2.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use crate::codec::{self, Reader, Writer as _};
use crate::error::error_codes;
use crate::key::{Keyring, NonceKey, RootId, derive_nonce_key};
use crate::primitive;
use crate::random::{self, RandomError};
use crate::revocation::EntryId;
use crate::secret::Secret;
use crate::time::Timestamp;

/// 32 random bytes that one browser keeps for ten minutes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PeekCookie([u8; 32]);

/// A nonce that has the form of one. Nobody has looked who made it.
pub struct UnverifiedNonce {
    root: RootId,
    expires_at: Timestamp,
    id: EntryId,
    signed: [u8; SIGNED],
    mac: [u8; 32],
}

/// A nonce that was made for this chain and this browser, and is still good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CheckedNonce {
    /// Its random bytes: the same for the same redemption.
    pub id: EntryId,
    /// When it ends.
    pub expires_at: Timestamp,
}

error_codes! {
    /// Why a nonce is not taken.
    pub enum NonceError {
        CookieMalformed => "cookie_malformed", Input, "the peek cookie is not what one is";
        Malformed => "nonce_malformed", Input, "the nonce is not what one is";
        UnknownRoot => "unknown_root", Input, "the nonce is under a root that the keyring does not check with";
        Forged => "nonce_forged", Input, "the nonce was made for another link or another browser, or by nobody";
        Expired => "nonce_expired", Input, "the nonce is too old";
        NoActiveRoot => "keyring_no_active_root", Caller, "the keyring has no active root";
        Random => "random_unavailable", Environment, "the operating system gave no random bytes";
    }
}

const PREFIX: &str = "pwn_";
const VERSION: u8 = 0x01;
/// Version, root, expiry and random bytes.
const SIGNED: usize = 26;
const LIFETIME: Duration = Duration::from_secs(600);

impl PeekCookie {
    /// A new one.
    ///
    /// # Errors
    /// [`NonceError::Random`].
    pub fn generate() -> Result<Self, NonceError> {
        Ok(Self(random::bytes()?))
    }

    /// The cookie's value: 43 characters.
    pub fn to_text(&self) -> String {
        codec::encode(&self.0)
    }

    /// For the vectors of the testkit: one that is known.
    #[cfg(test)]
    pub(crate) const fn for_vectors(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl FromStr for PeekCookie {
    type Err = NonceError;

    fn from_str(text: &str) -> Result<Self, NonceError> {
        let mut buffer = [0; 48];
        let bytes = if text.len() == 43 { codec::decode_into(text, &mut buffer).ok() } else { None };
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(NonceError::CookieMalformed)
    }
}

impl fmt::Debug for PeekCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeekCookie(..)")
    }
}

impl UnverifiedNonce {
    /// Reads one: 82 characters, whose form anybody can see to be good.
    ///
    /// # Errors
    /// [`NonceError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, NonceError> {
        Self::read(text).ok_or(NonceError::Malformed)
    }

    fn read(text: &str) -> Option<Self> {
        let mut buffer = [0; 64];
        let encoded = text.strip_prefix(PREFIX).filter(|encoded| encoded.len() == 78)?;
        let (signed, mac) = codec::decode_into(encoded, &mut buffer).ok()?.split_first_chunk()?;
        let mut reader = Reader::new(signed);
        if reader.u8().ok()? != VERSION {
            return None;
        }
        let root = RootId::from_bytes(reader.array().ok()?);
        let (expires_at, id) = (reader.timestamp().ok()?, reader.array().ok()?);
        Some(Self { root, expires_at, id, signed: *signed, mac: mac.try_into().ok()? })
    }
}

impl fmt::Debug for UnverifiedNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnverifiedNonce(..)")
    }
}

impl Keyring {
    /// A nonce for the chain and the browser, good for 600 s; with it, when it ends.
    ///
    /// # Errors
    /// [`NonceError::NoActiveRoot`], [`NonceError::Random`].
    pub fn make_nonce(
        &self,
        chain: EntryId,
        cookie: &PeekCookie,
        now: Timestamp,
    ) -> Result<(String, Timestamp), NonceError> {
        self.make_nonce_as(random::bytes()?, chain, cookie, now)
    }

    pub(crate) fn make_nonce_as(
        &self,
        random: [u8; 16],
        chain: EntryId,
        cookie: &PeekCookie,
        now: Timestamp,
    ) -> Result<(String, Timestamp), NonceError> {
        let root = self.active().ok_or(NonceError::NoActiveRoot)?;
        let material = root.for_checking().ok_or(NonceError::NoActiveRoot)?;
        let expires_at = now.saturating_add(LIFETIME).min(Timestamp::WIRE_MAX);
        let mut bytes = vec![VERSION];
        bytes.put(&root.id().to_bytes());
        bytes.put_timestamp(expires_at);
        bytes.put(&random);
        let mac = self.nonce_mac(material, &bytes, chain, cookie);
        bytes.put(&mac);
        Ok((codec::encode_after(PREFIX, &bytes), expires_at))
    }

    /// Checks a nonce that came with the link of this chain and with the browser's cookie.
    ///
    /// # Errors
    /// [`NonceError::Malformed`], [`NonceError::UnknownRoot`], [`NonceError::Forged`], [`NonceError::Expired`], tried in this order.
    pub fn check_nonce(
        &self,
        text: &str,
        chain: EntryId,
        cookie: &PeekCookie,
        now: Timestamp,
    ) -> Result<CheckedNonce, NonceError> {
        let UnverifiedNonce { root, expires_at, id, signed, mac } = UnverifiedNonce::parse(text)?;
        let material = self.root(root).and_then(|root| root.for_checking()).ok_or(NonceError::UnknownRoot)?;
        if !primitive::equal(&self.nonce_mac(material, &signed, chain, cookie), &mac) {
            return Err(NonceError::Forged);
        }
        if now >= expires_at { Err(NonceError::Expired) } else { Ok(CheckedNonce { id, expires_at }) }
    }

    fn nonce_mac(&self, root: &Secret, signed: &[u8], chain: EntryId, cookie: &PeekCookie) -> [u8; 32] {
        let mut key = NonceKey::EMPTY;
        derive_nonce_key(root, &self.deployment(), &mut key);
        key.tag_of([signed, &chain, &primitive::sha256(&[&cookie.0])].into_iter())
    }
}

impl From<RandomError> for NonceError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}
