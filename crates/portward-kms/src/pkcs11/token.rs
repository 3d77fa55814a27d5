use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::count::WrapCount;
use super::error::TokenError;
use super::session::Shared;

/// A token of a PKCS#11 module, and the PIN of its user.
///
/// A module belongs to one process: open it after a fork, not before. Calls take turns.
pub struct Pkcs11Token {
    shared: Mutex<Shared>,
    /// By `CKA_ID`: two versions of one id are one key.
    counts: Mutex<HashMap<Box<[u8]>, Arc<WrapCount>>>,
}

impl Pkcs11Token {
    /// Loads the module and finds the token. The PIN is asked of the token with the first call.
    ///
    /// # Errors
    /// [`TokenError::Module`]; [`TokenError::NoToken`], also if there are two of this label.
    pub fn open(module: &Path, label: &str, pin: AuthPin) -> Result<Arc<Self>, TokenError> {
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
        Ok(Arc::new(Self { shared: Mutex::new(Shared::new(context, slot, pin)), counts: Mutex::default() }))
    }

    pub(super) fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self, id: &[u8]) -> Arc<WrapCount> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(counts.entry(id.into()).or_default())
    }
}
