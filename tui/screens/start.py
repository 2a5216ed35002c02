"""The screen before there is a run: say what is to be done, open an earlier run, or watch the rehearsal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from pilothouse.core.status import Verdict

from ..display.cells import pad, pad_left
from ..display.glyphs import GlyphSet, outcome_mark
from ..display.roles import Line, Role
from ..display.sanitize import one_line
from ..display.words import dollars, duration
from ..keys import Zone, bindings
from ..widgets.bars import FooterLine
from ..widgets.line_pane import LinePane
from ..widgets.pane import Pane


@dataclass(frozen=True, slots=True)
class RecentRun:
    """One line of the list. `status` and `verdict` are the run's; `at` is when it started, in Unix milliseconds."""

    run: str
    goal: str
    status: str
    verdict: Verdict | None
    cost_usd: str
    at: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user wants: a new run for `goal`, an earlier `run`, or the rehearsal."""

    goal: str = ""
    run: str = ""
    rehearsal: bool = False


class RunList(LinePane):
    """The earlier runs, newest first."""

    def __init__(self, runs: Sequence[RecentRun], now: int, glyphs: GlyphSet) -> None:
        super().__init__(glyphs=glyphs)
        self._runs = runs
        self._now = now
        self._chosen = 0

    @property
    def chosen(self) -> RecentRun | None:
        """The run under the cursor."""
        return self._runs[self._chosen] if self._runs else None

    def line_count(self) -> int:
        return max(1, len(self._runs))

    def cursor_line(self) -> int | None:
        return self._chosen if self._runs and self.has_focus else None

    def line(self, index: int, width: int) -> Line:
        if not self._runs:
            return ((" no run here yet", Role.MUTED),)
        run = self._runs[index]
        mark = outcome_mark(run.status, run.verdict)
        return (
            (self.glyphs.cursor if index == self.cursor_line() else " ", Role.ACCENT),
            (f"{self.glyphs.of(mark)} {pad(mark.word, 11)}", mark.role),
            (f"{pad_left(duration(self._now - run.at), 5)} ago  ", Role.MUTED),
            (f"{pad_left(dollars(run.cost_usd), 7)}  ", Role.MUTED),
            (one_line(run.goal, 300), Role.TEXT),
        )

    def action_move(self, lines: int) -> None:
        self._go(self._chosen + lines)

    def action_first(self) -> None:
        self._go(0)

    def action_last(self) -> None:
        self._go(len(self._runs) - 1)

    def _go(self, index: int) -> None:
        self._chosen = max(0, min(index, len(self._runs) - 1))
        self.top = max(self._chosen - self.page + 1, min(self.top, self._chosen))
        self.refresh()


class StartScreen(Screen[None]):
    """Asks what to do and posts the `Chosen`."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Zone.START)
    AUTO_FOCUS = "Input"

    class Chosen(Message):
        """The user knows what to do."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, place: str, runs: Sequence[RecentRun], now: int, glyphs: GlyphSet) -> None:
        super().__init__()
        self._place = place
        self._goal = Input(placeholder="a goal in a sentence or two", compact=True)
        self._goal_pane = Pane(self._goal, id="goal-pane")
        self._list = RunList(runs, now, glyphs)
        self._runs_pane = Pane(self._list, classes="page")

    def compose(self) -> ComposeResult:
        yield self._goal_pane
        yield self._runs_pane
        yield FooterLine(Zone.START, Zone.EVERYWHERE)

    def on_mount(self) -> None:
        self.call_after_refresh(self._entitle)

    def on_resize(self) -> None:
        self.call_after_refresh(self._entitle)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if goal := event.value.strip():
            self.post_message(self.Chosen(Choice(goal=goal)))

    def action_open(self) -> None:
        if (run := self._list.chosen) is not None:
            self.post_message(self.Chosen(Choice(run=run.run)))

    def action_rehearse(self) -> None:
        self.post_message(self.Chosen(Choice(rehearsal=True)))

    def _entitle(self) -> None:
        title: Line = (("pilothouse", Role.ACCENT), (f"  what is to be done in {one_line(self._place)}?", Role.STRONG))
        self._goal_pane.entitle(title, (("enter starts", Role.MUTED),))
        self._runs_pane.entitle((("runs here", Role.STRONG),))
