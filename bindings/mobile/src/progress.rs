use core::fmt;

use portward_bridge::{self as bridge, Stop};
use uniffi::UnexpectedUniFFICallbackError;

use crate::work::Wanted;

/// Told how far long work is. Called on a thread of this library, at the first step, every 256 KiB and at the end.
///
/// Whoever cancels a call does not wait for that thread: `advanced` may be called once more after the call has ended.
#[uniffi::export(callback_interface)]
pub trait WorkProgress: Send + Sync {
    /// So many bytes are done. False ends the work as `Cancelled`; an exception ends it as `callback_failed`. It is told of all bytes once more
    /// when they lie on the medium, right before the file appears: the last moment to say no.
    fn advanced(&self, bytes: u64) -> Result<bool, ProgressError>;
}

/// Progress could not be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Error)]
pub enum ProgressError {
    /// Ends the work as `callback_failed`.
    Failed,
}

/// Asks whether anybody waits, at every step, and tells the application now and then.
pub(crate) struct Working<'a> {
    wanted: &'a Wanted,
    progress: Option<Box<dyn WorkProgress>>,
    told: u64,
}

impl<'a> Working<'a> {
    pub(crate) fn new(wanted: &'a Wanted, progress: Option<Box<dyn WorkProgress>>) -> Self {
        Self { wanted, progress, told: 0 }
    }

    fn tell(&mut self, bytes: u64) -> Result<(), Stop> {
        self.told = bytes;
        match self.progress.as_ref().map(|progress| progress.advanced(bytes)) {
            None | Some(Ok(true)) => Ok(()),
            Some(Ok(false)) => Err(Stop::Cancelled),
            Some(Err(ProgressError::Failed)) => Err(Stop::CallbackFailed),
        }
    }
}

impl bridge::Work for Working<'_> {
    fn advanced(&mut self, bytes: u64) -> Result<(), Stop> {
        self.wanted.check()?;
        let is_due = self.told == 0 || bytes.saturating_sub(self.told) >= TOLD_EVERY;
        if is_due { self.tell(bytes) } else { Ok(()) }
    }

    fn finish(&mut self, bytes: u64, place: &mut dyn FnMut()) -> Result<(), Stop> {
        self.wanted.check()?;
        self.tell(bytes)?;
        self.wanted.unless_given_up(place)
    }
}

const TOLD_EVERY: u64 = 256 * 1024;

impl From<UnexpectedUniFFICallbackError> for ProgressError {
    fn from(_: UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}

impl fmt::Display for ProgressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the progress could not be told")
    }
}

impl core::error::Error for ProgressError {}
