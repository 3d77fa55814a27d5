"""A portal in any ASGI application: middleware for its routes, and the session of a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import quote

from . import Access, Answer, Exchange, Refused
from ._threads import in_thread
from .caches import ASKED, with_kept_apart
from .http import BODY_MAX, Gate, Request

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class PortalMiddleware:
    """Answers the portal's routes, and makes the one refusal of every `Refused` that the application raises.

    Put it outside of what changes headers or bodies. The event loop never waits for the store. Raises nothing when it is made; when it is
    called, what the application raises, of which a `Refused` only where the answer had begun.
    """

    def __init__(self, app: App, gate: Gate) -> None:
        self.app = app
        self.gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        request = request_of(scope)
        if scope["type"] == "http" and self.gate.is_ours(request):
            return await self._serve(request, receive, send)
        await self._application(request, scope, receive, send)

    async def _serve(self, request: Request, receive: Receive, send: Send) -> None:
        body = await _body(receive) if request.method == "POST" else b""
        if body is None:
            return
        step = self.gate.begin(request, body)
        answer = await in_thread(self.gate.finish, step) if isinstance(step, Exchange) else step
        if answer is not None:
            await send_answer(answer, send)

    async def _application(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False
        asked = scope.setdefault(ASKED, [])

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            if asked and message["type"] == "http.response.start":
                message = {**message, "headers": _kept_apart(message.get("headers", ()))}
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Refused as error:
            if begun:
                raise
            answer = self.gate.refuse(request, error)
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await send_answer(answer, send)


async def session(gate: Gate, scope: Scope) -> Access:
    """Who comes with a request, of a scope of type `http` or `websocket`.

    Raises `Refused`, which the middleware answers; `TypeError` for a verifier that gives no `Access`. The middleware also keeps every
    answer that follows out of caches that others share.
    """
    scope.setdefault(ASKED, []).append(gate)
    request = request_of(scope)
    del scope  # no frame of what is raised here has the token in its variables
    return gate.session(request) if gate.is_ready else await in_thread(gate.session, request)


def request_of(scope: Scope) -> Request:
    """What of an ASGI scope is looked at. Raises `KeyError` for a scope that is of no request, such as `lifespan`."""
    raw: bytes | None = scope.get("raw_path")
    # Not every server tells the path as it was sent. Encoded again, an escape that was needless is gone.
    path = quote(scope["path"], safe=_UNCHANGED, errors="surrogatepass") if raw is None else raw.decode("latin-1")
    # Any site can open a socket with a GET: it is looked at like a request that changes something.
    method = "POST" if scope["type"] == "websocket" else scope["method"]
    return Request(method, path, [(name.decode("latin-1"), value) for name, value in scope["headers"]])


_UNCHANGED = "/:@!$&'()*+,;=-._~"


async def _body(receive: Receive) -> bytes | None:
    """No more of it than is needed to see that it is too long; None if the client is gone."""
    body = b""
    while len(body) <= BODY_MAX:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return body


def _kept_apart(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    apart = with_kept_apart([(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers])
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in apart]


async def send_answer(answer: Answer, send: Send) -> None:
    """Sends an answer as it is, in two messages. Raises what `send` raises."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if answer.body:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
