use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot as TokenSlot;
use cryptoki::types::AuthPin;
use portward::envelope::{Binding, KekError, KekName, KekType, Slot, UnwrapKey, WrapKey};
use zeroize::Zeroizing;

/// A token of a PKCS#11 module, and the PIN of its user.
///
/// A module belongs to one process: open it after a fork, not before. Calls take turns.
pub struct Pkcs11Token {
    context: Pkcs11,
    slot: TokenSlot,
    pin: AuthPin,
    /// The session that calls share. Given up at the first error, so that the next call logs in anew.
    session: Mutex<Option<Session>>,
}

/// Why a token, or a key in it, is not to be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TokenError {
    /// The module cannot be loaded, or does not begin.
    Module,
    /// The module has no token of this label.
    NoToken,
    /// The token does not make a key.
    Generate,
    /// The token has no such key, or more than one.
    NoKey,
}

/// An AES-256 key of a token, by its `CKA_ID`. It wraps with AES-256-GCM, so 2³¹ times at most; then another key takes its place.
///
/// Source: `spec/envelope.md` section 3, slot type `0x02`.
pub struct Pkcs11Kek {
    token: Arc<Pkcs11Token>,
    id: Box<[u8]>,
    version: u32,
}

const IV: usize = 12;
const TAG_BITS: u64 = 128;

impl Pkcs11Token {
    /// Loads the module and finds the token. The PIN is asked of the token with the first call.
    ///
    /// # Errors
    /// [`TokenError::Module`], [`TokenError::NoToken`].
    pub fn open(module: &Path, label: &str, pin: AuthPin) -> Result<Arc<Self>, TokenError> {
        let context = Pkcs11::new(module).map_err(|_| TokenError::Module)?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(_) => return Err(TokenError::Module),
        }
        let slots = context.get_slots_with_token().map_err(|_| TokenError::Module)?;
        let is_it = |slot: &TokenSlot| context.get_token_info(*slot).is_ok_and(|info| info.label() == label);
        let slot = slots.into_iter().find(is_it).ok_or(TokenError::NoToken)?;
        Ok(Arc::new(Self { context, slot, pin, session: Mutex::new(None) }))
    }

    /// Makes a key that never leaves the token. `id`: 1 to 64 bytes, new to the token.
    ///
    /// # Errors
    /// [`TokenError::Generate`].
    pub fn generate(self: &Arc<Self>, id: &[u8], version: u32) -> Result<Pkcs11Kek, TokenError> {
        let template = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::Id(id.to_vec()),
            Attribute::ValueLen(32_u64.into()),
        ];
        let make = || -> Result<(), Error> {
            let session = self.context.open_rw_session(self.slot)?;
            self.log_in(&session)?;
            if !session.find_objects(&template_of(id))?.is_empty() {
                return Err(Error::InvalidValue);
            }
            session.generate_key(&Mechanism::AesKeyGen, &template).map(|_| ())
        };
        if !(1..=64).contains(&id.len()) {
            return Err(TokenError::Generate);
        }
        make().map_err(|_| TokenError::Generate)?;
        self.key(id, version)
    }

    /// A key that is there.
    ///
    /// # Errors
    /// [`TokenError::NoKey`].
    pub fn key(self: &Arc<Self>, id: &[u8], version: u32) -> Result<Pkcs11Kek, TokenError> {
        self.with_key(id, |_, _| Ok(())).map_err(|_| TokenError::NoKey)?;
        Ok(Pkcs11Kek { token: Arc::clone(self), id: id.into(), version })
    }

    fn with_key<T>(
        &self,
        id: &[u8],
        call: impl FnOnce(&Session, ObjectHandle) -> Result<T, Error>,
    ) -> Result<T, KekError> {
        let mut held: MutexGuard<'_, _> = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let session = match held.take() {
            Some(session) => session,
            None => self.begin().map_err(|error| kek_error(&error))?,
        };
        let called = match session.find_objects(&template_of(id)).map_err(|error| kek_error(&error))?[..] {
            [key] => call(&session, key).map_err(|error| kek_error(&error)),
            _ => Err(KekError::Refused),
        };
        if called.is_ok() {
            *held = Some(session);
        }
        called
    }

    fn begin(&self) -> Result<Session, Error> {
        let session = self.context.open_ro_session(self.slot)?;
        self.log_in(&session)?;
        Ok(session)
    }

    /// One login counts for all sessions of the process.
    fn log_in(&self, session: &Session) -> Result<(), Error> {
        match session.login(UserType::User, Some(&self.pin)) {
            Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            other => other,
        }
    }
}

impl Pkcs11Kek {
    fn name(&self) -> KekName {
        KekName::new(KekType::Pkcs11, self.id.clone(), self.version)
    }
}

impl WrapKey for Pkcs11Kek {
    fn kek(&self) -> KekName {
        self.name()
    }

    fn wrap(&self, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
        let mut wrapped = vec![0; IV];
        getrandom::fill(&mut wrapped).map_err(|_| KekError::Unavailable)?;
        let mut iv = wrapped.clone();
        let sealed = self.token.with_key(&self.id, |session, handle| {
            let parameters = GcmParams::new(&mut iv, binding.bytes(), TAG_BITS.into())?;
            session.encrypt(&Mechanism::AesGcm(parameters), handle, key)
        })?;
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
        let mut iv = iv.to_vec();
        let opened = self.token.with_key(&self.id, |session, handle| {
            let parameters = GcmParams::new(&mut iv, binding.bytes(), TAG_BITS.into())?;
            session.decrypt(&Mechanism::AesGcm(parameters), handle, sealed).map(Zeroizing::new)
        })?;
        if opened.len() != key.len() {
            return Err(KekError::Refused);
        }
        key.copy_from_slice(&opened);
        Ok(())
    }
}

fn template_of(id: &[u8]) -> [Attribute; 3] {
    [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::KeyType(KeyType::AES), Attribute::Id(id.to_vec())]
}

/// What may go well another time. A module that cannot tell a wrong tag from a broken token (SoftHSM cannot) is taken to have refused.
const fn kek_error(error: &Error) -> KekError {
    match error {
        Error::Pkcs11(
            RvError::DeviceError
            | RvError::DeviceMemory
            | RvError::DeviceRemoved
            | RvError::TokenNotPresent
            | RvError::HostMemory
            | RvError::SessionHandleInvalid
            | RvError::SessionClosed
            | RvError::SessionCount
            | RvError::SlotIdInvalid
            | RvError::CryptokiNotInitialized,
            _,
        )
        | Error::LibraryLoading(_) => KekError::Unavailable,
        _ => KekError::Refused,
    }
}

impl core::fmt::Display for TokenError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Module => "the PKCS#11 module cannot be loaded",
            Self::NoToken => "the module has no token of this label",
            Self::Generate => "the token does not make the key",
            Self::NoKey => "the token has no such key, or more than one",
        })
    }
}

impl core::error::Error for TokenError {}

impl core::fmt::Debug for Pkcs11Kek {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Pkcs11Kek").field(&self.name()).finish()
    }
}
