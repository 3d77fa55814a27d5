//! What is sealed and opened in memory, at once or piece by piece.

use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use portward_bridge::{Error, Of, Opener, Scope, Sealer};
use zeroize::Zeroizing;

use crate::error::call;
use crate::given::Given;
use crate::work::{External, Held, Promised, buffer, held, plaintext, promise};

/// What exactly is sealed; `more`: key, value, key, value …
#[napi(object)]
pub(crate) struct OfRow {
    pub name: String,
    pub id: String,
    pub more: Vec<String>,
}

impl OfRow {
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Of<'_>) -> T) -> T {
        let (keys, values) = (self.more.iter().step_by(2), self.more.iter().skip(1).step_by(2));
        let more: Vec<(String, String)> = keys.cloned().zip(values.cloned()).collect();
        work(&Of { name: &self.name, id: &self.id, more: &more })
    }
}

#[napi(catch_unwind)]
pub(crate) fn scope_seal(
    scope: &External<Scope>,
    of: OfRow,
    plaintext: &External<Given>,
    embedded: bool,
) -> Promised<Vec<u8>, Buffer> {
    let (scope, bytes) = (Scope::clone(scope), plaintext.take());
    promise(move || of.with(|of| scope.seal(of, &bytes, embedded)), buffer)
}

#[napi(catch_unwind)]
pub(crate) fn scope_open(scope: &External<Scope>, of: OfRow, object: &External<Given>) -> Promised<Vec<u8>, Buffer> {
    let (scope, object) = (Scope::clone(scope), object.take_public());
    promise(move || of.with(|of| scope.open(of, &object)), buffer)
}

/// Waits here for the key store, if the keys are not known yet.
#[napi(catch_unwind)]
pub(crate) fn scope_seal_sync(
    scope: &External<Scope>,
    of: OfRow,
    bytes: &[u8],
    embedded: bool,
) -> napi::Result<Buffer> {
    call(|| of.with(|of| scope.seal(of, bytes, embedded))).map(Buffer::from)
}

/// As [`scope_seal_sync`].
#[napi(catch_unwind)]
pub(crate) fn scope_open_sync(scope: &External<Scope>, of: OfRow, object: &[u8]) -> napi::Result<Buffer> {
    call(|| of.with(|of| scope.open(of, object))).map(Buffer::from)
}

/// One piece after the other: a stream waits for each.
pub(crate) struct Turns<T>(Arc<Mutex<T>>);

impl<T: Send + 'static> Turns<T> {
    fn new(stream: T) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }

    fn take<O>(
        &self,
        turn: impl FnOnce(&mut T) -> Result<O, Error> + Send + 'static,
    ) -> impl FnOnce() -> Result<O, Error> + Send + 'static {
        let stream = Arc::clone(&self.0);
        move || turn(&mut stream.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[napi(catch_unwind)]
pub(crate) fn sealer_new(scope: &External<Scope>, of: OfRow, embedded: bool) -> Promised<Sealer, Held<Turns<Sealer>>> {
    let scope = Scope::clone(scope);
    promise(move || of.with(|of| scope.sealer(of, embedded)), |sealer| held(Turns::new(sealer)))
}

#[napi(catch_unwind)]
pub(crate) fn sealer_update(sealer: &External<Turns<Sealer>>, bytes: &[u8]) -> Promised<Vec<u8>, Buffer> {
    let bytes = Zeroizing::new(bytes.to_vec());
    promise(sealer.take(move |sealer| sealer.update(&bytes)), buffer)
}

#[napi(catch_unwind)]
pub(crate) fn sealer_finish(sealer: &External<Turns<Sealer>>) -> Promised<Vec<u8>, Buffer> {
    promise(sealer.take(Sealer::finish), buffer)
}

#[napi(catch_unwind)]
pub(crate) fn opener_new(scope: &External<Scope>, of: OfRow) -> Promised<Opener, Held<Turns<Opener>>> {
    let scope = Scope::clone(scope);
    promise(move || of.with(|of| scope.opener(of)), |opener| held(Turns::new(opener)))
}

#[napi(catch_unwind)]
pub(crate) fn opener_update(opener: &External<Turns<Opener>>, bytes: &[u8]) -> Promised<Zeroizing<Vec<u8>>, Buffer> {
    let bytes = bytes.to_vec();
    promise(opener.take(move |opener| opener.update(&bytes)), plaintext)
}

#[napi(catch_unwind)]
pub(crate) fn opener_finish(opener: &External<Turns<Opener>>) -> Promised<Zeroizing<Vec<u8>>, Buffer> {
    promise(opener.take(Opener::finish), plaintext)
}
