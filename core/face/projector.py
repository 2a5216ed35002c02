"""What becomes durable, told on: to the logs, the response files and whoever watches."""

from __future__ import annotations

import asyncio
import logging

from ..adapters.responses import Responses
from ..engine.chronicle import Chronicle
from ..events import AnyEvent
from ..ids import AgentId
from ..selectors import agent_view
from ..state import State
from .hub import ALWAYS_LOOKED_AT, FRAME_SECONDS, Hub


class Projector:
    """Tells the log, the response files and the watchers what has become durable."""

    def __init__(self, state: State, chronicle: Chronicle, responses: Responses, hub: Hub) -> None:
        self._state = state
        self._chronicle = chronicle
        self._responses = responses
        self._hub = hub
        self._stale: set[AgentId] = set()
        self._wanted = asyncio.Event()

    def decided(self, events: list[AnyEvent]) -> None:
        """These events are durable."""
        self._chronicle.decided(events)

    def changed(self, names: set[str]) -> None:
        """These records have changed."""
        self._stale |= {AgentId(name) for name in names if name.startswith("a")}
        self._wanted.set()
        self._hub.changed(names)

    async def write_responses(self) -> None:
        """Keep the response files as the records are, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self.flush()
            await asyncio.sleep(FRAME_SECONDS)

    async def flush(self) -> None:
        """Write the files of what has changed; one that cannot be written is tried again with the next change."""
        await self._hub.settled()
        stale, self._stale = self._stale, set()
        if len(self._state.live) <= ALWAYS_LOOKED_AT:
            stale |= set(self._state.live)
        records = [self._state.agents[name] for name in sorted(stale)]
        views = [agent_view(self._state, record) for record in records if record.turns or record.end is not None]
        for view in views:
            try:
                await self._responses.write(view)
            except OSError as problem:
                logging.getLogger(__name__).warning("the response of %s was not written: %s", view.id, problem)
                self._stale.add(AgentId(view.id))
