"""The settings: each names an object, or a function without arguments that makes it. It is made once, when it is first needed."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from .._column import Keys
from ..http import Gate

NAMES = ("PORTWARD_GATE", "PORTWARD_KEYS")
_guards: set[str] = set()
# What the settings name may ask for the other: the same thread comes in twice.
_making = threading.RLock()


def gate() -> Gate:
    """What `PORTWARD_GATE` names. It knows the permissions of all guards."""
    with _making:
        return _gate()


@cache
def _gate() -> Gate:
    made = _made("PORTWARD_GATE")
    if not isinstance(made, Gate):
        raise ImproperlyConfigured("PORTWARD_GATE names no portward.http.Gate")
    for permission in sorted(_guards):
        made.look_up(permission)
    return made


def guarded_by(permission: str) -> None:
    """A view has this guard. Views are read before the gate is made, or after it."""
    if _gate.cache_info().currsize:
        gate().look_up(permission)
    _guards.add(permission)


def keys() -> Keys:
    """What `PORTWARD_KEYS` names."""
    with _making:
        made: Keys = _made("PORTWARD_KEYS")
    return made


@cache
def _made(name: str) -> Any:
    path = getattr(settings, name, None)
    if path is None:
        raise ImproperlyConfigured(f"the setting {name} is missing")
    named = import_string(path)
    return named() if callable(named) else named


def forget() -> None:
    """The settings are read anew."""
    _made.cache_clear()
    _gate.cache_clear()


def _changed(*, setting: str, **_: Any) -> None:
    if setting in NAMES:
        forget()


setting_changed.connect(_changed)
