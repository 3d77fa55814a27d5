"""No event loop waits for a key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.util.concurrency import await_only, in_greenlet

from .._threads import in_thread

R = TypeVar("R")


def apart(act: Callable[[], R]) -> R:
    """Does what may ask for a key, and lets no event loop wait for it.

    Raises what it raises, and in an event loop without an asynchronous session `MissingGreenlet`, of SQLAlchemy's.
    """
    if _of_async_session():
        result: R = await_only(in_thread(act))
        return result
    if not _in_loop():
        return act()
    raise MissingGreenlet("this may ask for a key: take `await row.awaitable_attrs.NAME`, or `AsyncSession.run_sync`")


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _of_async_session() -> bool:
    """Whether an asynchronous session calls. Without greenlet there is none."""
    try:
        return in_greenlet()
    except (ImportError, ValueError):  # the second of SQLAlchemy 2.0
        return False
