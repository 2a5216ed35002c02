"""The base of everything that shows lines: draws the visible ones only, scrolls by its own offset, has its own bar.

Textual's own scrolling makes a layout whenever the content grows; this one never does. A subclass says how many
lines there are, what a line is, and by what key a drawn one may be used again.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from ..display.cells import clip_line, line_width
from ..display.glyphs import UNICODE, GlyphSet
from ..display.roles import Line, Role
from ..keys import Zone, bindings
from .inks import Inks, inks_of

MAX_DRAWN = 4000
"""Drawn lines that are kept."""
WHEEL = 3
"""Lines of one notch of the mouse wheel."""


class LinePane(Widget, can_focus=True):
    """A pane of lines. It has no border and no padding: a `Pane` around it has."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = bindings(Zone.LIST)

    def __init__(self, *, glyphs: GlyphSet = UNICODE, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.top = 0
        self.glyphs = glyphs
        self._drawn: dict[int, tuple[Hashable, Strip]] = {}
        self._drawn_for: tuple[object, ...] = ()
        self._filters: tuple[LineFilter, ...] = ()
        self._pens: dict[bool, dict[Role, Style]] = {}

    # what a subclass says

    def line_count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    def line(self, index: int, width: int) -> Line:
        """Line number `index`, at most `width` columns wide."""
        raise NotImplementedError

    def line_key(self, index: int) -> Hashable | None:
        """While this stays the same, so does the drawn line; None: draw it anew each time."""
        return None

    def cursor_line(self) -> int | None:
        """The line that is marked as chosen."""
        return None

    def before_drawing(self) -> None:
        """Called once a frame, before any line is asked for."""

    # scrolling

    @property
    def text_width(self) -> int:
        """The columns beside the scroll bar."""
        return max(1, self.size.width - 1)

    @property
    def page(self) -> int:
        """How many lines are visible."""
        return max(1, self.size.height)

    @property
    def end(self) -> int:
        """The offset at which the last line is at the bottom."""
        return max(0, self.line_count() - self.page)

    def scroll_lines(self, top: int) -> None:
        """Show the lines from `top` on, as far as there are any."""
        self.top = max(0, min(top, self.end))
        self.refresh()

    def action_move(self, lines: int) -> None:
        self.scroll_lines(self.top + lines)

    def action_half_page(self, direction: int) -> None:
        self.action_move(direction * max(1, self.page // 2))

    def action_first(self) -> None:
        self.scroll_lines(0)

    def action_last(self) -> None:
        self.scroll_lines(self.end)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_lines(self.top + WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_lines(self.top - WHEEL)

    def on_resize(self) -> None:
        self.refresh()

    # drawing

    @property
    def inks(self) -> Inks:
        """The styles of the theme that is on."""
        return inks_of(self.app.theme_variables)

    def render_lines(self, crop: Region) -> list[Strip]:
        self.before_drawing()
        width, count = self.size.width, self.line_count()
        self.top = max(0, min(self.top, self.end))
        self._dip_pens(width)
        bar = self._bar(count)
        cursor = self.cursor_line()
        strips = [self._strip(self.top + y, count, width, cursor) for y in range(crop.y, crop.bottom)]
        if bar is not None and width > 1:
            thumb = self._filtered(Strip([Segment(self.glyphs.thumb, self._pens[False][Role.FAINT])], 1))
            for number, y in enumerate(range(crop.y, crop.bottom)):
                if y in bar:
                    strips[number] = Strip([*strips[number].crop(0, width - 1), *thumb], width)
        if crop.x or crop.width != width:
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

    def _dip_pens(self, width: int) -> None:
        """Make the styles for the theme that is on; what was drawn with others, or for another width, is dropped."""
        inks, ground = self.inks, self.visual_style.rich_style
        # Our colours are never the terminal's own sixteen, so the filter that replaces those has nothing to do.
        filters = tuple(each for each in self.get_line_filters() if not isinstance(each, ANSIToTruecolor))
        drawn_for = (inks, width, ground, filters, self.has_focus)
        if drawn_for == self._drawn_for and len(self._drawn) < MAX_DRAWN:
            return
        self._drawn_for, self._filters = drawn_for, filters
        self._drawn.clear()
        self._pens = {chosen: {role: ground + inks.style(role, chosen) for role in Role} for chosen in (False, True)}

    def _strip(self, index: int, count: int, width: int, cursor: int | None) -> Strip:
        chosen = index == cursor
        pens = self._pens[chosen]
        if index >= count:
            return Strip([Segment(" " * width, pens[Role.TEXT])], width)
        key = self.line_key(index)
        if key is not None:
            key = (key, chosen)
            if (known := self._drawn.get(index)) is not None and known[0] == key:
                return known[1]
        room = self.text_width
        line = self.line(index, room)
        used = line_width(line)
        if used > room:
            line = clip_line(line, room)
            used = line_width(line)
        segments = [Segment(text, pens[role]) for text, role in line]
        if used < width:
            segments.append(Segment(" " * (width - used), pens[Role.TEXT]))
        strip = self._filtered(Strip(segments, width))
        if key is not None:
            self._drawn[index] = (key, strip)
        return strip

    def _filtered(self, strip: Strip) -> Strip:
        """`strip` through the app's filters, which Textual applies only to widgets that draw with its styles."""
        background = self.background_colors[1]
        for line_filter in self._filters:
            strip = strip.apply_filter(line_filter, background)
        return strip

    def _bar(self, count: int) -> range | None:
        """The rows of the scroll bar's thumb, None when everything is visible."""
        if count <= self.page:
            return None
        size = max(1, self.page * self.page // count)
        start = round(self.top / self.end * (self.page - size)) if self.end else 0
        return range(start, start + size)
