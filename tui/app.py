"""The supervisor: one Textual app over one session. It watches, draws once a frame, and leaves the terminal clean."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from typing import ClassVar, Protocol, runtime_checkable

from textual import events
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen

from pilothouse.core.face.session import Session

from .attention import RESTORE_TITLE, SAVE_TITLE, Attention, call_sequence, title_sequence
from .clock import Clock, SystemClock
from .display.glyphs import ASCII, UNICODE
from .display.sanitize import one_line
from .driver import PilothouseDriver
from .gate import ControlGate
from .keys import KEYS, Zone, bindings
from .live import LiveRun
from .screens.confirm import ConfirmScreen
from .screens.help import HelpScreen
from .screens.supervisor import SupervisorScreen
from .steering import Steering
from .themes import palettes, style_sheet

FRAME = 1 / 30
"""Seconds between two drawings at most often; nothing is drawn while nothing changes."""
POLL = 0.1
"""Seconds between two looks at the files that are shown."""
DEFAULT_THEME = "pilothouse-dark"


@runtime_checkable
class Framed(Protocol):
    """A screen that draws the picture."""

    def frame(self) -> None:
        """Draw the newest picture."""

    def tick(self) -> None:
        """Draw what changes with the clock alone."""

    def poll(self) -> None:
        """Read on in the files that are shown."""


class PilothouseApp(App[None], inherit_bindings=False):
    """Shows `session` until the user leaves. The run does not notice whether this is open.

    `panic` is called in the input thread when ctrl+\\ is pressed twice. `zone` None is the machine's time zone.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(Zone.EVERYWHERE)
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        session: Session,
        *,
        clock: Clock | None = None,
        run_title: str = "",
        zone: tzinfo | None = None,
        theme: str = DEFAULT_THEME,
        ascii_only: bool = False,
        panic: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(driver_class=_driver(panic), css_path=style_sheet(), watch_css=False)
        for palette in palettes().values():
            self.register_theme(palette.theme())
        self.theme = theme
        self.live = LiveRun(session, clock or SystemClock(), run_title, zone, ASCII if ascii_only else UNICODE)
        self._attention = Attention()
        self._frame_due = False
        self._gate = ControlGate(self.live.glyphs.ascii)

    def get_default_screen(self) -> Screen[None]:
        return SupervisorScreen(self.live)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._gate]

    # the run

    def on_mount(self) -> None:
        self.set_class(self.live.glyphs.ascii, "-ascii")
        self.run_worker(self._watch(), name="watch", exit_on_error=True)
        self.set_interval(1.0, self.tick, name="tick")
        self.set_interval(POLL, self._poll, name="poll")
        if not self.is_headless:
            self._write(SAVE_TITLE)
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self.exit)

    async def on_unmount(self) -> None:
        if not self.is_headless:
            self._write(RESTORE_TITLE)
        await self.live.session.close()

    async def _watch(self) -> None:
        """Follow the session; however many updates come, one frame draws them."""
        async for update in self.live.session.watch():
            self.live.take(update)
            if not self._frame_due:
                self._frame_due = True
                self.set_timer(FRAME, self.frame)

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

    def _poll(self) -> None:
        for screen in self._framed()[-1:]:
            screen.poll()

    def _framed(self) -> list[Framed]:
        return [screen for screen in self.screen_stack if isinstance(screen, Framed)] if self.is_running else []

    def _call_user(self) -> None:
        news = self._attention.news(self.live.picture)
        if self.is_headless:
            return
        self._write(title_sequence(len(self.live.picture.open_questions()), self.live.title))
        if news and not self.app_focus:
            self._write(call_sequence(" · ".join(news), "TMUX" in os.environ))

    def _write(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)

    # keys

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for key in KEYS:
            if key.palette and key.zone in (Zone.RUN, Zone.EVERYWHERE):
                yield SystemCommand(f"{key.label}  ({key.cap})", key.help, self._command(key.action, screen))

    def action_help(self) -> None:
        self.push_screen(HelpScreen(self.live.glyphs))

    def action_next_theme(self) -> None:
        names = list(palettes())
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0]
        self.frame()

    def action_how_to_leave(self) -> None:
        self.notify("q leaves, the agents go on · Q stops all agents and quits", markup=False)

    def action_leave(self) -> None:
        self.exit()

    def action_stop_all(self) -> None:
        alive = [agent for agent in self.live.picture.agents.values() if not agent.status.is_terminal]
        if not alive:
            self.exit()
            return
        names = [one_line(f"{agent.id} {agent.title}", 60) for agent in alive]
        self.push_screen(ConfirmScreen(f"Stop all {len(alive)} agents and quit?", names), self._stop_all_if)

    async def _stop_all_if(self, confirmed: bool | None) -> None:
        if not confirmed:
            return
        outcome = await Steering(self.live).stop_all()
        if outcome.refused:
            self.notify(outcome.text, severity="warning", markup=False)
        else:
            self.exit()

    def _command(self, action: str, screen: Screen[object]) -> Callable[[], object]:
        return lambda: self.run_action(action, screen)

    def on_app_focus(self, event: events.AppFocus) -> None:
        self.frame()


def _driver(panic: Callable[[], object] | None) -> type[Driver]:
    """The driver class, told whom to call."""
    if panic is None:
        return PilothouseDriver
    return type("PanicDriver", (PilothouseDriver,), {"panic": staticmethod(panic)})
