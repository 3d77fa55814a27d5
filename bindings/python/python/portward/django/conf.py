"""The settings: each names an object, or a function without arguments that makes it. It is made once, when it is first needed."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from .._column import Keys
from ..http import Gate

NAMES = ("PORTWARD_GATE", "PORTWARD_KEYS")


def gate() -> Gate:
    """What `PORTWARD_GATE` names."""
    made = _made("PORTWARD_GATE")
    if not isinstance(made, Gate):
        raise ImproperlyConfigured("PORTWARD_GATE names no portward.http.Gate")
    return made


def keys() -> Keys:
    """What `PORTWARD_KEYS` names."""
    made: Keys = _made("PORTWARD_KEYS")
    return made


@cache
def _made(name: str) -> Any:
    path = getattr(settings, name, None)
    if path is None:
        raise ImproperlyConfigured(f"the setting {name} is missing")
    named = import_string(path)
    return named() if callable(named) else named


def _forget(*, setting: str, **_: Any) -> None:
    if setting in NAMES:
        _made.cache_clear()


setting_changed.connect(_forget)
