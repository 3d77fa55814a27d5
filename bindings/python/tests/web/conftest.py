"""A store and a key store on SQLite, a tenant, and a database of the application's own on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import portward
from databases import Postgres


@pytest.fixture(scope="session")
def keyring() -> portward.Keyring:
    return portward.Keyring.generate(portward.Deployment.generate())


@pytest.fixture
def store(tmp_path: Path, keyring: portward.Keyring) -> Iterator[portward.Store]:
    with portward.Store.open(f"sqlite:{tmp_path / 'links.db'}", keyring, create=True) as store:
        yield store


@pytest.fixture
def keys(tmp_path: Path, keyring: portward.Keyring) -> Iterator[portward.KeyStore]:
    with portward.KeyStore.open(f"sqlite:{tmp_path / 'keys.db'}", keyring, feed=None, create=True) as keys:
        keys.new_tenant("acme")
        keys.new_tenant("other")
        yield keys


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """One for all tests, which take away what they made."""
    server = Postgres()
    yield server.place("application")
    server.drop()
