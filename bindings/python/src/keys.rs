use std::path::PathBuf;

use portward_bridge as bridge;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::convert::{Arg, Bytes, More, Number, Seconds, arg, moment, number};
use crate::error::{call, invalid, wait};
use crate::file::{self, Range};
use crate::keyring::Keyring;
use crate::store::Store;

/// The wrapped keys of tenants.
#[pyclass(frozen, module = "portward")]
pub(crate) struct KeyStore(bridge::KeyStore);

#[pymethods]
impl KeyStore {
    /// Opens a key store: `sqlite:PATH`, a file of its own beside the store's, or `postgres://…`.
    ///
    /// create: it is made, or brought up to date, if need be. feed: the store that tells of keys which others destroyed. With `None`, who puts back
    /// a backup of the key store brings destroyed keys back. events: a file that is told of every key which is made, changed or destroyed, in a
    /// line of JSON, before it is. Raises InvalidValue, Unavailable: `store_uninitialised` where there is none, `store_newer` where it is of a
    /// newer program or of something else, such as the database of a store.
    #[staticmethod]
    #[pyo3(signature = (location, keyring, *, feed, create = false, events = None))]
    fn open(
        py: Python<'_>,
        location: Arg<&str>,
        keyring: Arg<PyRef<'_, Keyring>>,
        feed: Option<Arg<PyRef<'_, Store>>>,
        #[pyo3(from_py_with = arg)] create: bool,
        events: Option<Arg<PathBuf>>,
    ) -> PyResult<Self> {
        let (keyring, feed) = (&keyring.0, feed.as_ref().map(|store| &store.0));
        let options = bridge::KeyStoreOptions { initialise: create, events: events.map(Arg::get) };
        wait(py, || bridge::KeyStore::open(&location, keyring, feed, &options)).map(Self)
    }

    /// The same key store, with this name in the events of what is done through it. Raises InvalidValue (`text_surrogate`).
    fn acting_as(&self, actor: Arg<&str>) -> PyResult<Self> {
        call(|| Ok(self.0.acting_as(&actor))).map(Self)
    }

    /// Ends all connections for good. Raises nothing; everything else does then: InvalidValue (`closed`).
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        wait(py, || {
            self.0.close();
            Ok(())
        })
    }

    const fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    /// Makes the keys of a tenant that has none, also of one whose keys were destroyed: scopes that had keys then stay destroyed. Raises InvalidValue (`key_exists`), Unavailable.
    fn new_tenant(&self, py: Python<'_>, tenant: Arg<&str>) -> PyResult<()> {
        wait(py, || self.0.new_tenant(&tenant))
    }

    /// Makes a new KEK for a tenant, under which the keys made from now on lie. Returns its version. Raises InvalidValue, Unavailable.
    fn rotate_tenant(&self, py: Python<'_>, tenant: Arg<&str>) -> PyResult<u32> {
        wait(py, || self.0.rotate_tenant(&tenant))
    }

    /// Puts every key under the newest KEK of its tenant, and every KEK under the active root; what is destroyed and came back with an older copy
    /// of the key store is destroyed again. Raises InvalidValue, Unavailable.
    fn rewrap(&self, py: Python<'_>) -> PyResult<()> {
        wait(py, || self.0.rewrap())
    }

    /// Destroys every key of a tenant: nothing of it opens any more. backups_kept: how long backups of the key store are kept, a timedelta or
    /// seconds. Raises InvalidValue, Unavailable.
    #[pyo3(signature = (tenant, *, backups_kept))]
    fn destroy_tenant(&self, py: Python<'_>, tenant: Arg<&str>, backups_kept: Arg<Seconds>) -> PyResult<Erasure> {
        wait(py, || self.0.destroy_tenant(&tenant, backups_kept.0)).map(Erasure)
    }

    /// The keys of a tenant for one kind of thing, such as `record:invoices`. Asks nobody yet. Raises InvalidValue.
    fn scope(&self, tenant: Arg<&str>, scope: Arg<&str>) -> PyResult<Scope> {
        call(|| self.0.scope(&tenant, &scope)).map(Scope)
    }

    const fn __repr__(&self) -> &'static str {
        "KeyStore(..)"
    }
}

/// What a destruction has done.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Erasure(bridge::Erasure);

#[pymethods]
impl Erasure {
    /// The ids of the keys that are gone.
    #[getter]
    fn keys(&self) -> Vec<String> {
        self.0.keys.clone()
    }

    /// When no cache and no backup of the key store holds one of them any more, in UTC.
    #[getter]
    fn complete_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.complete_at)
    }

    fn __repr__(&self) -> String {
        format!("Erasure({} keys)", self.0.keys.len())
    }
}

/// The keys of one tenant for one kind of thing.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Scope(bridge::Scope);

#[pymethods]
impl Scope {
    /// Whose data.
    #[getter]
    fn tenant(&self) -> String {
        self.0.tenant()
    }

    /// Which kind of thing.
    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    /// Seals bytes. name and id say what they are, such as `invoices.notes` and `42`; more can be said by keywords that begin with `x_`. All of it
    /// has to be said again to open them. embedded: the data key goes along, under the tenant's KEK; deleting the object is then what erases it.
    /// Raises InvalidValue, Unavailable.
    #[pyo3(signature = (plaintext, *, name, id, embedded = false, **more))]
    fn seal<'py>(
        &self,
        py: Python<'py>,
        plaintext: Arg<Bytes>,
        name: Arg<&str>,
        id: Arg<&str>,
        #[pyo3(from_py_with = arg)] embedded: bool,
        more: Option<More>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let more = pairs(more);
        let of = bridge::Of { name: &name, id: &id, more: &more };
        wait(py, || self.0.seal(&of, &plaintext, embedded)).map(|object| PyBytes::new(py, &object))
    }

    /// Opens bytes; whatever is wrong, nothing of them is returned. Raises Unreadable, InvalidValue, Unavailable.
    #[pyo3(signature = (object, *, name, id, **more))]
    fn open<'py>(
        &self,
        py: Python<'py>,
        object: Arg<Bytes>,
        name: Arg<&str>,
        id: Arg<&str>,
        more: Option<More>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let more = pairs(more);
        let of = bridge::Of { name: &name, id: &id, more: &more };
        wait(py, || self.0.open(&of, &object)).map(|plaintext| PyBytes::new(py, &plaintext))
    }

    /// Seals everything from a path or file object into another, in constant memory; returns how many bytes there were.
    ///
    /// A path as target is a file that appears when all of it is written, for its owner alone. name, id and more as in `seal`; embedded, too.
    /// replace: a file that is there already is no mistake. threads: how many work at it. progress: called with the bytes read
    /// so far; an exception in it ends the work and is raised. Raises InvalidValue, Unavailable, OSError, and what a file object raises.
    #[pyo3(signature = (source, target, *, name, id, embedded = false, replace = false, threads = 1, progress = None, **more))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn seal_file(
        &self,
        py: Python<'_>,
        source: Arg<file::Source>,
        target: Arg<file::Target>,
        name: Arg<&str>,
        id: Arg<&str>,
        #[pyo3(from_py_with = arg)] embedded: bool,
        #[pyo3(from_py_with = arg)] replace: bool,
        #[pyo3(from_py_with = number)] threads: usize,
        progress: Option<Arg<file::Progress>>,
        more: Option<More>,
    ) -> PyResult<u64> {
        let more = pairs(more);
        let of = bridge::Of { name: &name, id: &id, more: &more };
        let threads = at_least_one(threads)?;
        file::through(py, (source.get(), target.get()), progress.map(Arg::get), replace, |source, target| {
            self.0.seal_stream(&of, source, target, embedded, threads)
        })
    }

    /// Opens everything from a path or file object into another, in constant memory; returns how many bytes there are. Each byte that a file
    /// object gets is authentic; that they are all is known only when this returns. The arguments are those of `seal_file`, and so are bytes of
    /// `progress`. Raises Unreadable, InvalidValue, Unavailable, OSError, and what a file object raises.
    #[pyo3(signature = (source, target, *, name, id, replace = false, threads = 1, progress = None, **more))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn open_file(
        &self,
        py: Python<'_>,
        source: Arg<file::Source>,
        target: Arg<file::Target>,
        name: Arg<&str>,
        id: Arg<&str>,
        #[pyo3(from_py_with = arg)] replace: bool,
        #[pyo3(from_py_with = number)] threads: usize,
        progress: Option<Arg<file::Progress>>,
        more: Option<More>,
    ) -> PyResult<u64> {
        let more = pairs(more);
        let of = bridge::Of { name: &name, id: &id, more: &more };
        let threads = at_least_one(threads)?;
        file::through(py, (source.get(), target.get()), progress.map(Arg::get), replace, |source, target| {
            self.0.open_stream(&of, source, target, threads)
        })
    }

    /// Opens any part of a path or a file object that can seek. Raises Unreadable, InvalidValue, Unavailable, OSError, and what a file object
    /// raises.
    #[pyo3(signature = (source, *, name, id, **more))]
    fn open_range(
        &self,
        py: Python<'_>,
        source: Arg<file::Source>,
        name: Arg<&str>,
        id: Arg<&str>,
        more: Option<More>,
    ) -> PyResult<Range> {
        let more = pairs(more);
        let of = bridge::Of { name: &name, id: &id, more: &more };
        Range::open(py, source.get(), |source| self.0.open_range(&of, source))
    }

    /// Makes a new data key for what is sealed from now on. Raises InvalidValue, Unavailable.
    fn rotate(&self, py: Python<'_>) -> PyResult<()> {
        wait(py, || self.0.rotate())
    }

    /// Makes a data key for a scope that has none to seal with: one that was destroyed gets one only here. What was sealed before stays erased.
    /// Raises InvalidValue (`key_exists`, `index_key`), Unavailable.
    fn begin(&self, py: Python<'_>) -> PyResult<()> {
        wait(py, || self.0.begin())
    }

    /// Under which data key an object says that it is. Nothing of that was checked. Raises Unreadable.
    fn key_of(&self, object: Arg<Bytes>) -> PyResult<String> {
        call(|| self.0.key_of(&object))
    }

    /// Destroys one data key that was rotated away: what was sealed under it opens no more, what was sealed since does. key: as `key_of` gives it.
    /// backups_kept: how long backups of the key store are kept, a timedelta or seconds. Raises InvalidValue (`key_state` for the key that
    /// seals, `unknown_key`), Unavailable.
    #[pyo3(signature = (key, *, backups_kept))]
    fn destroy_key(&self, py: Python<'_>, key: Arg<&str>, backups_kept: Arg<Seconds>) -> PyResult<Erasure> {
        wait(py, || self.0.destroy_key(&key, backups_kept.0)).map(Erasure)
    }

    /// Destroys every data key of the scope. backups_kept: how long backups of the key store are kept, a timedelta or seconds. Raises InvalidValue,
    /// Unavailable.
    #[pyo3(signature = (*, backups_kept))]
    fn destroy(&self, py: Python<'_>, backups_kept: Arg<Seconds>) -> PyResult<Erasure> {
        wait(py, || self.0.destroy(backups_kept.0)).map(Erasure)
    }

    /// A blind index under the key of this scope, whose kind is `index`. bits: how long it is, 1 to 256 bits, see `index_bits`. version: of how
    /// values are normalised, 1 to 255. Raises InvalidValue, Unavailable.
    #[pyo3(signature = (*, table, column, bits, name = "eq", normaliser = "exact", version = 1))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn blind_index(
        &self,
        py: Python<'_>,
        table: Arg<String>,
        column: Arg<String>,
        bits: Arg<Number<u16>>,
        #[pyo3(from_py_with = arg)] name: &str,
        #[pyo3(from_py_with = arg)] normaliser: &str,
        #[pyo3(from_py_with = number)] version: u8,
    ) -> PyResult<BlindIndex> {
        let (table, column, bits) = (table.get(), column.get(), bits.0);
        let (name, normaliser) = (name.to_owned(), normaliser.to_owned());
        let options = bridge::IndexOptions { table, column, name, normaliser, bits, version };
        wait(py, || self.0.blind_index(&options)).map(BlindIndex)
    }

    fn __repr__(&self) -> String {
        format!("Scope(tenant {:?}, {})", self.0.tenant(), self.0.name())
    }
}

fn at_least_one(threads: usize) -> PyResult<bridge::Threads> {
    bridge::Threads::new(threads).ok_or_else(|| invalid("threads_zero", "threads: at least one"))
}

fn pairs(more: Option<More>) -> Vec<(String, String)> {
    more.map(|more| more.0).unwrap_or_default()
}

/// Makes what is stored beside an encrypted column so that equal values can be found.
#[pyclass(frozen, module = "portward")]
pub(crate) struct BlindIndex(bridge::BlindIndex);

#[pymethods]
impl BlindIndex {
    /// The index of a value, as bytes to be stored and looked for. Raises InvalidValue (`index_empty_value`).
    fn of<'py>(&self, py: Python<'py>, value: Arg<&str>) -> PyResult<Bound<'py, PyBytes>> {
        call(|| self.0.of(&value)).map(|index| PyBytes::new(py, &index))
    }

    const fn __repr__(&self) -> &'static str {
        "BlindIndex(..)"
    }
}

/// How many bits a blind index should have: enough to find few rows by it, too few to tell each value.
///
/// rows, distinct: how many there are in the column. other_bits: bits in all other indexes of the table. even_if_few: that frequencies tell the values of a column with
/// fewer than 256 is known. Raises InvalidValue (`index_too_few_values`).
#[pyfunction]
#[pyo3(signature = (*, rows, distinct, other_bits = 0, even_if_few = false))]
pub(crate) fn index_bits(
    rows: Arg<Number<u64>>,
    distinct: Arg<Number<u64>>,
    #[pyo3(from_py_with = number)] other_bits: u32,
    #[pyo3(from_py_with = arg)] even_if_few: bool,
) -> PyResult<u16> {
    call(|| bridge::index_bits(rows.0, distinct.0, other_bits, even_if_few))
}
