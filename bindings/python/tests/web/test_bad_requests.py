"""Whatever a request has in it, each ready part answers it, and lets nobody in."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import portward
from portward import asgi, wsgi
from portward.http import Gate

from .apps import django_asgi_app, fastapi_app, flask_app, starlette_app
from .browser import FORM, HOST
from .frameworks import use_in_django

# No server hands on a NUL or the end of a line.
LATIN = st.text(st.characters(max_codepoint=255, exclude_characters="\0\r\n"), max_size=40)
TOKENS = st.sampled_from(["pwl_", "pws_x", "pwn_", "pwl_" + "A" * 200, "pws_" + "A" * 3000]) | LATIN
COOKIES = st.builds("__Host-portward-{}={}".format, st.sampled_from(["link", "peek", "session"]), TOKENS) | LATIN
HEADERS = st.lists(
    st.tuples(st.just("cookie"), st.lists(COOKIES, max_size=4).map("; ".join))
    | st.tuples(st.just("authorization"), st.builds("{} {}".format, st.sampled_from(["Bearer", "bearer", "Basic", ""]), TOKENS))
    | st.tuples(st.just("content-type"), st.sampled_from([FORM, "application/json", "text/html; charset=\xff"]) | LATIN)
    | st.tuples(st.sampled_from(["origin", "referer", "accept", "sec-fetch-site", "host", "x-forwarded-host"]), st.just(HOST) | LATIN),
    max_size=6,
)
PATHS = st.builds("/portal{}".format, st.sampled_from(["", "/", "/redeem", "/peek", "/renew", "/file/a", "/invoices"]) | TOKENS.map("/{}".format)) | LATIN.map("/{}".format)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS"])
BODIES = st.binary(max_size=100) | TOKENS.map(lambda token: f"token={token}&nonce={token}".encode()) | st.integers(4000, 5000).map(bytes)


def environ_of(method: str, path: str, headers: list[tuple[str, str]], body: bytes, length: str) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "", "CONTENT_LENGTH": length, "SERVER_NAME": "portal.example",
        "SERVER_PORT": "443", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(), "wsgi.url_scheme": "https",
        "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip
    for name, value in headers:
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return environ


def through_wsgi(app: Any, environ: dict[str, Any]) -> tuple[int, bytes]:
    begun: list[str] = []
    parts = app(environ, lambda status, headers, *more: begun.append(status))
    body = b"".join(parts)
    if hasattr(parts, "close"):
        parts.close()
    return int(begun[-1].partition(" ")[0]), body


def through_asgi(app: Any, method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> tuple[int, bytes]:
    raw = path.encode("latin-1")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https", "path": raw.decode(errors="replace"),
        "raw_path": raw, "root_path": "", "query_string": b"", "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 1), "server": ("portal.example", 443),
    }  # fmt: skip
    told: list[Any] = []

    parts = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(parts, None) or await asyncio.get_running_loop().create_future()  # the client stays

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    asyncio.run(app(scope, receive, send))
    return told[0]["status"], b"".join(message.get("body", b"") for message in told[1:])


def guarded_wsgi(gate: Gate) -> Any:
    def app(environ: Any, start_response: Any) -> Any:
        access = wsgi.session(gate, environ)
        start_response("200 OK", [])
        return [access.client.encode()]

    return wsgi.PortalMiddleware(app, gate)


def guarded_asgi(gate: Gate) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        access = await asgi.session(gate, scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": access.client.encode()})

    return asgi.PortalMiddleware(app, gate)


def django_wsgi_app(gate: Gate) -> Any:
    use_in_django(gate, "django_app.urls")
    from django.core.handlers.wsgi import WSGIHandler

    return WSGIHandler()


WSGI = {"wsgi": guarded_wsgi, "flask": flask_app, "django": django_wsgi_app}
ASGI = {"asgi": guarded_asgi, "starlette": starlette_app, "fastapi": fastapi_app, "django-asgi": django_asgi_app}


@pytest.mark.parametrize("framework", [*WSGI, *ASGI])
def test_any_request_is_answered_and_lets_nobody_in(framework: str, store: portward.Store) -> None:
    gate = Gate(portward.Portal(HOST), store)
    app = (WSGI | ASGI)[framework](gate)
    link = store.issue("studio-7", "client-42", ["files:read"]).token or ""
    peeked = store.peek(link)
    bearer = [("authorization", f"Bearer {store.redeem(link, peeked.cookie, peeked.nonce).token}")]

    def ask(method: str, path: str, headers: list[tuple[str, str]], body: bytes, length: str) -> tuple[int, bytes]:
        if framework in WSGI:
            return through_wsgi(app, environ_of(method, path, headers, body, length))
        return through_asgi(app, method, path, headers, body)

    assert ask("GET", "/portal/", bearer, b"", "") == (200, b"client-42"), "the control"
    assert ask("GET", "/" + "פורטל €".encode().decode("latin-1"), [], b"", "")[0] in (403, 404), "no error of the server's"

    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(METHODS, PATHS, HEADERS, BODIES, st.sampled_from(["", "0", "10", "-1", "x", "99999", "\xb2", "9" * 5000, "0" * 5000 + "10"]))
    def anything(method: str, path: str, headers: list[tuple[str, str]], body: bytes, length: str) -> None:
        status, answer = ask(method, path, headers, body, length)
        assert status in range(200, 500) or status == 501, (status, answer)
        assert b"client-42" not in answer

    anything()


def test_a_path_of_half_characters_is_one_of_the_application() -> None:
    scope = {"type": "http", "method": "GET", "headers": []}
    assert asgi.request_of(scope | {"path": "/a\ud800\udc80"}).path == "/a%ED%A0%80%ED%B2%80"
    assert asgi.request_of(scope | {"path": "/\u20ac"}).path == "/%E2%82%AC"
