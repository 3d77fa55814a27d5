//! Days as people write them.

use std::io;

use time::Date;
use time::format_description::well_known::Iso8601;

/// A day as `2026-01-31`.
pub(super) fn day(text: &str) -> io::Result<Date> {
    Date::parse(text, &Iso8601::DATE).map_err(|_| io::Error::other(format!("`{text}` is no date like 2026-01-31")))
}
