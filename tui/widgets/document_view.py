"""Paragraphs wrapped to the width: the Talk, Spec and Output tabs, the receipt and the help."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from ..display.cells import wrap
from ..display.roles import Line
from ..display.talk import Paragraph
from .line_pane import LinePane


class DocumentView(LinePane):
    """Shows paragraphs. It keeps its place when they change; at its end it stays at the end if `sticks` is set."""

    def __init__(self, *, sticks: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._sticks = sticks
        self._paragraphs: Sequence[Paragraph] = ()
        self._lines: list[Line] = []
        self._wrapped_for = 0

    def show(self, paragraphs: Sequence[Paragraph]) -> None:
        """Show these from now on."""
        if paragraphs == self._paragraphs:
            return
        was_at_end = self.top >= self.end
        self._paragraphs = paragraphs
        self._wrap()
        if self._sticks and was_at_end:
            self.top = self.end
        self.refresh()

    def before_drawing(self) -> None:
        if self._wrapped_for != self.text_width:
            was_at_end = self.top >= self.end
            self._wrap()
            if self._sticks and was_at_end:
                self.top = self.end

    def line_count(self) -> int:
        return len(self._lines)

    def line_key(self, index: int) -> Hashable | None:
        return self._lines[index]

    def line(self, index: int, width: int) -> Line:
        return self._lines[index]

    def _wrap(self) -> None:
        self._wrapped_for = self.text_width
        self._lines = [row for each in self._paragraphs for row in wrap(each.line, self.text_width, each.hang)]
