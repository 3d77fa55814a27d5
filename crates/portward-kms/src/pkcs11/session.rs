use std::thread;
use std::time::Duration;

use cryptoki::context::{Function, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::error::{TokenError, is_of_session};

/// The session that the calls of a token share.
pub(super) struct Shared {
    context: Pkcs11,
    slot: Slot,
    pin: AuthPin,
    /// Given up at the first error, so that the next call logs in anew.
    session: Option<Session>,
    pin_refused: bool,
}

/// Why a call came to nothing.
enum Fault {
    Cryptoki(Error),
    Said(TokenError),
}

impl Shared {
    pub(super) const fn new(context: Pkcs11, slot: Slot, pin: AuthPin) -> Self {
        Self { context, slot, pin, session: None, pin_refused: false }
    }

    /// Calls with the key of this id. A session that somebody else has ended or logged out is made anew, once.
    pub(super) fn with_key<T>(
        &mut self,
        id: &[u8],
        mut call: impl FnMut(&Session, ObjectHandle) -> Result<T, Error>,
    ) -> Result<T, TokenError> {
        let mut attempt = |session: &Session| Ok(call(session, find(session, id)?)?);
        if let Some(session) = self.session.take() {
            match attempt(&session) {
                Err(Fault::Cryptoki(error)) if is_of_session(&error) => {}
                called => return self.settle(session, called),
            }
        }
        let session = self.context.open_ro_session(self.slot).map_err(|error| TokenError::of(&error))?;
        self.log_in(&session)?;
        let called = attempt(&session);
        self.settle(session, called)
    }

    fn settle<T>(&mut self, session: Session, called: Result<T, Fault>) -> Result<T, TokenError> {
        match called {
            Ok(value) => {
                self.session = Some(session);
                Ok(value)
            }
            Err(Fault::Said(error)) => Err(error),
            Err(Fault::Cryptoki(error)) => Err(TokenError::of(&error)),
        }
    }

    /// Makes a key of this id, which must be new.
    ///
    /// A token lets several be of one id, and two processes can both look before either has made its own. So each looks again afterwards, and who
    /// sees another one destroys its own, under which nothing lies: while there are two, neither is found. Then they try again.
    pub(super) fn generate(&mut self, id: &[u8]) -> Result<(), TokenError> {
        let session = self.context.open_rw_session(self.slot).map_err(|error| TokenError::of(&error))?;
        self.log_in(&session)?;
        let count = || session.find_objects(&template_of(id)).map(|found| found.len());
        for attempt in 0..ATTEMPTS {
            if count().map_err(|error| TokenError::of(&error))? > 0 {
                return Err(TokenError::Generate);
            }
            let own = [Attribute::Token(true), Attribute::Id(id.to_vec())];
            let template: Vec<Attribute> = own.into_iter().chain(required()).collect();
            let made = session.generate_key(&Mechanism::AesKeyGen, &template).map_err(|_| TokenError::Generate)?;
            if count().map_err(|error| TokenError::of(&error))? == 1 {
                return Ok(());
            }
            session.destroy_object(made).map_err(|error| TokenError::of(&error))?;
            thread::sleep(some_time(attempt));
        }
        Err(TokenError::Generate)
    }

    /// One login counts for all sessions of the process. A PIN is offered no more once it was refused.
    fn log_in(&mut self, session: &Session) -> Result<(), TokenError> {
        if self.pin_refused {
            return Err(TokenError::Pin);
        }
        match session.login(UserType::User, Some(&self.pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error) => {
                let error = TokenError::of(&error);
                self.pin_refused = error == TokenError::Pin;
                Err(error)
            }
        }
    }
}

/// How often a key that another one came beside is made again.
pub(super) const ATTEMPTS: u32 = 5;

/// Up to 50 ms, then up to twice that, and so on: of those that got in each other's way, one is first the next time.
pub(super) fn some_time(attempt: u32) -> Duration {
    let share = getrandom::u32().unwrap_or_default() % 51;
    Duration::from_millis(u64::from(share << attempt.min(ATTEMPTS)))
}

/// The key, if it is what it has to be. Looked at in every call, since it is found anew in every call.
fn find(session: &Session, id: &[u8]) -> Result<ObjectHandle, Fault> {
    let found = session.find_objects(&template_of(id))?;
    let [key] = found[..] else { return Err(no_key(session, found.len())) };
    let kinds = [
        AttributeType::Private,
        AttributeType::ValueLen,
        AttributeType::Encrypt,
        AttributeType::Decrypt,
        AttributeType::Sensitive,
        AttributeType::Extractable,
    ];
    let has = session.get_attributes(key, &kinds)?;
    if required().iter().all(|attribute| has.contains(attribute)) {
        Ok(key)
    } else {
        Err(Fault::Said(TokenError::WeakKey))
    }
}

/// A session that was logged out does not see private keys: that is no word about the key.
fn no_key(session: &Session, found: usize) -> Fault {
    match session.get_session_info().map(|info| info.session_state()) {
        Ok(SessionState::RoPublic | SessionState::RwPublic) if found == 0 => {
            Fault::Cryptoki(Error::Pkcs11(RvError::UserNotLoggedIn, Function::FindObjects))
        }
        Ok(_) => Fault::Said(TokenError::NoKey),
        Err(error) => Fault::Cryptoki(error),
    }
}

/// What makes a key a KEK: 256 bits that encrypt and decrypt, and stay where they are.
fn required() -> [Attribute; 6] {
    [
        Attribute::Private(true),
        Attribute::ValueLen(32_u64.into()),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
    ]
}

/// Private: one that is seen without the PIN could have been put there, and be used, by anybody who reaches the token.
fn template_of(id: &[u8]) -> [Attribute; 4] {
    let private = Attribute::Private(true);
    [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::KeyType(KeyType::AES), private, Attribute::Id(id.to_vec())]
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Cryptoki(error)
    }
}
