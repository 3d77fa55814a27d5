use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::count::WrapCount;
use super::error::TokenError;
use super::session::Shared;
use super::worker::Worker;

/// A token of a PKCS#11 module, and the PIN of its user.
///
/// A module belongs to one process: open it after a fork, not before. Calls take turns, on a thread of the token's own.
pub struct Pkcs11Token {
    worker: Worker,
    /// By `CKA_ID`: two versions of one id are one key.
    counts: Mutex<HashMap<Box<[u8]>, Arc<WrapCount>>>,
}

/// What may be said otherwise of a token.
#[derive(Clone, Copy, Debug)]
pub struct Pkcs11Options {
    /// All of one call, with its turn behind others. Ten seconds.
    pub deadline: Duration,
}

impl Default for Pkcs11Options {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(10) }
    }
}

impl Pkcs11Token {
    /// Loads the module and finds the token. The PIN is asked of the token with the first call.
    ///
    /// # Errors
    /// [`TokenError::Module`]; [`TokenError::NoToken`], also if there are two of this label; [`TokenError::Unavailable`], of this and of any
    /// call, for a part that gives no answer before the deadline. What was asked of it may still be done.
    pub fn open(module: &Path, label: &str, pin: AuthPin, options: Pkcs11Options) -> Result<Arc<Self>, TokenError> {
        let (module, label) = (module.to_owned(), label.to_owned());
        let worker = Worker::start(options.deadline, move || Shared::open(&module, &label, pin))?;
        Ok(Arc::new(Self { worker, counts: Mutex::default() }))
    }

    pub(super) const fn worker(&self) -> &Worker {
        &self.worker
    }

    pub(super) fn count(&self, id: &[u8]) -> Arc<WrapCount> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(counts.entry(id.into()).or_default())
    }
}

impl Shared {
    fn open(module: &Path, label: &str, pin: AuthPin) -> Result<Self, TokenError> {
        let context = Pkcs11::new(module).map_err(|_| TokenError::Module)?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(_) => return Err(TokenError::Module),
        }
        let slots = context.get_slots_with_token().map_err(|_| TokenError::Module)?;
        let is_it = |slot: &Slot| context.get_token_info(*slot).is_ok_and(|info| info.label() == label);
        // Of two tokens of one label neither is offered the PIN.
        let mut found = slots.into_iter().filter(is_it);
        let (Some(slot), None) = (found.next(), found.next()) else { return Err(TokenError::NoToken) };
        Ok(Self::new(context, slot, pin))
    }
}
