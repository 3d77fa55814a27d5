use std::path::PathBuf;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use portward_bridge::{self as bridge, Keyring, WrappedKeyring};
use zeroize::Zeroizing;

use crate::work::{External, Held, Promised, handle, held, promise};

/// The keyring of a directory, as it was read, if it lies under a KEK; nothing in the list if not.
#[napi(catch_unwind)]
pub(crate) fn wrapped_read(directory: String) -> Promised<Option<WrappedKeyring>, Held<WrappedKeyring>> {
    let found = |wrapped: Option<WrappedKeyring>| wrapped.map(handle).into_iter().collect();
    promise(move || WrappedKeyring::read(&PathBuf::from(directory)), found)
}

/// One of the KEKs that a keyring lies under, and what has to be unwrapped. Nothing of it is secret.
#[napi(object)]
pub(crate) struct KekSlotRow {
    /// Where the KEK lies: `aws-kms`, `pkcs11`, or `type-40` for instance.
    pub kind: String,
    /// What it is called there: of AWS KMS the key id, of PKCS#11 the `CKA_ID`.
    pub id: Buffer,
    /// Which version of it; 0 of AWS KMS.
    pub version: u32,
    /// The key, as the provider has wrapped it; of PKCS#11 12 bytes of IV, then what AES-256-GCM gave.
    pub wrapped: Buffer,
    /// What it is bound to: associated data, for a provider that takes such.
    pub binding: Buffer,
    /// The same in names and texts, for one that takes these: a name and a text in each list.
    pub context: Vec<Vec<String>>,
}

/// The KEKs that it lies under, in the order in which they are to be asked.
#[napi(catch_unwind)]
pub(crate) fn wrapped_slots(wrapped: &External<WrappedKeyring>) -> Vec<KekSlotRow> {
    let row = |slot: bridge::KekSlot| KekSlotRow {
        kind: slot.kind,
        id: slot.id.into(),
        version: slot.version,
        wrapped: slot.wrapped.into(),
        binding: slot.binding.into(),
        context: slot.encryption_context.into_iter().map(|(name, text)| vec![name.to_owned(), text]).collect(),
    };
    wrapped.slots().into_iter().map(row).collect()
}

/// Opens it with the 32 bytes that were unwrapped from this slot. Errors: `no_slot`; `unwrap_failed`, `wrapped_damaged` of another key.
#[napi(catch_unwind)]
pub(crate) fn wrapped_open(
    wrapped: &External<WrappedKeyring>,
    slot: u32,
    key: &[u8],
) -> Promised<Keyring, Held<Keyring>> {
    let (wrapped, key) = (WrappedKeyring::clone(wrapped), Zeroizing::new(key.to_vec()));
    promise(move || wrapped.open(usize::try_from(slot).unwrap_or(usize::MAX), &key), held)
}
