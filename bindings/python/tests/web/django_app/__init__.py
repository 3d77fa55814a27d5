"""An application with encrypted fields, for the tests."""

from __future__ import annotations

from portward._column import Keys

CURRENT: dict[str, Keys] = {}


def current_keys() -> Keys:
    return CURRENT["keys"]
