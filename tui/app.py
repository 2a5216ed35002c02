"""The supervisor: one Textual app over one session. It watches, draws once a frame, and calls its user when it must."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import tzinfo
from typing import Protocol, runtime_checkable

from textual import events
from textual.app import SystemCommand
from textual.screen import Screen

from pilothouse.core.face.session import Session

from .attention import Attention, call_sequence, title_sequence
from .clock import Clock, SystemClock
from .keys import KEYS, Zone
from .live import LiveRun
from .screens.supervisor import SupervisorScreen
from .shell import DEFAULT_THEME, Shell

FRAME = 1 / 30
"""Seconds between two drawings at most often; nothing is drawn while nothing changes."""
POLL = 0.1
"""Seconds between two looks at the files that are shown."""


@runtime_checkable
class Framed(Protocol):
    """A screen that draws the picture."""

    def frame(self) -> None:
        """Draw the newest picture."""

    def tick(self) -> None:
        """Draw what changes with the clock alone."""

    def poll(self) -> None:
        """Read on in the files that are shown."""


class PilothouseApp(Shell[None]):
    """Shows `session` until the user leaves. The run does not notice whether this is open.

    `panic` is called in the input thread when ctrl+\\ is pressed twice. `zone` None is the machine's time zone.
    """

    def __init__(
        self,
        session: Session,
        *,
        clock: Clock | None = None,
        run_title: str = "",
        zone: tzinfo | None = None,
        theme: str = DEFAULT_THEME,
        ascii_only: bool = False,
        panic: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(theme, ascii_only, panic)
        self.live = LiveRun(session, clock or SystemClock(), run_title, zone, self.glyphs)
        self._attention = Attention()
        self._frame_due = False

    def get_default_screen(self) -> Screen[None]:
        return SupervisorScreen(self.live)

    def on_mount(self) -> None:
        # Textual calls the handlers of all base classes: no super() here.
        self.run_worker(self._watch(), name="watch", exit_on_error=True)
        self.set_interval(1.0, self.tick, name="tick")
        self.set_interval(POLL, self._poll, name="poll")

    async def on_unmount(self) -> None:
        await self.live.session.close()

    def frame(self) -> None:
        """Draw what has changed since the last frame."""
        self._frame_due = False
        for screen in self._framed():
            screen.frame()
        self._call_user()

    def tick(self) -> None:
        """Draw what changes with the clock alone."""
        self.live.tick()
        for screen in self._framed():
            screen.tick()

    def action_next_theme(self) -> None:
        super().action_next_theme()
        self.frame()

    def on_app_focus(self, event: events.AppFocus) -> None:
        self.frame()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for key in KEYS:
            if key.palette and key.zone in (Zone.RUN, Zone.EVERYWHERE):
                yield SystemCommand(f"{key.label}  ({key.cap})", key.help, self._command(key.action, screen))

    async def _watch(self) -> None:
        """Follow the session; however many updates come, one frame draws them."""
        async for update in self.live.session.watch():
            self.live.take(update)
            if not self._frame_due:
                self._frame_due = True
                self.set_timer(FRAME, self.frame)

    def _poll(self) -> None:
        for screen in self._framed()[-1:]:
            screen.poll()

    def _framed(self) -> list[Framed]:
        return [screen for screen in self.screen_stack if isinstance(screen, Framed)] if self.is_running else []

    def _call_user(self) -> None:
        news = self._attention.news(self.live.picture)
        if self.is_headless:
            return
        self.write(title_sequence(len(self.live.picture.open_questions()), self.live.title))
        if news and not self.app_focus:
            self.write(call_sequence(" · ".join(news), "TMUX" in os.environ))

    def _command(self, action: str, screen: Screen[object]) -> Callable[[], object]:
        return lambda: self.run_action(action, screen)
