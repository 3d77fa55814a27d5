use core::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// Carries requests of followers to who answers them: [`Store::answer_request`](crate::store::Store::answer_request).
///
/// Answers show who is revoked, and by which tenants: let the carrier be for members of the deployment only.
pub trait Carrier: Send + Sync {
    /// Carries a request there, and its answer back.
    fn ask<'a>(&'a self, request: &'a [u8]) -> Carried<'a, Result<Vec<u8>, CarrierError>>;

    /// Returns when there may be something new. One that never returns is polled.
    fn woken(&self) -> Carried<'_, ()> {
        Box::pin(core::future::pending())
    }
}

/// What the methods of a [`Carrier`] return.
pub type Carried<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// No answer came.
#[derive(Clone, Debug)]
pub struct CarrierError(Arc<dyn core::error::Error + Send + Sync>);

impl CarrierError {
    /// With what happened.
    pub fn new(cause: impl core::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(cause))
    }
}

impl fmt::Display for CarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the feed could not be asked")
    }
}

impl core::error::Error for CarrierError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&*self.0)
    }
}
