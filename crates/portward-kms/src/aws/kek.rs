use core::fmt;
use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::EncryptionAlgorithmSpec;
use portward::envelope::{Binding, KekError, KekName, KekType, Slot, UnwrapKey, WrapKey};
use zeroize::Zeroizing;

use super::connection::AwsKms;
use super::error::{AwsKmsError, kek_error};

/// A symmetric key of AWS KMS, by its key id. Version 0: the service knows from its blob which material of a key it takes.
///
/// Source: `spec/envelope.md` section 3, slot type `0x10`.
pub struct AwsKmsKek {
    kms: Arc<AwsKms>,
    id: Box<str>,
}

impl AwsKms {
    /// A key of this account and region, by its key id of 1 to 64 letters, digits and `-`: not an alias, which may come to mean another key,
    /// and not an ARN. Calls nobody.
    ///
    /// # Errors
    /// [`AwsKmsError::KeyId`].
    pub fn key(self: &Arc<Self>, id: &str) -> Result<AwsKmsKek, AwsKmsError> {
        let is_id_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if (1..=ID_MAX).contains(&id.len()) && id.bytes().all(is_id_byte) {
            Ok(AwsKmsKek { kms: Arc::clone(self), id: id.into() })
        } else {
            Err(AwsKmsError::KeyId)
        }
    }
}

impl AwsKmsKek {
    fn name(&self) -> KekName {
        KekName::new(KekType::AwsKms, self.id.as_bytes(), 0)
    }

    /// Whether an answer is of this key: the service names it by its ARN.
    fn is_of(&self, answered: Option<&str>) -> bool {
        let id = |answered: &str| answered.rsplit_once(":key/").map_or(answered, |(_, id)| id) == &*self.id;
        answered.is_some_and(id)
    }
}

impl WrapKey for AwsKmsKek {
    fn kek(&self) -> KekName {
        self.name()
    }

    fn wrap(&self, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
        let request = self.kms.client().encrypt().key_id(&*self.id).encryption_algorithm(ALGORITHM);
        let request = request.set_encryption_context(Some(context(binding))).plaintext(Blob::new(key.as_slice()));
        let answer = self.kms.run(async { request.send().await.map_err(|error| kek_error(&error)) })?;
        let wrapped = answer.ciphertext_blob.filter(|_| self.is_of(answer.key_id.as_deref()));
        wrapped.map(Blob::into_inner).ok_or(KekError::Refused)
    }
}

impl UnwrapKey for AwsKmsKek {
    fn resolves(&self, kek: &KekName) -> bool {
        *kek == self.name()
    }

    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        let request = self.kms.client().decrypt().key_id(&*self.id).encryption_algorithm(ALGORITHM);
        let request = request.set_encryption_context(Some(context(binding))).ciphertext_blob(Blob::new(slot.wrapped()));
        let (answered, opened) = self.kms.run(async {
            let answer = request.send().await.map_err(|error| kek_error(&error))?;
            // From here on it is wiped, also if nobody waits for it any more.
            Ok((answer.key_id, answer.plaintext.map(|opened| Zeroizing::new(opened.into_inner()))))
        })?;
        let opened = opened.filter(|opened| opened.len() == key.len() && self.is_of(answered.as_deref()));
        key.copy_from_slice(&opened.ok_or(KekError::Refused)?);
        Ok(())
    }
}

/// `spec/envelope.md` section 3: the encryption context.
fn context(binding: &Binding) -> HashMap<String, String> {
    binding.pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl fmt::Debug for AwsKmsKek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AwsKmsKek").field(&self.name()).finish()
    }
}

const ID_MAX: usize = 64;
/// Said, so that an asymmetric key, which knows no encryption context, is never taken.
const ALGORITHM: EncryptionAlgorithmSpec = EncryptionAlgorithmSpec::SymmetricDefault;
