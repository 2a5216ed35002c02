"""What every app of ours is: our palettes and driver, a last gate before the terminal, and a clean end on signals."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver
from textual.filter import LineFilter

from .attention import RESTORE_TITLE, SAVE_TITLE
from .display.glyphs import ASCII, UNICODE
from .driver import PilothouseDriver
from .gate import ControlGate
from .keys import Zone, bindings
from .screens.help import HelpScreen
from .themes import palettes, style_sheet

DEFAULT_THEME = "pilothouse-dark"
Result = TypeVar("Result")


class Shell(App[Result], inherit_bindings=False):
    """The base of our apps. `panic` is called in the input thread when ctrl+\\ is pressed twice."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Zone.EVERYWHERE)
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self, theme: str = DEFAULT_THEME, ascii_only: bool = False, panic: Callable[[], None] | None = None
    ) -> None:
        super().__init__(driver_class=_driver(panic), css_path=style_sheet(), watch_css=False)
        for palette in palettes().values():
            self.register_theme(palette.theme())
        self.theme = theme
        self.glyphs = ASCII if ascii_only else UNICODE
        self._gate = ControlGate(ascii_only)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._gate]

    def on_mount(self) -> None:
        self.set_class(self.glyphs.ascii, "-ascii")
        if not self.is_headless:
            self.write(SAVE_TITLE)
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self.exit)

    async def on_unmount(self) -> None:
        if not self.is_headless:
            self.write(RESTORE_TITLE)

    def write(self, sequence: str) -> None:
        """Send a sequence of ours to the terminal."""
        if self._driver is not None:
            self._driver.write(sequence)

    def action_help(self) -> None:
        self.push_screen(HelpScreen(self.glyphs))

    def action_next_theme(self) -> None:
        names = list(palettes())
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0]

    def action_how_to_leave(self) -> None:
        self.notify("q leaves, the agents go on · Q stops all agents and quits", markup=False)

    def action_leave(self) -> None:
        self.exit()


def _driver(panic: Callable[[], None] | None) -> type[Driver]:
    """The driver class, told whom to call."""
    if panic is None:
        return PilothouseDriver
    return type("PanicDriver", (PilothouseDriver,), {"panic": staticmethod(panic)})
