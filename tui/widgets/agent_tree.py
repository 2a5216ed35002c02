"""The tree of agents. Rows stay where they are under the cursor, whatever appears around them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from ..display.columns import Columns, age, columns_for, name_width, row_line
from ..display.glyphs import NEEDS_YOU, mark_of
from ..display.roles import Line, Role
from ..display.rows import TreeRows
from ..display.words import duration
from ..keys import Zone, bindings
from ..live import LiveRun
from .line_pane import LinePane


class AgentTree(LinePane):
    """One row an agent; the cursor belongs to an agent, not to a row."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Zone.TREE)

    class Chosen(Message):
        """The cursor is on another agent."""

        def __init__(self, agent_id: str) -> None:
            super().__init__()
            self.agent_id = agent_id

    def __init__(self, live: LiveRun, *, id: str | None = None) -> None:
        super().__init__(glyphs=live.glyphs, id=id)
        self._live = live
        self._rows = TreeRows(live.glyphs)
        self._columns = Columns(0, 0, 0, 0, 0)
        self._names = 0
        self.chosen: str | None = None

    # the frame

    def follow(self) -> None:
        """Draw the newest picture; a row under the cursor keeps its place on the screen."""
        before = self._rows.index_of(self.chosen)
        agents = self._live.picture.agents
        if self._rows.follow(agents):
            self._measure()
            if self.chosen not in agents:
                self.chosen = None
                self._choose(next(iter(agents), None))
            after = self._rows.index_of(self.chosen)
            if before is not None and after is not None:
                self.top += after - before
        self.refresh()

    def before_drawing(self) -> None:
        self._columns = columns_for(max(1, self.text_width - 1), self._names)

    def line_count(self) -> int:
        return len(self._rows.rows)

    def cursor_line(self) -> int | None:
        return self._rows.index_of(self.chosen)

    def line_key(self, index: int) -> Hashable | None:
        row = self._rows.rows[index]
        agent = self._live.picture.agents[row.agent_id]
        question = self._live.question_of(agent.id)
        asked = question.id if question is not None else None
        # Views are replaced and never changed: the same object says the same. It is kept with the key, so that its
        # identity cannot be given to another.
        return _Same(agent), row, asked, duration(age(agent, self._live.now)), self._columns

    def line(self, index: int, width: int) -> Line:
        row = self._rows.rows[index]
        agent = self._live.picture.agents[row.agent_id]
        cursor = self.glyphs.cursor if index == self.cursor_line() else " "
        role = Role.ACCENT if self.has_focus else Role.FAINT
        line = row_line(row, agent, self._live.question_of(agent.id), self._columns, self._live.now, self.glyphs)
        return ((cursor, role), *line)

    # moving

    def action_move(self, lines: int) -> None:
        self._go((self.cursor_line() or 0) + lines)

    def action_first(self) -> None:
        self._go(0)

    def action_last(self) -> None:
        self._go(self.line_count() - 1)

    def action_fold(self) -> None:
        """Collapse the chosen row, or go to its parent."""
        if self.chosen is None or self._fold(self.chosen, True):
            return
        if (parent := self._rows.parent_of(self.chosen)) is not None:
            self.go_to(parent)

    def action_unfold(self) -> None:
        """Open the chosen row, or go to its first child."""
        if self.chosen is None or self._fold(self.chosen, False):
            return
        if children := self._rows.children_of(self.chosen):
            self.go_to(children[0])

    def go_to(self, agent_id: str) -> None:
        """Put the cursor on an agent, opening what is collapsed above it."""
        if self._rows.reveal(agent_id):
            self._measure()
        if (index := self._rows.index_of(agent_id)) is not None:
            self._go(index)

    def next_in_need(self, direction: int) -> str | None:
        """The next agent from the cursor that needs the user, going round; None when there is none."""
        agents = self._live.picture.agents
        order = self._rows.in_order()
        needing = [each for each in order if mark_of(agents[each]) is NEEDS_YOU and each != self.chosen]
        if not needing:
            return None
        here = order.index(self.chosen) if self.chosen in order else 0
        places = {each: order.index(each) for each in needing}
        ahead = [each for each in needing if (places[each] - here) * direction > 0]
        return (ahead or needing)[0 if direction > 0 else -1]

    def alive_below(self, agent_id: str) -> list[str]:
        """The agents below one that have not ended."""
        agents = self._live.picture.agents
        below = set(self._rows.subtree(agent_id)[1:])
        return [each for each in self._rows.in_order() if each in below and not agents[each].status.is_terminal]

    def on_click(self, event: events.Click) -> None:
        self._go(self.top + event.y)

    def _fold(self, agent_id: str, collapsed: bool) -> bool:
        changed = self._rows.toggle(agent_id, collapsed)
        if changed:
            self._measure()
            self.refresh()
        return changed

    def _go(self, index: int) -> None:
        rows = self._rows.rows
        if not rows:
            return
        index = max(0, min(index, len(rows) - 1))
        if index < self.top:
            self.top = index
        elif index >= self.top + self.page:
            self.top = index - self.page + 1
        self._choose(rows[index].agent_id)
        self.refresh()

    def _choose(self, agent_id: str | None) -> None:
        if agent_id is not None and agent_id != self.chosen:
            self.chosen = agent_id
            self.post_message(self.Chosen(agent_id))

    def _measure(self) -> None:
        agents = self._live.picture.agents
        self._names = max((name_width(row, agents[row.agent_id]) for row in self._rows.rows), default=0)


class _Same:
    """Compares by identity and keeps what it compares alive."""

    __slots__ = ("of",)

    def __init__(self, of: object) -> None:
        self.of = of

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.of is self.of

    def __hash__(self) -> int:
        return id(self.of)
