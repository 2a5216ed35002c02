"""The first and the last line of the screen: the state of the run, and the keys that work here."""

from __future__ import annotations

from ..display.cells import width_of
from ..display.header import header_line
from ..display.roles import Line, Role, Span
from ..keys import Key, Zone, footer_keys
from ..live import LiveRun
from .line_pane import LinePane


class HeaderLine(LinePane, can_focus=False):
    """Is anything waiting, is it going well, what does it cost."""

    def __init__(self, live: LiveRun) -> None:
        super().__init__(glyphs=live.glyphs)
        self._live = live

    @property
    def text_width(self) -> int:
        return max(1, self.size.width)

    def line_count(self) -> int:
        return 1

    def line(self, index: int, width: int) -> Line:
        live = self._live
        return header_line(live.picture, live.counts, live.header_facts(), width, self.glyphs)


class FooterLine(LinePane, can_focus=False):
    """The keys of the zone that has the focus; what does not fit is in the help."""

    def __init__(self, *zones: Zone) -> None:
        super().__init__()
        self._zones = zones

    @property
    def text_width(self) -> int:
        return max(1, self.size.width)

    def show(self, *zones: Zone) -> None:
        """Offer the keys of these zones."""
        self._zones = zones
        self.refresh()

    def line_count(self) -> int:
        return 1

    def line(self, index: int, width: int) -> Line:
        return footer_line(footer_keys(*self._zones), width)


def footer_line(keys: list[Key], width: int) -> Line:
    """As many of `keys` as fit, the first ones first; `? keys` always, and at the end."""
    help_key = [key for key in keys if key.action == "app.help"]
    room = width - 1 - sum(_width(key) for key in help_key)
    spans: list[Span] = [(" ", Role.TEXT)]
    for key in (key for key in keys if key not in help_key):
        room -= _width(key)
        if room < 0:
            break
        spans.extend(_hint(key))
    for key in help_key:
        spans.extend(_hint(key))
    return tuple(spans)


def _hint(key: Key) -> list[Span]:
    return [(key.cap, Role.ACCENT), (f" {key.label}   ", Role.MUTED)]


def _width(key: Key) -> int:
    return width_of(key.cap) + width_of(key.label) + 4
