//! portward for Python: one line a method over `portward-bridge`. The package around it is in `python/portward`.

#![forbid(unsafe_code)]

mod convert;
mod error;
mod file;
mod follower;
mod kek;
mod keyring;
mod keys;
mod links;
mod portal;
#[cfg(feature = "provoke")]
mod provoke;
mod store;
mod token;

/// It needs no global lock: each class is frozen, what is shared behind it is locked or atomic in the bridge, and the statics here are set once.
#[pyo3::pymodule(gil_used = false)]
mod _portward {
    use pyo3::exceptions::PyImportError;
    use pyo3::prelude::*;
    use pyo3::sync::PyOnceLock;

    #[pymodule_export]
    use crate::file::Range;
    #[pymodule_export]
    use crate::follower::Follower;
    #[pymodule_export]
    use crate::kek::KekSlot;
    #[pymodule_export]
    use crate::keyring::{Deployment, Keyring, Root};
    #[pymodule_export]
    use crate::keys::{BlindIndex, Erasure, KeyStore, Scope, index_bits};
    #[pymodule_export]
    use crate::links::{Event, Link, Page};
    #[pymodule_export]
    use crate::portal::{Answer, Exchange, Portal};
    #[cfg(feature = "provoke")]
    #[pymodule_export]
    use crate::provoke::{provoke, provoke_waiting};
    #[pymodule_export]
    use crate::store::{Peeked, Recovered, Store};
    #[pymodule_export]
    use crate::token::{Access, Issuer, Token, UntrustedLink, Verifier};

    /// What the module keeps, such as the classes of its exceptions, belongs to the interpreter that came first: another is refused.
    #[pymodule_init]
    fn initialise(module: &Bound<'_, PyModule>) -> PyResult<()> {
        static FIRST: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
        let this = module.py().import("sys")?;
        if FIRST.get_or_init(module.py(), || this.clone().unbind()).is(&this) {
            Ok(())
        } else {
            Err(PyImportError::new_err("portward is in use in another interpreter of this process"))
        }
    }

    /// Closes every store; for `os.register_at_fork`.
    #[pyfunction]
    fn before_fork(py: Python<'_>) -> PyResult<()> {
        crate::error::wait(py, || {
            portward_bridge::before_fork();
            Ok(())
        })
    }

    /// What was opened meanwhile is not used; for `os.register_at_fork`.
    #[pyfunction]
    fn after_fork() {
        portward_bridge::after_fork();
    }
}
