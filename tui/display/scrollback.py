"""All lines of a log, laid out in rows of a width. Arrays instead of objects: 100,000 lines must stay cheap.

An append costs what its own lines cost; only a new width lays everything out again. Text is cut into rows when it is
drawn, so a line keeps no copies of itself.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable

from .cells import breaks
from .logfile import LogLine
from .sanitize import TAB
from .words import SECOND

CONTINUED = -1
"""The time of a line that goes on with the one before it."""


class Scrollback:
    """Lines and the rows they take."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.times = array("q")
        self.kinds: list[str] = []
        self._ends = array("Q", [0])
        self._last: tuple[int, str] = (CONTINUED, "")
        self._width = 80
        self._wrap = True

    @property
    def row_count(self) -> int:
        """How many rows all lines take together."""
        return self._ends[-1]

    def append(self, lines: Iterable[LogLine]) -> None:
        """Add lines at the end. One of the same kind and second as that before it goes on with it."""
        for line in lines:
            moment = (line.at // SECOND, line.kind)
            at = line.at if moment != self._last else CONTINUED
            self._last = moment
            for text in line.text.split("\n"):
                self._add(at, line.kind, text.replace("\t", TAB))
                at = CONTINUED

    def lay_out(self, width: int, wrap: bool) -> bool:
        """Use rows of `width` columns, or one row a line; whether that changed anything."""
        width = max(1, width)
        if (width, wrap) == (self._width, self._wrap):
            return False
        self._width, self._wrap = width, wrap
        ends = array("Q", [0])
        total = 0
        for text in self.texts:
            total += self._rows_of(text)
            ends.append(total)
        self._ends = ends
        return True

    def line_at(self, row: int) -> tuple[int, int]:
        """The number of the line that row `row` shows, and the how-manieth of its rows that is."""
        line = bisect_right(self._ends, row) - 1
        return line, row - self._ends[line]

    def row_of(self, line: int) -> int:
        """The first row of line number `line`."""
        return self._ends[min(line, len(self._ends) - 1)]

    def row_text(self, line: int, part: int) -> str:
        """What row `part` of a line says."""
        text = self.texts[line]
        if not self._wrap:
            return text
        cuts = breaks(text, self._width)
        start, end = cuts[min(part, len(cuts) - 1)]
        return text[start:end]

    def _add(self, at: int, kind: str, text: str) -> None:
        self.texts.append(text)
        self.times.append(at)
        self.kinds.append(kind)
        self._ends.append(self._ends[-1] + self._rows_of(text))

    def _rows_of(self, text: str) -> int:
        if not self._wrap or (len(text) <= self._width and text.isascii()):
            return 1
        return len(breaks(text, self._width))
