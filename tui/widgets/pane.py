"""A frame with a title around a pane of lines."""

from __future__ import annotations

from textual.containers import Vertical
from textual.content import Content
from textual.style import Style

from ..display.cells import clip_line
from ..display.roles import BOLD, Line


class Pane(Vertical):
    """The frame; it takes the accent while something in it has the focus."""

    def entitle(self, title: Line) -> None:
        """Set the title; it is literal text."""
        content = self._content(title, self.size.width - 6)
        if self._border_title is None or not content.is_same(self._border_title):
            self.border_title = content

    def subtitle(self, subtitle: Line) -> None:
        """Set what stands in the lower border; it is literal text."""
        content = self._content(subtitle, self.size.width - 6)
        if self._border_subtitle is None or not content.is_same(self._border_subtitle):
            self.border_subtitle = content

    def _content(self, line: Line, width: int) -> Content:
        variables = self.app.theme_variables
        parts = [
            (text, Style.parse(f"{'bold ' if role in BOLD else ''}{variables[f'role-{role}']}"))
            for text, role in clip_line(line, max(4, width))
        ]
        return Content.assemble(*parts)
