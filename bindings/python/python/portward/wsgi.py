"""A portal in any WSGI application: middleware for its routes, and what of a request is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

from . import Access, Answer, Refused
from .caches import ASKED, with_kept_apart
from .http import BODY_MAX, Gate, Request

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]


class PortalMiddleware:
    """Answers the portal's routes, and makes the one refusal of every `Refused` that the application raises before it answers.

    Put it outside of what changes headers or bodies. Raises nothing when it is made; when it is called, what the application raises, of
    which a `Refused` only where the answer had begun.
    """

    def __init__(self, app: App, gate: Gate) -> None:
        self.app = app
        self.gate = gate

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request = request_of(environ)
        if not self.gate.is_ours(request):
            return self._application(request, environ, start_response)
        answer = self.gate.serve(request, _body(environ) if request.method == "POST" else b"")
        return [] if answer is None else _send(answer, start_response)

    def _application(self, request: Request, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        begun = False
        apart = _kept_apart(environ.setdefault(ASKED, []), start_response)

        def start(*arguments: Any) -> Any:
            nonlocal begun
            begun = True
            return apart(*arguments)

        def late(body: Iterable[bytes]) -> Iterator[bytes]:
            try:
                yield from body
            except Refused as error:
                if begun:
                    raise
                yield from _send(self.gate.refuse(request, error), start_response)
            finally:
                if hasattr(body, "close"):
                    body.close()

        try:
            body = self.app(environ, start)
        except Refused as error:
            if begun:
                raise
            return _send(self.gate.refuse(request, error), start_response)
        # A generator begins when it is asked for the first part. What has begun goes out as it is: a server may send a file of its own.
        return body if begun else late(body)


def session(gate: Gate, environ: Environ) -> Access:
    """Who comes with a request.

    Raises `Refused`, which the middleware answers; `TypeError` for a verifier that gives no `Access`. The middleware also keeps every
    answer that follows out of caches that others share.
    """
    environ.setdefault(ASKED, []).append(True)
    request = request_of(environ)
    del environ  # no frame of what is raised here has the token in its variables
    return gate.session(request)


def request_of(environ: Environ, encoding: str = "latin-1") -> Request:
    """What of a WSGI environment is looked at. encoding: in which its path is a text; frameworks that change it take another.

    Raises `KeyError` and `UnicodeEncodeError` for an environment that is none of PEP 3333: without a method, or with texts beyond Latin-1.
    """
    headers = [(_name(key[5:]), value) for key, value in environ.items() if key.startswith("HTTP_")]
    if environ.get("CONTENT_TYPE"):
        headers.append(("content-type", environ["CONTENT_TYPE"]))
    return Request(environ["REQUEST_METHOD"], _path(environ, encoding), [(name, value.encode("latin-1")) for name, value in headers])


def _path(environ: Environ, encoding: str) -> str:
    """As it was sent. Servers tell it as `REQUEST_URI` or `RAW_URI`; not all of them do, and some tell another's."""
    decoded: bytes = (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode(encoding)
    for name in ("REQUEST_URI", "RAW_URI"):
        sent = str(environ.get(name, "")).partition("?")[0]
        path = sent if sent.startswith("/") else _path_of(sent)
        if path and unquote_to_bytes(path) == decoded:
            return path
    # Encoded again, an escape that was needless is gone.
    return quote(decoded, safe=_UNCHANGED)


def _path_of(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError:
        return ""


_UNCHANGED = "/:@!$&'()*+,;=-._~"


def _name(key: str) -> str:
    return key.replace("_", "-").lower()


def _body(environ: Environ) -> bytes:
    """No more of it than is needed to see that it is too long."""
    length = str(environ.get("CONTENT_LENGTH") or "")
    if environ.get("wsgi.input_terminated"):
        wanted = BODY_MAX + 1
    elif length.isascii() and length.isdigit():
        digits = length.lstrip("0")
        # Python reads no number of thousands of digits.
        wanted = min(int(digits or 0), BODY_MAX + 1) if len(digits) < 20 else BODY_MAX + 1
    else:
        wanted = 0
    body: bytes = environ["wsgi.input"].read(wanted) if wanted else b""
    return body


def _kept_apart(asked: list[bool], start_response: StartResponse) -> StartResponse:
    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        return start_response(status, with_kept_apart(headers) if asked else headers, *more)

    return start


def _send(answer: Answer, start_response: StartResponse) -> list[bytes]:
    headers = list(answer.headers)
    if answer.body:
        headers.append(("content-length", str(len(answer.body))))
    start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
    return [answer.body]
