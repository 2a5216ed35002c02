"""The tree of agents flattened into rows: who stands where, with guide lines and collapsed parts.

The shape changes only when agents appear or a part is collapsed, so it is made anew only then. What a row says is
looked up when it is drawn (see `columns`). Rows are in the order of spawning and never re-sorted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pilothouse.core.views import AgentView

from .glyphs import UNICODE, GlyphSet


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the tree."""

    agent_id: str
    guide: str
    """The guide lines before the glyph."""
    has_children: bool
    hidden: int
    """How many agents a collapsed row stands for beside its own; 0 when it is open."""


class TreeRows:
    """The rows of a run's agents and which of them are collapsed."""

    def __init__(self, glyphs: GlyphSet = UNICODE) -> None:
        self.rows: list[Row] = []
        self.collapsed: set[str] = set()
        self._glyphs = glyphs
        self._children: dict[str | None, list[str]] = {}
        self._parents: dict[str, str | None] = {}
        self._index: dict[str, int] = {}

    def follow(self, agents: Mapping[str, AgentView]) -> bool:
        """Take in agents that have appeared; whether the rows have changed."""
        if len(agents) == len(self._parents) and all(agent in self._parents for agent in agents):
            return False
        self._parents = {agent.id: agent.parent if agent.parent in agents else None for agent in agents.values()}
        self._children = {}
        for agent_id, parent in self._parents.items():
            self._children.setdefault(parent, []).append(agent_id)
        self._flatten()
        return True

    def toggle(self, agent_id: str, collapsed: bool) -> bool:
        """Collapse or open a row; whether that changed anything."""
        if not self._children.get(agent_id) or (agent_id in self.collapsed) == collapsed:
            return False
        (self.collapsed.add if collapsed else self.collapsed.discard)(agent_id)
        self._flatten()
        return True

    def reveal(self, agent_id: str) -> bool:
        """Open everything above an agent; whether that changed anything."""
        closed = [above for above in self._above(agent_id) if above in self.collapsed]
        self.collapsed.difference_update(closed)
        if closed:
            self._flatten()
        return bool(closed)

    def index_of(self, agent_id: str | None) -> int | None:
        """The row of an agent, or of the collapsed one that stands for it."""
        while agent_id is not None:
            if (index := self._index.get(agent_id)) is not None:
                return index
            agent_id = self._parents.get(agent_id)
        return None

    def parent_of(self, agent_id: str) -> str | None:
        """The parent of an agent, None at the top."""
        return self._parents.get(agent_id)

    def children_of(self, agent_id: str) -> list[str]:
        """The children of an agent in the order of spawning."""
        return self._children.get(agent_id, [])

    def in_order(self) -> list[str]:
        """All agents from top to bottom, collapsed ones too."""
        found: list[str] = []
        stack = self._children.get(None, [])[::-1]
        while stack:
            found.append(stack.pop())
            stack.extend(reversed(self._children.get(found[-1], ())))
        return found

    def subtree(self, agent_id: str) -> list[str]:
        """An agent and everything below it."""
        found = [agent_id]
        for each in found:
            found.extend(self._children.get(each, ()))
        return found

    def _above(self, agent_id: str) -> list[str]:
        found: list[str] = []
        parent = self._parents.get(agent_id)
        while parent is not None and parent not in found:
            found.append(parent)
            parent = self._parents.get(parent)
        return found

    def _flatten(self) -> None:
        glyphs = self._glyphs
        rows: list[Row] = []
        # An explicit stack: a chain of agents must not run into the recursion limit.
        stack = [(agent, "", "") for agent in reversed(self._children.get(None, []))]
        while stack:
            agent_id, before, joint = stack.pop()
            children = self._children.get(agent_id, [])
            closed = agent_id in self.collapsed
            stem = glyphs.stem if not children else glyphs.closed if closed else glyphs.open
            guide = before + joint + stem if joint else glyphs.closed if children and closed else ""
            rows.append(Row(agent_id, guide, bool(children), len(self.subtree(agent_id)) - 1 if closed else 0))
            if closed:
                continue
            below = before + ((f"{glyphs.trunk} " if joint == glyphs.branch else "  ") if joint else "")
            for child in reversed(children):
                stack.append((child, below, glyphs.corner if child == children[-1] else glyphs.branch))
        self.rows = rows
        self._index = {row.agent_id: index for index, row in enumerate(rows)}
