"""The inbox: the questions that wait for the user. No key here answers one; `r` and enter open its card."""

from __future__ import annotations

from textual import events

from pilothouse.core.views import QuestionView

from ..display.inbox import NOTHING, inbox_line
from ..display.roles import Line, Role
from ..live import LiveRun
from .line_pane import LinePane

MAX_LINES = 5
"""Lines the inbox takes at most; more questions scroll."""


class Inbox(LinePane):
    """One line a question, oldest first; the cursor belongs to a question."""

    def __init__(self, live: LiveRun, *, id: str | None = None) -> None:
        super().__init__(glyphs=live.glyphs, id=id)
        self._live = live
        self._open: list[QuestionView] = []
        self._chosen: str | None = None

    @property
    def chosen(self) -> QuestionView | None:
        """The question under the cursor, or the oldest one."""
        return next((q for q in self._open if q.id == self._chosen), self._open[0] if self._open else None)

    def follow(self) -> int:
        """Draw the newest picture; how many questions wait."""
        self._open = self._live.picture.open_questions()
        height = max(1, min(MAX_LINES, len(self._open)))
        if self.styles.height is None or self.styles.height.value != height:
            self.styles.height = height
        self.refresh()
        return len(self._open)

    def line_count(self) -> int:
        return max(1, len(self._open))

    def cursor_line(self) -> int | None:
        chosen = self.chosen
        return self._open.index(chosen) if chosen is not None and self.has_focus else None

    def line(self, index: int, width: int) -> Line:
        if not self._open:
            return ((f" {NOTHING}", Role.MUTED),)
        cursor = self.glyphs.cursor if index == self.cursor_line() else " "
        line = inbox_line(self._live.picture, self._open[index], self._live.now, width - 1, self.glyphs)
        return ((cursor, Role.ACCENT), *line)

    def action_move(self, lines: int) -> None:
        if (chosen := self.chosen) is not None:
            self._go(self._open.index(chosen) + lines)

    def action_first(self) -> None:
        self._go(0)

    def action_last(self) -> None:
        self._go(len(self._open) - 1)

    def on_click(self, event: events.Click) -> None:
        self._go(self.top + event.y)

    def _go(self, index: int) -> None:
        if not self._open:
            return
        index = max(0, min(index, len(self._open) - 1))
        self._chosen = self._open[index].id
        if index < self.top:
            self.top = index
        elif index >= self.top + self.page:
            self.top = index - self.page + 1
        self.refresh()
