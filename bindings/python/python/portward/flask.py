"""The portal in Flask.

    portal = Portward(gate, app)

    @app.get("/files/<name>")
    @portal.required("files:read", resource="name")
    def file(name): ...             # g.access is who comes
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from functools import wraps
from itertools import takewhile
from typing import Any

from flask import Flask, Response, current_app, g, has_request_context, request

from . import Access, Refused, wsgi
from ._guards import check_guard, layers, require
from .http import Gate

View = Callable[..., Any]


class Portward:
    """The extension: serves the portal's routes, and makes the one refusal of every `Refused` that a view raises.

    app: an application to begin with. Raises what `init_app` raises.
    """

    def __init__(self, gate: Gate, app: Flask | None = None) -> None:
        self.gate = gate
        self._apps: list[Flask] = []
        # What guards were put around, by its id: none of it may be what a route calls.
        self._bare: dict[int, View] = {}
        # What each guard made, and of what.
        self._guarded: list[tuple[View, View]] = []
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Outside of everything else, so that no hook of the application changes an answer.

        Raises `AssertionError`, of Flask's, where the application has answered its first request. The application answers nothing, but
        raises `TypeError`, where a guard stands above `@app.route`: there it guards nothing.
        """
        # First what Flask may refuse: then nothing is done.
        app.register_error_handler(Refused, self._refused)
        self._apps.append(app)
        app.wsgi_app = wsgi.PortalMiddleware(self._looked_at(app, app.wsgi_app), self.gate)  # type: ignore[method-assign]
        app.extensions["portward"] = self

    def session(self) -> Access:
        """Who comes with this request; also `g.access` from then on.

        Raises `Refused`; `TypeError` for a verifier that gives no `Access`; `RuntimeError`, of Flask's, outside of a request.
        """
        access = wsgi.session(self.gate, request.environ)
        g.access = access
        return access

    def required(self, permission: str | None = None, *, resource: str | None = None) -> Callable[[View], View]:
        """Nobody comes to this view without a session; with a permission, nobody whose session does not allow it.

        resource: the name of the view's argument that says for what. Without it, a session that is restricted to resources does not
        come in. The guard stands below `@app.route`, and above a cache that reads no headers (Flask-Caching), whose key names
        `g.access.token_id` and `g.access.link_revision`.

        Raises `TypeError` for a guard that would guard nothing: above a route, without parentheses, with a resource but no permission, or
        one that the view does not take; `InvalidValue` (`unknown_permission`). The view then raises `Refused`, and what `session` raises.
        """
        check_guard(permission, resource)
        if permission is not None:
            self.gate.look_up(permission)

        def guard(view: View) -> View:
            check_guard(permission, resource, view)

            @wraps(view)
            def guarded(**arguments: Any) -> Any:
                access = self.session()
                if permission is not None:
                    require(access, permission, resource, arguments)
                return current_app.ensure_sync(view)(**arguments)

            setattr(guarded, _GUARDED, True)
            # Within a request it is made for that one (Flask-RESTful's `method_decorators`), and Flask takes no routes.
            if not has_request_context():
                self._keep(guarded, view)
            return guarded

        return guard

    def _looked_at(self, app: Flask, inner: wsgi.App) -> wsgi.App:
        """Looks at the first request that comes to the application: from then on Flask takes no routes. Those of a blueprint come late."""
        is_right = False

        def looked_at(environ: wsgi.Environ, start_response: wsgi.StartResponse) -> Iterable[bytes]:
            nonlocal is_right
            if not is_right:
                self._look_at_all(app)
                is_right = True
            return inner(environ, start_response)

        return looked_at

    def _keep(self, guarded: View, view: View) -> None:
        self._guarded.append((guarded, view))
        self._bare.update((id(layer), layer) for layer in _bare_layers(view))
        for app in self._apps:
            _look_at(app, self._bare)

    def _look_at_all(self, app: Flask) -> None:
        """A wrapper of what has a guard may be what registers the route, or another view of the same function: where a route has the guard."""
        reached = {id(layer) for one in self._apps for view in one.view_functions.values() for layer in layers(view)}
        missed = (view for guarded, view in self._guarded if id(guarded) not in reached)
        _look_at(app, self._bare, {id(layer) for view in missed for layer in _bare_layers(view)})

    def _refused(self, error: Refused) -> Response:
        answer = self.gate.refuse(wsgi.request_of(request.environ), error)
        return Response(answer.body, answer.status, answer.headers)


_GUARDED = "_portward_guarded"


def _bare_layers(view: View) -> Iterable[View]:
    """A view, and what other decorators were put around, down to what has a guard of its own."""
    return takewhile(lambda layer: not hasattr(layer, _GUARDED), layers(view))


def _look_at(app: Flask, called: Container[int], within: Container[int] = ()) -> None:
    """Raises `TypeError` for a route that calls one of these views (by their ids), or has one within what it calls."""
    for endpoint, view in app.view_functions.items():
        if id(view) in called or any(id(layer) in within for layer in _bare_layers(view)):
            raise TypeError(f"{endpoint}: has a route without its guard: @portal.required stands above @app.route, and has to stand below")
