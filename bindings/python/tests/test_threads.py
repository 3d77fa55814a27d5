from __future__ import annotations

import asyncio
import io
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import portward
from conftest import TENANT, redeemed
from databases import Databases


def test_other_threads_run_while_one_waits_or_works(keyring: portward.Keyring, keys: portward.KeyStore) -> None:
    """A ticking thread is never kept from ticking by a second of Argon2 or by a file."""
    ticks, done = [time.monotonic()], threading.Event()

    def tick() -> None:
        while not done.wait(0.005):
            ticks.append(time.monotonic())

    ticking = threading.Thread(target=tick)
    ticking.start()
    started = time.monotonic()
    keyring.seal(b"passphrase")
    keys.scope(TENANT, "file:x").seal_file(io.BytesIO(os.urandom(30_000_000)), io.BytesIO(), name="f", id="1")
    spent = time.monotonic() - started
    done.set()
    ticking.join()
    assert len(ticks) > spent / 0.005 / 10


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


def test_a_loop_ticks_on(store: portward.Store) -> None:
    async def main() -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.001)
                ticks += 1

        ticking = asyncio.create_task(tick())
        issue = [asyncio.to_thread(store.issue, TENANT, "ada", {"files:read"}) for _ in range(50)]
        await asyncio.gather(*issue)
        ticking.cancel()
        return ticks

    assert asyncio.run(main()) > 0


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
        thread.join(20)
    assert [isinstance(error, (portward.InvalidValue, portward.Unavailable)) for error in errors] == [True] * 4
