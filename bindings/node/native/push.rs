//! What is sealed and opened in memory, at once or piece by piece.

use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use portward_bridge::{Error, Of, Opener, Scope, Sealer};
use zeroize::Zeroizing;

use crate::error::call;
use crate::given::Given;
use crate::work::{External, Held, Promised, buffer, held, plaintext, promise};

/// What exactly is sealed, beside its tenant. All of it has to be stated again to open it.
#[napi(object)]
pub(crate) struct OfRow {
    /// A stable logical name: `invoices.notes`.
    pub name: String,
    /// Which one.
    pub id: String,
    /// More, under keys that begin with `x-`: key, value, key, value …
    pub more: Vec<String>,
}

impl OfRow {
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Of<'_>) -> T) -> T {
        let (keys, values) = (self.more.iter().step_by(2), self.more.iter().skip(1).step_by(2));
        let more: Vec<(String, String)> = keys.cloned().zip(values.cloned()).collect();
        work(&Of { name: &self.name, id: &self.id, more: &more })
    }
}

/// Seals bytes, which are taken out of what was given. `embedded`: whether the data key goes along: deleting the object is then what erases it.
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

/// Opens bytes, which are taken out of what was given. Whatever is wrong, nothing of it is returned.
#[napi(catch_unwind)]
pub(crate) fn scope_open(scope: &External<Scope>, of: OfRow, object: &External<Given>) -> Promised<Vec<u8>, Buffer> {
    let (scope, object) = (Scope::clone(scope), object.take_public());
    promise(move || of.with(|of| scope.open(of, &object)), buffer)
}

/// Seals at once; blocks while it asks the key store, if the keys are not known yet.
#[napi(catch_unwind)]
pub(crate) fn scope_seal_sync(
    scope: &External<Scope>,
    of: OfRow,
    bytes: &[u8],
    embedded: bool,
) -> napi::Result<Buffer> {
    call(|| of.with(|of| scope.seal(of, bytes, embedded))).map(Buffer::from)
}

/// Opens at once, and blocks likewise.
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

/// Begins to seal piece by piece, in constant memory.
#[napi(catch_unwind)]
pub(crate) fn sealer_new(scope: &External<Scope>, of: OfRow, embedded: bool) -> Promised<Sealer, Held<Turns<Sealer>>> {
    let scope = Scope::clone(scope);
    promise(move || of.with(|of| scope.sealer(of, embedded)), |sealer| held(Turns::new(sealer)))
}

/// Takes plaintext in; gives out what is sealed by now. Errors: `stream_over`.
#[napi(catch_unwind)]
pub(crate) fn sealer_update(sealer: &External<Turns<Sealer>>, bytes: &[u8]) -> Promised<Vec<u8>, Buffer> {
    let bytes = Zeroizing::new(bytes.to_vec());
    promise(sealer.take(move |sealer| sealer.update(&bytes)), buffer)
}

/// Gives out the rest. Without it the object does not open.
#[napi(catch_unwind)]
pub(crate) fn sealer_finish(sealer: &External<Turns<Sealer>>) -> Promised<Vec<u8>, Buffer> {
    promise(sealer.take(Sealer::finish), buffer)
}

/// Begins to open piece by piece. Each byte that comes out is authentic; that they are all is known only once it was finished.
#[napi(catch_unwind)]
pub(crate) fn opener_new(scope: &External<Scope>, of: OfRow) -> Promised<Opener, Held<Turns<Opener>>> {
    let scope = Scope::clone(scope);
    promise(move || of.with(|of| scope.opener(of)), |opener| held(Turns::new(opener)))
}

/// Takes a part of the object in; gives out what is open by now. Errors: `stream_over`.
#[napi(catch_unwind)]
pub(crate) fn opener_update(opener: &External<Turns<Opener>>, bytes: &[u8]) -> Promised<Zeroizing<Vec<u8>>, Buffer> {
    let bytes = bytes.to_vec();
    promise(opener.take(move |opener| opener.update(&bytes)), plaintext)
}

/// Says that this was all; gives out the rest.
#[napi(catch_unwind)]
pub(crate) fn opener_finish(opener: &External<Turns<Opener>>) -> Promised<Zeroizing<Vec<u8>>, Buffer> {
    promise(opener.take(Opener::finish), plaintext)
}
