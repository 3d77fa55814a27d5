//! A keyring under a KEK of the application's. Its provider is asked on the caller's thread, by `portward/kek.py`, while nothing here is under way.

use std::path::Path;

use portward_bridge as bridge;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PySlice, PyType};
use zeroize::Zeroizing;

use crate::convert::wrong_type;
use crate::error::wait;

/// One of the KEKs that a keyring lies under, and what has to be unwrapped. Nothing of it is secret.
#[pyclass(frozen, module = "portward")]
pub(crate) struct KekSlot(bridge::KekSlot);

#[pymethods]
impl KekSlot {
    /// Where the KEK lies: `aws-kms`, `pkcs11`, or `type-40` for instance.
    #[getter]
    fn kind(&self) -> &str {
        &self.0.kind
    }

    /// What it is called there: of AWS KMS the key id, of PKCS#11 the `CKA_ID`.
    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.id)
    }

    /// Which version of it; 0 of AWS KMS.
    #[getter]
    const fn version(&self) -> u32 {
        self.0.version
    }

    /// The key, as the provider has wrapped it; of PKCS#11 12 bytes of IV, then what AES-256-GCM gave.
    #[getter]
    fn wrapped<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.wrapped)
    }

    /// What it is bound to: associated data, for a provider that takes such.
    #[getter]
    fn binding<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.binding)
    }

    /// The same in names and texts, for one that takes these: AWS KMS.
    #[getter]
    fn encryption_context<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let pairs = PyDict::new(py);
        self.0.encryption_context.iter().try_for_each(|(name, text)| pairs.set_item(name, text))?;
        Ok(pairs)
    }

    fn __repr__(&self) -> String {
        format!("KekSlot({} {}, version {})", self.0.kind, self.0.id.escape_ascii(), self.0.version)
    }
}

/// What has the two methods of a `portward.kek.KekProvider`.
pub(crate) struct Provider(Py<PyAny>);

impl<'py> FromPyObject<'_, 'py> for Provider {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let has = |name| object.getattr(name).is_ok_and(|method| method.is_callable());
        let is_one = has("resolves") && has("unwrap") && !object.is_instance_of::<PyType>();
        if is_one { Ok(Self(object.to_owned().unbind())) } else { Err(wrong_type(&object, "a KekProvider")) }
    }
}

/// In two steps, between which the provider is asked.
pub(crate) fn open(
    py: Python<'_>,
    directory: &Path,
    passphrase: Option<&[u8]>,
    kek: &Provider,
) -> PyResult<bridge::Keyring> {
    let Some(wrapped) = wait(py, || bridge::WrappedKeyring::read(directory))? else {
        return wait(py, || bridge::Keyring::open_locked(directory, passphrase));
    };
    let slots: Vec<KekSlot> = wrapped.slots().into_iter().map(KekSlot).collect();
    let asked = py.import("portward.kek")?.getattr("_key_of")?.call1((slots, &kek.0))?;
    let (slot, key): (usize, Bound<'_, PyAny>) = asked.extract()?;
    let key = taken(&key)?;
    wait(py, || wrapped.open(slot, &key))
}

/// A copy that is wiped. So is a bytearray; `bytes` are Python's until it forgets them.
fn taken(key: &Bound<'_, PyAny>) -> PyResult<Zeroizing<Vec<u8>>> {
    if let Ok(bytes) = key.cast::<PyBytes>() {
        return Ok(Zeroizing::new(bytes.as_bytes().to_vec()));
    }
    let array =
        key.cast::<PyByteArray>().map_err(|_| PyTypeError::new_err("kek.unwrap: bytes or a bytearray is wanted"))?;
    let copied = Zeroizing::new(array.to_vec());
    array.set_item(PySlice::full(key.py()), PyBytes::new(key.py(), &vec![0; copied.len()]))?;
    Ok(copied)
}
