//! What a long form has done, for its row in `docs/assurance.md`.

use crate::tally::Tally;

pub(crate) struct Report {
    pub(crate) command: String,
    pub(crate) tally: Tally,
    /// What is kept of it.
    pub(crate) result: String,
}
