use core::fmt;
use core::ops::RangeInclusive;
use std::sync::Arc;
use std::thread;

use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use portward::envelope::{Binding, KekError, KekName, KekType, Slot, UnwrapKey, WrapKey};
use zeroize::Zeroizing;

use super::count::WrapCount;
use super::error::TokenError;
use super::session::{ATTEMPTS, some_time};
use super::token::Pkcs11Token;

/// An AES-256 key of a token, by its `CKA_ID`. It wraps with AES-256-GCM, so 2³¹ times at most; then another key takes its place.
///
/// Source: `spec/envelope.md` section 3, slot type `0x02`.
pub struct Pkcs11Kek {
    token: Arc<Pkcs11Token>,
    id: Box<[u8]>,
    version: u32,
    count: Arc<WrapCount>,
}

/// What a slot can name.
const ID_LENGTHS: RangeInclusive<usize> = 1..=64;
const IV: usize = 12;
const TAG_BITS: u64 = 128;

impl Pkcs11Token {
    /// Makes a key that never leaves the token. `id`: 1 to 64 bytes, new to the token.
    ///
    /// # Errors
    /// [`TokenError::Generate`], and those of [`key`](Self::key).
    pub fn generate(self: &Arc<Self>, id: &[u8], version: u32) -> Result<Pkcs11Kek, TokenError> {
        if !ID_LENGTHS.contains(&id.len()) {
            return Err(TokenError::Generate);
        }
        let made: Box<[u8]> = id.into();
        self.worker().call(move |shared| shared.generate(&made))?;
        // Another one may have made its own beside it, and be about to destroy that.
        let found = (0..ATTEMPTS).find_map(|attempt| match self.key(id, version) {
            Err(TokenError::NoKey) => {
                thread::sleep(some_time(attempt));
                None
            }
            found => Some(found),
        });
        found.unwrap_or(Err(TokenError::NoKey))
    }

    /// A key that is there. `id`: 1 to 64 bytes.
    ///
    /// # Errors
    /// [`TokenError::NoKey`]; [`TokenError::WeakKey`] unless it has `CKA_VALUE_LEN` 32, may encrypt and decrypt, is sensitive and not
    /// extractable; [`TokenError::Pin`], [`TokenError::Unavailable`], [`TokenError::Refused`].
    pub fn key(self: &Arc<Self>, id: &[u8], version: u32) -> Result<Pkcs11Kek, TokenError> {
        if !ID_LENGTHS.contains(&id.len()) {
            return Err(TokenError::NoKey);
        }
        let found: Box<[u8]> = id.into();
        self.worker().call(move |shared| shared.with_key(&found, |_, _| Ok(())))?;
        Ok(Pkcs11Kek { token: Arc::clone(self), id: id.into(), version, count: self.count(id) })
    }
}

impl Pkcs11Kek {
    /// How often the key was asked to wrap through this [`Pkcs11Token`]. Beyond 2³¹ it is refused.
    ///
    /// Other processes, and this one's past, are not counted here: who has them keeps a sum, and goes over to another key in time.
    pub fn wraps(&self) -> u32 {
        self.count.get()
    }

    fn name(&self) -> KekName {
        KekName::new(KekType::Pkcs11, self.id.clone(), self.version)
    }
}

impl WrapKey for Pkcs11Kek {
    fn kek(&self) -> KekName {
        self.name()
    }

    fn wrap(&self, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
        self.count.take().map_err(TokenError::kek_error)?;
        let mut wrapped = vec![0; IV];
        getrandom::fill(&mut wrapped).map_err(|_| KekError::Random)?;
        let (id, bound, key, mut iv) =
            (self.id.clone(), binding.bytes().to_vec(), Zeroizing::new(*key), wrapped.clone());
        let sealed = self.token.worker().call(move |shared| {
            let sealed = shared.with_key(&id, |session, handle| {
                let parameters = GcmParams::new(&mut iv, &bound, TAG_BITS.into())?;
                session.encrypt(&Mechanism::AesGcm(parameters), handle, &*key)
            });
            sealed.map(|sealed| (iv, sealed))
        });
        let (iv, sealed) = sealed.map_err(TokenError::kek_error)?;
        // Some modules put an IV of their own in the place of ours.
        wrapped.copy_from_slice(&iv);
        wrapped.extend_from_slice(&sealed);
        if wrapped.len() == 60 { Ok(wrapped) } else { Err(KekError::Refused) }
    }
}

impl UnwrapKey for Pkcs11Kek {
    fn resolves(&self, kek: &KekName) -> bool {
        *kek == self.name()
    }

    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        let (iv, sealed) = slot.wrapped().split_at_checked(IV).ok_or(KekError::Refused)?;
        let (id, bound, mut iv, sealed) = (self.id.clone(), binding.bytes().to_vec(), iv.to_vec(), sealed.to_vec());
        let opened = self.token.worker().call(move |shared| {
            shared.with_key(&id, |session, handle| {
                let parameters = GcmParams::new(&mut iv, &bound, TAG_BITS.into())?;
                session.decrypt(&Mechanism::AesGcm(parameters), handle, &sealed).map(Zeroizing::new)
            })
        });
        let opened = opened.map_err(TokenError::kek_error)?;
        if opened.len() != key.len() {
            return Err(KekError::Refused);
        }
        key.copy_from_slice(&opened);
        Ok(())
    }
}

impl fmt::Debug for Pkcs11Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pkcs11Kek").field(&self.name()).finish()
    }
}
