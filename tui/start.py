"""The app before there is a run. It ends with what the user wants; the caller carries it out."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.screen import Screen

from .clock import Clock, SystemClock
from .screens.start import Choice, RecentRun, StartScreen
from .shell import DEFAULT_THEME, Shell


class StartApp(Shell[Choice]):
    """Shows the earlier runs of `place` and takes a goal. `run()` gives a `Choice`, or None when the user leaves."""

    def __init__(
        self,
        place: str,
        runs: Sequence[RecentRun],
        *,
        clock: Clock | None = None,
        theme: str = DEFAULT_THEME,
        ascii_only: bool = False,
    ) -> None:
        super().__init__(theme, ascii_only)
        self._start = StartScreen(place, runs, (clock or SystemClock()).now(), self.glyphs)

    def get_default_screen(self) -> Screen[None]:
        return self._start

    @on(StartScreen.Chosen)
    def _chosen(self, event: StartScreen.Chosen) -> None:
        self.exit(event.choice)

    def action_how_to_leave(self) -> None:
        self.notify("q in the list leaves", markup=False)
