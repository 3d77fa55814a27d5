from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import databases as places
import portward
from databases import KINDS, Databases
from raised import _listen, _raised_rightly  # noqa: F401  for each test

TENANT = "studio-7"


@pytest.fixture
def keyring() -> portward.Keyring:
    return portward.Keyring.generate()


@pytest.fixture(params=KINDS)
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    yield from places.databases(request.param, tmp_path)


@pytest.fixture
def store(keyring: portward.Keyring, databases: Databases) -> Iterator[portward.Store]:
    with portward.Store.open(databases.place("portal"), keyring, create=True) as store:
        yield store


@pytest.fixture
def keys(keyring: portward.Keyring, store: portward.Store, databases: Databases) -> Iterator[portward.KeyStore]:
    with portward.KeyStore.open(databases.place("keys"), keyring, feed=store, create=True) as keys:
        keys.new_tenant(TENANT)
        yield keys


@pytest.fixture
def in_child() -> Callable[[Callable[[], object]], None]:
    """Runs work in a forked child, and fails if it raises there."""

    def run(work: Callable[[], object]) -> None:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                work()
                status = 0
            except BaseException as error:  # noqa: BLE001  the child must not go on with the parent's tests
                print(repr(error), file=sys.stderr, flush=True)
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        assert status == 0

    return run


def redeemed(store: portward.Store, token: str) -> portward.Token:
    peeked = store.peek(token)
    return store.redeem(token, peeked.cookie, peeked.nonce)


def run_python(source: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", source, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=400)
