//! When a link of a store ends, below what was signed.

use clap::Args;
use portward::Timestamp;

use crate::context;
use crate::failure::Failure;
use crate::read;

#[derive(Args, Debug)]
pub(crate) struct EndsArguments {
    /// When it ends, as in 2026-05-01T12:00:00Z, or Unix seconds: at most its signed expiry, and up to that it can be extended
    #[arg(long, value_name = "TIME", conflicts_with = "ends_in_days")]
    ends: Option<String>,
    /// The same, this many days from now
    #[arg(long, value_name = "N")]
    ends_in_days: Option<u64>,
}

impl EndsArguments {
    pub(crate) fn read(&self) -> Result<Option<Timestamp>, Failure> {
        match (&self.ends, self.ends_in_days) {
            (Some(time), _) => read::time(time).map(Some),
            (None, days) => Ok(days.map(|days| context::now().wall.saturating_add(read::days(days)))),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.ends.is_none() && self.ends_in_days.is_none()
    }
}
