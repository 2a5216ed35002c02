"""Who watches a run: each watcher gets what changed, newest only, at most thirty times a second.

A watcher that does not read holds up nobody: names gather for it, never views.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from ..engine.stage import Stage
from ..ids import AgentId, QuestionId
from ..selectors import agent_view, question_view, run_view
from ..state import State
from ..views import AgentView
from .picture import Update

FRAME_SECONDS = 1 / 30
ALWAYS_LOOKED_AT = 64
"""Up to this many live agents are looked at in each frame: a status can change through somebody else's event."""


class Watch:
    """One watcher's view of what it has not been sent."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._sent: dict[str, AgentView] = {}
        self._names: set[str] = set()
        self._live: set[AgentId] = set()
        self._first = True
        self._wanted = asyncio.Event()
        self._wanted.set()

    def changed(self, names: set[str]) -> None:
        """These records have changed."""
        self._names |= names
        self._wanted.set()

    def spoke(self, agents: set[AgentId]) -> None:
        """The live text of these agents has changed."""
        self._live |= agents
        self._wanted.set()

    async def updates(self) -> AsyncIterator[Update]:
        """What changed, again and again; the first update holds everything."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self._hub.settled()
            yield self._update()
            await asyncio.sleep(FRAME_SECONDS)

    def _update(self) -> Update:
        state, stage = self._hub.state, self._hub.stage
        names, self._names = self._names, set()
        live, self._live = self._live, set()
        if self._first:
            names, live = {*state.agents, *state.questions}, set(stage.current)
        elif len(state.live) <= ALWAYS_LOOKED_AT:
            names |= set(state.live)
        agents = []
        for name in sorted((name for name in names if name.startswith("a")), key=lambda name: int(name[1:])):
            view = agent_view(state, state.agents[AgentId(name)])
            if self._sent.get(name) != view:
                self._sent[name] = view
                agents.append(view)
        asked = sorted((name for name in names if name.startswith("q")), key=lambda name: int(name[1:]))
        update = Update(
            run=run_view(state),
            agents=tuple(agents),
            questions=tuple(question_view(state, state.questions[QuestionId(name)]) for name in asked),
            activities=tuple(stage.activity(agent) for agent in live),
            whole=self._first,
        )
        self._first = False
        return update


class Hub:
    """The watchers of one engine."""

    def __init__(self, state: State, stage: Stage, settled: Callable[[], Awaitable[None]]) -> None:
        """`settled` returns when the state is what is durable, and no further."""
        self.state = state
        self.stage = stage
        self.settled = settled
        self._watches: set[Watch] = set()

    def add(self) -> Watch:
        """A new watcher."""
        watch = Watch(self)
        self._watches.add(watch)
        return watch

    def remove(self, watch: Watch) -> None:
        """A watcher is gone."""
        self._watches.discard(watch)

    def changed(self, names: set[str]) -> None:
        """These records have changed, durably."""
        for watch in self._watches:
            watch.changed(names)

    async def follow_stage(self) -> None:
        """Pass on whose live text has changed, until cancelled."""
        while True:
            await self.stage.wanted.wait()
            self.stage.wanted.clear()
            agents, self.stage.changed = self.stage.changed, set()
            for watch in self._watches:
                watch.spoke(agents)
            await asyncio.sleep(FRAME_SECONDS)
