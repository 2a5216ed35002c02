"""Two answers to being cancelled: finish first, or tell the thread to stop. Both raise `CancelledError` again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Do `work`, which must not be left half done: a cancellation takes effect when it is over."""
    task = asyncio.create_task(work, name="to the end")
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            await asyncio.wait([task])
        if not task.cancelled():
            task.exception()
        raise


async def in_thread(work: Callable[[Callable[[], bool]], T]) -> T:
    """What `work` returns from a thread of its own; it asks the function it is given whether it should stop."""
    stop = threading.Event()
    task = asyncio.create_task(asyncio.to_thread(work, stop.is_set), name="in a thread")
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([task])
        raise
