"""What guards refuse, and that no cache gives one client's answer to another."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import re
import weakref
from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps
from pathlib import Path
from typing import Any
from uuid import UUID

import flask
import pytest
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

import portward
from portward import asgi, wsgi
from portward.caches import kept_apart
from portward.fastapi import PortalMiddleware, Session
from portward.flask import Portward
from portward.http import Denied, Gate
from portward.http import Request as Asked
from raised import frames_of

from .apps import APPS
from .browser import HOST, Browser, Reply
from .frameworks import set_up_django, use_in_django

README = Path(__file__).parents[2] / "README.md"
SESSION = "__Host-portward-session"


@pytest.fixture
def gate(store: portward.Store) -> Gate:
    return Gate(portward.Portal(HOST), store)


def session_of(store: portward.Store, client: str = "42") -> str:
    link = store.issue("studio-7", client, ["files:read"]).token or ""
    peeked = store.peek(link)
    return store.redeem(link, peeked.cookie, peeked.nonce).token


def bearer(store: portward.Store) -> dict[str, str]:
    return {"authorization": f"Bearer {session_of(store)}"}


def caches(reply: Reply) -> tuple[str | None, set[str]]:
    told = dict(reply.headers)
    return told.get("cache-control"), {name.strip() for name in told.get("vary", "").split(",")}


@pytest.mark.parametrize("framework", APPS)
def test_answers_of_a_session_are_kept_apart(framework: str, gate: Gate, store: portward.Store) -> None:
    browser = Browser(APPS[framework](gate), "application/json")
    for target, status in (("/portal/", 200), ("/portal/file/a", 200), ("/portal/inner/a", 200)):
        reply = browser.get(target, **bearer(store))
        assert (reply.status, *caches(reply)) == (status, "private", {"Cookie", "Authorization"})
    for target, headers in (("/portal/", {}), ("/portal/invoices", bearer(store))):
        reply = browser.get(target, **headers)
        assert (reply.status, caches(reply)[0]) == (403, "no-store")
    assert caches(browser.get("/portal/nowhere"))[0] != "private", "the control: nobody asked for a session"


@pytest.mark.parametrize(("said", "told"), [
    (("", ""), ("private", "Cookie, Authorization")),
    (("no-cache", "cookie"), ("no-cache, private", "cookie, Authorization")),
    (("max-age=60", "*"), ("max-age=60, private", "*")),
    (("Public, max-age=60", ""), ("Public, max-age=60", "Cookie, Authorization")),
    (("private=x", "Accept"), ("private=x", "Accept, Cookie, Authorization")),
    (("No-Store, max-age=0", ""), ("No-Store, max-age=0", "Cookie, Authorization")),
])  # fmt: skip
def test_what_the_application_says_of_caches_stays(said: tuple[str, str], told: tuple[str, str]) -> None:
    assert kept_apart(*said) == dict(zip(("cache-control", "vary"), told))


@pytest.mark.parametrize("says", ["silent", "public", "unstored", "shouted", "later", "handed-on"])
@pytest.mark.parametrize("site_wide", [False, True])
def test_the_cache_of_django_gives_no_page_to_another(says: str, site_wide: bool, gate: Gate, store: portward.Store) -> None:
    use_in_django(gate, "caching_urls")
    import django
    from django.conf import settings
    from django.core.cache import cache
    from django.test import Client, override_settings

    if says in ("later", "handed-on") and not site_wide and django.VERSION < (5, 0):
        pytest.skip("this Django's cache_page takes no asynchronous views")
    cache.clear()
    path = f"/{'site' if site_wide else 'page'}/{says}"
    parts = [f"django.middleware.cache.{name}CacheMiddleware" for name in ("Update", "FetchFrom")] if site_wide else []
    ann, bob = (session_of(store, client) for client in ("ann", "bob"))
    with override_settings(MIDDLEWARE=[settings.MIDDLEWARE[0], *parts]):

        def get(session: str | None) -> tuple[int, bytes]:
            headers = {} if session is None else {"cookie": f"{SESSION}={session}"}
            reply = Client().get(path, headers=headers)
            assert session is None or says == "public" or "private" in reply["cache-control"], "what older Djangos look for"
            return reply.status_code, reply.content

        assert [get(ann)[1].partition(b" ")[0], get(bob)[1].partition(b" ")[0]] == [b"ann", b"bob"]
        assert get(None)[0] == 403
        assert (get(ann) == get(ann)) is (says == "public"), "the control: what may be kept is kept"
    cache.clear()


NO_IDENTIFIERS = ("A" * 65, "a%20b", "%C3%A4")


@pytest.mark.parametrize("framework", APPS)
def test_a_resource_that_is_no_identifier_is_refused(framework: str, gate: Gate, store: portward.Store) -> None:
    browser = Browser(APPS[framework](gate), "application/json")
    assert browser.get("/portal/file/a", **bearer(store)).status == 200
    refused = browser.get("/portal/invoices", **bearer(store))
    for name in NO_IDENTIFIERS:
        reply = browser.get(f"/portal/file/{name}", **bearer(store))
        assert (reply.status, reply.body) == (refused.status, refused.body) == (403, b'{"error":"refused"}')


def mounted(gate: Gate, with_middleware: bool) -> Any:
    app, part = FastAPI(), FastAPI()

    @part.get("/who")
    def who(access: portward.Access = Depends(Session(gate))) -> str:
        return access.client

    @part.get("/inner")
    def inner(access: portward.Access = Depends(Session(gate))) -> None:
        access.require("invoices:read")

    @part.get("/{name}")
    def misspelt(access: portward.Access = Depends(Session(gate, "files:read", resource="file"))) -> None: ...

    @part.websocket("/feed")
    async def feed(socket: WebSocket, access: portward.Access = Depends(Session(gate))) -> None:
        await socket.accept()
        await socket.send_text(access.client)

    async def plain(request: Request) -> PlainTextResponse:
        return PlainTextResponse((await Session(gate)(request)).client)

    app.mount("/fastapi", part)
    app.mount("/starlette", Starlette(routes=[Mount("/deep", Starlette(routes=[Route("/who", plain)]))]))
    if with_middleware:
        app.add_middleware(PortalMiddleware, gate=gate)
    return TestClient(app, base_url=HOST)


@pytest.mark.parametrize("with_middleware", [True, False])
def test_a_mounted_application_refuses_by_itself(with_middleware: bool, gate: Gate, store: portward.Store) -> None:
    client = mounted(gate, with_middleware)
    for path in ("/fastapi/who", "/starlette/deep/who"):
        assert client.get(path, headers=bearer(store)).status_code == 200
        damaged = client.get(path, headers={"authorization": "Bearer pws_x"})
        assert (damaged.status_code, damaged.content) == (400, b'{"error":"damaged"}')
        assert client.get(path).status_code == 403
    for path in ("/fastapi/inner", "/fastapi/name"):
        refused = client.get(path, headers=bearer(store))
        assert (refused.status_code, refused.content) == (403, b'{"error":"refused"}')
        assert refused.headers["cache-control"] == "no-store"
    with client.websocket_connect("/fastapi/feed", headers=bearer(store)) as socket:
        assert socket.receive_text() == "42"
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/fastapi/feed"):
        pass
    assert closed.value.code == 1008


@pytest.mark.parametrize(("with_middleware", "status"), [(False, 500), (True, 403)])
def test_a_guard_changes_nothing_for_requests_without_one(with_middleware: bool, status: int, gate: Gate, store: portward.Store) -> None:
    async def guarded(request: Request) -> PlainTextResponse:
        access = await Session(gate)(request)
        access.require("invoices:read")
        return PlainTextResponse(access.client)

    async def unguarded(request: Request) -> PlainTextResponse:
        store.link("studio-7", "0" * 32)
        return PlainTextResponse("not reached")

    app = Starlette(routes=[Route("/guarded", guarded), Route("/unguarded", unguarded)])
    if with_middleware:
        app.add_middleware(PortalMiddleware, gate=gate)
    client = TestClient(app, base_url=HOST, raise_server_exceptions=False)
    before = client.get("/unguarded")
    assert client.get("/guarded", headers=bearer(store)).status_code == 403
    assert before.status_code == client.get("/unguarded").status_code == status


def test_of_two_gates_the_one_that_was_asked_refuses(store: portward.Store) -> None:
    heard: list[str] = []

    def told(name: str) -> Gate:
        return Gate(portward.Portal(HOST), store, log=lambda reason, token_id: heard.append(name))

    gates = {name: told(name) for name in ("first", "second")}

    async def guarded(request: Request) -> PlainTextResponse:
        access = await Session(gates[request.path_params["name"]])(request)
        access.require("invoices:read")
        return PlainTextResponse(access.client)

    client = TestClient(Starlette(routes=[Route("/{name}", guarded)]), base_url=HOST)
    for name in ("first", "second", "first"):
        assert client.get(f"/{name}", headers=bearer(store)).status_code == 403
    assert heard == ["first", "second", "first"]


def test_a_resource_of_another_type_is_taken_as_text(gate: Gate, store: portward.Store) -> None:
    app = flask.Flask("portal")
    portal = Portward(gate, app)
    seen = []

    @app.get("/<uuid:name>")
    @portal.required("files:read", resource="name")
    def file(name: UUID) -> str:
        seen.append(name)
        return "file"

    name = UUID(int=7)
    assert app.test_client().get(f"/{name}", headers=bearer(store)).status_code == 200
    assert seen == [name]


def test_a_resource_that_is_none_is_none(gate: Gate, store: portward.Store) -> None:
    app = flask.Flask("portal")
    portal = Portward(gate, app)

    @app.get("/", defaults={"name": None})
    @app.get("/<name>")
    @portal.required("files:read", resource="name")
    def file(name: str | None) -> str:
        return str(name)

    client = app.test_client()
    assert [client.get(path, headers=bearer(store)).status_code for path in ("/", "/None", "/a")] == [403, 200, 200]


class Believing:
    """A verifier of the application's own."""

    def __init__(self, answer: Callable[[str], Any]) -> None:
        self.verify_session = answer


@pytest.mark.parametrize("permission", [None, "files:read"])
def test_a_verifier_that_gives_no_access_lets_nobody_in(permission: str | None, store: portward.Store) -> None:
    async def later(token: str) -> portward.Access:
        return store.verify_session(token)

    def status(answer: Callable[[str], Any]) -> int:
        app = flask.Flask("portal")
        portal = Portward(Gate(portward.Portal(HOST), store, verifier=Believing(answer)), app)

        @app.get("/")
        @portal.required(permission)
        def page() -> str:
            return "in"

        return app.test_client().get("/", headers=bearer(store)).status_code

    assert status(store.verify_session) == 200
    assert status(lambda _: None) == status(lambda token: token) == 500
    given = []
    assert status(lambda token: given.append(later(token)) or given[-1]) == 500
    given[0].close()


def guards(gate: Gate) -> list[Any]:
    set_up_django()
    from portward.django.decorators import session_required

    return [Portward(gate).required, session_required]


@pytest.mark.parametrize("which", [0, 1])
def test_a_guard_that_would_not_guard_is_refused_when_it_is_made(which: int, gate: Gate) -> None:
    required = guards(gate)[which]

    def view(request: Any = None, name: str = "") -> None: ...

    def any_view(request: Any = None, **arguments: str) -> None: ...

    required()(view)
    required("files:read", resource="name")(view)
    required("files:read", resource="other")(any_view)
    with pytest.raises(TypeError, match="called before it decorates"):
        required(view)
    with pytest.raises(TypeError, match="no argument 'nmae'"):
        required("files:read", resource="nmae")(view)


def test_a_guard_that_would_let_nobody_in_is_refused_when_it_is_made(gate: Gate, store: portward.Store) -> None:
    """Also where no store tells the permissions."""
    believing: Any = Believing(store.verify_session)
    alone = Gate(gate.portal, believing, verifier=believing)
    made = [partial(Session, alone), Portward(alone).required, guards(gate)[1]]
    for guard in made:
        guard("files:read", resource="name")
        for permission, resource, named in ((7, None, "permission"), ("files:read", 7, "resource"), (None, "name", "resource")):
            with pytest.raises(TypeError, match=f"^{named}: "):
                guard(permission, resource=resource)


@pytest.mark.parametrize("by_blueprint", [False, True])
@pytest.mark.parametrize("app_comes_first", [False, True])
@pytest.mark.parametrize("between", ["nothing", "wrapper", "partial"])
def test_a_guard_above_the_route_is_refused(by_blueprint: bool, app_comes_first: bool, between: str, gate: Gate, store: portward.Store) -> None:
    """At once, or before the first request is answered: the routes of a blueprint come to the application late."""

    def other(view: Any) -> Any:
        if between == "partial":
            named = partial(view)
            named.__name__ = view.__name__  # type: ignore[attr-defined]  # Flask asks for one
            return named
        return wraps(view)(lambda: view()) if between == "wrapper" else view

    def asked(is_right: bool) -> flask.Flask:
        app = flask.Flask("portal")
        portal = Portward(gate, app if app_comes_first else None)
        routes = flask.Blueprint("part", "portal") if by_blueprint else app

        @routes.get("/file")
        @other
        @portal.required()
        def file() -> str:
            return "file"

        def open_to_all() -> str:
            return "file"

        routes.get("/open")(open_to_all) if is_right else portal.required()(other(routes.get("/open")(open_to_all)))
        if by_blueprint:
            app.register_blueprint(routes)
        if not app_comes_first:
            portal.init_app(app)
        return app

    client = asked(is_right=True).test_client()
    assert client.get("/file", headers=bearer(store)).status_code == 200
    assert (client.get("/file").status_code, client.get("/open").status_code) == (403, 200)
    with pytest.raises(TypeError, match="open_to_all: .* stands above"):
        asked(is_right=False).test_client().get("/portal/")
    if by_blueprint or not app_comes_first:
        # Nobody who asks again is let in.
        client = asked(is_right=False).test_client()
        for path in ("/open", "/open", "/file"):
            with pytest.raises(TypeError, match="stands above"):
                client.get(path)


@pytest.mark.parametrize("says_so", [True, False])
def test_a_guard_above_a_route_that_wraps_is_refused(says_so: bool, gate: Gate, store: portward.Store) -> None:
    """As extensions do, which give the function back as it was."""
    app = flask.Flask("portal")
    portal = Portward(gate, app)

    def route(view: Any) -> Any:
        wrapped: Any = wraps(view) if says_so else lambda wrapper: wrapper
        app.add_url_rule(f"/{view.__name__}", view.__name__, wrapped(lambda: view()))
        return view

    @route
    @portal.required()
    def file() -> str:
        return "file"

    client = app.test_client()
    assert [client.get("/file", headers=headers).status_code for headers in ({}, bearer(store))] == [403, 200]
    app = flask.Flask("portal")
    portal = Portward(gate, app)
    guarded_above = portal.required()

    def other() -> str:
        return "other"

    if says_so:
        guarded_above(route(other))
        for _ in range(2):
            with pytest.raises(TypeError, match="other: .* stands above"):
                app.test_client().get("/portal/")
    else:
        guarded_above(route(other))
        assert app.test_client().get("/other").status_code == 200, "as the README says"


@pytest.mark.parametrize("kind", ["view", "partials"])
@pytest.mark.parametrize("with_route", [True, False])
def test_a_function_behind_a_guard_may_have_another_view(kind: str, with_route: bool, gate: Gate, store: portward.Store) -> None:
    """For the staff, who have a door of their own; or one function with other arguments for all."""
    app = flask.Flask("portal")
    portal = Portward(gate, app)

    def report(name: str = "report") -> str:
        return name

    def staff_only(view: Any) -> Any:
        return wraps(view)(lambda: view() if "staff" in flask.request.args else ("no", 401))

    own, other = (report, staff_only(report)) if kind == "view" else (partial(report, "own"), partial(report, "other"))
    app.add_url_rule("/staff", "staff", other)
    guarded = portal.required()(own)
    if with_route:
        app.add_url_rule("/portal/report", "report", wraps(guarded)(partial(guarded)))
        client = app.test_client()
        assert [client.get("/portal/report", headers=headers).status_code for headers in ({}, bearer(store))] == [403, 200]
        assert client.get("/staff?staff").status_code == 200
    else:
        with pytest.raises(TypeError, match="staff: .* stands above"):
            app.test_client().get("/staff?staff")


def test_what_a_route_calls_itself_has_its_guard(gate: Gate) -> None:
    """Whatever another route has."""
    app = flask.Flask("portal")
    portal = Portward(gate, app)

    def file() -> str:
        return "file"

    app.get("/a", endpoint="a")(portal.required()(file))
    with pytest.raises(TypeError, match="open: .* stands above"):
        portal.required()(app.get("/b", endpoint="open")(file))


def test_the_key_of_the_readme_keeps_no_page_of_wider_rights(gate: Gate, store: portward.Store) -> None:
    app = flask.Flask("portal")
    portal = Portward(gate, app)
    told = re.search(r"make_cache_key=(lambda .*?)`", README.read_text())
    assert told is not None
    key = eval(told[1], {"g": flask.g, "request": flask.request})

    @app.get("/key")
    @portal.required()
    def page() -> str:
        return str(key())

    def keys_of(edit: dict[str, Any]) -> tuple[str, str]:
        """Before the edit, and when the session was renewed after it."""
        link = store.issue("studio-7", "ann", ["files:read", "invoices:read"])
        peeked = store.peek(link.token or "")
        session = store.redeem(link.token or "", peeked.cookie, peeked.nonce).token

        def asked(token: str) -> str:
            reply = app.test_client().get("/key", headers={"authorization": f"Bearer {token}"})
            assert reply.status_code == 200
            return reply.text

        before = asked(session)
        store.edit("studio-7", link.id, **edit)
        return before, asked(store.renew(session).token)

    for edit, is_kept in (({"permissions": ["files:read"]}, False), ({"resources": ["file-1"]}, False), ({"label": "again"}, True)):
        before, after = keys_of(edit)
        assert (before == after) is is_kept, edit


def test_a_guard_that_is_made_for_one_request_is_forgotten(gate: Gate, store: portward.Store) -> None:
    """As Flask-RESTful makes those in `method_decorators`."""
    app = flask.Flask("portal")
    portal = Portward(gate, app)
    made = []

    @app.get("/")
    def page() -> Any:
        def view() -> str:
            return "page"

        made.append(weakref.ref(view))
        return portal.required()(view)()

    client = app.test_client()
    assert client.get("/", headers=bearer(store)).text == "page"
    gc.collect()
    assert [view() for view in made] == [None]


def test_flask_refuses_an_application_before_it_is_changed(gate: Gate) -> None:
    used, fresh = flask.Flask("used"), flask.Flask("fresh")
    used.test_client().get("/")
    before = {app: app.wsgi_app for app in (used, fresh)}
    Portward(gate).init_app(fresh)
    with pytest.raises(AssertionError):
        Portward(gate).init_app(used)
    assert used.wsgi_app == before[used] and "portward" not in used.extensions
    assert fresh.wsgi_app != before[fresh] and "portward" in fresh.extensions, "the control"


def test_a_guard_above_another_one_is_none_above_a_route(gate: Gate, store: portward.Store) -> None:
    app = flask.Flask("portal")
    portal = Portward(gate, app)

    @app.get("/a")
    @portal.required()
    def file() -> str:
        return "file"

    app.get("/b", endpoint="b")(portal.required("files:read")(file))
    portal.required("invoices:read")(app.get("/c", endpoint="c")(file))
    client = app.test_client()
    assert [client.get("/c", headers=headers).status_code for headers in ({}, bearer(store))] == [403, 200], "as the README says"
    assert [client.get(path, headers=bearer(store)).status_code for path in ("/a", "/b")] == [200, 200]
    assert [client.get(path).status_code for path in ("/a", "/b")] == [403, 403]


def test_an_address_without_the_argument_is_refused(gate: Gate, store: portward.Store) -> None:
    use_in_django(gate, "caching_urls")
    from django.test import Client

    assert Client().get("/named/a", headers=bearer(store)).content == b"a"
    assert Client().get("/unnamed/a", headers=bearer(store)).status_code == 403


def test_neither_a_representation_nor_a_frame_shows_a_token(gate: Gate, store: portward.Store) -> None:
    session = session_of(store)
    request = Asked("GET", "/portal/pwl_secret", [("cookie", f"__Host-portward-session={session}".encode())])
    assert repr(request) == "Request(GET)"
    cookie = f"__Host-portward-session={session}"
    environ: dict[str, Any] = {"REQUEST_METHOD": "GET", "PATH_INFO": "/x", "HTTP_COOKIE": cookie}
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/x", "headers": [(b"cookie", cookie.encode())]}
    ask = {
        "plain": lambda: gate.session(request),
        "wsgi": lambda: wsgi.session(gate, environ),
        "asgi": lambda: asyncio.run(asgi.session(gate, scope)),
    }
    assert [access().client for access in ask.values()] == ["42"] * 3
    store.revoke_everything()
    for name, access in ask.items():
        told = refusal_of(access)
        assert "request = Request(GET)" in told, "the control"
        assert session not in told, name


def test_no_frame_of_the_gate_shows_a_token_when_a_verifier_fails(gate: Gate, store: portward.Store) -> None:
    def fails(token: str) -> portward.Access:
        del token
        raise ConnectionError("no answer")

    session = session_of(store)
    request = Asked("GET", "/x", [("authorization", f"Bearer {session}".encode())])
    for answer, kind in ((fails, ConnectionError), (lambda _: None, TypeError)):
        failing = Gate(gate.portal, store, verifier=Believing(answer))
        told = refusal_of(lambda failing=failing: failing.session(request), kind)
        assert "request = Request(GET)" in told, "the control"
        assert session not in told, kind


def refusal_of(ask: Callable[[], object], kind: type[Exception] = Denied) -> str:
    try:
        ask()
    except kind as error:
        # The frame of the lambda has the test's own variables.
        assert error.__traceback__ is not None
        return frames_of(error.with_traceback(error.__traceback__.tb_next))
    raise AssertionError


def test_a_request_is_not_pickled(gate: Gate) -> None:
    request = Asked("GET", "/portal/pwl_secret", [("cookie", b"__Host-portward-session=pws_secret")])
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            act(request)
    assert replace(request, method="POST").path == request.path, "the control: what made it can make another"


def test_a_refusal_passes_to_another_process(gate: Gate) -> None:
    bad = [("authorization", b"Bearer pws_x")]
    for headers, public, status in (([], "refused", 403), (bad, "damaged", 400)):
        with pytest.raises(Denied) as denied:
            gate.session(Asked("GET", "/x", headers))
        for there in (pickle.loads(pickle.dumps(denied.value)), copy.copy(denied.value), copy.deepcopy(denied.value)):
            assert isinstance(there, portward.Refused)
            assert (there.code, there.public, str(there)) == (denied.value.code, public, str(denied.value))
            assert gate.refuse(Asked("GET", "/x", []), there).status == status
