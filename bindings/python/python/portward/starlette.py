"""The session of a request in Starlette and FastAPI.

    app.add_middleware(PortalMiddleware, gate=gate)

    @app.get("/files/{name}")
    async def file(name: str, access: Annotated[Access, Depends(Session(gate, "files:read", resource="name"))]): ...

In Starlette a handler calls it: `access = await Session(gate, "files:read")(request)`.
"""

# No `from __future__ import annotations`: FastAPI reads the signature.

from typing import Optional

from starlette.requests import HTTPConnection

from . import Access, asgi
from .asgi import PortalMiddleware
from .http import Gate

__all__ = ["PortalMiddleware", "Session"]


class Session:
    """Nobody comes in without a session; with a permission, nobody whose session does not allow it.

    resource: the name of the path parameter that says for what. Without it, a session that is restricted to resources does not come in.
    """

    def __init__(self, gate: Gate, permission: Optional[str] = None, *, resource: Optional[str] = None) -> None:
        if resource is not None and permission is None:
            raise TypeError("resource: is of a permission")
        if permission is not None:
            gate.look_up(permission)
        self._gate = gate
        self._permission = permission
        self._resource = resource

    async def __call__(self, connection: HTTPConnection) -> Access:
        access = await asgi.session(self._gate, connection.scope)
        if self._permission is not None:
            resource = None if self._resource is None else str(connection.path_params[self._resource])
            access.require(self._permission, resource)
        return access
