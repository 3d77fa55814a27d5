"""The session of a request in Starlette and FastAPI.

    app.add_middleware(PortalMiddleware, gate=gate)

    @app.get("/files/{name}")
    async def file(name: str, access: Annotated[Access, Depends(Session(gate, "files:read", resource="name"))]): ...

In Starlette a handler calls it: `access = await Session(gate, "files:read")(request)`.
"""

# No `from __future__ import annotations`: FastAPI reads the signature.

from typing import Any, Optional

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from . import Access, Refused, asgi
from ._guards import check_guard, require
from .asgi import PortalMiddleware
from .caches import ASKED
from .http import Gate

__all__ = ["PortalMiddleware", "Session"]


class Session:
    """Nobody comes in without a session; with a permission, nobody whose session does not allow it.

    resource: the name of the path parameter that says for what. Without it, a session that is restricted to resources does not come in.
    Raises `TypeError` for what is no `Gate`, a permission or a resource that is no `str`, and a resource without a permission, `InvalidValue`
    (`unknown_permission`); when it is called `Refused`, and `TypeError` for a verifier that gives no `Access`.
    """

    def __init__(self, gate: Gate, permission: Optional[str] = None, *, resource: Optional[str] = None) -> None:
        if not isinstance(gate, Gate):
            raise TypeError(f"gate: a portward.http.Gate is wanted, not {type(gate).__name__}")
        check_guard(permission, resource)
        if permission is not None:
            gate.look_up(permission)
        self._gate = gate
        self._permission = permission
        self._resource = resource

    async def __call__(self, connection: HTTPConnection) -> Access:
        self._answer_refusals(connection)
        access = await asgi.session(self._gate, connection.scope)
        if self._permission is not None:
            require(access, self._permission, self._resource, connection.path_params)
        return access

    def _answer_refusals(self, connection: HTTPConnection) -> None:
        # A mounted application answers what is raised in it by itself: the middleware outside of it would come too late. The handler is there
        # for good, and answers where a session was asked for.
        handlers: Any = connection.scope.get("starlette.exception_handlers")
        if handlers is not None:
            handlers[0].setdefault(Refused, self._refused)

    async def _refused(self, connection: HTTPConnection, error: Refused) -> Any:
        # The gate that was asked, of several in one application.
        asked: list[Gate] = connection.scope.get(ASKED, [])
        if not asked:
            raise error
        answer = asked[-1].refuse(asgi.request_of(connection.scope), error)

        async def answered(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
            await asgi.send_answer(answer, send)

        if isinstance(connection, WebSocket):
            await connection.close(1008)
            return None
        return answered
