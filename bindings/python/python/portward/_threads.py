"""Where an asynchronous framework sends what may block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

THREADS_MAX = 16
"""Most calls that wait for a store at a time. Further ones wait for these, and the application's own threads stay free."""

try:
    from anyio import CapacityLimiter
    from anyio.lowlevel import RunVar
    from anyio.to_thread import run_sync
except ImportError:
    from asyncio import to_thread as in_thread
else:
    _LIMITER: RunVar[CapacityLimiter] = RunVar("portward_threads")

    async def in_thread(function: Callable[..., T], /, *arguments: Any) -> T:
        """Calls a function in another thread, on asyncio or trio."""
        limiter = _LIMITER.get(None)
        if limiter is None:
            limiter = CapacityLimiter(THREADS_MAX)
            _LIMITER.set(limiter)
        return await run_sync(function, *arguments, limiter=limiter)


__all__ = ["in_thread"]
