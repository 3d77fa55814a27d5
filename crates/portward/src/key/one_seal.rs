use zeroize::Zeroizing;

use crate::key::derive::length_prefix;
use crate::primitive;
use crate::secret::Secret;

/// The seal under a secret that seals once: `spec/keys.md` section 7, `spec/envelope.md` section 11.
///
/// `key, commitment = HKDF-Expand-SHA-256(secret, lp(context) ‖ 0x01 or 0x02, 32)`; AES-256-GCM with a nonce of zeros, which is safe because
/// the secret is new for each sealing.
pub(crate) struct OneSeal {
    key: Secret,
    commitment: Secret,
    context: Vec<u8>,
}

impl OneSeal {
    pub(crate) fn new(secret: &Secret, context: Vec<u8>) -> Self {
        let expand = |branch: u8| {
            let expanded = Secret::try_filled(|output| {
                primitive::hkdf_expand(secret.expose(), &[&length_prefix(&context), &context, &[branch]], output);
                Ok::<(), core::convert::Infallible>(())
            });
            match expanded {
                Ok(expanded) => expanded,
            }
        };
        Self { key: expand(0x01), commitment: expand(0x02), context }
    }

    /// Goes beside the ciphertext.
    pub(crate) const fn commitment(&self) -> [u8; 32] {
        *self.commitment.expose()
    }

    /// In constant time.
    pub(crate) fn is_committed_to(&self, commitment: &[u8; 32]) -> bool {
        primitive::equal(self.commitment.expose(), commitment)
    }

    /// `None` for more than the cipher takes.
    pub(crate) fn seal(self, plaintext: &[u8]) -> Option<Vec<u8>> {
        // Room for the tag from the start, so that no plaintext is left behind by a growing vector.
        let mut buffer = Zeroizing::new(Vec::with_capacity(plaintext.len().saturating_add(16)));
        buffer.extend_from_slice(plaintext);
        primitive::seal_once(self.key.expose(), &self.context, &mut buffer)?;
        Some(core::mem::take(&mut *buffer))
    }

    /// `None` if it is not authentic.
    pub(crate) fn open(&self, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        primitive::open_once(self.key.expose(), &self.context, &mut buffer)?;
        Some(buffer)
    }
}
