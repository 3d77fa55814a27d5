"""The settings: each names an object, or a function without arguments that makes it. It is made once, when it is first needed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from .._column import Keys
from ..http import Gate

NAMES = ("PORTWARD_GATE", "PORTWARD_KEYS")
_kept: dict[str, Any] = {}
_guards: set[str] = set()
# What the settings name may ask for the other: the same thread comes in twice.
_making = threading.RLock()


def gate() -> Gate:
    """What `PORTWARD_GATE` names. It knows the permissions of all guards.

    Raises `ImproperlyConfigured` where the setting is missing or names no `Gate`, `ImportError` where what it names is not there,
    `InvalidValue` (`unknown_permission`) for a guard's, and what making it raises.
    """
    found: Gate = _kept.get("PORTWARD_GATE") or _once("PORTWARD_GATE", _gate)
    return found


def is_gate_made() -> bool:
    """Whether `gate` will not wait for what makes it. Raises nothing."""
    return "PORTWARD_GATE" in _kept


def _gate(made: Any) -> None:
    if not isinstance(made, Gate):
        raise ImproperlyConfigured("PORTWARD_GATE names no portward.http.Gate")
    for permission in sorted(_guards):
        made.look_up(permission)


def guarded_by(permission: str) -> None:
    """A view has this guard. Views are read before the gate is made, or after it: then this raises `InvalidValue` (`unknown_permission`)."""
    if is_gate_made():
        gate().look_up(permission)
    _guards.add(permission)


def keys() -> Keys:
    """What `PORTWARD_KEYS` names.

    Raises `ImproperlyConfigured` where the setting is missing or names no `KeyStore`, nor what gives scopes as one, `ImportError` where
    what it names is not there, and what making it raises.
    """
    found: Keys = _kept.get("PORTWARD_KEYS") or _once("PORTWARD_KEYS", _keys)
    return found


def _keys(made: Any) -> None:
    if not callable(getattr(made, "scope", None)):
        raise ImproperlyConfigured("PORTWARD_KEYS names no portward.KeyStore")


def _once(name: str, look_at: Callable[[Any], None]) -> Any:
    """The lock is taken only to make something: a request takes none, which a fork beside it would leave locked in the child."""
    with _making:
        if name not in _kept:
            made = _made(name)
            look_at(made)
            _kept[name] = made
        return _kept[name]


def _made(name: str) -> Any:
    path = getattr(settings, name, None)
    if path is None:
        raise ImproperlyConfigured(f"the setting {name} is missing")
    named = import_string(path)
    return named() if callable(named) else named


def _in_child() -> None:
    """Whoever was making something is not there."""
    global _making
    _making = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


def forget() -> None:
    """The settings are read anew when they are next needed. Raises nothing."""
    _kept.clear()


def _changed(*, setting: str, **_: Any) -> None:
    if setting in NAMES:
        forget()


setting_changed.connect(_changed)
