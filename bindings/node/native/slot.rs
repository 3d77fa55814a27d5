//! Who verifies, by a number. An external costs a lock and a look-up in each call; verification is called too often for that.

use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use portward_bridge::{Access, Error, Store, Verifier};

use crate::error::invalid;
use crate::work::{External, handle};

/// Whoever verifies.
pub(crate) enum Verifying {
    Verifier(Verifier),
    Store(Store),
}

type Slots = Vec<Option<Arc<Verifying>>>;

static SLOTS: LazyLock<ArcSwap<Slots>> = LazyLock::new(ArcSwap::default);

/// A number that is taken until this is dropped.
pub(crate) struct Slot(usize);

impl Drop for Slot {
    fn drop(&mut self) {
        SLOTS.rcu(|slots| {
            let mut slots = Slots::clone(slots);
            if let Some(slot) = slots.get_mut(self.0) {
                *slot = None;
            }
            slots
        });
    }
}

/// Takes a number for this verifier.
pub(crate) fn slot(verifying: Verifying) -> External<Slot> {
    let verifying = Arc::new(verifying);
    let mut taken = 0;
    SLOTS.rcu(|slots| {
        let mut slots = Slots::clone(slots);
        taken = slots.iter().position(Option::is_none).unwrap_or(slots.len());
        match slots.get_mut(taken) {
            Some(slot) => *slot = Some(Arc::clone(&verifying)),
            None => slots.push(Some(Arc::clone(&verifying))),
        }
        slots
    });
    handle(Slot(taken))
}

pub(crate) fn number(slot: &Slot) -> u32 {
    u32::try_from(slot.0).unwrap_or(u32::MAX)
}

/// Verifies with whoever has this number.
pub(crate) fn by(slot: u32, verify: impl FnOnce(&Verifying) -> Result<Access, Error>) -> Result<Access, Error> {
    let slots = SLOTS.load();
    let verifying = usize::try_from(slot).ok().and_then(|slot| slots.get(slot)?.as_ref());
    verify(verifying.ok_or_else(|| invalid("closed", "it was closed"))?)
}
