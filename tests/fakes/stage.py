"""The app over a fake session, with a clock that only moves when it is told to: what screen tests and pictures use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path

from textual import events
from textual.pilot import Pilot

from fakes.session import FakeSession
from fakes.story import NOW, Chapter, tell
from pilothouse.core.face.picture import Picture
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.supervisor import SupervisorScreen
from pilothouse.tui.widgets.agent_tree import AgentTree
from pilothouse.tui.widgets.detail import Detail, Tab
from pilothouse.tui.widgets.reply_card import GRACE, ReplyCard

WIDE = (140, 40)
ROUNDS = 4
"""Messages posted by handlers of messages go this deep: key, action, focus, footer."""
CHARACTERS = {"space": " ", "question_mark": "?", "colon": ":", "minus": "-"}


class StoppedClock:
    """Stands still at `at`, the end of the story unless told otherwise."""

    def __init__(self, at: int = NOW) -> None:
        self.at = at
        self.seconds = 1000.0

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.at += round(seconds * 1000)
        self.seconds += seconds


def make_app(
    picture: Picture,
    clock: StoppedClock | None = None,
    theme: str = "pilothouse-dark",
    ascii_only: bool = False,
    panic: Callable[[], None] | None = None,
    title: str = "shop",
) -> tuple[PilothouseApp, FakeSession]:
    """An app over a fake session that shows `picture`."""
    session = FakeSession(picture)
    app = PilothouseApp(
        session,
        clock=clock or StoppedClock(),
        run_title=title,
        zone=UTC,
        theme=theme,
        ascii_only=ascii_only,
        panic=panic,
    )
    return app, session


class Stage:
    """A running app and what a test asks of it."""

    def __init__(self, app: PilothouseApp, session: FakeSession, clock: StoppedClock, pilot: Pilot[None]) -> None:
        self.app = app
        self.session = session
        self.clock = clock
        self.pilot = pilot

    @property
    def screen(self) -> SupervisorScreen:
        """The run's screen, whatever lies over it."""
        return next(screen for screen in self.app.screen_stack if isinstance(screen, SupervisorScreen))

    @property
    def tree(self) -> AgentTree:
        return self.screen.query_one(AgentTree)

    @property
    def detail(self) -> Detail:
        return self.screen.query_one(Detail)

    def tab(self) -> Tab:
        """The tab of the detail that is open."""
        return self.detail.tab

    def shows_detail(self) -> bool:
        """Whether the detail can be seen."""
        return self.detail.display

    @property
    def card(self) -> ReplyCard:
        return self.screen.query_one(ReplyCard)

    async def settle(self) -> None:
        """Draw everything that has come, and what follows from it."""
        await self._handled()
        self.app.frame()
        await self._handled()

    async def press(self, *keys: str) -> None:
        """Press keys, one after another, and draw.

        Not `Pilot.press`: that one waits until the machine is idle, which a busy one never is.
        """
        for key in keys:
            self.app.post_message(events.Key(key, CHARACTERS.get(key, key if len(key) == 1 else None)))
            await self._handled()
        await self.settle()

    async def open_card(self) -> None:
        """Open the reply card and wait until it takes keys."""
        await self.press("r")
        self.clock.advance(GRACE + 0.1)

    async def _handled(self) -> None:
        """Wait until no widget has a message left, nor one that was posted while handling those."""
        for _round in range(ROUNDS):
            await self.pilot._wait_for_screen()
        await self.pilot.pause(0)

    def text(self) -> str:
        """What the screen shows, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in strips)

    def toasts(self) -> list[str]:
        """What was told in passing, oldest first."""
        return [notification.message for notification in self.app._notifications]


@asynccontextmanager
async def on_stage(
    folder: Path,
    chapter: Chapter = Chapter.QUESTION,
    size: tuple[int, int] = WIDE,
    theme: str = "pilothouse-dark",
    ascii_only: bool = False,
) -> AsyncIterator[Stage]:
    """The story at `chapter`, on a screen of `size`."""
    clock = StoppedClock()
    app, session = make_app(tell(folder, chapter), clock, theme, ascii_only)
    async with app.run_test(size=size, notifications=True) as pilot:
        stage = Stage(app, session, clock, pilot)
        await stage.settle()
        yield stage
