"""What the guards of all frameworks have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from inspect import signature
from typing import Any

from . import Access, InvalidValue, Refused


def require(access: Access, permission: str, resource: str | None, arguments: Mapping[str, Any]) -> None:
    """For guards. resource: the name of the argument of the address that says for what. Raises `Refused`.

    One that is no identifier is refused like any other, and so is none at all.
    """
    if resource is not None and arguments.get(resource) is None:
        raise Refused(f"the address has no argument {resource!r}", "resource_missing", token_id=access.token_id)
    try:
        access.require(permission, None if resource is None else str(arguments[resource]))
    except Refused as error:
        # The session was authentic: the log may know whose it is.
        raise Refused(str(error), error.code, error.public, access.token_id) from None
    except InvalidValue as error:
        raise Refused("the resource is no identifier", error.code, token_id=access.token_id) from None


def check_guard(permission: object, resource: str | None, view: Callable[..., Any] | None = None) -> None:
    """When a guard is made: what would let nobody in, or everybody."""
    if callable(permission):
        raise TypeError("a guard is called before it decorates: @…required() or @…required(\"files:read\")")
    for name, value in (("permission", permission), ("resource", resource)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name}: a str is wanted, not {type(value).__name__}")
    if resource is not None and permission is None:
        raise TypeError("resource: is of a permission")
    if view is None or resource is None:
        return
    taken = signature(view).parameters.values()
    if not any(one.name == resource or one.kind is one.VAR_KEYWORD for one in taken):
        raise TypeError(f"resource: the view has no argument {resource!r}")


def layers(view: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """A view, and what decorators were put around, from the outside in, as far as they say so."""
    layer: Callable[..., Any] | None = view
    while layer is not None:
        yield layer
        layer = layer.func if isinstance(layer, partial) else getattr(layer, "__wrapped__", None)
