"""Who comes in, for a view."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import isawaitable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest

from .. import Access
from .._guards import check_guard, layers, require
from .._threads import in_thread
from . import conf
from .middleware import asked_for, kept_apart

View = Callable[..., Any]


def session_required(permission: str | None = None, *, resource: str | None = None) -> Callable[[View], View]:
    """Nobody comes to this view without a session; with a permission, nobody whose session does not allow it.

    `request.access` is who comes. resource: the name of the view's argument that says for what. Without it, a session that is restricted
    to resources does not come in. The middleware makes the refusal. For views that are functions, also asynchronous ones; for classes,
    whose `get` may be asynchronous, take `method_decorator(session_required(…), name="dispatch")`. A guard stands below what registers the
    view, such as `@api.get` of django-ninja: above it, it guards nothing, and nothing says so. It stands above a cache that reads no headers.

    Raises `TypeError` for a guard that would guard nothing: without parentheses, with a resource but no permission, or one that the view
    does not take; `InvalidValue` (`unknown_permission`) where the gate is made already. The view then raises `Refused`, `TypeError` for a
    verifier that gives no `Access`, and what `conf.gate` raises.
    """
    check_guard(permission, resource)
    if permission is not None:
        conf.guarded_by(permission)

    def let_in(request: HttpRequest, access: Access, arguments: dict[str, Any]) -> None:
        if permission is not None:
            require(access, permission, resource, arguments)
        request.access = access

    def guard(view: View) -> View:
        check_guard(permission, resource, view)
        if _is_in_loop(view):

            @wraps(view)
            async def guarded_in_loop(request: HttpRequest, *positional: Any, **arguments: Any) -> Any:
                gate = conf.gate() if conf.is_gate_made() else await in_thread(conf.gate)
                asked = asked_for(request)
                let_in(request, gate.session(asked) if gate.is_ready else await in_thread(gate.session, asked), arguments)
                return await _awaited(view(request, *positional, **arguments))

            return guarded_in_loop

        @wraps(view)
        def guarded(request: HttpRequest, *positional: Any, **arguments: Any) -> Any:
            let_in(request, conf.gate().session(asked_for(request)), arguments)
            answer = view(request, *positional, **arguments)
            # Any plain function may give what is yet to come.
            return _awaited(answer) if isawaitable(answer) else kept_apart(answer)

        return guarded

    return guard


def _is_in_loop(view: View) -> bool:
    """Of an asynchronous class `dispatch` is what is guarded: a plain function, called in the event loop."""
    return iscoroutinefunction(view) or any(
        getattr(layer, "__name__", "") == "dispatch" and getattr(getattr(layer, "__self__", None), "view_is_async", False) for layer in layers(view)
    )


async def _awaited(answer: Any) -> Any:
    return kept_apart(await answer if isawaitable(answer) else answer)
