"""An application with encrypted fields, for the tests."""

from __future__ import annotations

from portward import KeyStore

CURRENT: dict[str, KeyStore] = {}


def current_keys() -> KeyStore:
    return CURRENT["keys"]
