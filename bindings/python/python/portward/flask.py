"""The portal in Flask.

    portal = Portward(gate, app)

    @app.get("/files/<name>")
    @portal.required("files:read", resource="name")
    def file(name): ...             # g.access is who comes
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, Response, current_app, g, request

from . import Access, Refused, wsgi
from ._guards import check_guard, require
from .http import Gate

View = Callable[..., Any]


class Portward:
    """The extension: serves the portal's routes, and makes the one refusal of every `Refused` that a view raises."""

    def __init__(self, gate: Gate, app: Flask | None = None) -> None:
        self.gate = gate
        self._app = app
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Outside of everything else, so that no hook of the application changes an answer."""
        self._app = app
        app.wsgi_app = wsgi.PortalMiddleware(app.wsgi_app, self.gate)  # type: ignore[method-assign]
        app.register_error_handler(Refused, self._refused)
        app.extensions["portward"] = self

    def session(self) -> Access:
        """Who comes with this request; also `g.access` from then on. Raises `Refused`."""
        access = wsgi.session(self.gate, request.environ)
        g.access = access
        return access

    def required(self, permission: str | None = None, *, resource: str | None = None) -> Callable[[View], View]:
        """Nobody comes to this view without a session; with a permission, nobody whose session does not allow it.

        resource: the name of the view's argument that says for what. Without it, a session that is restricted to resources does not
        come in.
        """
        check_guard(permission, resource)
        if resource is not None and permission is None:
            raise TypeError("resource: is of a permission")
        if permission is not None:
            self.gate.look_up(permission)

        def guard(view: View) -> View:
            check_guard(permission, resource, view)
            if self._app is not None and view in self._app.view_functions.values():
                raise TypeError("the view has a route without the guard: @app.route stands above @portal.required")

            @wraps(view)
            def guarded(**arguments: Any) -> Any:
                access = self.session()
                if permission is not None:
                    require(access, permission, resource, arguments)
                return current_app.ensure_sync(view)(**arguments)

            return guarded

        return guard

    def _refused(self, error: Refused) -> Response:
        answer = self.gate.refuse(wsgi.request_of(request.environ), error)
        return Response(answer.body, answer.status, answer.headers)
