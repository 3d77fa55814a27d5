//! How a key lies under a KEK of 32 bytes: XAES-256-GCM. `spec/envelope.md` section 3.

use crate::envelope::kek::{Binding, KekError};
use crate::envelope::slot::Slot;
use crate::primitive::WrapCipher;
use crate::random;
use crate::secret::Secret;

/// `nonce ‖ ciphertext ‖ tag` of XAES-256-GCM.
pub(super) fn seal(kek: &Secret, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
    let mut nonce = [0; 24];
    random::draw(&mut nonce).map_err(|_| KekError::Random)?;
    Ok(seal_with(kek, &nonce, binding, key))
}

fn seal_with(kek: &Secret, nonce: &[u8; 24], binding: &Binding, key: &[u8; 32]) -> Vec<u8> {
    let mut wrapped = *key;
    let tag = sealed_in_place(kek, nonce, binding, &mut wrapped);
    zeroize::zeroize_stack::<8192>();
    [nonce.as_slice(), &wrapped, &tag].concat()
}

/// With a frame of its own, so that what the key schedules leave on the stack can be cleared behind it.
#[inline(never)]
fn sealed_in_place(kek: &Secret, nonce: &[u8; 24], binding: &Binding, key: &mut [u8; 32]) -> [u8; 16] {
    WrapCipher::new(kek.expose()).seal(nonce, binding.bytes(), key)
}

#[inline(never)]
fn opened_in_place(kek: &Secret, nonce: &[u8; 24], binding: &Binding, key: &mut [u8; 32], tag: &[u8; 16]) -> bool {
    WrapCipher::new(kek.expose()).open(nonce, binding.bytes(), key, tag)
}

pub(super) fn open(kek: &Secret, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
    let (nonce, rest) = slot.wrapped().split_first_chunk().ok_or(KekError::Refused)?;
    let (wrapped, tag) = rest.split_last_chunk().ok_or(KekError::Refused)?;
    *key = wrapped.try_into().map_err(|_| KekError::Refused)?;
    let authentic = opened_in_place(kek, nonce, binding, key, tag);
    zeroize::zeroize_stack::<8192>();
    if authentic { Ok(()) } else { Err(KekError::Refused) }
}

/// For the vectors of the testkit: a wrapping with a given nonce.
#[cfg(test)]
pub(crate) struct WithNonce(pub(crate) Secret, pub(crate) crate::envelope::slot::KekName, pub(crate) [u8; 24]);

#[cfg(test)]
impl crate::envelope::kek::WrapKey for WithNonce {
    fn kek(&self) -> crate::envelope::slot::KekName {
        self.1.clone()
    }

    fn wrap(&self, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
        Ok(seal_with(&self.0, &self.2, binding, key))
    }
}
