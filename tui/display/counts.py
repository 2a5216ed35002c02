"""How many agents are in each state, kept up to date by what has changed, and how fast money is spent."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping

from pilothouse.core.views import AgentView

from .glyphs import PAUSED, PAUSING, Mark, mark_of
from .words import decimal

BURN_WINDOW = 60_000
"""Milliseconds over which spending is averaged."""
BURN_LEAST = 5_000
"""Milliseconds of history before a rate is shown."""


class StatusCounts:
    """The number of agents per mark."""

    def __init__(self) -> None:
        self._marks: dict[str, Mark] = {}
        self._counts: Counter[Mark] = Counter()

    def __getitem__(self, mark: Mark) -> int:
        return self._counts[mark]

    def take(self, agents: Iterable[AgentView]) -> None:
        """Count agents in that are new or have changed."""
        for agent in agents:
            mark = mark_of(agent)
            mark = PAUSED if mark is PAUSING else mark
            before = self._marks.get(agent.id)
            if mark is not before:
                if before is not None:
                    self._counts[before] -= 1
                self._counts[mark] += 1
                self._marks[agent.id] = mark

    def restart(self, agents: Mapping[str, AgentView]) -> None:
        """Forget everything and count `agents`."""
        self._marks.clear()
        self._counts.clear()
        self.take(agents.values())


class BurnRate:
    """Dollars a minute over the last minute, from what the run had cost at times that were seen."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, float]] = deque()

    def sample(self, at: int, cost_usd: str) -> None:
        """Remember what the run had cost at `at`."""
        self._samples.append((at, float(decimal(cost_usd))))
        while self._samples[0][0] < at - BURN_WINDOW:
            self._samples.popleft()

    def per_minute(self) -> float | None:
        """The rate, None while too little has been seen."""
        if not self._samples:
            return None
        (first, low), (last, high) = self._samples[0], self._samples[-1]
        return (high - low) * 60_000 / (last - first) if last - first >= BURN_LEAST else None
