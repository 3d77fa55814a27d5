//! Where something that was computed from a secret becomes public. Nothing else that comes of a key may decide a branch or an index.
//!
//! `cargo xtask test timing` marks the keys and lets valgrind follow what is computed from them. In that build (`--cfg portward_timing`) what
//! is declared goes through a table, for which valgrind complains at one place that is known (`testkit/timing/declared.supp`), and takes what
//! comes out for public.

/// Whether two secrets were equal, or something was authentic: what everybody sees who is accepted or refused.
#[cfg(not(portward_timing))]
pub(super) const fn declared(outcome: bool) -> bool {
    outcome
}

/// An id that is a hash of a secret.
#[cfg(not(portward_timing))]
pub(super) const fn declared_id(id: [u8; 16]) -> [u8; 16] {
    id
}

#[cfg(portward_timing)]
#[inline(never)]
pub(super) fn declared(outcome: bool) -> bool {
    core::hint::black_box(&[false, true]).get(usize::from(outcome)).copied().unwrap_or_default()
}

#[cfg(portward_timing)]
#[inline(never)]
pub(super) fn declared_id(id: [u8; 16]) -> [u8; 16] {
    let table: [u8; 256] = core::array::from_fn(|byte| u8::try_from(byte).unwrap_or_default());
    let table = core::hint::black_box(&table);
    id.map(|byte| table.get(usize::from(byte)).copied().unwrap_or_default())
}
