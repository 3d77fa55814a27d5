//! The columns that rows have in common.

use portward::KeyState;
use portward::envelope::Slot;

use crate::database::record::Values;

pub(super) fn state(values: &mut Values) -> Option<KeyState> {
    let name = values.text()?;
    let states = [KeyState::Active, KeyState::VerifyOnly, KeyState::Retired, KeyState::Destroyed];
    states.into_iter().find(|state| state.name() == name)
}

pub(super) fn slot(values: &mut Values) -> Option<Option<Slot>> {
    values.optional(|values| Slot::from_bytes(&values.bytes()?))
}
