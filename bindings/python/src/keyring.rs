use std::path::PathBuf;

use portward_bridge as bridge;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFrozenSet};

use crate::convert::{Arg, Bytes, Names, moment};
use crate::error::{call, wait};
use crate::kek::{self, Provider};

/// What all parts of one deployment share. It is not secret.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Deployment(pub(crate) bridge::Deployment);

#[pymethods]
impl Deployment {
    /// A new one, with a random id and the usual lifetimes.
    ///
    /// permissions: the vocabulary, at most 64 names `resource:action` in an order that is kept; `None` is the one made for portals. Raises
    /// InvalidValue, Unavailable (`random_unavailable`).
    #[staticmethod]
    #[pyo3(signature = (permissions = None))]
    fn generate(permissions: Option<Arg<Vec<String>>>) -> PyResult<Self> {
        let permissions = permissions.map(Arg::get);
        call(|| bridge::Deployment::generate(permissions.as_deref())).map(Self)
    }

    /// From the bytes of `deployment.json`. Raises InvalidValue (`deployment_malformed`), Unavailable (`deployment_newer_version`).
    #[staticmethod]
    fn from_json(json: Arg<Bytes>) -> PyResult<Self> {
        call(|| bridge::Deployment::from_json(&json)).map(Self)
    }

    /// The bytes of `deployment.json`. Raises nothing.
    fn to_json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        call(|| Ok(self.0.to_json())).map(|json| PyBytes::new(py, &json))
    }

    /// 32 hexadecimal digits.
    #[getter]
    fn id(&self) -> String {
        self.0.id()
    }

    /// The vocabulary, in its order.
    #[getter]
    fn permissions(&self) -> Vec<String> {
        self.0.permissions()
    }

    /// Seconds that a link lives if nothing is said, and at most.
    #[getter]
    fn link_lifetimes(&self) -> (u64, u64) {
        self.0.link_lifetimes()
    }

    /// Seconds that a session lives if nothing is said, and at most.
    #[getter]
    fn session_lifetimes(&self) -> (u64, u64) {
        self.0.session_lifetimes()
    }

    /// The names that a set such as `{"files:*"}` stands for. Raises InvalidValue.
    fn expand<'py>(&self, py: Python<'py>, permissions: Arg<Names>) -> PyResult<Bound<'py, PyFrozenSet>> {
        call(|| self.0.expand(&permissions.0)).and_then(|names| PyFrozenSet::new(py, names))
    }

    fn __repr__(&self) -> String {
        format!("Deployment({})", self.0.id())
    }
}

/// The root keys of a deployment, as a handle.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Keyring(pub(crate) bridge::Keyring);

#[pymethods]
impl Keyring {
    /// A new one in memory, of a new deployment if none is given. Raises Unavailable (`random_unavailable`).
    #[staticmethod]
    #[pyo3(signature = (deployment = None))]
    fn generate(deployment: Option<Arg<PyRef<'_, Deployment>>>) -> PyResult<Self> {
        call(|| match deployment {
            Some(deployment) => bridge::Keyring::generate(&deployment.0),
            None => bridge::Keyring::generate(&bridge::Deployment::generate(None)?),
        })
        .map(Self)
    }

    /// Makes a directory with a new deployment and keyring, as `portward keyring new` does.
    ///
    /// permissions: as in `Deployment.generate`. Under a passphrase (1 to 1,024 bytes) the keyring is never on disk in the clear; without one, its
    /// owner alone can read it. events: a file that is told of the root key before it is written. Raises InvalidValue, Unavailable (`file_exists` and
    /// others of files; `sink_failed`).
    #[staticmethod]
    #[pyo3(signature = (directory, *, permissions = None, passphrase = None, events = None))]
    fn create(
        py: Python<'_>,
        directory: Arg<PathBuf>,
        permissions: Option<Arg<Vec<String>>>,
        passphrase: Option<Arg<&[u8]>>,
        events: Option<Arg<PathBuf>>,
    ) -> PyResult<Self> {
        let (permissions, passphrase) = (permissions.map(Arg::get), passphrase.map(Arg::get));
        let events = events.map(Arg::get);
        wait(py, || bridge::Keyring::create(&directory, permissions.as_deref(), passphrase, events.as_deref()))
            .map(Self)
    }

    /// Opens a directory that `create` or the command has made.
    ///
    /// passphrase: of a keyring under one (1 to 1,024 bytes); takes about a second. kek: whoever has the KEK, for a keyring that the command has put
    /// under one in a service or a token: see `portward.kek`. With either, a keyring in the clear is not taken; of both, the one that it takes is
    /// used. Raises InvalidValue (`passphrase_required`, `sealed_wrong_passphrase`, `keyring_lock`; `kek_required` where no provider was given, or
    /// it has none of the KEKs), Unavailable: `kek_unavailable` where no KEK can be reached, `unwrap_failed` where one refused; `__cause__` is what
    /// the provider raised.
    #[staticmethod]
    #[pyo3(signature = (directory, *, passphrase = None, kek = None))]
    fn open(
        py: Python<'_>,
        directory: Arg<PathBuf>,
        passphrase: Option<Arg<&[u8]>>,
        kek: Option<Arg<Provider>>,
    ) -> PyResult<Self> {
        let passphrase = passphrase.map(Arg::get);
        match kek {
            Some(kek) => kek::open(py, &directory, passphrase, &kek),
            None => wait(py, || bridge::Keyring::open(&directory, passphrase)),
        }
        .map(Self)
    }

    /// From the bytes of `keyring.json`. Raises InvalidValue, Unavailable.
    #[staticmethod]
    fn from_json(json: Arg<Bytes>, deployment: Arg<PyRef<'_, Deployment>>) -> PyResult<Self> {
        call(|| bridge::Keyring::from_json(&json, &deployment.0)).map(Self)
    }

    /// Opens the bytes that `seal` has made, under the passphrase of 1 to 1,024 bytes; takes about a second. Raises InvalidValue
    /// (`sealed_wrong_passphrase`, `sealed_damaged`), Unavailable.
    #[staticmethod]
    fn unseal(
        py: Python<'_>,
        sealed: Arg<Bytes>,
        passphrase: Arg<&[u8]>,
        deployment: Arg<PyRef<'_, Deployment>>,
    ) -> PyResult<Self> {
        let deployment = &deployment.0;
        wait(py, || bridge::Keyring::unseal(&sealed, &passphrase, deployment)).map(Self)
    }

    /// The keyring under a passphrase of 1 to 1,024 bytes; takes about a second and 64 MiB. Raises InvalidValue, Unavailable.
    fn seal<'py>(&self, py: Python<'py>, passphrase: Arg<&[u8]>) -> PyResult<Bound<'py, PyBytes>> {
        wait(py, || self.0.seal(&passphrase)).map(|sealed| PyBytes::new(py, &sealed))
    }

    /// The bytes of `keyring.json`: all keys, in the clear. Raises nothing.
    fn export_in_clear<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        call(|| Ok(self.0.export_in_clear())).map(|json| PyBytes::new(py, &json))
    }

    /// The deployment.
    #[getter]
    fn deployment(&self) -> Deployment {
        Deployment(self.0.deployment().clone())
    }

    /// What may be known about the root keys.
    #[getter]
    fn roots(&self) -> Vec<Root> {
        self.0.roots().into_iter().map(Root).collect()
    }

    fn __repr__(&self) -> String {
        format!("Keyring(deployment {}, {} roots)", self.0.deployment().id(), self.0.roots().len())
    }
}

/// What may be known about a root key.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Root(bridge::Root);

#[pymethods]
impl Root {
    /// 8 hexadecimal digits.
    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    /// `active`, `verify_only`, `retired` or `destroyed`.
    #[getter]
    const fn state(&self) -> &'static str {
        self.0.state
    }

    /// When it was made, in UTC.
    #[getter]
    fn created_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.created_at)
    }

    fn __repr__(&self) -> String {
        format!("Root({}, {})", self.0.id, self.0.state)
    }
}
