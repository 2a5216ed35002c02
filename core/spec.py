"""What an agent is asked to do.

`Spec` is a plain dataclass so that the same definition makes the tool's schema (pydantic), checks a model's input
(pydantic) and goes through the journal (msgspec).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

COMMAND_PREFIX = "$ "
"""An acceptance item that starts with this is a command the engine runs; any other is a sentence."""


class WorkspaceKind(StrEnum):
    """Where an agent works."""

    CLONE = "clone"
    """A checkout of its own; what it writes is merged into the run's branch."""
    READ_ONLY = "read-only"
    """A checkout of its own that it cannot write to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A complete order: somebody who knows nothing else could carry it out."""

    # Lets pydantic take the docstrings below as the descriptions in the tool's schema.
    __pydantic_config__: ClassVar[dict[str, Any]] = {"use_attribute_docstrings": True, "extra": "forbid"}

    title: str
    """Two to four words, shown in the tree."""
    outcome: str
    """What is true when the work is done, in one or two sentences."""
    acceptance: tuple[str, ...]
    """How the outcome is checked: sentences, or commands written as `$ COMMAND` that the engine runs."""
    context: str = ""
    """What the agent has to know and cannot find in the files."""
    paths: tuple[str, ...] = ()
    """Files and folders the work is about."""
    needs: tuple[str, ...] = ()
    """Ids of agents whose merged results this one needs; it starts the moment they are done."""
    model: str | None = None
    """Another model than the run's."""
    budget_usd: Decimal | None = None
    """The most this agent and its children may cost, in US dollars."""
    workspace: WorkspaceKind = WorkspaceKind.CLONE
    """`clone` to write, `read-only` to explore."""
    tools: tuple[str, ...] | None = None
    """The only tools it may use; all of them when left out."""

    @property
    def commands(self) -> tuple[str, ...]:
        """The acceptance items that are commands, without their prefix."""
        return tuple(
            item.strip().removeprefix(COMMAND_PREFIX).strip()
            for item in self.acceptance
            if item.strip().startswith(COMMAND_PREFIX)
        )

    @property
    def is_writer(self) -> bool:
        """Whether what the agent leaves in its workspace is merged."""
        return self.workspace is WorkspaceKind.CLONE
