"""Who comes in, for a view."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest

from .. import Access
from .._guards import check_guard, require
from .._threads import in_thread
from . import conf
from .middleware import asked_for, kept_apart

View = Callable[..., Any]


def session_required(permission: str | None = None, *, resource: str | None = None) -> Callable[[View], View]:
    """Nobody comes to this view without a session; with a permission, nobody whose session does not allow it.

    `request.access` is who comes. resource: the name of the view's argument that says for what. Without it, a session that is restricted
    to resources does not come in. The middleware makes the refusal. For views that are functions, also asynchronous ones; for classes
    take `method_decorator`.

    Raises `TypeError` for a guard that would guard nothing: without parentheses, with a resource but no permission, or one that the view
    does not take; `InvalidValue` (`unknown_permission`) where the gate is made already. The view then raises `Refused`, `TypeError` for a
    verifier that gives no `Access`, and what `conf.gate` raises.
    """
    check_guard(permission, resource)
    if resource is not None and permission is None:
        raise TypeError("resource: is of a permission")
    if permission is not None:
        conf.guarded_by(permission)

    def let_in(request: HttpRequest, access: Access, arguments: dict[str, Any]) -> None:
        if permission is not None:
            require(access, permission, resource, arguments)
        request.access = access

    def guard(view: View) -> View:
        check_guard(permission, resource, view)
        if iscoroutinefunction(view):

            @wraps(view)
            async def guarded_in_loop(request: HttpRequest, *positional: Any, **arguments: Any) -> Any:
                gate = conf.gate() if conf.is_gate_made() else await in_thread(conf.gate)
                asked = asked_for(request)
                let_in(request, gate.session(asked) if gate.is_ready else await in_thread(gate.session, asked), arguments)
                return kept_apart(await view(request, *positional, **arguments))

            return guarded_in_loop

        @wraps(view)
        def guarded(request: HttpRequest, *positional: Any, **arguments: Any) -> Any:
            let_in(request, conf.gate().session(asked_for(request)), arguments)
            return kept_apart(view(request, *positional, **arguments))

        return guarded

    return guard
