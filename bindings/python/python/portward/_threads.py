"""Where an asynchronous framework sends what may block."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

THREADS_MAX = 16
"""Most calls that wait for a store at a time. Further ones wait for these, and the application's own threads stay free."""

try:
    from anyio import CapacityLimiter
    from anyio.lowlevel import RunVar
    from anyio.to_thread import run_sync

    _LIMITER: RunVar[CapacityLimiter] = RunVar("portward_threads")
    HAS_ANYIO = True
except ImportError:
    HAS_ANYIO = False


async def in_thread(function: Callable[..., T], /, *arguments: Any) -> T:
    """Calls a function in another thread: on asyncio, and on trio where anyio is there."""
    if not HAS_ANYIO:
        return await asyncio.to_thread(function, *arguments)
    limiter = _LIMITER.get(None)
    if limiter is None:
        limiter = CapacityLimiter(THREADS_MAX)
        _LIMITER.set(limiter)
    return await run_sync(function, *arguments, limiter=limiter)
