"""The one place where tasks start: named, kept, cancelled, and never failing in silence."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any


class Tasks:
    """The tasks of one engine. `on_error` gets what a task was not written to raise."""

    def __init__(self, on_error: Callable[[str, BaseException], None]) -> None:
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._on_error = on_error

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start `work` under `name`, which must be free."""
        if name in self._tasks:
            work.close()
            raise ValueError(f"the task {name} runs already")
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[name] = task
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task.get_name(), None)
        if not task.cancelled() and (problem := task.exception()) is not None:
            logging.getLogger(__name__).error("the task %s failed", task.get_name(), exc_info=problem)
            self._on_error(task.get_name(), problem)

    def cancel(self, name: str) -> bool:
        """Cancel the task of that name; whether there was one."""
        task = self._tasks.get(name)
        return task is not None and task.cancel()

    async def close(self) -> None:
        """Cancel all tasks and wait until they are over."""
        own = asyncio.current_task()
        tasks = [task for task in self._tasks.values() if task is not own]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
