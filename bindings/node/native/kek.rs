use std::path::PathBuf;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use portward_bridge::{self as bridge, Keyring, WrappedKeyring};
use zeroize::Zeroizing;

use crate::work::{External, Held, Promised, handle, held, promise};

/// The keyring of a directory, if it lies under a KEK.
#[napi(catch_unwind)]
pub(crate) fn wrapped_read(directory: String) -> Promised<Option<WrappedKeyring>, Held<WrappedKeyring>> {
    let found = |wrapped: Option<WrappedKeyring>| wrapped.map(handle).into_iter().collect();
    promise(move || WrappedKeyring::read(&PathBuf::from(directory)), found)
}

/// One of its KEKs; `context` has a name and a text in each list.
#[napi(object)]
pub(crate) struct KekSlotRow {
    pub kind: String,
    pub id: Buffer,
    pub version: u32,
    pub wrapped: Buffer,
    pub binding: Buffer,
    pub context: Vec<Vec<String>>,
}

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

#[napi(catch_unwind)]
pub(crate) fn wrapped_open(
    wrapped: &External<WrappedKeyring>,
    slot: u32,
    key: &[u8],
) -> Promised<Keyring, Held<Keyring>> {
    let (wrapped, key) = (WrappedKeyring::clone(wrapped), Zeroizing::new(key.to_vec()));
    promise(move || wrapped.open(usize::try_from(slot).unwrap_or(usize::MAX), &key), held)
}
