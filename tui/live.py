"""The run as the screen sees it: the session's picture, and what is derived from its changes.

All widgets read from here when they draw; nothing is pushed into them event by event.
"""

from __future__ import annotations

from datetime import tzinfo

from pilothouse.core.face.picture import Picture, Update
from pilothouse.core.face.session import Session
from pilothouse.core.views import AgentView, QuestionView

from .clock import Clock
from .display.counts import BurnRate, StatusCounts
from .display.glyphs import UNICODE, GlyphSet
from .display.header import HeaderFacts, is_lost
from .display.sanitize import one_line
from .display.words import time_of_day


class LiveRun:
    """One session with its counts, burn rate and clock."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        title: str = "",
        zone: tzinfo | None = None,
        glyphs: GlyphSet = UNICODE,
    ) -> None:
        self.session = session
        self.clock = clock
        self.zone = zone
        self.glyphs = glyphs
        self.counts = StatusCounts()
        self._burn = BurnRate()
        self._title = title
        self._asking: dict[str, QuestionView] = {}

    @property
    def picture(self) -> Picture:
        """The newest views."""
        return self.session.picture

    @property
    def is_lost(self) -> bool:
        """Whether the engine should answer and does not."""
        return is_lost(self.picture)

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self.picture.run is not None and self.picture.run.ended_at is not None

    @property
    def now(self) -> int:
        """The moment that ages are counted to: while the engine is gone they stand still, as the picture does."""
        return self.picture.seen_at if self.is_lost and self.picture.seen_at else self.clock.now()

    @property
    def title(self) -> str:
        """What the run is called: as given, or the beginning of its goal."""
        if self._title or self.picture.run is None:
            return self._title
        return one_line(self.picture.run.goal.strip().partition("\n")[0], 80)

    def take(self, update: Update) -> None:
        """Follow an update that the picture already holds."""
        if update.whole:
            self.counts.restart(self.picture.agents)
        else:
            self.counts.take(update.agents)
        if update.questions or update.whole:
            self._asking = {}
            for question in self.picture.questions.values():
                if question.answer is None:
                    for agent in question.agents:
                        self._asking.setdefault(agent, question)

    def tick(self) -> None:
        """Follow the clock."""
        run = self.picture.run
        if run is not None and not self.is_lost and run.ended_at is None:
            self._burn.sample(self.clock.now(), run.cost_usd)

    def question_of(self, agent_id: str) -> QuestionView | None:
        """The open question of an agent."""
        return self._asking.get(agent_id)

    def header_facts(self) -> HeaderFacts:
        """What the header says beside the picture."""
        now = self.clock.now()
        return HeaderFacts(self.title, now, time_of_day(now, self.zone, seconds=False), self._burn.per_minute())

    def agent(self, agent_id: str | None) -> AgentView | None:
        """The newest view of an agent."""
        return self.picture.agents.get(agent_id) if agent_id is not None else None
