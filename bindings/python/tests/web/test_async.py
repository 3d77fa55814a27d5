"""Asynchronous frameworks: the event loop goes on while a store waits."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

import portward
from portward import _threads
from portward.asgi import PortalMiddleware, request_of, session
from portward.http import Gate, Request

from .apps import ASYNCHRONOUS, ask_asgi
from .browser import FORM, HOST, Browser
from . import frameworks
from .frameworks import Asked, Told, use_in_django


TICKED = threading.Semaphore(0)


async def while_it_ticks(work: Any) -> Any:
    """What it gives, while the loop comes round."""
    done = asyncio.ensure_future(work)
    while not done.done():
        await asyncio.sleep(0.01)
        TICKED.release()
    return done.result()


def wait_for_ticks() -> None:
    """So long that the loop comes round often meanwhile, which it does not where it is what waits."""
    while TICKED.acquire(blocking=False):
        pass  # of before
    for _ in range(15):
        assert TICKED.acquire(timeout=20), "the loop does not come round"


@pytest.mark.parametrize("framework", ASYNCHRONOUS)
def test_the_loop_ticks_while_the_database_is_locked(framework: str, store: portward.Store, tmp_path: Path) -> None:
    app = ASYNCHRONOUS[framework](Gate(portward.Portal(HOST), store))
    token = store.issue("studio-7", "42", ["files:read"]).token
    assert token is not None

    async def story() -> None:
        visitor = Later(app)
        await visitor.get(f"/portal/{token}")
        nonce = (await visitor.get("/portal")).nonce
        # Another process, as SQLite's locks do not part two copies of SQLite in one.
        with subprocess.Popen([sys.executable, "-c", LOCK, tmp_path / "links.db"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdin is not None and other.stdout is not None
            assert other.stdout.readline() == b"locked\n"
            redeeming = asyncio.ensure_future(visitor.post("/portal/redeem", {"nonce": nonce}))
            for _ in range(20):
                await asyncio.sleep(0.01)
                assert not redeeming.done(), "it waits"
            other.stdin.close()
            reply = await redeeming
        assert reply.status == 303
        assert (await visitor.get("/portal/")).body == b"42"

    asyncio.run(story())


LOCK = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
database.rollback()
"""


class Later(Browser):
    """A browser within a loop."""

    def __init__(self, app: Any) -> None:
        super().__init__(self._remember, "text/html")
        self.app = app
        self.asked: Asked | None = None

    def _remember(self, asked: Asked) -> Told:
        self.asked = asked
        return 0, [], b""

    async def get(self, target: str) -> Any:  # type: ignore[override]
        super().get(target)
        return await self._ask()

    async def post(self, target: str, fields: dict[str, str]) -> Any:  # type: ignore[override]
        super().post(target, fields)
        return await self._ask()

    async def _ask(self) -> Any:
        assert self.asked is not None
        told = await ask_asgi(self.app, self.asked)
        self.ask = lambda _: told
        reply = self._send("GET", "", {}, b"")
        self.ask = self._remember
        return reply


class Slow:
    """A verifier that has to reopen first, as a store after a fork."""

    def __init__(self, verifier: portward.Verifier) -> None:
        self.verifier = verifier
        self.is_open = False
        self.threads: list[int] = []

    def verify_session(self, token: str) -> portward.Access:
        self.threads.append(threading.get_ident())
        if not self.is_open:
            wait_for_ticks()
            self.is_open = True
        return self.verifier.verify_session(token)


@pytest.mark.parametrize("framework", ASYNCHRONOUS)
def test_reopening_after_a_fork_goes_to_a_thread(framework: str, store: portward.Store, keyring: portward.Keyring) -> None:
    verifier = Slow(portward.Verifier.without_revocation(keyring))
    issuer, link = portward.Issuer(keyring), portward.Verifier.without_revocation(keyring)
    token = issuer.issue_session(link.verify_link(issuer.issue_link("studio-7", "42", ["invoices:read"]).token)).token
    app = ASYNCHRONOUS[framework](Gate(portward.Portal(HOST), store, verifier=verifier))
    asked = Asked("GET", "/portal/invoices", [("authorization", f"Bearer {token}")], b"", HOST, True)

    async def story() -> None:
        # The view of this route is asynchronous in each framework.
        status, _, _ = await while_it_ticks(ask_asgi(app, asked))
        assert status == 200
        await ask_asgi(app, asked)
        assert verifier.threads[0] != threading.get_ident()
        assert verifier.threads[1] == threading.get_ident(), "open, it verifies at once"

    asyncio.run(story())


FORKED = """
import asyncio, os, sys
import portward
from portward.asgi import session
from portward.http import Gate
keyring = portward.Keyring.generate()
store = portward.Store.open("sqlite:" + sys.argv[1], keyring, create=True)
link = store.issue("studio-7", "42", ["files:read"])
peeked = store.peek(link.token)
token = store.redeem(link.token, peeked.cookie, peeked.nonce).token
gate = Gate(portward.Portal("https://portal.example"), store)
scope = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "headers": [(b"authorization", b"Bearer " + token.encode())]}
assert asyncio.run(session(gate, scope)).client == "42"
if os.fork() == 0:
    ready = gate.is_ready
    client = asyncio.run(session(gate, scope)).client
    os._exit(0 if (ready, client, gate.is_ready) == (False, "42", True) else 1)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


class Waits:
    """Links that are long asked for, and whose database is then away or not."""

    def __init__(self, store: portward.Store, is_away: bool) -> None:
        self.store, self.is_away = store, is_away

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def asked(*arguments: Any) -> Any:
            wait_for_ticks()
            if self.is_away:
                raise portward.Unavailable("no database", "store_unavailable", "unavailable")
            return getattr(self.store, name)(*arguments)

        return asked


@pytest.mark.parametrize("framework", ASYNCHRONOUS)
@pytest.mark.parametrize("is_away", [False, True])
def test_the_loop_ticks_whatever_is_asked_of_a_slow_store(framework: str, is_away: bool, store: portward.Store) -> None:
    app = ASYNCHRONOUS[framework](Gate(portward.Portal(HOST), Waits(store, is_away), verifier=store))
    link = store.issue("studio-7", "42", ["files:read"]).token or ""
    peeked = store.peek(link)
    form, bearer = ("content-type", FORM), ("authorization", f"Bearer {session_of(store)}")
    redeeming = [form, ("origin", HOST), ("cookie", f"__Host-portward-peek={peeked.cookie}; __Host-portward-link={link}")]

    async def story() -> None:
        for what, headers, body in (
            ("peek", [form], f"token={link}"), ("renew", [bearer], ""), ("redeem", redeeming, f"nonce={peeked.nonce}"),
        ):  # fmt: skip
            asked = Asked("POST", f"/portal/{what}", headers, body.encode(), HOST, False)
            status, _, _ = await while_it_ticks(ask_asgi(app, asked))
            assert status == 503 if is_away else status < 400, (what, status)

    asyncio.run(story())


@pytest.mark.parametrize("kind", ["function", "class", "wrapped class"])
def test_a_gate_of_django_is_made_in_a_thread(kind: str, store: portward.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the middleware, the first request makes it."""
    use_in_django(Gate(portward.Portal(HOST), store), "django_urls")
    from django.test import RequestFactory
    from django.utils.decorators import method_decorator
    from django.views import View

    from portward.django import conf
    from portward.django.decorators import session_required

    gate, made = conf.gate(), []

    def slow() -> Gate:
        wait_for_ticks()
        made.append(threading.get_ident())
        return gate

    monkeypatch.setattr(frameworks, "current_gate", slow)
    conf.forget()

    async def function(request: Any) -> str:
        return str(request.access.client)

    def other(view: Any) -> Any:
        return wraps(view)(lambda *positional: view(*positional))

    guard = session_required("files:read")

    @method_decorator([guard, other] if kind == "wrapped class" else guard, name="dispatch")
    class Page(View):
        async def get(self, request: Any) -> str:
            return await function(request)

    view = guard(function) if kind == "function" else Page.as_view()

    async def story() -> None:
        request = RequestFactory().get("/", headers={"authorization": f"Bearer {session_of(store)}"})
        assert await while_it_ticks(view(request)) == "42" == await view(request)
        assert len(made) == 1 and made[0] != threading.get_ident()

    asyncio.run(story())
    conf.forget()


@pytest.mark.parametrize("is_guarded", [True, False])
def test_a_plain_method_of_an_asynchronous_class_stays_plain(is_guarded: bool, store: portward.Store) -> None:
    use_in_django(Gate(portward.Portal(HOST), store), "django_urls")
    from django.test import RequestFactory
    from django.utils.decorators import method_decorator
    from django.views import View

    from portward.django.decorators import session_required

    class Page(View):
        async def get(self, request: Any) -> str:
            return self.told(request)

        def told(self, request: Any) -> str:
            return getattr(request, "access").client if is_guarded else "nobody"

        if is_guarded:
            told = method_decorator(session_required())(told)

    request = RequestFactory().get("/", headers={"authorization": f"Bearer {session_of(store)}"})
    assert asyncio.run(Page.as_view()(request)) == ("42" if is_guarded else "nobody")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_verifies(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FORKED, str(tmp_path / "links.db")], timeout=400, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("with_anyio", [True, False])
def test_without_anyio_the_threads_are_those_of_asyncio(monkeypatch: pytest.MonkeyPatch, with_anyio: bool) -> None:
    monkeypatch.setattr(_threads, "HAS_ANYIO", with_anyio)

    async def story() -> None:
        there = await _threads.in_thread(threading.get_ident)
        assert there != threading.get_ident()

    asyncio.run(story())


def test_no_more_threads_wait_than_allowed() -> None:
    waiting, most, lock = 0, 0, threading.Lock()

    def wait() -> None:
        nonlocal waiting, most
        with lock:
            waiting += 1
            most = max(most, waiting)
        time.sleep(0.05)
        with lock:
            waiting -= 1

    async def story() -> None:
        await asyncio.gather(*(_threads.in_thread(wait) for _ in range(2 * _threads.THREADS_MAX)))

    asyncio.run(story())
    assert 1 < most <= _threads.THREADS_MAX


def session_of(store: portward.Store) -> str:
    token = store.issue("studio-7", "42", ["files:read"]).token or ""
    peeked = store.peek(token)
    return store.redeem(token, peeked.cookie, peeked.nonce).token


def test_a_socket_is_opened_by_own_pages_only(store: portward.Store) -> None:
    gate = Gate(portward.Portal(HOST), store)

    async def app(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        socket = WebSocket(scope, receive, send)
        access = await session(gate, scope)
        await socket.accept()
        await socket.send_text(access.client)
        await socket.close()

    client = TestClient(PortalMiddleware(app, gate), base_url=HOST)
    cookie = f"__Host-portward-session={session_of(store)}"
    with client.websocket_connect("/feed", headers={"cookie": cookie, "origin": HOST}) as socket:
        assert socket.receive_text() == "42"
    for headers in ({"cookie": cookie, "origin": "https://evil.example"}, {"origin": HOST}):
        with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/feed", headers=headers):
            pass
        assert closed.value.code == 1008


def test_what_has_begun_is_not_answered_twice(store: portward.Store) -> None:
    gate = Gate(portward.Portal(HOST), store)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise portward.Refused("late", "link_unknown")

    with pytest.raises(portward.Refused):
        asyncio.run(ask_asgi(PortalMiddleware(app, gate), Asked("GET", "/x", [], b"", HOST, True)))


def run(app: Any, scope: dict[str, Any], messages: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """What is sent, and how many messages were taken."""
    sent: list[dict[str, Any]] = []
    rest = iter(messages)
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return next(rest)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent, taken


def post_scope(target: str) -> dict[str, Any]:
    headers = [(b"content-type", FORM.encode()), (b"accept", b"application/json")]
    return {"type": "http", "method": "POST", "path": target, "raw_path": target.encode(), "headers": headers}


def test_a_body_comes_in_pieces_and_a_long_one_is_not_read_to_its_end(store: portward.Store) -> None:
    app = PortalMiddleware(None, Gate(portward.Portal(HOST), store))  # type: ignore[arg-type]
    token = (store.issue("studio-7", "42", ["files:read"]).token or "").encode()
    pieces = [b"token=", token[:20], token[20:]]
    sent, _ = run(app, post_scope("/portal/peek"), [
        {"type": "http.request", "body": piece, "more_body": piece is not pieces[-1]} for piece in pieces
    ])  # fmt: skip
    assert sent[0]["status"] == 200
    long = [{"type": "http.request", "body": bytes(1000), "more_body": True} for _ in range(100)]
    sent, taken = run(app, post_scope("/portal/peek"), long)
    assert (sent[0]["status"], taken) == (413, 5)
    sent, _ = run(app, post_scope("/portal/peek"), [{"type": "http.disconnect"}])
    assert sent == []


def test_a_server_may_not_tell_the_path_as_it_was_sent() -> None:
    scope = {"type": "http", "method": "GET", "path": "/portal/ä b%", "headers": [(b"x-y", b"\xff")]}
    assert request_of(scope) == Request("GET", "/portal/%C3%A4%20b%25", [("x-y", b"\xff")])


def test_lifespan_is_the_applications(store: portward.Store) -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    run(PortalMiddleware(app, Gate(portward.Portal(HOST), store)), {"type": "lifespan"}, [])
    assert seen == ["lifespan"]
