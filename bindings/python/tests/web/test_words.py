"""The gate and the guards raise what their words say."""

from __future__ import annotations

import asyncio
from typing import Any

import flask
import pytest
from starlette.requests import HTTPConnection

import portward
from portward import asgi, wsgi
from portward.flask import Portward
from portward.http import Gate, Request
from portward.starlette import Session

from . import django_app
from .browser import HOST
from .frameworks import use_in_django
from .test_guards import Believing, session_of
from .trying import ANYTHING, HALF, Tried, raised_of

CONFIG = f"{__package__}.frameworks.current_gate"
KEYS = f"{__package__}.django_app.current_keys"


@pytest.fixture
def gate(store: portward.Store) -> Gate:
    return Gate(portward.Portal(HOST), store)


def view(request: Any = None, name: str = "") -> str:
    return name


def of_gate(gate: Gate, store: portward.Store, asked: Request) -> list[Tried]:
    return [
        Tried((Gate,), Gate, {"portal": gate.portal, "links": store, "verifier": None}),
        Tried((Gate.look_up,), gate.look_up, {"permission": "files:read"}),
        Tried((Gate.is_ours,), gate.is_ours, {"request": asked}),
        Tried((Gate.begin,), gate.begin, {"request": asked, "body": b""}),
        Tried((Gate.serve, Gate.begin), gate.serve, {"request": asked, "body": b""}),
        Tried((Gate.session,), lambda gate, request: gate.session(request), {"gate": gate, "request": asked}),
        Tried((Gate.refuse,), gate.refuse, {"request": asked, "error": portward.Refused("no", "link_unknown")}),
    ]


def of_servers(gate: Gate, cookie: str) -> list[Tried]:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/x", "HTTP_COOKIE": cookie}
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [(b"cookie", cookie.encode())]}

    def in_loop(gate: Gate, scope: Any) -> Any:
        return asyncio.run(asgi.session(gate, dict(scope)))

    return [
        Tried((wsgi.session,), lambda gate, environ: wsgi.session(gate, dict(environ)), {"gate": gate, "environ": environ}),
        Tried((asgi.session,), in_loop, {"gate": gate, "scope": scope}),
    ]


def of_guards(gate: Gate, cookie: str) -> list[Tried]:
    from django.test import RequestFactory

    from portward.django import conf
    from portward.django.decorators import session_required

    app = flask.Flask("portal")
    guard = {"permission": "files:read", "resource": "name", "view": view}
    visit = {"gate": gate, "cookie": cookie, "name": "a"}

    def in_flask(gate: Gate, cookie: str, name: Any) -> Any:
        with app.test_request_context(headers={"cookie": cookie}):
            return Portward(gate).required("files:read", resource="name")(view)(name=name)

    def in_starlette(gate: Gate, cookie: str, name: Any) -> Any:
        scope = {"type": "http", "method": "GET", "path": "/x", "path_params": {"name": name}, "headers": [(b"cookie", cookie.encode())]}
        return asyncio.run(Session(gate, "files:read", resource="name")(HTTPConnection(scope)))

    def in_django(gate: Gate, cookie: str, name: Any) -> Any:
        use_in_django(gate, "django_urls")
        return session_required("files:read", resource="name")(view)(RequestFactory().get("/x", headers={"cookie": cookie}), name=name)

    def flask_guard(permission: Any, resource: Any, view: Any) -> None:
        Portward(gate).required(permission, resource=resource)(view)

    def starlette_guard(permission: Any, resource: Any) -> None:
        Session(gate, permission, resource=resource)

    def django_guard(permission: Any, resource: Any, view: Any) -> None:
        use_in_django(gate, "django_urls")
        conf.gate()
        session_required(permission, resource=resource)(view)

    return [
        Tried((Portward.required,), flask_guard, guard),
        Tried((Portward.required, Portward.session), in_flask, visit),
        Tried((Session,), starlette_guard, {"permission": "files:read", "resource": "name"}),
        Tried((Session,), in_starlette, visit),
        Tried((session_required,), django_guard, guard),
        Tried((session_required, conf.gate), in_django, visit),
    ]


def of_settings(gate: Gate) -> list[Tried]:
    from django.test import RequestFactory, override_settings

    from portward.django import conf, middleware

    use_in_django(gate, "django_urls")

    def named(setting: str, act: Any) -> Any:
        def made(path: Any) -> Any:
            with override_settings(**{setting: path}):
                return act()

        return made

    def refusal() -> Any:
        return middleware.refusal(RequestFactory().get("/x"), portward.Refused("no", "link_unknown"))

    return [
        Tried((conf.gate,), named("PORTWARD_GATE", conf.gate), {"path": CONFIG}),
        Tried((conf.keys,), named("PORTWARD_KEYS", conf.keys), {"path": KEYS}),
        Tried((middleware.refusal, conf.gate), named("PORTWARD_GATE", refusal), {"path": CONFIG}),
        Tried((middleware.PortalMiddleware, conf.gate), named("PORTWARD_GATE", lambda: middleware.PortalMiddleware(view)), {"path": CONFIG}),
    ]


def test_the_gate_and_the_guards_raise_what_was_said(
    gate: Gate, store: portward.Store, keys: portward.KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_in_django(gate, "django_urls")
    from portward.django import conf

    monkeypatch.setattr(conf, "_guards", set())
    monkeypatch.setitem(django_app.CURRENT, "keys", keys)
    cookie = f"__Host-portward-session={session_of(store)}"
    headers = [("cookie", cookie.encode())]
    wrong = {
        "": ANYTHING,
        "links": [object()],
        "permission": ["files:raed", "files:*"],
        "resource": ["nmae"],
        "request": [Request("GET", "/x", []), Request("GET", HALF, headers), Request(HALF, "/x", headers)],
        "gate": [Gate(portward.Portal(HOST), store, verifier=Believing(lambda token: None))],
        "cookie": ["", "__Host-portward-session=pws_x"],
        "name": ["a b", "x" * 65],
        "environ": [{"REQUEST_METHOD": "GET", "HTTP_COOKIE": "a=b"}],
        "scope": [{"type": "http", "method": "GET", "path": "/x", "headers": []}],
        "path": ["no_such.setting", f"{__package__}.frameworks.METHODS", "json.no_such"],
    }
    tried = [*of_gate(gate, store, Request("GET", "/x", headers)), *of_servers(gate, cookie), *of_guards(gate, cookie), *of_settings(gate)]
    found, unsaid = raised_of(tried, wrong)
    assert unsaid == set()
    assert found == {
        "http.Gate": "TypeError",
        "http.Gate.look_up": "InvalidValue",
        "http.Gate.is_ours": "InvalidValue",
        "http.Gate.begin": "InvalidValue",
        "http.Gate.serve": "InvalidValue",
        "http.Gate.session": "Denied InvalidValue TypeError",
        "http.Gate.refuse": "InvalidValue",
        "wsgi.session": "Denied TypeError",
        "asgi.session": "Denied TypeError",
        "flask.Portward.required": "Denied InvalidValue Refused TypeError",
        "starlette.Session": "Denied InvalidValue Refused TypeError",
        "django.decorators.session_required": "Denied ImproperlyConfigured InvalidValue Refused TypeError",
        "django.conf.gate": "ImportError ImproperlyConfigured ModuleNotFoundError",
        "django.conf.keys": "ImportError ImproperlyConfigured ModuleNotFoundError",
        "django.middleware.refusal": "ImportError ImproperlyConfigured ModuleNotFoundError",
        "django.middleware.PortalMiddleware": "ImportError ImproperlyConfigured ModuleNotFoundError",
    }
