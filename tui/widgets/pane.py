"""A frame with a title around a pane of lines."""

from __future__ import annotations

from textual.containers import Vertical
from textual.content import Content
from textual.style import Style

from ..display.cells import clip_line
from ..display.roles import BOLD, Line

CORNERS = 6
"""Columns of a border that a title leaves alone."""


class Pane(Vertical):
    """The frame; it takes the accent while something in it has the focus."""

    _said: tuple[object, ...] = ()

    def entitle(self, title: Line, subtitle: Line = ()) -> None:
        """Set what stands in the upper and in the lower border; it is literal text."""
        saying = (title, subtitle, self.size.width, self.app.theme)
        if saying != self._said:
            self._said = saying
            self.border_title = self._content(title)
            self.border_subtitle = self._content(subtitle)

    def _content(self, line: Line) -> Content:
        variables = self.app.theme_variables
        parts = [
            (text, Style.parse(f"{'bold ' if role in BOLD else ''}{variables[f'role-{role}']}"))
            for text, role in clip_line(line, max(4, self.size.width - CORNERS))
        ]
        return Content.assemble(*parts)
