from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path

import pytest

import portward
from calls import Call, all_calls
from conftest import TENANT, redeemed, run_python
from databases import Databases


def longest_gap(work: Callable[[], object]) -> tuple[float, float]:
    """For how long a thread that only ticks was kept from it while this was done, and how long that took."""
    gap, done = 0.0, threading.Event()

    def tick() -> None:
        nonlocal gap
        last = time.monotonic()
        while not done.is_set():
            time.sleep(0.002)
            now = time.monotonic()
            gap, last = max(gap, now - last), now

    ticking = threading.Thread(target=tick)
    ticking.start()
    started = time.monotonic()
    try:
        work()
    finally:
        spent = time.monotonic() - started
        done.set()
        ticking.join()
    return gap, spent


class Nowhere:
    def write(self, data: bytes) -> int:
        return len(data)


def long_work(folder: Path) -> dict[str, Callable[[], object]]:
    keyring = portward.Keyring.create(folder / "keyring", passphrase=b"correct horse")
    sealed = keyring.seal(b"passphrase")
    keys = portward.KeyStore.open(f"sqlite:{folder}/keys.db", keyring, feed=None, create=True)
    keys.new_tenant(TENANT)
    scope, of = keys.scope(TENANT, "file:x"), {"name": "f", "id": "1"}
    with (folder / "large").open("wb") as large:
        large.truncate(400_000_000)
    scope.seal_file(folder / "large", folder / "large.sealed", **of)
    return {
        "seal": lambda: keyring.seal(b"passphrase"),
        "unseal": lambda: portward.Keyring.unseal(sealed, b"passphrase", keyring.deployment),
        "open": lambda: portward.Keyring.open(folder / "keyring", passphrase=b"correct horse"),
        "seal_file": lambda: scope.seal_file(folder / "large", Nowhere(), **of),
        "open_file": lambda: scope.open_file(folder / "large.sealed", Nowhere(), **of),
        "range": lambda: scope.open_range(folder / "large.sealed", **of).read(0, 60_000_000),
        "record": lambda: scope.seal(bytes(60_000_000), **of),
    }


def others_run(name: str, work: Callable[[], tuple[float, float]], spent_least: float = 0) -> None:
    """Work gives the longest gap and how long it took. Again where the machine was busy: while the lock is held, nobody ever ticks."""
    found: list[tuple[float, float]] = []
    while not any(gap < spent / 2 and spent > spent_least for gap, spent in found):
        assert len(found) < 10, (name, found)
        found.append(work())


def test_other_threads_run_while_one_works(tmp_path: Path) -> None:
    for name, work in long_work(tmp_path).items():
        others_run(name, partial(longest_gap, work))


# What works for so short a time that letting go of the lock of the interpreter would cost more. All else lets others run.
SHORT = {
    "Access.allows", "Access.require", "BlindIndex.of", "Deployment.expand", "Deployment.from_json", "Deployment.generate", "Deployment.to_json",
    "Exchange.granted", "Exchange.peeked", "Exchange.refused", "Follower.new", "Follower.of_lists", "Follower.verify_link",
    "Follower.verify_session", "Issuer.issue_link", "Issuer.issue_session", "Issuer.new", "KeyStore.acting_as", "KeyStore.scope",
    "Keyring.export_in_clear", "Keyring.from_json", "Keyring.generate", "Portal.link_url", "Portal.new", "Portal.read", "Portal.refuse",
    "Portal.session", "Scope.key_of", "Store.acting_as", "Store.is_at_least", "Store.verify_link", "Store.verify_session", "UntrustedLink.narrow",
    "UntrustedLink.new", "UntrustedLink.permissions", "Verifier.verify_link", "Verifier.verify_session", "Verifier.without_revocation",
    "portward.index_bits",
}  # fmt: skip


class Waiting:
    """A thread that wants the lock, and gets it only where it is let go of: nobody is asked for it for hours, and no collection runs finalizers."""

    def __enter__(self) -> Waiting:
        gc.collect()
        gc.disable()
        self.ran, self._over, self._before = 0, False, sys.getswitchinterval()
        sys.setswitchinterval(3600)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def _run(self) -> None:
        while not self._over:
            self.ran += 1
            time.sleep(0)  # gives the lock back

    def __exit__(self, *_: object) -> None:
        self._over = True
        sys.setswitchinterval(self._before)
        self._thread.join(20)
        gc.enable()

    def runs_during(self, method: Callable[..., object], arguments: dict[str, object]) -> bool:
        before = self.ran
        try:
            method(**arguments)
        except portward.PortwardError:
            pass  # what was destroyed before, and the like
        return self.ran > before


def lets_others_run(waiting: Waiting, call: Call, tries: int) -> bool:
    """It may take some: the other thread has to wake up before the work is done."""
    method = call.owner if call.name == "new" else getattr(call.owner, call.name)
    until = time.monotonic() + 60
    while tries and time.monotonic() < until:
        tries -= 1
        if waiting.runs_during(method, call.arguments()):
            return True
    return False


@pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="there is no such lock")
def test_whatever_takes_long_lets_go_of_the_lock(tmp_path: Path) -> None:
    with Waiting() as waiting:
        # Python's own: with and without.
        assert any(waiting.runs_during(lambda: time.sleep(0.001), {}) for _ in range(1000))
        assert not any(waiting.runs_during(lambda: sum(range(1000)), {}) for _ in range(1000))
        found = {str(call): lets_others_run(waiting, call, 50 if str(call) in SHORT else 100_000) for call in all_calls(tmp_path)}
    assert {name for name, lets in found.items() if not lets} == SHORT


LOCKED = """
import sqlite3, sys, time
databases = [sqlite3.connect(path, isolation_level=None) for path in sys.argv[1:]]
for database in databases:
    database.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(0.6)
"""


def locked(*files: Path) -> subprocess.Popen[str]:
    """Another process that for a while lets nobody write there."""
    locking = subprocess.Popen([sys.executable, "-c", LOCKED, *map(str, files)], stdout=subprocess.PIPE, text=True)
    assert locking.stdout is not None and locking.stdout.readline() == "locked\n"
    return locking


def waiting_work(folder: Path) -> tuple[list[Path], dict[str, Callable[[], object]]]:
    files = [folder / "portal.db", folder / "keys.db"]
    keyring = portward.Keyring.generate()
    store = portward.Store.open(f"sqlite:{files[0]}", keyring, create=True)
    keys = portward.KeyStore.open(f"sqlite:{files[1]}", keyring, feed=store, create=True)
    keys.new_tenant(TENANT)
    link, number = store.issue(TENANT, "ada", {"files:read"}), count()
    return files, {
        "issue": lambda: store.issue(TENANT, "ada", {"files:read"}),
        "edit": lambda: store.edit(TENANT, link.id, label=f"Ada {next(number)}"),
        "redeem": lambda: redeemed(store, link.token),
        "revoke_client": lambda: store.revoke_client(TENANT, f"eve-{next(number)}"),
        "new_tenant": lambda: keys.new_tenant(f"tenant-{next(number)}"),
        "seal": lambda: keys.scope(TENANT, f"record:{next(number)}").seal(b"text", name="n", id="1"),
    }


def test_other_threads_run_while_one_waits_for_a_database(tmp_path: Path) -> None:
    files, all_work = waiting_work(tmp_path)

    def waits(work: Callable[[], object]) -> tuple[float, float]:
        with locked(*files):
            return longest_gap(work)

    for name, work in all_work.items():
        others_run(name, partial(waits, work), 0.3)


def test_a_pipe_is_waited_for_without_the_lock(tmp_path: Path) -> None:
    source = """
import io, os, threading, portward
keys = portward.KeyStore.open("sqlite:keys.db", portward.Keyring.generate(), feed=None, create=True)
keys.new_tenant("t")
os.mkfifo("pipe")
threading.Timer(0.3, lambda: open("pipe", "wb").write(b"through a pipe")).start()
print(keys.scope("t", "file:x").seal_file("pipe", io.BytesIO(), name="f", id="1"))
"""
    assert run_python(source, folder=tmp_path).stdout == "14\n"


def test_many_threads_share_one_store(store: portward.Store) -> None:
    def visit(number: int) -> str:
        link = store.issue(TENANT, f"client-{number}", {"files:read"}, uses_max=1)
        session = redeemed(store, str(link.token))
        client = store.verify_session(session.token).client
        if number % 2:
            store.revoke_link(TENANT, link.id)
        return client

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(visit, range(100))) == [f"client-{number}" for number in range(100)]
    assert len(store.list(TENANT, state="revoked", limit=1000).links) == 50


def test_one_use_is_one_use_for_all_threads(store: portward.Store) -> None:
    link = store.issue(TENANT, "ada", {"files:read"}, uses_max=1)

    def visit(_: int) -> bool:
        try:
            redeemed(store, str(link.token))
        except portward.Refused as error:
            assert error.code == "uses_exhausted"
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(visit, range(64))) == 1


def test_a_loop_ticks_on(tmp_path: Path) -> None:
    files, work = waiting_work(tmp_path)

    async def waits() -> tuple[float, float]:
        waiting = asyncio.create_task(asyncio.to_thread(work["issue"]))
        gap, started = 0.0, time.monotonic()
        while not waiting.done():
            last = time.monotonic()
            await asyncio.sleep(0.001)
            gap = max(gap, time.monotonic() - last)
        return gap, time.monotonic() - started

    def gap_of_loop() -> tuple[float, float]:
        with locked(*files):
            return asyncio.run(waits())

    others_run("loop", gap_of_loop, 0.3)


def test_a_store_that_is_closed_under_way_raises(keyring: portward.Keyring, databases: Databases) -> None:
    store = portward.Store.open(databases.place("portal"), keyring, create=True)
    store.issue(TENANT, "ada", {"files:read"})
    errors: list[portward.PortwardError] = []

    def work() -> None:
        while True:
            try:
                store.issue(TENANT, "ada", {"files:read"})
            except portward.PortwardError as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    store.close()
    for thread in threads:
        thread.join(60)
    assert [isinstance(error, (portward.InvalidValue, portward.Unavailable)) for error in errors] == [True] * 4
