"""What an agent is asked to do.

`Spec` is a plain dataclass so that the same definition makes the tool's schema (pydantic), checks a model's input
(pydantic) and goes through the journal (msgspec).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

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

    title: Annotated[str, Field(min_length=1, max_length=60, description="Two to four words, shown in the tree.")]
    outcome: Annotated[str, Field(description="What is true when the work is done, in one or two sentences.")]
    acceptance: Annotated[
        tuple[str, ...],
        Field(
            description="How the outcome is checked: sentences, or commands written as `$ COMMAND` that the engine runs."
        ),
    ]
    context: Annotated[str, Field(description="What the agent has to know and cannot find in the files.")] = ""
    paths: Annotated[tuple[str, ...], Field(description="Files and folders the work is about.")] = ()
    needs: Annotated[
        tuple[str, ...],
        Field(description="Ids of agents whose merged results this one needs; it starts the moment they are done."),
    ] = ()
    model: Annotated[str | None, Field(description="Another model than the run's.")] = None
    budget_usd: Annotated[Decimal | None, Field(gt=0, description="The most this agent and its children may cost.")] = (
        None
    )
    workspace: Annotated[WorkspaceKind, Field(description="`clone` to write, `read-only` to explore.")] = (
        WorkspaceKind.CLONE
    )
    tools: Annotated[
        tuple[str, ...] | None, Field(description="The only tools it may use; all of them when left out.")
    ] = None

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
