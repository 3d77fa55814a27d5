use core::num::NonZeroUsize;
use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use crate::envelope::body::{BodyKey, Bound, PREFIX};
use crate::envelope::context::Context;
use crate::envelope::data_key::DataKey;
use crate::envelope::error::{OpenError, SealError};
use crate::envelope::header::{HEADER_MAX, Header, KeyId};
use crate::envelope::kek::{UnwrapKey, WrapKey};
use crate::envelope::range::OpenSeek;
use crate::envelope::scope::DataScope;
use crate::envelope::seal;
use crate::envelope::slot::{KekType, Slot};
use crate::envelope::stream::{OpenReader, SealWriter, read_full, refused};
use crate::id::Identifier;
use crate::key::{Deployment, DeploymentId, KeyState};
use crate::revocation::ViewCell;

/// Longest record, in bytes.
pub const RECORD_MAX: usize = 1_048_576;
/// The body of the longest record.
const SEALED_RECORD_MAX: usize = 1_049_672;
const ONE: NonZeroUsize = NonZeroUsize::MIN;

/// The keys of one tenant and one scope: seals what belongs there, and opens nothing else.
///
/// A key store fills it. What is sealed *detached* needs a data key from there to be opened; what carries its data key *embedded*, in slots,
/// needs a KEK of the tenant.
pub struct ScopeKeys {
    deployment: DeploymentId,
    tenant: Identifier,
    scope: DataScope,
    data_keys: Vec<(Arc<DataKey>, KeyState)>,
    keks: Vec<Arc<dyn UnwrapKey>>,
    tombstones: HashSet<KeyId>,
    view: Option<Arc<ViewCell>>,
}

/// Where the data key of a new object is to lie.
#[derive(Clone, Copy)]
pub enum Keep<'a> {
    /// In the key store.
    Detached,
    /// In the object, under each of these KEKs.
    Embedded(&'a [&'a dyn WrapKey]),
}

impl ScopeKeys {
    /// No keys yet.
    pub fn new(deployment: &Deployment, tenant: Identifier, scope: DataScope) -> Self {
        Self {
            deployment: deployment.id,
            tenant,
            scope,
            data_keys: Vec::new(),
            keks: Vec::new(),
            tombstones: HashSet::new(),
            view: None,
        }
    }

    /// With a data key. One of another deployment, tenant or scope is not taken. Given twice, it is in the stricter state.
    #[must_use]
    pub fn with_data_key(mut self, key: Arc<DataKey>, state: KeyState) -> Self {
        if key.deployment() != self.deployment || *key.tenant() != self.tenant || *key.scope() != self.scope {
            return self;
        }
        match self.data_keys.iter_mut().find(|(known, _)| known.id() == key.id()) {
            Some((_, known)) => *known = strictest(*known, state),
            None => self.data_keys.push((key, state)),
        }
        self
    }

    /// With KEKs of this tenant, for what carries its data key.
    #[must_use]
    pub fn with_keks(mut self, keks: Arc<dyn UnwrapKey>) -> Self {
        self.keks.push(keks);
        self
    }

    /// With keys that are destroyed, whatever else is said of them.
    #[must_use]
    pub fn with_tombstones(mut self, keys: impl IntoIterator<Item = KeyId>) -> Self {
        self.tombstones.extend(keys);
        self
    }

    /// With a view whose tombstones count from the moment it shows them.
    #[must_use]
    pub fn with_view(mut self, view: Arc<ViewCell>) -> Self {
        self.view = Some(view);
        self
    }

    /// Whose.
    pub const fn tenant(&self) -> &Identifier {
        &self.tenant
    }

    /// For what.
    pub const fn scope(&self) -> &DataScope {
        &self.scope
    }

    /// Seals a record of at most 1 MiB; its data key stays in the key store.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal_record(&self, context: &Context, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        if plaintext.len() > RECORD_MAX {
            return Err(SealError::RecordTooLong);
        }
        self.seal(context, plaintext, Keep::Detached, ONE)
    }

    /// Opens a record. Whatever is wrong, nothing of it is returned.
    ///
    /// # Errors
    /// [`OpenError`]; tell the public no more than [`OpenError::public`].
    pub fn open_record(&self, context: &Context, object: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (header, sealed) = self.begin_open(context, object)?;
        if sealed.len() > SEALED_RECORD_MAX {
            return Err(OpenError::RecordTooLong);
        }
        let key = self.data_key(&header)?;
        seal::open(&key, context, sealed, ONE)
    }

    /// Seals from memory to memory, on this many threads.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(
        &self,
        context: &Context,
        plaintext: &[u8],
        keep: Keep<'_>,
        threads: NonZeroUsize,
    ) -> Result<Vec<u8>, SealError> {
        let (key, header) = self.begin(context, keep)?;
        seal::seal(&key, context, &header, plaintext, threads)
    }

    /// Opens from memory to memory, on this many threads. Whatever is wrong, nothing of it is returned.
    ///
    /// # Errors
    /// [`OpenError`]; tell the public no more than [`OpenError::public`].
    pub fn open(&self, context: &Context, object: &[u8], threads: NonZeroUsize) -> Result<Vec<u8>, OpenError> {
        let (header, sealed) = self.begin_open(context, object)?;
        let key = self.data_key(&header)?;
        seal::open(&key, context, sealed, threads)
    }

    /// Seals what is written. The header and the first bytes of the body are written at once.
    ///
    /// # Errors
    /// Those of the writer; [`SealError`] as the inner error of an [`io::Error`].
    pub fn writer<W: Write>(&self, context: &Context, keep: Keep<'_>, mut inner: W) -> io::Result<SealWriter<W>> {
        let (key, header) = self.begin(context, keep).map_err(io::Error::other)?;
        let bound = Bound::new(&key.id(), context);
        let (body_key, prefix) =
            BodyKey::fresh(key.body_key(), &bound).map_err(|error| io::Error::other(SealError::from(error)))?;
        inner.write_all(&header.to_bytes())?;
        inner.write_all(&prefix)?;
        Ok(SealWriter::new(inner, key, body_key))
    }

    /// Opens what is read, from the beginning to the end.
    ///
    /// # Errors
    /// Those of the reader; [`OpenError`] as the inner error of an [`io::Error`] of kind `InvalidData`.
    pub fn reader<R: Read>(&self, context: &Context, mut inner: R) -> io::Result<OpenReader<R>> {
        let (body_key, _) = self.body_key_of(context, &mut inner)?;
        Ok(OpenReader::new(inner, body_key))
    }

    /// Opens any part of what can be read at any place. The object begins where the reader stands.
    ///
    /// # Errors
    /// As [`ScopeKeys::reader`].
    pub fn seekable<R: Read + Seek>(&self, context: &Context, mut inner: R) -> io::Result<OpenSeek<R>> {
        let start = inner.stream_position()?;
        let (body_key, header_length) = self.body_key_of(context, &mut inner)?;
        OpenSeek::new(inner, body_key, start.saturating_add(header_length))
    }

    /// Puts other slots into the header of an object that carries its data key; its body is not touched. `header`: the object's first
    /// bytes, at least its header. Returns the new header and the length of the old: replace one by the other.
    ///
    /// # Errors
    /// [`RewrapError`].
    pub fn rewrap(&self, header: &[u8], keks: &[&dyn WrapKey]) -> Result<(Vec<u8>, usize), RewrapError> {
        let (old, length) = Header::parse(header)?;
        self.row(old.data_key())?;
        let key = self.embedded_key(&old)?;
        let new = embedded(&key, keks)?;
        Ok((new.to_bytes(), length))
    }

    fn begin(&self, context: &Context, keep: Keep<'_>) -> Result<(Arc<DataKey>, Header), SealError> {
        if *context.tenant() != self.tenant {
            return Err(SealError::WrongTenant);
        }
        let active = self.data_keys.iter().find(|(key, state)| *state == KeyState::Active && !self.is_buried(key));
        let (key, _) = active.ok_or(SealError::NoActiveKey)?;
        let header = match keep {
            Keep::Detached => Header::detached(key.id()),
            Keep::Embedded(keks) => embedded(key, keks)?,
        };
        Ok((Arc::clone(key), header))
    }

    /// The header and the body.
    fn begin_open<'o>(&self, context: &Context, object: &'o [u8]) -> Result<(Header, &'o [u8]), OpenError> {
        if *context.tenant() != self.tenant {
            return Err(OpenError::WrongTenant);
        }
        let (header, length) = Header::parse(object)?;
        Ok((header, object.get(length..).unwrap_or_default()))
    }

    /// Reads header and beginning of the body; also how long the header was.
    fn body_key_of(&self, context: &Context, inner: &mut impl Read) -> io::Result<(BodyKey, u64)> {
        if *context.tenant() != self.tenant {
            return Err(refused(OpenError::WrongTenant));
        }
        let mut start = vec![0; 22];
        let read = read_full(inner, start.get_mut(..20).unwrap_or_default())?;
        start.truncate(read);
        // A detached object may end here; one with slots has its length in the next two bytes.
        if Header::length(&start).is_none() && read == 20 {
            append(inner, &mut start, 2)?;
        }
        let length = Header::length(&start).unwrap_or(start.len()).min(HEADER_MAX);
        let missing = length.saturating_sub(start.len());
        append(inner, &mut start, missing)?;
        let (header, length) = Header::parse(&start).map_err(refused)?;
        let key = self.data_key(&header).map_err(refused)?;
        let mut prefix = [0; PREFIX];
        if read_full(inner, &mut prefix)? < PREFIX {
            return Err(refused(OpenError::BodyTruncated));
        }
        let body_key = BodyKey::of_body(key.body_key(), &Bound::new(&key.id(), context), &prefix).map_err(refused)?;
        Ok((body_key, u64::try_from(length).unwrap_or(u64::MAX)))
    }

    /// The data key of an object: `spec/envelope.md` section 6, steps 2 to 5.
    fn data_key(&self, header: &Header) -> Result<Arc<DataKey>, OpenError> {
        let row = self.row(header.data_key())?;
        if header.slots().is_empty() { row.ok_or(OpenError::UnknownDataKey) } else { self.embedded_key(header) }
    }

    /// Steps 2 and 3: what the key store has, if that opens.
    fn row(&self, id: KeyId) -> Result<Option<Arc<DataKey>>, OpenError> {
        if self.is_dead(id) {
            return Err(OpenError::DataKeyDestroyed); // 2
        }
        match self.data_keys.iter().find(|(key, _)| key.id() == id) {
            Some((_, KeyState::Retired)) => Err(OpenError::DataKeyRetired), // 3
            Some((_, KeyState::Destroyed)) => Err(OpenError::DataKeyDestroyed),
            Some((key, _)) if self.is_buried(key) => Err(OpenError::DataKeyDestroyed),
            Some((key, KeyState::Active | KeyState::VerifyOnly)) => Ok(Some(Arc::clone(key))),
            None => Ok(None),
        }
    }

    /// Steps 4 and 5.
    fn embedded_key(&self, header: &Header) -> Result<Arc<DataKey>, OpenError> {
        let id = header.data_key();
        let mut answer = OpenError::NoSlot; // 4
        for slot in header.slots() {
            let Some(keks) = self.resolve(slot) else { continue };
            let (tenant, scope) = (self.tenant, self.scope.clone());
            match DataKey::unwrap(&self.deployment, tenant, scope, id, slot, None, keks) {
                Err(OpenError::KekUnavailable) => answer = OpenError::KekUnavailable,
                other => return other.map(Arc::new), // 5
            }
        }
        Err(answer)
    }

    fn resolve(&self, slot: &Slot) -> Option<&dyn UnwrapKey> {
        let kek = slot.kek();
        let dead = kek.kind() == KekType::Tenant && kek.id().try_into().is_ok_and(|id| self.is_dead(id));
        self.keks.iter().find(|keks| !dead && keks.resolves(kek)).map(|keks| &**keks)
    }

    /// It, or the tenant KEK that it lay under.
    fn is_buried(&self, key: &DataKey) -> bool {
        self.is_dead(key.id()) || key.under().is_some_and(|kek| self.is_dead(kek))
    }

    fn is_dead(&self, key: KeyId) -> bool {
        let seen = |view: &Arc<ViewCell>| view.read(|view| view.is_tombstoned(&self.tenant, key));
        self.tombstones.contains(&key) || self.view.as_ref().is_some_and(seen)
    }
}

/// Why an object was not rewrapped; it is as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RewrapError {
    /// Its data key was not to be had.
    Open(OpenError),
    /// The new slots could not be made.
    Seal(SealError),
}

impl core::fmt::Display for RewrapError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Seal(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for RewrapError {}

impl From<OpenError> for RewrapError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<SealError> for RewrapError {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}

/// A header with the key under each of these KEKs.
fn embedded(key: &DataKey, keks: &[&dyn WrapKey]) -> Result<Header, SealError> {
    let slots = keks.iter().map(|kek| key.wrap(*kek)).collect::<Result<Vec<Slot>, _>>()?;
    Header::embedded(key.id(), slots).ok_or(SealError::Slots)
}

const fn strictest(one: KeyState, other: KeyState) -> KeyState {
    match (one, other) {
        (KeyState::Destroyed, _) | (_, KeyState::Destroyed) => KeyState::Destroyed,
        (KeyState::Retired, _) | (_, KeyState::Retired) => KeyState::Retired,
        (KeyState::VerifyOnly, _) | (_, KeyState::VerifyOnly) => KeyState::VerifyOnly,
        (KeyState::Active, KeyState::Active) => KeyState::Active,
    }
}

fn append(inner: &mut impl Read, start: &mut Vec<u8>, length: usize) -> io::Result<()> {
    let from = start.len();
    start.resize(from.saturating_add(length), 0);
    let read = read_full(inner, start.get_mut(from..).unwrap_or_default())?;
    start.truncate(from.saturating_add(read));
    Ok(())
}

impl<R: Read + Seek> OpenSeek<R> {
    /// Reads `length` bytes from `from` on, fewer where the plaintext ends before.
    ///
    /// # Errors
    /// As its `read`.
    pub fn read_range(&mut self, from: u64, length: u64) -> io::Result<Vec<u8>> {
        self.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        self.take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}
