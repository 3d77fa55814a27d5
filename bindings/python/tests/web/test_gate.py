"""The gate itself, and what WSGI tells of a request."""

from __future__ import annotations

import io
import logging
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

import portward
from portward.flask import Portward
from portward.http import Denied, Gate, Request
from portward.starlette import Session
from portward.wsgi import PortalMiddleware, request_of, session

from .browser import FORM, HOST
from .frameworks import set_up_django, use_in_django


@pytest.fixture
def gate(store: portward.Store) -> Gate:
    return Gate(portward.Portal(HOST), store)


def session_of(store: portward.Store) -> str:
    link = store.issue("studio-7", "42", ["files:read"]).token or ""
    peeked = store.peek(link)
    return store.redeem(link, peeked.cookie, peeked.nonce).token


def test_links_of_ones_own_need_a_verifier(keyring: portward.Keyring) -> None:
    class Mine:
        def peek(self, link: str, cookie: str | None = None) -> Any: ...
        def redeem(self, link: str, cookie: str, nonce: str) -> Any: ...
        def renew(self, session: str) -> Any:
            raise OSError("a mistake of the application")

    with pytest.raises(TypeError, match="verifier"):
        Gate(portward.Portal(HOST), Mine())
    gate = Gate(portward.Portal(HOST), Mine(), verifier=portward.Verifier.without_revocation(keyring))
    issuer, verifier = portward.Issuer(keyring), portward.Verifier.without_revocation(keyring)
    session = issuer.issue_session(verifier.verify_link(issuer.issue_link("studio-7", "42", ["files:read"]).token)).token
    bearer = [("authorization", f"Bearer {session}".encode())]
    assert gate.session(Request("GET", "/x", bearer)).client == "42"
    with pytest.raises(OSError, match="a mistake"):
        gate.serve(Request("POST", "/portal/renew", bearer), b"")


def test_the_reason_goes_to_the_log_and_not_out(gate: Gate, store: portward.Store, caplog: pytest.LogCaptureFixture) -> None:
    session = session_of(store)
    request = Request("GET", "/x", [("authorization", f"Bearer {session}".encode())])
    with caplog.at_level(logging.INFO, logger="portward"):
        access = gate.session(request)
        assert caplog.messages == []
        store.revoke_client("studio-7", "42")
        with pytest.raises(Denied) as denied:
            gate.session(request)
    assert denied.value.answer.body == b'{"error":"refused"}'
    assert (denied.value.code, denied.value.public, denied.value.token_id) == ("client_revoked", "refused", access.token_id)
    assert caplog.messages == [f"refused: client_revoked, token {access.token_id}"]
    assert session not in caplog.text


def test_only_routes_of_the_portal_are_its_own(gate: Gate) -> None:
    for path in ("/portal", "/portal/redeem", "/portal?x=y", "/portal/pwl_x"):
        assert gate.is_ours(Request("GET", path, []))
    for path in ("/", "/portal/", "/portal/files", "/portals"):
        assert not gate.is_ours(Request("GET", path, []))
        assert gate.serve(Request("GET", path, []), b"") is None


def environ(**more: Any) -> dict[str, Any]:
    return {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/portal/pwl_A", "wsgi.input": io.BytesIO(), **more}


@pytest.mark.parametrize(("more", "path"), [
    ({"REQUEST_URI": "/portal/pwl_%41"}, "/portal/pwl_%41"),
    ({"RAW_URI": "/portal/pwl_%41?x=%42"}, "/portal/pwl_%41"),
    ({"REQUEST_URI": "https://portal.example/portal/pwl_%41"}, "/portal/pwl_%41"),
    ({"REQUEST_URI": "/before/a/rewriting"}, "/portal/pwl_A"),
    ({}, "/portal/pwl_A"),
    ({"SCRIPT_NAME": "/below", "PATH_INFO": "/portal"}, "/below/portal"),
    ({"SCRIPT_NAME": "/below", "PATH_INFO": "/portal", "REQUEST_URI": "/below/portal"}, "/below/portal"),
    ({"PATH_INFO": "/\xc3\xa4 %"}, "/%C3%A4%20%25"),
    ({"PATH_INFO": ""}, ""),
    ({"REQUEST_URI": "http://["}, "/portal/pwl_A"),
])  # fmt: skip
def test_the_path_is_the_one_that_was_sent(more: dict[str, Any], path: str) -> None:
    assert request_of(environ(**more)).path == path


def test_headers_are_bytes() -> None:
    request = request_of(environ(HTTP_X_Y="\xc3\xa4", CONTENT_TYPE="a/b", HTTP_COOKIE="a=b"))
    assert sorted(request.headers) == [("content-type", b"a/b"), ("cookie", b"a=b"), ("x-y", b"\xc3\xa4")]


@pytest.mark.parametrize(("length", "more", "status"), [
    ("full", {}, 200),
    (None, {"wsgi.input_terminated": True}, 200),
    (None, {}, 400),
    ("", {}, 400),
    ("-1", {}, 400),
    ("x", {}, 400),
])  # fmt: skip
def test_a_body_is_read_as_far_as_it_is_announced(
    gate: Gate, store: portward.Store, length: str | None, more: dict[str, Any], status: int
) -> None:
    body = f"token={store.issue('studio-7', '42', ['files:read']).token}".encode()
    sent = environ(REQUEST_METHOD="POST", PATH_INFO="/portal/peek", CONTENT_TYPE=FORM, **more)
    sent["wsgi.input"] = io.BytesIO(body)
    if length is not None:
        sent["CONTENT_LENGTH"] = str(len(body)) if length == "full" else length
    assert begun(gate, sent) == f"{status} {'OK' if status == 200 else 'Bad Request'}"


def test_a_long_body_is_not_read_to_its_end(gate: Gate) -> None:
    stream = io.BytesIO(bytes(100_000))
    sent = environ(REQUEST_METHOD="POST", PATH_INFO="/portal/peek", CONTENT_TYPE=FORM, CONTENT_LENGTH="100000")
    sent["wsgi.input"] = stream
    assert begun(gate, sent).startswith("413 ")
    assert stream.tell() == 4097


def begun(gate: Gate, sent: dict[str, Any]) -> str:
    statuses: list[str] = []
    list(PortalMiddleware(None, gate)(sent, lambda status, headers: statuses.append(status)))  # type: ignore[arg-type]
    return statuses[0]


class Body:
    """What an application answers with, and whether the server closed it."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self.parts, self.closed = parts, False

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.parts)

    def close(self) -> None:
        self.closed = True


def served(gate: Gate, app: Any) -> tuple[list[str], list[tuple[str, str]], bytes]:
    """As a server does it: every status that was begun, the headers of the last, and the body."""
    begun: list[Any] = []
    body = PortalMiddleware(app, gate)(environ(PATH_INFO="/files"), lambda *arguments: begun.append(arguments))
    whole = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return [one[0] for one in begun], begun[-1][1], whole


def test_a_refusal_of_a_wsgi_application_is_answered(gate: Gate, store: portward.Store) -> None:
    def at_once(environ: Any, start_response: Any) -> Any:
        session(gate, environ)

    def late(environ: Any, start_response: Any) -> Any:
        session(gate, environ)
        yield b"not reached"

    for app in (at_once, late):
        statuses, headers, body = served(gate, app)
        assert (statuses, body) == (["403 Forbidden"], b'{"error":"refused"}')
        assert ("cache-control", "no-store") in headers

    def begins(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        yield b"part"
        session(gate, environ)

    with pytest.raises(Denied):
        served(gate, begins)


def test_an_answer_of_a_wsgi_application_goes_out_as_it_is(gate: Gate) -> None:
    bodies = [Body([b"part", b"part"]), Body([b"part", b"part"])]

    def at_once(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("x-y", "z")])
        return bodies[0]

    def late(environ: Any, start_response: Any) -> Any:
        def parts() -> Iterator[bytes]:
            start_response("200 OK", [("x-y", "z")])
            yield from (b"part", b"part")

        bodies[1].parts = parts()
        return bodies[1]

    for app in (at_once, late):
        assert served(gate, app) == (["200 OK"], [("x-y", "z")], b"partpart")
    assert [body.closed for body in bodies] == [True, True]
    assert PortalMiddleware(at_once, gate)(environ(PATH_INFO="/files"), lambda *_: None) is bodies[0]


@pytest.mark.parametrize("module", ["http", "asgi", "wsgi"])
def test_no_framework_is_needed_for_the_plain_parts(module: str) -> None:
    others = "starlette fastapi anyio flask werkzeug django sqlalchemy".split()
    program = f"import sys; sys.modules.update(dict.fromkeys({others})); import portward.{module}"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=400)
    needed = subprocess.run([sys.executable, "-c", program.replace(module, "starlette")], timeout=400, capture_output=True)
    assert needed.returncode == 1, "the control"


@pytest.mark.parametrize("guard", [Session, lambda gate, permission: Portward(gate).required(permission)])
def test_a_permission_that_there_is_not_is_found_when_the_guard_is_made(guard: Any, gate: Gate, keyring: portward.Keyring) -> None:
    guard(gate, "files:read")
    for wrong in ("files:raed", "files:*", ""):
        with pytest.raises(portward.InvalidValue, match=re.escape(repr(wrong))) as unknown:
            guard(gate, wrong)
        assert unknown.value.code == "unknown_permission"
    edge = Gate(portward.Portal(HOST), object(), verifier=portward.Follower(keyring))  # type: ignore[arg-type]
    guard(edge, "files:raed")  # nobody knows there


@pytest.mark.parametrize("gate_comes_first", [True, False])
def test_the_same_in_django(gate_comes_first: bool, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    use_in_django(gate, "django_urls")
    from portward.django import conf
    from portward.django.decorators import session_required

    monkeypatch.setattr(conf, "_guards", {"files:read"})
    if gate_comes_first:
        conf.gate()
        with pytest.raises(portward.InvalidValue, match="files:raed"):
            session_required("files:raed")
    else:
        session_required("files:raed")
        with pytest.raises(portward.InvalidValue, match="files:raed"):
            conf.gate()


def test_checks_of_the_settings() -> None:
    set_up_django()
    from django.test import override_settings

    from portward.django.checks import MIDDLEWARE, settings_are_there

    def found() -> list[str]:
        return [message.id for message in settings_are_there()]

    assert found() == []
    with override_settings(MIDDLEWARE=["other", MIDDLEWARE]):
        assert found() == ["portward.W001"]
    with override_settings(PORTWARD_GATE=None):
        assert found() == ["portward.E001"]
    with override_settings(MIDDLEWARE=[], PORTWARD_GATE=None):
        assert found() == []
