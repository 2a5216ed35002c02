"""The log of one agent: streams from its file, keeps its place, wraps by cells. Only what is drawn costs."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType

from ..display.cells import breaks, pad
from ..display.logfile import LogFile
from ..display.roles import Line, Role
from ..display.sanitize import TAB, sanitize
from ..display.scrollback import CONTINUED, Scrollback
from ..display.why import why
from ..display.words import time_of_day
from ..keys import Zone, bindings
from ..live import LiveRun
from .line_pane import LinePane

KIND_CELLS = 7
CLOCK_CELLS = 9
MIN_FOR_CLOCK = 44
MIN_FOR_KIND = 26
"""Columns from which on times and kinds are shown."""
KEPT = 12
"""Logs that stay laid out when another agent is looked at."""
LIVE_CHARACTERS = 2000
"""Of unfinished text this much is shown: its end."""

_KIND_ROLES = {
    "think": Role.MUTED,
    "say": Role.STRONG,
    "tool": Role.ACCENT,
    "result": Role.MUTED,
    "error": Role.BAD,
    "note": Role.WAIT,
    "ask": Role.ATTENTION,
    "answer": Role.GOOD,
    "told": Role.ACCENT,
}
_TEXT_ROLES = {"think": Role.MUTED, "result": Role.MUTED, "error": Role.BAD, "note": Role.MUTED, "ask": Role.ATTENTION}


class _OpenLog:
    """One log: its file, its lines, and the line that was at the top when it was last looked at."""

    def __init__(self, path: Path) -> None:
        self.file = LogFile(path)
        self.lines = Scrollback()
        self.top = 0
        self.follows = True


class LogView(LinePane):
    """Lines of one agent's log, and below them what it is saying right now."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Zone.LOG)

    def __init__(self, live: LiveRun, *, id: str | None = None) -> None:
        super().__init__(glyphs=live.glyphs, id=id)
        self._live = live
        self._logs: dict[str, _OpenLog] = {}
        self._agent_id: str | None = None
        self._log = _OpenLog(Path("/dev/null"))
        self._live_rows: list[Line] = []
        self.wraps = True
        self.shows_clock = True

    @property
    def follows(self) -> bool:
        """Whether the view stays at the end of the log."""
        return self._log.follows

    def show_agent(self, agent_id: str) -> None:
        """Look at another agent's log, where it was left."""
        if agent_id == self._agent_id:
            return
        self._log.top = self.top
        self._agent_id = agent_id
        path = self._live.picture.log_path(agent_id)
        log = self._logs.pop(agent_id, None) or _OpenLog(path)
        self._logs[agent_id] = self._log = log
        while len(self._logs) > KEPT:
            del self._logs[next(iter(self._logs))]
        self.top = log.top
        self._drawn.clear()
        self.poll()

    def poll(self) -> bool:
        """Read on; whether there was anything new."""
        lines = self._log.file.read()
        self._log.lines.append(lines)
        changed = self._take_live() or bool(lines)
        if changed:
            self.refresh()
        return changed

    # drawing

    def before_drawing(self) -> None:
        if self._log.lines.lay_out(self.text_width - self._gutter, self.wraps):
            self._drawn.clear()
        if self._log.follows:
            self.top = self.end

    def line_count(self) -> int:
        return max(1, self._log.lines.row_count + len(self._live_rows))

    def line_key(self, index: int) -> Hashable | None:
        return (self.shows_clock,) if index < self._log.lines.row_count else None

    def line(self, index: int, width: int) -> Line:
        lines = self._log.lines
        if index >= lines.row_count and not self._live_rows:
            return ((self._nothing(), Role.MUTED),)
        if index >= lines.row_count:
            return self._live_rows[index - lines.row_count]
        number, part = lines.line_at(index)
        kind, at = lines.kinds[number], lines.times[number]
        text = (lines.row_text(number, part), _TEXT_ROLES.get(kind, Role.TEXT))
        is_first = part == 0 and at != CONTINUED
        return (*self._head(at if is_first else CONTINUED, kind if is_first else ""), text)

    def _nothing(self) -> str:
        """What an empty log says: why nothing has happened yet."""
        agent = self._live.agent(self._agent_id)
        if agent is None or agent.status.is_terminal or agent.reason is None:
            return "nothing in the log"
        return why(self._live.picture, agent.id, self._live.now, self.glyphs)

    @property
    def _gutter(self) -> int:
        """Columns before the text."""
        if self.text_width < MIN_FOR_KIND:
            return 0
        return KIND_CELLS + (CLOCK_CELLS if self._has_clock else 0)

    @property
    def _has_clock(self) -> bool:
        return self.shows_clock and self.text_width >= MIN_FOR_CLOCK

    def _head(self, at: int, kind: str) -> Line:
        if not self._gutter:
            return ()
        clock = time_of_day(at, self._live.zone) if at > 0 else ""
        head: Line = ((pad(kind, KIND_CELLS), _KIND_ROLES.get(kind, Role.MUTED)),)
        return ((pad(clock, CLOCK_CELLS), Role.FAINT), *head) if self._has_clock else head

    def _take_live(self) -> bool:
        """Follow the unfinished text of the agent; whether it has changed."""
        activity = self._live.picture.activities.get(self._agent_id or "")
        before = self._live_rows
        self._live_rows = []
        if activity is not None and activity.text and not self._live.is_lost:
            width = max(1, self.text_width - self._gutter)
            kind = sanitize(activity.kind)[: KIND_CELLS - 1]
            said = activity.text[-LIVE_CHARACTERS:]
            for text in sanitize(_unescaped(said) if kind == "tool" else said).split("\n"):
                for start, end in breaks(text, width):
                    head = self._head(CONTINUED, "" if self._live_rows else kind)
                    self._live_rows.append((*head, (text[start:end], Role.MUTED)))
            self._live_rows[-1] = (*self._live_rows[-1], (self.glyphs.cursor, Role.ACCENT))
        return before != self._live_rows

    # moving

    def scroll_lines(self, top: int) -> None:
        super().scroll_lines(top)
        self._log.follows = self.top >= self.end

    def action_follow(self) -> None:
        self._log.follows = not self._log.follows
        self.refresh()

    def action_wrap(self) -> None:
        line, _part = self._log.lines.line_at(self.top) if self._log.lines.row_count else (0, 0)
        self.wraps = not self.wraps
        self._log.lines.lay_out(self.text_width - self._gutter, self.wraps)
        self._drawn.clear()
        self.top = self._log.lines.row_of(line)
        self.refresh()

    def action_clock(self) -> None:
        self.shows_clock = not self.shows_clock
        self.refresh()


def _unescaped(text: str) -> str:
    """The unfinished input of a tool, which is cut JSON, with the line breaks and quotes that are meant."""
    return text.replace("\\n", "\n").replace('\\"', '"').replace("\\t", TAB)
